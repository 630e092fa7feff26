"""Q4: finetuning against half of the nearest update; its ladders on worlds that are known."""

import numpy as np
import pytest

import claims
from claims.ladder import SCALES, STEPS
from harness.judging.claims import load_claims
from harness.statistics.results import Outcome
from harness.tests.claims.test_claims import verdict
from harness.tests.planted.worlds import EXAMPLES, SETS, World

Q4 = load_claims(claims)["Q4"]
BOTH = ("sim_aou ft", "sim_am differences")
WAY = {f"divergences kl_icl_zsl{how}": 2.0 for how in ("", " distilled_outputs", " random")}
"""From zero-shot to ICL."""


class Everywhere(World):
    """A world in which every stand-in has a way to go."""

    def array(self, name: str, cell: str) -> np.ndarray:
        """Return two more where the way is."""
        return super().array(name, cell) + 2.0 * ("kl_icl_zsl" in name)


def world(ft: float, nearest: float, random: float = 0.0) -> World:
    """Return a world of these similarities, the same of outputs and maps."""
    levels = dict.fromkeys(BOTH, ft)
    levels |= {f"{name} distilled_outputs": nearest for name in BOTH} | {f"{name} random": random for name in BOTH}
    return World(levels | WAY)


@pytest.mark.parametrize(
    ("ft", "nearest", "random", "outcome"),
    [
        (0.5, 0.6, 0.0, Outcome.SUPPORTED),
        (0.2, 0.9, 0.0, Outcome.REFUTED),
        (0.45, 0.9, 0.0, Outcome.NEGLIGIBLE),
        (0.5, 0.6, 0.5, Outcome.INCONCLUSIVE),
    ],
)
def test_finetuning_is_held_to_half_of_the_nearest_update(
    ft: float, nearest: float, random: float, outcome: Outcome
) -> None:
    """More than half, less, about half; and a random update that is as near takes the support away."""
    found = verdict("Q4", world(ft, nearest, random))
    assert found.outcome is outcome
    assert found.parts[0].estimate.effect == pytest.approx(ft - nearest / 2, abs=0.02)
    assert found.control is not None
    assert found.control.parts[0].estimate.effect == pytest.approx(random - nearest / 2, abs=0.02)


def test_without_a_fit_nothing_is_judged_and_the_ladder_says_why() -> None:
    """NOT TESTABLE with the reason, which the rung has too; all other rungs are there."""
    found = verdict("Q4", World(absent="too little data"))
    assert (found.outcome, found.reason) == (Outcome.NOT_TESTABLE, "too little data")
    rungs = {rung.name: rung for rung in found.ladders[0].rungs}
    assert rungs["fitted to ICL's attention outputs"].reason == "too little data"
    assert rungs["finetuning"].value is not None


def test_fit_that_came_to_nothing_is_no_ceiling() -> None:
    """A task on which more than half of the loss is left is not compared; without another nothing can be said."""
    levels = world(0.5, 0.6).levels
    half = verdict("Q4", World(levels, fits={"b": 0.6}))
    assert (half.outcome, half.parts[0].estimate.n) == (Outcome.SUPPORTED, EXAMPLES)
    none = verdict("Q4", World(levels, fits={"a": 0.51, "b": 0.6}))
    assert (none.outcome, none.reason) == (
        Outcome.NOT_TESTABLE,
        "no update came near to ICL on dev: it is no ceiling",
    )
    assert verdict("Q4", World(levels, fits={"a": 0.5, "b": 0.5})).outcome is Outcome.SUPPORTED


def test_another_task_is_one_of_another_kind() -> None:
    """Only tasks beside which one has other answer words are on that rung; without any it says why it is empty."""
    found = {}
    for others in ({"a": "b"}, {}):
        rungs = verdict("Q4", World(other_kind=others)).ladders[0].rungs
        (found[len(others)],) = (rung for rung in rungs if "another task" in rung.name)
    assert [task for task, _ in found[1].by_task] == ["a"]
    assert (found[0].value, found[0].reason) == (None, "no task of this run has other answer words than the others")


def test_ladders_have_a_rung_a_step_that_their_scale_measures() -> None:
    """From the ceiling down, in the order of the data; none of them twice."""
    ladders = verdict("Q4", Everywhere()).ladders
    for found, scale in zip(ladders, SCALES, strict=True):
        names = [step.name for step in STEPS if scale.measurement in step.arrays]
        assert [rung.name for rung in found.rungs] == names
        assert len({*names}) == len(names)
        kinds = [rung.kind for rung in found.rungs]
        order = ("ceiling", "finetuning", "rival", "floor")
        assert sorted(kinds, key=order.index) == kinds
        assert all(rung.value is not None and rung.sets <= SETS for rung in found.rungs)
