"""Rival explanations that a row of COMPARED does not tell all of: orders, pairs, another task, what is said beside."""

import numpy as np
import pytest

from harness.judging.exhibits import Table
from harness.statistics.results import Outcome
from harness.tests.claims.test_claims import CLAIMS, verdict
from harness.tests.planted.compared import SPREAD, TASKS
from harness.tests.planted.worlds import SETS, World

RATIO = f"{SPREAD} icl_outputs_ratio"


@pytest.mark.parametrize(
    ("apart", "outcome"),
    [
        (0.0, Outcome.SUPPORTED),
        (0.15, Outcome.SUPPORTED),
        (-0.15, Outcome.SUPPORTED),
        (0.22, Outcome.INCONCLUSIVE),
        (0.5, Outcome.REFUTED),
        (-0.5, Outcome.REFUTED),
    ],
)
def test_dependence_on_order_is_alike_within_what_matters(apart: float, outcome: Outcome) -> None:
    """ICL's and FT's logarithms of orders over sets at most 0.22 apart, whichever is the larger."""
    assert verdict("O5", World({RATIO: apart})).outcome is outcome


def test_equivalence_has_a_control_on_the_same_numbers() -> None:
    """ICL's less FT's and 0.66, three times what matters: not alike, and so it is where they are alike."""
    world = World()
    measured = CLAIMS["O5"].measure(world)
    (part,), (control,) = measured.parts, measured.control
    assert (part.matters, part.alike, control.matters, control.alike) == (0.22, True, 0.22, True)
    for own, shifted in zip(part.cells, control.cells, strict=True):
        np.testing.assert_allclose(shifted, own - 0.66)


def test_control_of_an_equivalence_can_fail() -> None:
    """Where ICL is 0.66 above FT the claim is refuted, and it is the control that is alike."""
    found = verdict("O5", World({RATIO: 0.66}))
    assert found.outcome is Outcome.REFUTED
    assert found.control is not None
    assert not found.control.passed


def test_answers_of_orders_and_sets_are_shown_under_their_names() -> None:
    """Column by column, in percent."""
    world = World()
    table = CLAIMS["O5"].measure(world).tables[1]
    names = [f"{SPREAD} {setting}_answers_{what}" for setting in ("icl", "ft") for what in ("orders", "sets")]
    assert (table.columns, table.percent) == (("ICL, orders", "ICL, sets", "FT, orders", "FT, sets"), True)
    for task in TASKS:
        assert dict(table.rows)[task] == pytest.approx([world.array(name, task).mean() for name in names])


def test_control_of_pairs_sets_one_draw_against_the_next() -> None:
    """Of SimAOU, the first other example of the class less the second."""
    world = World()
    (control,) = CLAIMS["O6"].measure(world).control
    for cell, task in zip(control.cells, TASKS, strict=True):
        drawn = world.array("sim_aou other_of_class", task).mean(axis=-1)
        np.testing.assert_allclose(cell, drawn[:, :1] - drawn[:, 1:2])


def test_pairs_of_other_classes_are_shown_and_decide_nothing() -> None:
    """However far they are below an example's own, the claim looks at those of its class."""
    far = {"sim_aou other_class": -5.0, "sim_am other_class": -5.0}
    ours, theirs = verdict("O6", World(far)), verdict("O6", World())
    assert [part.estimate for part in ours.parts] == [part.estimate for part in theirs.parts]
    assert [len(table.columns) for table in ours.tables] == [3, 3, 2]
    assert dict(ours.tables[0].rows)["a"][2] == pytest.approx(-5.0, abs=0.1)


def test_tasks_with_the_same_answer_words_stand_in_for_none() -> None:
    """With none of another kind nothing is compared, and what to do is said."""
    found = verdict("O9", World(other_kind={}))
    assert found.outcome is Outcome.NOT_TESTABLE
    assert found.reason == "no task of this run has other answer words than the others: name one with --tasks"
    assert (found.parts, found.control) == ((), None)


def test_task_without_another_kind_is_left_out() -> None:
    """Only 'b' has one: it alone is compared, and who stands in for it is said."""
    measured = CLAIMS["O9"].measure(World(other_kind={"b": "a"}))
    assert {part.tasks for part in (*measured.parts, *measured.control)} == {("b",)}
    assert measured.notes == ("b: the other task is a",)


def test_who_stands_in_is_said_for_each_task() -> None:
    """In a line each."""
    assert CLAIMS["O9"].measure(World()).notes == ("a: the other task is b", "b: the other task is a")


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("O1", ["trained, embeddings kept, norms kept"]),
        ("O4", ["gold, random"]),
        ("O7", ["FT, layer-causal descent", "FT, layer-causal descent"]),
    ],
)
def test_rates_and_sizes_of_rivals_are_said_beside(claim: str, said: list[str]) -> None:
    """What each variant was finetuned at; of layer-causal descent how large its updates are, too."""
    assert list(CLAIMS[claim].measure(World()).notes) == said


def _columns(table: Table, column: int) -> list[float | None]:
    return [row[column] for _, row in table.rows[: len(TASKS)]]


@pytest.mark.parametrize(
    ("claim", "table", "names"),
    [
        ("O1", 2, ("sim_aou ft", "sim_aou ft embeddings", "sim_aou ft norms")),
        ("O2", 1, ("sim_am differences", "sim_am differences embeddings", "sim_am differences norms")),
        ("O4", 3, ("accuracy icl", "accuracy icl random", "accuracy ft", "accuracy ft random")),
        ("O7", 2, ("accuracy ft tuned", "accuracy ft layer_causal tuned", "accuracy icl tuned")),
        ("O6", 1, ("sim_am own_cut", "sim_am other_of_class", "sim_am other_class")),
    ],
)
def test_tables_beside_are_means_under_their_names(claim: str, table: int, names: tuple[str, ...]) -> None:
    """Raw similarities beside what is specific, and accuracies, column by column."""
    world = World()
    shown = CLAIMS[claim].measure(world).tables[table]
    for column, name in enumerate(names):
        assert _columns(shown, column) == pytest.approx([world.array(name, task).mean() for task in TASKS])


def test_corrections_are_counted_by_set() -> None:
    """Rec2FTP's cases of each of four sets, of 31 queries a task."""
    notes = CLAIMS["C10"].measure(World()).notes
    assert notes == tuple(f"{task}: FT corrected {', '.join(['30'] * SETS)} of 31 queries" for task in TASKS)
