"""What rival explanations are judged on, and their claims judged on the tiny project, all in this process."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import claims
from claims.levels import LEVELS
from harness.data import Cell
from harness.evidence.controls import Controls
from harness.evidence.evidence import Evidence
from harness.evidence.measurements import MEASUREMENTS, ByTask
from harness.judging.claims import load_claims
from harness.judging.judge import Judge
from harness.runs.control_runs import Variant
from harness.statistics.results import Outcome
from harness.tests.tiny import Project
from harness.tests.two_tasks import QUERIES, runner_of, two_tasks

LAYERS = 2


@pytest.fixture(scope="module")
def both(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the tiny model with two tasks."""
    return two_tasks(project, tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that this module's tests share."""
    return tmp_path_factory.mktemp("controls")


@pytest.fixture(scope="module")
def evidence(both: Project, store: Path) -> Evidence:
    """Return the evidence of both tasks."""
    return Evidence(runner_of(both, store))


@pytest.fixture(scope="module")
def controls(evidence: Evidence) -> Controls:
    """Return the controls of both tasks."""
    return evidence.controls


def _controls(both: Project, store: Path, **options: Any) -> Controls:
    return Evidence(runner_of(both, store, **options)).controls


def _shapes(found: ByTask) -> dict[str, tuple[int, ...]]:
    return {task: array.shape for task, array in found.items()}


def _cell(controls: Controls, task: str, variant: Variant) -> Cell:
    return controls.runs.cell(task, controls.runner.selection(task).candidates[0], variant)


@pytest.mark.parametrize(
    ("measurement", "name", "axes"),
    [("accuracy", "icl", ()), ("sim_aou", "ft", (LAYERS,)), ("sim_am", "differences", (LAYERS,))],
)
def test_measurements_have_the_control_queries_of_every_task(
    controls: Controls, measurement: str, name: str, axes: tuple[int, ...]
) -> None:
    """One demonstration set, eight of thirty examples, layers where there are any."""
    assert _shapes(controls.of(measurement, name)) == dict.fromkeys(("toy", "doll"), (1, QUERIES, *axes))


def test_first_control_tasks_alone_are_run(both: Project, store: Path) -> None:
    """With one control task of two, the second is not among the controls."""
    assert list(_controls(both, store, control_tasks=1).of("accuracy", "icl")) == ["toy"]


def test_every_reported_demonstration_set_has_a_row(both: Project, store: Path) -> None:
    """Two sets reported are two rows, best first."""
    controls = _controls(both, store, demonstration_sets=2)
    found = controls.of("accuracy", "icl", Variant(labels="flipped"))["toy"]
    best = [
        controls.runs.cell("toy", c, Variant(labels="flipped")) for c in controls.runner.selection("toy").candidates
    ]
    assert found.tolist() == [cell.icl.correct.astype(float).tolist() for cell in best]


@pytest.mark.parametrize("variant", [Variant(), Variant(weights="shuffled"), Variant(gradient="layer_causal")])
@pytest.mark.parametrize(
    ("measurement", "name"), [("sim_am", "differences"), ("sim_aou_unscaled", "ft"), ("kendall", "ft")]
)
def test_measurement_is_made_on_the_variants_cell(
    controls: Controls, variant: Variant, measurement: str, name: str
) -> None:
    """What the measurement finds in the cell, under the same name."""
    expected = MEASUREMENTS[measurement][1](_cell(controls, "toy", variant), np.random.default_rng(0))[name]
    assert np.array_equal(controls.of(measurement, name, variant)["toy"], expected[None])


def test_spread_is_over_pairs_of_orders(both: Project, store: Path) -> None:
    """With three orders: answers that differ, and 1 - cosine of unit outputs less ZSL's, averaged over three pairs."""
    controls = _controls(both, store, orders=3)
    cells = [_cell(controls, "toy", Variant(order=i)) for i in range(3)]

    def unit(h: np.ndarray) -> np.ndarray:
        long = h.astype(float)
        return np.array(long / np.sqrt((long**2).sum(axis=-1, keepdims=True)))

    for setting in ("icl", "ft"):
        recordings = [getattr(cell, setting) for cell in cells]
        changes = [unit(r.attn_out) - unit(cells[0].zsl.attn_out) for r in recordings]
        answers, outputs = np.zeros(QUERIES), np.zeros((QUERIES, LAYERS))
        for i, j in combinations(range(3), 2):
            answers += (recordings[i].predicted != recordings[j].predicted) / 3
            lengths = np.sqrt((changes[i] ** 2).sum(-1) * (changes[j] ** 2).sum(-1))
            outputs += (1 - (changes[i] * changes[j]).sum(-1) / lengths) / 3
        np.testing.assert_allclose(controls.order_spread(f"{setting}_answers")["toy"], answers[None])
        np.testing.assert_allclose(controls.order_spread(f"{setting}_outputs")["toy"], outputs[None])
        of_two = _controls(both, store).order_spread(f"{setting}_outputs")["toy"]
        assert not np.allclose(of_two, outputs)  # kept apart in the store


def test_one_demonstration_has_one_order(both: Project, store: Path) -> None:
    """All its orders are equal, so nothing is spread; with six demonstrations something is."""
    one = _controls(both, store, demonstrations=1, learning_rates=(2.0,))
    six = _controls(both, store)
    for setting in ("icl", "ft"):
        assert not any(array.any() for array in one.order_spread(f"{setting}_answers").values())
        assert all(array.max() < 1e-6 for array in one.order_spread(f"{setting}_outputs").values())  # rounding
        assert all(array.min() > 0 for array in six.order_spread(f"{setting}_outputs").values())


def test_distributions_are_compared_over_answers_and_over_all_tokens(controls: Controls) -> None:
    """Half the sum of differences of probabilities, and the ten likeliest in common, worked one example at a time."""
    cell = _cell(controls, "toy", Variant())
    following = controls.runs.next_token("toy", controls.runner.selection("toy").candidates[0])
    by_name = {setting.value: logits for setting, logits in following.items()}

    def distance(one: np.ndarray, other: np.ndarray) -> float:
        p, q = (np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum() for logits in (one, other))
        return float(sum(max(a - b, 0.0) for a, b in zip(p, q, strict=True)))

    for to in ("ft", "zsl"):
        answers = controls.distributions(f"answers_icl_{to}")["toy"]
        tokens = controls.distributions(f"next_icl_{to}")["toy"]
        shared = controls.distributions(f"overlap_icl_{to}")["toy"]
        assert answers.shape == tokens.shape == shared.shape == (1, QUERIES)
        for i in range(QUERIES):
            words = cell.icl.label_logits[i], getattr(cell, to).label_logits[i]
            whole = by_name["icl"][i], by_name[to][i]
            top = [set(np.argsort(logits)[-10:].tolist()) for logits in whole]
            assert answers[0, i] == pytest.approx(distance(*words), abs=1e-9)
            assert tokens[0, i] == pytest.approx(distance(*whole), abs=1e-9)
            assert shared[0, i] == len(top[0] & top[1]) / 10


def test_agreement_is_that_of_changes_from_zero_shot(controls: Controls) -> None:
    """Cosine of ICL's and FT's centred changes of the logits over the vocabulary."""
    following = controls.runs.next_token("toy", controls.runner.selection("toy").candidates[0])
    zsl, icl, ft = (logits.astype(float) for logits in following.values())
    found = controls.distributions("agreement")["toy"][0]
    expected = [np.corrcoef(icl[i] - zsl[i], ft[i] - zsl[i])[0, 1] for i in range(QUERIES)]
    assert found == pytest.approx(expected)


CLAIMS = {claim: module for claim, module in load_claims(claims).items() if module.claim.family == "controls"}
PARTS = {"O1": 6, "O2": 3, "O3": 1, "O4": 3, "O5": 2, "O6": 3, "O7": 2, "O8": 3}
"""How many corrected intervals each decision rule names."""


@pytest.fixture(scope="module")
def judge(evidence: Evidence) -> Judge:
    """Return the judge of the rival explanations on the tiny project."""
    return Judge(evidence, CLAIMS, alpha=0.05, seed=0)


def test_all_rival_explanations_are_tried_here() -> None:
    """A claim that joins the family needs a row in PARTS."""
    assert CLAIMS.keys() == PARTS.keys()


@pytest.mark.parametrize("claim", PARTS)
def test_rival_explanation_is_judged_on_the_tiny_project(evidence: Evidence, judge: Judge, claim: str) -> None:
    """As many parts as its rule names, each of all that counts, and a control that is not supported.

    What counts are the control queries of each task; for O3 all that ZSL gets wrong, tasks joined.
    """
    measured, verdict = CLAIMS[claim].measure(evidence), judge.verdict(claim)
    wrong = sum(int((right == 0).sum()) for right in evidence.of("accuracy", "zsl").values())
    every = (1, wrong) if claim == "O3" else (1, QUERIES)
    cells = [cell.shape for part in (*measured.parts, *measured.control) for cell in part.cells]
    assert set(cells) == {every}
    assert len(cells) == (PARTS[claim] + 1) * (1 if claim == "O3" else 2)
    assert len(verdict.parts) == PARTS[claim]
    assert verdict.control is not None
    assert verdict.control.passed
    assert [part.outcome for part in verdict.control.parts] == [Outcome.INCONCLUSIVE]
    assert measured.tables


def test_coin_of_a_control_tosses_the_claims_own_numbers(evidence: Evidence) -> None:
    """In the control each entry's difference keeps its size, and its sign is a coin's: averaged layers shrink."""
    one, other = (evidence.controls.of("sim_aou", name)["toy"] for name in ("ft", "other_example"))
    (control,), (part, *_) = CLAIMS["O6"].measure(evidence).control, CLAIMS["O6"].measure(evidence).parts
    tossed = control.cells[0]
    allowed = [{round(float((s * (one - other)[0, i]).mean()), 9) for s in SIGNS} for i in range(QUERIES)]
    assert all(round(float(value), 9) in allowed[i] for i, value in enumerate(tossed[0]))
    assert not np.allclose(tossed, part.cells[0])


SIGNS = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])


def test_one_task_has_no_other_to_pair_with(both: Project, store: Path) -> None:
    """O6 then compares with another example alone, and says so."""
    measured = CLAIMS["O6"].measure(Evidence(runner_of(both, store, tasks=("toy",))))
    assert [part.name for part in measured.parts] == ["SimAOU: over another example"]
    assert "One task was run" in measured.notes[0]


def test_overall_reading_finds_the_comparisons_that_it_names(judge: Judge) -> None:
    """Every beginning of a name in the levels' rules is that of a comparison which the claim makes."""
    named = [(r.claim, start) for level in LEVELS for r in level.rivals for start in r.parts]
    assert len(named) == 10
    for claim, start in named:
        assert any(part.name.startswith(start) for part in judge.verdict(claim).parts), (claim, start)
