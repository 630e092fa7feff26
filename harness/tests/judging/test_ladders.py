"""Ladders: a rung is the mean of what was measured, with Student's interval; what could not be measured says why."""

from functools import partial

import numpy as np
import pytest

from harness.evidence.measurements import ByTask
from harness.evidence.questions import Measuring, OnControls
from harness.evidence.stand_ins import StandIn
from harness.judging.ladders import Scale, Step, asked, ladder, share_of_the_way
from harness.runs.variants import Variant
from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.judgement import estimate
from harness.tests.planted.worlds import World

OUTPUTS = Scale("outputs", "sim_aou", "cosine")
MAPS = Scale("maps", "sim_am", "cosine")
WAY = Scale("answers", "divergences", "share", from_start="whole")
RANDOM = Variant(labels="random")


def step(name: str, kind: str = "finetuning", variant: Variant | None = None, **arrays: str) -> Step:
    """Return a rung of the claims' own cell, or of a variant's."""
    ask = OnControls if variant is None else partial(OnControls, variant=variant)
    return Step(name, kind, "this", "that", ask, arrays, "there is none")  # type: ignore[arg-type]


STEPS = (
    step("above", "ceiling", RANDOM, sim_aou="ft"),
    step("own", sim_aou="ft", sim_am="differences"),
    step("drawn", "rival", sim_aou="other_of_class"),
)


def test_rung_is_the_mean_with_students_interval() -> None:
    """Layers are averaged, sets, draws and examples crossed, tasks fixed: as a comparison with 0 is."""
    world = World({"sim_aou ft random": 0.9, "sim_aou ft": 0.2})
    found = ladder(world, OUTPUTS, STEPS)
    assert [rung.name for rung in found.rungs] == ["above", "own", "drawn"]
    for rung, array in zip(found.rungs, ("ft random", "ft", "other_of_class"), strict=True):
        cells = [world.array(f"sim_aou {array}", task).mean(axis=-1) for task in world.tasks]
        expected = estimate(Comparison("", "", "", tuple(cells)), 0.95)
        assert (rung.value, rung.low, rung.high) == pytest.approx((expected.effect, expected.low, expected.high))
        assert (rung.n, rung.sets, rung.draws) == (expected.n, expected.sets, expected.draws)
        assert dict(rung.by_task) == pytest.approx(dict(zip(world.tasks, [c.mean() for c in cells], strict=True)))


def test_scale_has_the_rungs_that_it_can_measure() -> None:
    """Of attention one step has an array; each question is asked once."""
    assert [rung.name for rung in ladder(World(), MAPS, STEPS).rungs] == ["own"]
    assert asked(STEPS, (OUTPUTS, MAPS)) == (
        OnControls("sim_aou", RANDOM),
        OnControls("sim_aou"),
        OnControls("sim_am"),
    )


class Lacking(World):
    """A world in which nothing stands in, and nothing can be paired."""

    def of(self, question: Measuring, name: str) -> ByTask:
        """Return no task of stand-ins, and NaN of pairs."""
        if isinstance(question, StandIn):
            return {}
        found = super().of(question, name)
        return {t: np.full_like(v, np.nan) for t, v in found.items()} if name == "other_of_class" else found


def test_what_is_not_there_is_left_out_with_its_reason() -> None:
    """No task with such a run, or none with a pair: the rung stays, with no figure, and says why."""
    missing = Step("missing", "ceiling", "", "", partial(StandIn, role="icl"), {"sim_aou": "ft"}, "one set")
    rungs = ladder(Lacking(), OUTPUTS, (missing, *STEPS)).rungs
    assert [(rung.value is None, rung.reason) for rung in rungs] == [
        (True, "one set"),
        (False, ""),
        (False, ""),
        (True, "there is none"),
    ]


def test_share_of_the_way_by_hand() -> None:
    """Half of 2 and all of 1 remain: 1 - 2/3. An entry's distance from that is (remaining - 2/3 whole) / 1.5."""
    found = share_of_the_way(np.array([[1.0, 1.0]]), np.array([[2.0, 1.0]]))
    assert found.mean() == pytest.approx(1 / 3)
    assert found[0].tolist() == pytest.approx([1 / 3 + (2 / 3 * 2 - 1) / 1.5, 1 / 3 + (2 / 3 - 1) / 1.5])


def test_scale_of_shares_says_where_there_is_no_way_to_go() -> None:
    """Divergences of 2 and 0.5 are three quarters of the way; where ICL is zero-shot no rung has a figure."""
    levels = {"divergences whole": 2.0, "divergences left": 0.5}
    (rung,) = ladder(World(levels), WAY, (step("own", divergences="left"),)).rungs
    assert rung.value == pytest.approx(0.75, abs=0.05)
    assert (rung.low, rung.high) != (None, None)
    (rung,) = ladder(World(levels | {"divergences whole": -1.0}), WAY, (step("own", divergences="left"),)).rungs
    assert (rung.value, rung.reason) == (None, "there is no way to go: ICL answers as zero-shot does")


def test_share_of_no_way_is_none() -> None:
    """Where there is nothing to go, no share of it can be."""
    assert np.isnan(share_of_the_way(np.ones((1, 2)), np.zeros((1, 2)))).all()


def test_share_spreads_as_new_examples_would() -> None:
    """The standard error of the entries is that of the ratio of means over 4,000 new samples, within a twentieth."""
    rng = stream(0, "share")
    whole = rng.gamma(4.0, size=(4000, 50))
    remaining = whole * rng.uniform(0.2, 0.6, size=(4000, 50))
    shares = 1 - remaining.mean(axis=1) / whole.mean(axis=1)
    each = [share_of_the_way(r[None], w[None]) for r, w in zip(remaining, whole, strict=True)]
    assert np.std(each, axis=-1, ddof=1).mean() / np.sqrt(50) == pytest.approx(shares.std(), rel=0.05)
