"""What a claim presupposes is decided task by task, before it is measured."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

import claims
from harness.evidence.presuppositions import not_learned
from harness.judging.claims import MODELS, load_claims
from harness.judging.measure import measure
from harness.runs.learning import Learning
from harness.tests.planted.worlds import SETS, World, learning

CLAIMS = load_claims(claims)
NOTHING = [learning(icl=3, ft=0, broke=2)] * SETS
"""ICL corrected 12 of 200 and broke 8: exactly two points. FT broke 8 and corrected none."""
NEITHER = [learning(icl=2, ft=0, broke=2)] * SETS
SAID = "finetuning corrected 0 and broke 8 of 200 answers on dev (-4.0 points, less than 2)"


def measured_on(claim: str, learned: Mapping[str, list[Learning]]) -> tuple[list[str], tuple[str, ...]]:
    """Return the tasks that a claim's comparisons and controls are of, and its notes."""
    found = measure(CLAIMS[claim], World(learned=learned))
    (tasks,) = {part.tasks for part in (*found.parts, *found.control)}
    return list(tasks), found.notes


@pytest.mark.parametrize("claim", ["C10", "C11", "C12", "C13", "Q1", "O1", "O2", "O4", "O5", "O6", "O7", "O8"])
def test_task_that_was_not_learned_is_left_out_and_said(claim: str) -> None:
    """Comparisons and control are of 'b' alone, and the last note says why."""
    tasks, notes = measured_on(claim, {"a": NOTHING})
    assert tasks == ["b"]
    assert notes[-1] == f"a: not testable: {SAID}"


def test_where_all_was_learned_nothing_is_left_out() -> None:
    """Both tasks, and no note on either."""
    assert measured_on("C11", {}) == (["a", "b"], ())


def test_notes_of_the_claim_stay() -> None:
    """What it says itself comes first."""
    _, notes = measured_on("O4", {"a": NOTHING})
    assert notes == ("gold, random", f"a: not testable: {SAID}")


def test_what_rounding_decides_is_said() -> None:
    """Between what the claim says itself and the tasks that were not learned."""
    found = measure(CLAIMS["O4"], World(learned={"a": NOTHING}, chaos=["b: chaotic"]))
    assert found.notes == ("gold, random", "b: chaotic", f"a: not testable: {SAID}")


@pytest.mark.parametrize("claim", ["C1", "C2", "C9"])
def test_claim_that_presumes_nothing_is_measured_on_all_tasks(claim: str) -> None:
    """C1 and C2 ask whether anything is learned: where nothing is, that is their answer."""
    assert measured_on(claim, {"a": NEITHER, "b": NEITHER}) == (["a", "b"], ())
    assert measure(CLAIMS[claim], World()).presupposed is None


def test_without_a_task_nothing_is_compared() -> None:
    """Each task's reason is said, of both settings where both fell short."""
    found = measure(CLAIMS["C11"], World(learned={"a": NOTHING, "b": NEITHER}))
    icl = "learning in context corrected 8 and broke 8 of 200 answers on dev (+0.0 points, less than 2)"
    assert found.untestable == f"a: not testable: {SAID}; b: not testable: {icl}; {SAID}"
    assert (found.parts, found.control, found.tables) == ((), (), ())


@pytest.mark.parametrize("claim", ["O1", "O2", "O4", "O5", "O7", "O8", "O9"])
def test_claim_on_controls_wants_a_control_task(claim: str) -> None:
    """Rivals are run on 'a' alone: with 'b' learned and 'a' not there is nothing to measure them on."""
    found = measure(CLAIMS[claim], World(learned={"a": NOTHING}, control_tasks=("a",)))
    assert found.untestable == f"a: not testable: {SAID}"
    assert not found.parts


@pytest.mark.parametrize("claim", ["C11", "C12", "O3", "O6"])
def test_claim_on_all_tasks_wants_any(claim: str) -> None:
    """What is not run on the control tasks alone is measured on 'b': of C12 these have the control alone."""
    assert not measure(CLAIMS[claim], World(learned={"a": NOTHING}, control_tasks=("a",))).untestable


def test_task_that_is_left_out_stays_out_where_the_claim_leaves_out_another() -> None:
    """'a' was not learned, and 'b' has no other kind of task: O9 has none left."""
    found = measure(CLAIMS["O9"], World(learned={"a": NOTHING}, other_kind={"a": "b"}))
    assert found.untestable.startswith("no task of this run has other answer words")


@pytest.mark.parametrize("presumes", [("icl",), ("ft",), ("icl", "ft"), ()])
def test_what_a_claim_presumes_decides(presumes: tuple[str, ...]) -> None:
    """Where ICL alone learned 'a', only claims that presume finetuning leave it out."""
    module = CLAIMS["C11"]
    other = replace(module, claim=replace(module.claim, presumes=presumes))
    found = measure(other, World(learned={"a": NOTHING}))
    assert found.parts[0].tasks == (("b",) if "ft" in presumes else ("a", "b"))


def test_no_reason_where_all_that_is_presumed_was_learned() -> None:
    """By task, of those alone where something was not."""
    found = not_learned({"a": [learning()], "b": NEITHER}, ("icl",), 0.02)
    assert list(found) == ["b"]


def test_claims_whose_figures_the_paper_prints_are_measured_on_the_best_sets_too() -> None:
    """These six; C1 and C2 presume nothing, and have it all the same."""
    of_one = [claim for claim in CLAIMS if CLAIMS[claim].claim.subject != MODELS]
    with_them = [claim for claim in of_one if measure(CLAIMS[claim], World()).best_sets]
    assert sorted(with_them) == ["C1", "C10", "C11", "C12", "C13", "C2"]


@pytest.mark.parametrize("claim", ["C1", "C11"])
def test_one_set_is_not_shown_twice(claim: str) -> None:
    """Where one is reported it is the best, and its comparisons are the claim's own."""
    assert measure(CLAIMS[claim], World(reported=1)).best_sets is None


def test_best_sets_are_of_the_tasks_that_are_left() -> None:
    """'a' was not learned: C12 has the best set of 'b', and C1 that of both."""
    world = World(learned={"a": NOTHING}, best={"b": 3})
    found = {claim: measure(CLAIMS[claim], world).best_sets for claim in ("C1", "C12")}
    assert {claim: of and of.places for claim, of in found.items()} == {"C1": {"a": 0, "b": 3}, "C12": {"b": 3}}
