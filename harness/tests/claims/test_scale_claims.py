"""S1 to S3 on models whose trend is known: every array has a level that grows with the size, falls, or stays."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import claims
from claims.s03_smaller_finetuned import ACCURACY
from harness.evidence.sized import SizedModel
from harness.judging.claims import load_claims
from harness.judging.judge import judge
from harness.judging.measure import measure_of_models
from harness.judging.verdicts import Verdict
from harness.statistics.results import Outcome
from harness.statistics.trend import slopes
from harness.store import Store
from harness.tests.planted.compared import TASKS
from harness.tests.planted.worlds import SETS, World, learning

CLAIMS = load_claims(claims)
SIZES = {"1 M": 10**6, "10 M": 10**7, "100 M": 10**8}
VALUE = {"S1": "accuracy icl", "S2": "sim_aou ft"}
BASELINES = {"S1": ["accuracy zsl"], "S2": [f"sim_aou {name}" for name in ("uniform", "isotropic", "random_change")]}
NEITHER = {Outcome.INCONCLUSIVE, Outcome.NEGLIGIBLE}
UNLEARNED = [learning(icl=0)] * SETS


def model(
    name: str, levels: Mapping[str, float], *, family: str = "llama", size: int = 0, **found: object
) -> SizedModel:
    """Return a model in a world of these levels, of the size of its name where no other is given."""
    sets = dict.fromkeys(TASKS, tuple(range(SETS)))
    size = size or SIZES[name]
    return SizedModel(name, family, size, World(levels, draw=size, **found), sets)


def family(claim: str, values: Sequence[float], noise: float = 0.1) -> list[SizedModel]:
    """Return three sizes of a family, at which what is claimed to grow has these levels."""
    return [model(name, {VALUE[claim]: value}, noise=noise) for name, value in zip(SIZES, values, strict=True)]


def verdict(claim: str, models: Sequence[SizedModel], folder: Path) -> Verdict:
    """Return the claim's verdict on the models, judged alone."""
    measured = {CLAIMS[claim].claim: measure_of_models(CLAIMS[claim], models)}
    return judge(measured, Store(folder / "store"), alpha=0.05, seed=0)[claim]


@pytest.mark.parametrize("claim", VALUE)
@pytest.mark.parametrize(
    ("values", "outcomes"),
    [
        ((0.1, 0.3, 0.5), {Outcome.SUPPORTED}),
        ((0.5, 0.3, 0.1), {Outcome.REFUTED}),
        ((0.3, 0.3, 0.3), NEITHER),
        ((0.3, 0.9, 0.3), NEITHER),
        ((0.1, 0.1, 0.5), {Outcome.SUPPORTED}),
    ],
)
def test_verdict_is_the_models(tmp_path: Path, claim: str, values: Sequence[float], outcomes: set[Outcome]) -> None:
    """Rising, falling, flat, a hill, and a rise at the end: the slope's size is known, the control finds none."""
    found = verdict(claim, family(claim, values, noise=0.12), tmp_path)
    assert found.outcome in outcomes
    expected = (values[2] - values[0]) / 2
    assert [part.estimate.effect for part in found.parts] == pytest.approx([expected] * len(found.parts), abs=0.06)
    assert found.control is not None
    assert found.control.passed
    assert [abs(part.estimate.effect) < 0.1 for part in found.control.parts] == [True] * len(found.parts)


@pytest.mark.parametrize("claim", VALUE)
def test_trend_that_is_too_small_to_matter_is_negligible(tmp_path: Path, claim: str) -> None:
    """Half a point per tenfold, beyond chance where noise is small."""
    found = verdict(claim, family(claim, (0.3, 0.305, 0.31), noise=0.003), tmp_path)
    assert found.outcome is Outcome.NEGLIGIBLE


@pytest.mark.parametrize("claim", VALUE)
def test_slopes_are_of_value_less_each_baseline(claim: str) -> None:
    """Paired by set and example, layers averaged: the arrays that C1 and C11 compare."""
    models = family(claim, (0.1, 0.2, 0.4))
    parts = measure_of_models(CLAIMS[claim], models).parts
    assert len(parts) == len(BASELINES[claim])
    for part, baseline in zip(parts, BASELINES[claim], strict=True):
        for task, cell in zip(TASKS, part.cells, strict=True):
            worlds = [each.evidence for each in models]
            less = [w.array(VALUE[claim], task) - w.array(baseline, task) for w in worlds if isinstance(w, World)]
            means = [of.mean(axis=-1) if of.ndim > 2 else of for of in less]
            np.testing.assert_allclose(cell[:, 0], slopes(np.stack(means), [*SIZES.values()]), atol=1e-12)


@pytest.mark.parametrize("claim", VALUE)
def test_two_sizes_of_a_family_are_shown_and_not_judged(tmp_path: Path, claim: str) -> None:
    """Beside one of another: what is needed is said, the figures of all three stand in the table."""
    models = family(claim, (0.1, 0.3, 0.5))
    models[2] = model("other", {VALUE[claim]: 0.5}, family="gpt2", size=7)
    found = verdict(claim, models, tmp_path)
    assert found.outcome is Outcome.NOT_TESTABLE
    assert found.reason == (
        "a trend needs 3 models of one family, each of another size; there ran 1 of gpt2 (other, 7e-06 M), "
        "and 2 of llama (1 M, 1 M, 10 M, 10 M)"
    )
    assert (found.parts, found.control) == ((), None)
    assert [name for name, _ in found.tables[0].rows] == [
        "gpt2, 7e-06 M: other",
        "llama, 1 M: 1 M",
        "llama, 10 M: 10 M",
    ]
    assert not [note for note in found.notes if "not judged" in note]


@pytest.mark.parametrize("claim", VALUE)
def test_model_of_another_family_changes_no_verdict(tmp_path: Path, claim: str) -> None:
    """It is in the table, and a note says that it is not judged."""
    models = family(claim, (0.1, 0.3, 0.5))
    alone = verdict(claim, models, tmp_path)
    beside = verdict(claim, [*models, model("other", {VALUE[claim]: -9.0}, family="gpt2", size=10**9)], tmp_path)
    assert repr(beside.parts) == repr(alone.parts)
    assert len(beside.tables[0].rows) == 4
    assert beside.notes == ("gpt2: shown, not judged: fewer than 3 sizes ran.",)


def test_families_that_disagree_are_mixed(tmp_path: Path) -> None:
    """Where one family's gain grows and another's falls, no family is chosen to decide."""
    falling = [
        model(f"{name} too", {VALUE["S1"]: value}, family="opt", size=size)
        for (name, size), value in zip(SIZES.items(), (0.9, 0.5, 0.1), strict=True)
    ]
    found = verdict("S1", [*family("S1", (0.1, 0.5, 0.9)), *falling], tmp_path)
    assert [part.name for part in found.parts] == ["llama: ICL's gain", "opt: ICL's gain"]
    assert found.outcome is Outcome.MIXED


def test_s2_is_of_tasks_that_three_sizes_learned(tmp_path: Path) -> None:
    """Task 'a' is left out where one of three did not learn it; S1 presumes nothing, and has both."""
    worlds = family("S2", (0.1, 0.3, 0.5))
    worlds[0] = model("1 M", {VALUE["S2"]: 0.1}, learned={"a": UNLEARNED})
    found = verdict("S2", worlds, tmp_path)
    assert found.outcome is Outcome.SUPPORTED
    assert {part.tasks for part in measure_of_models(CLAIMS["S2"], worlds).parts} == {("b",)}
    assert [note.partition(":")[0] for note in found.notes] == ["1 M, a"]
    assert found.presupposed is not None
    assert {part.tasks for part in measure_of_models(CLAIMS["S1"], worlds).parts} == {TASKS}


def test_s2_is_not_testable_where_no_task_was_learned_by_three_sizes(tmp_path: Path) -> None:
    """Two of three learned both tasks; how far the third was is kept."""
    worlds = family("S2", (0.1, 0.3, 0.5))
    worlds[2] = model("100 M", {}, learned=dict.fromkeys(TASKS, UNLEARNED))
    found = verdict("S2", worlds, tmp_path)
    assert found.outcome is Outcome.NOT_TESTABLE
    assert "that learned a task; at most 2 of llama learned one (a)" in found.reason
    assert found.presupposed is not None
    assert found.tables[0].rows[2][1] == (None, None, None, None)


@pytest.mark.parametrize(
    ("icl", "ft", "outcome"),
    [
        ((0.9, 0.8, 0.7), (0.5, 0.4, 0.9), Outcome.SUPPORTED),
        ((0.9, 0.3, 0.3), (0.5, 0.6, 0.1), Outcome.REFUTED),
        ((0.1, 0.9, 0.3), (0.5, 0.6, 0.1), Outcome.MIXED),
    ],
)
def test_s3_sets_each_model_against_the_next_smaller_one(
    tmp_path: Path, icl: Sequence[float], ft: Sequence[float], outcome: Outcome
) -> None:
    """Of three sizes of two families, named in any order: ICL of the second and third over FT of the one below."""
    levels = [{"accuracy icl": a, "accuracy ft": b, "accuracy zsl": 0.0} for a, b in zip(icl, ft, strict=True)]
    families = "opt", "opt", "llama"
    one, two, three = (model(name, of, family=kind) for name, of, kind in zip(SIZES, levels, families, strict=True))
    found = verdict("S3", [three, one, two], tmp_path)
    assert [part.name for part in found.parts] == [
        "10 M over 1 M: ICL over FT",
        "100 M over 10 M: ICL over FT",
    ]
    effects = [part.estimate.effect for part in found.parts]
    assert effects == pytest.approx([icl[1] - ft[0], icl[2] - ft[1]], abs=0.1)
    assert found.outcome is outcome
    assert found.control is not None
    assert found.control.passed


def test_s3_needs_two_sizes(tmp_path: Path) -> None:
    """Two models of one size are shown and not compared; a trend's need of three is no matter of S3's."""
    models = [model(name, {}, size=10) for name in ("1 M", "10 M")]
    found = verdict("S3", models, tmp_path)
    assert (found.outcome, found.reason) == (Outcome.NOT_TESTABLE, "models of two sizes are needed: --model A,B")
    assert len(found.tables[0].rows) == 2


def test_s3_pairs_the_sets_that_both_report() -> None:
    """Of as many sets each, in another order and all but two the same: those are paired by number."""
    one, two = (model(name, {"accuracy icl": 0.5}, noise=0.05) for name in ("1 M", "10 M"))
    shifted = tuple(reversed(range(2, SETS + 2)))
    two = replace(two, sets=dict.fromkeys(TASKS, shifted))
    (part,) = measure_of_models(CLAIMS["S3"], [one, two]).parts
    shared = range(2, SETS)
    for task, cell in zip(TASKS, part.cells, strict=True):
        icl, ft = two.evidence.of(ACCURACY, "icl")[task], one.evidence.of(ACCURACY, "ft")[task]
        expected = icl[[shifted.index(n) for n in shared]] - ft[list(shared)]
        np.testing.assert_allclose(cell[:, 0], expected, atol=1e-12)


def test_models_without_a_common_set_are_not_paired(tmp_path: Path) -> None:
    """As where each reports the set that is best on it."""
    models = [
        SizedModel(name, "llama", size, World(), dict.fromkeys(TASKS, tuple(range(SETS * i, SETS * i + SETS))))
        for i, (name, size) in enumerate(SIZES.items())
    ]
    found = verdict("S1", models, tmp_path)
    assert (found.outcome, found.reason.partition(":")[0]) == (
        Outcome.NOT_TESTABLE,
        "models reported no demonstration set in common",
    )
