"""From arrays to comparisons, tables and curves, worked by hand."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

import fixtures
from harness.evidence.evidence import Evidence
from harness.evidence.measurements import ByTask
from harness.judging.comparisons import by_coin, by_coin_of, difference, mean_of, proportion
from harness.judging.exhibits import layer_curve, loss_curve, run_curve, task_table
from harness.runs.runner import Runner
from harness.tests.tiny import Project

NAN = float("nan")


def test_difference_averages_layers_then_pairs_examples() -> None:
    """Layers (1, 3) and (5, 7) average to 2 and 6; less 1 and 2 that is 1 and 4."""
    value, baseline = {"a": np.array([[[1.0, 3], [5, 7]]])}, {"a": np.array([[[1.0, 1], [2, 2]]])}
    assert difference("d", "d > 0", "cosine", value, baseline).cells[0].tolist() == [[1, 4]]


def test_proportion_keeps_cases_that_do_not_count_apart() -> None:
    """NaN stays NaN; the null is what was given."""
    cases = proportion("p", "p > 0.5", "fraction", {"a": np.array([[1.0, NAN]])}, 0.5)
    assert (cases.kind, cases.null, np.isnan(cases.cells[0]).tolist()) == ("proportion", 0.5, [[False, True]])


def test_table_holds_means_over_what_counts_and_none_where_nothing_does() -> None:
    """Task a: mean of 1, 0; task b: nothing counts; the mean over tasks leaves b out; the paper's rows follow."""
    column = {"a": np.array([[1.0, 0.0, NAN]]), "b": np.array([[NAN, NAN, NAN]])}
    table = task_table("t", {"Rec2FTP": column}, [("SST2", (0.8,))])
    assert table.rows == (("a", (0.5,)), ("b", (None,)), ("mean over tasks", (0.5,)), ("paper: SST2", (0.8,)))


def test_curve_has_the_mean_and_1_96_standard_errors_over_examples() -> None:
    """Examples 1 and 3 (after averaging two sets): mean 2, standard error sqrt(2) / sqrt(2) = 1."""
    values = {"a": np.array([[[0.0], [2.0]], [[2.0], [4.0]]])}
    ((_, (series,)),) = layer_curve("t", "cosine", {"FT": values}).panels
    assert [*series.values, *series.low, *series.high] == pytest.approx([2, 0.04, 3.96])


def test_noise_is_the_same_in_another_store(evidence: Evidence, project: Project, tmp_path: Path) -> None:
    """Computed anew elsewhere, the random baselines are the same to the last digit: their streams have names."""
    settings = project.settings(tmp_path)
    elsewhere = Evidence(Runner(settings, fixtures.MODELS, fixtures.TASKS)).of("kendall", "uniform")["toy"]
    assert np.array_equal(elsewhere, evidence.of("kendall", "uniform")["toy"])


def test_mean_of_keeps_what_counts() -> None:
    """Of three examples one counts under no set and is left out; one counts under the second set alone."""
    cases = mean_of("m", "m > 0", "accuracy", {"all tasks": np.array([[1.0, NAN, NAN], [0.5, NAN, 2.0]])})
    assert (cases.kind, cases.null, cases.units) == ("mean", 0.0, 2)
    np.testing.assert_array_equal(cases.cells[0], [[1.0, NAN], [0.5, 2.0]])


def test_mean_of_nothing_is_a_shortage_and_no_error() -> None:
    """Where no example counts the judge is told so, with numbers."""
    assert mean_of("m", "m > 0", "accuracy", {"all tasks": np.full((1, 7), NAN)}).shortage.startswith("0 of 7 examples")


class Known(Evidence):
    """Evidence of which the right answers alone are known, by setting and task."""

    def __init__(self, right: Mapping[str, Mapping[str, Any]] | None = None, seed: int = 0) -> None:
        self.right = right or {"zsl": {}}
        self.tasks = tuple(self.right["zsl"])
        self.runner: Any = SimpleNamespace(settings=SimpleNamespace(seed=seed))

    def of(self, measurement: str, name: str) -> ByTask:
        """Return right answers as floats, [seed, example]."""
        assert measurement == "accuracy"
        return {task: np.array(rows, float) for task, rows in self.right[name].items()}


RIGHT = {
    "zsl": {"a": [[1, 0, 0, 0, 0]], "b": [[0, 0, 1, 0, 0]]},
    "icl": {"a": [[1, 1, 1, 0, 0]], "b": [[1, 0, 0, 0, 1]]},
    "ft": {"a": [[0, 1, 0, 1, 0]], "b": [[1, 1, 1, 0, 0]]},
}


def test_base_rate_is_where_finetuning_left_zero_shot_wrong() -> None:
    """By hand: in task a ICL has 1 of 2 and 1 of 2; in b 1 of 2 and 1 of 2; no excess in either."""
    found = Known(RIGHT).base_rate()
    np.testing.assert_array_equal(found["corrected"]["a"], [[NAN, 1, NAN, 0, NAN]])
    np.testing.assert_array_equal(found["uncorrected"]["a"], [[NAN, NAN, 1, NAN, 0]])
    np.testing.assert_array_equal(found["corrected"]["b"], [[1, 0, NAN, NAN, NAN]])
    np.testing.assert_array_equal(found["uncorrected"]["b"], [[NAN, NAN, NAN, 0, 1]])
    assert np.nanmean(found["excess"]["all tasks"]) == pytest.approx(0)
    assert np.flatnonzero(np.isnan(found["excess"]["all tasks"][0])).tolist() == [0, 7]


def test_every_demonstration_set_has_its_own_excess() -> None:
    """Two sets: ICL has just what FT corrects under the first, and just the rest under the second."""
    wrong, ft = [[0] * 6] * 2, [[1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 0, 0]]
    icl = [ft[0], [1 - right for right in ft[1]]]
    found = Known({"zsl": {"a": wrong}, "icl": {"a": icl}, "ft": {"a": ft}}).base_rate()["excess"]["all tasks"]
    assert found.mean(axis=1) == pytest.approx([1, -1])


def test_control_of_the_base_rate_permutes_corrections_among_errors() -> None:
    """ICL has just what FT corrects: the excess is 1, and under permuted corrections 0 in the mean of 300 seeds.

    Within 4 standard errors; what ZSL has right is left out of both.
    """
    right = np.tile([1, 0, 0, 1], 10)[None]
    zsl = (np.arange(40) % 5 == 0).astype(int)[None]
    known = {"zsl": {"a": zsl}, "icl": {"a": right}, "ft": {"a": right}}
    worlds = [Known(known, seed).base_rate() for seed in range(300)]
    assert np.nanmean(worlds[0]["excess"]["all tasks"]) == pytest.approx(1)
    means = np.array([np.nanmean(found["control"]["all tasks"]) for found in worlds])
    assert abs(means.mean()) < 4 * means.std() / np.sqrt(len(means))
    assert np.array_equal(np.isnan(worlds[0]["control"]["all tasks"]), zsl > 0)


def test_control_of_the_base_rate_keeps_how_many_were_corrected() -> None:
    """FT corrects all of ZSL's errors and breaks all else: permuted among the errors, all stay corrected."""
    ft = np.arange(30)[None] % 3 > 0
    found = Known({"zsl": {"a": ~ft}, "icl": {"a": ft}, "ft": {"a": ft}}).base_rate()
    assert np.isnan(found["control"]["all tasks"]).all()


def test_base_rate_agrees_with_the_claims_own_counts(evidence: Evidence) -> None:
    """On the tiny project: what C10 counts, and one task's excess is its two shares' difference."""
    found = evidence.base_rate()
    np.testing.assert_array_equal(found["corrected"]["toy"], evidence.of("rec2ftp", "rec2ftp")["toy"])
    np.testing.assert_array_equal(found["uncorrected"]["toy"], evidence.of("rec2ftp", "icl_uncorrected")["toy"])
    shares = [np.nanmean(found[name]["toy"]) for name in ("corrected", "uncorrected")]
    assert np.nanmean(found["excess"]["all tasks"]) == pytest.approx(shares[0] - shares[1])


def test_coin_hands_out_each_pair_either_way() -> None:
    """Every entry of the two is one's and other's, or the other way round, about half the time each."""
    one, other = np.zeros((1, 1000, 3)), np.ones((1, 1000, 3))
    first, second = by_coin(Known(), "c", one, other)
    assert np.array_equal(first + second, np.ones((1, 1000, 3)))
    assert set(np.unique(first)) == {0, 1}
    assert first.mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(3000))
    assert len({tuple(row) for row in first[0]}) == 8  # layers are tossed apart


def test_coin_is_its_names() -> None:
    """The same name and seed give the same tosses; another name, seed or task gives others."""
    one, other = np.zeros((1, 64)), np.ones((1, 64))

    def tosses(seed: int, name: str) -> tuple[float, ...]:
        return tuple(by_coin(Known(seed=seed), name, one, other)[0][0].tolist())

    assert tosses(0, "c") == tosses(0, "c")
    assert len({tosses(0, "c"), tosses(1, "c"), tosses(0, "d")}) == 3
    by_task = by_coin_of(Known(), "c", {"a": one, "b": one}, {"a": other, "b": other})
    assert not np.array_equal(by_task[0]["a"], by_task[0]["b"])
    assert all(np.array_equal(by_task[0][task] + by_task[1][task], other) for task in ("a", "b"))


def test_run_curve_has_students_interval_of_the_runs_mean() -> None:
    """Three runs of 1, 2, 3 and 4, 4, 7: means 2 and 5, t of two degrees of freedom times s over root 3."""
    values = np.array([[1.0, 4.0], [2.0, 4.0], [3.0, 7.0]])
    curve = run_curve("t", "loss", {"p": {"FT": values, "flat": values[:1]}}, [10, 20], "step", frozenset({"flat"}))
    ((panel, (series, flat)),) = curve.panels
    margin = stats.t.ppf(0.975, 2) * np.sqrt([1.0, 3.0]) / np.sqrt(3)
    assert (panel, curve.x_label, series.at) == ("p", "step", (10, 20))
    assert series.values == pytest.approx([2, 5])
    assert series.low == pytest.approx(np.array([2, 5]) - margin)
    assert series.high == pytest.approx(np.array([2, 5]) + margin)
    assert (series.baseline, flat.baseline) == (False, True)
    assert (flat.values, flat.low, flat.high) == ((1, 4), (), ())


def test_loss_curve_averages_equal_stretches_of_training() -> None:
    """Six steps in three stretches: means of two, standing at 1.5, 3.5 and 5.5; fewer steps than points stay."""
    found = {"vanilla": {"losses": np.array([[6.0, 4.0, 3.0, 1.0, 2.0, 2.0]])}}
    ((_, (series,)),) = loss_curve("t", "loss", found, points=3).panels
    assert (series.values, series.at) == ((5, 2, 2), (1.5, 3.5, 5.5))
    ((_, (whole,)),) = loss_curve("t", "loss", found).panels
    assert (whole.values, whole.at) == ((6, 4, 3, 1, 2, 2), (1, 2, 3, 4, 5, 6))
