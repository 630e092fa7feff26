"""From arrays to comparisons, tables and curves, worked by hand."""

from pathlib import Path

import numpy as np
import pytest

import fixtures
from harness.evidence import Evidence, difference, layer_curve, proportion, task_table
from harness.runner import Runner
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
