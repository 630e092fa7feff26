"""From a comparison's values to its tests: one run or many at once."""

from collections.abc import Sequence

import numpy as np
import pytest

from harness.seeds import stream
from harness.statistics import Comparison, decisions  # by module: pytest takes `tested` for a test
from harness.tests.statistics.worlds import ALPHA, World, claim_tests, run_of

NAN = np.nan


def test_null_and_bounds_are_those_of_the_effect() -> None:
    """Five of five right against a chance of 1/4: p = 1 / 4^5 above, and the interval ends at 3/4."""
    part = Comparison("share", "", "", (np.ones((1, 5)),), "proportion", null=0.25, minimum_units=5)
    found = decisions.tested(part, [part.cells[0][None]]).whole
    assert found.holds == pytest.approx(1 / 4**5)
    assert found.located.interval(0.95)[1] == pytest.approx(0.75)


def test_share_is_pooled_over_tasks() -> None:
    """1 of 1 and 1 of 4 that count make 2 of 5, not (1 + 1/4) / 2; less 1/2: -0.1."""
    cells = np.array([[1, NAN, NAN, NAN]]), np.array([[1.0, 0, 0, 0]])
    part = Comparison("share", "", "", cells, "proportion", null=0.5)
    found = decisions.tested(part, [cell[None] for cell in part.cells])
    assert found.whole.located.moments.effect == pytest.approx(-0.1)


def short_of(part: Comparison, cells: Sequence[np.ndarray]) -> tuple[list[bool], list[list[bool]]]:
    """Return which runs are short, over all tasks and in each."""
    found = decisions.tested(part, cells)
    return found.whole.short.tolist(), [task.short.tolist() for task in found.tasks]


def test_each_run_counts_its_own_cases() -> None:
    """Where three cases are needed, a run with two is short and another with four is not; so are its tasks."""
    cell = np.array([[1, 0, 1, 0], [1, 0, NAN, NAN]])[:, None, None]
    share = Comparison("share", "", "", (np.ones((1, 4)),), "proportion", null=0.5, minimum_units=3)
    assert short_of(share, [cell]) == ([False, True], [])
    both = Comparison("share", "", "", (np.ones((1, 4)),) * 2, "proportion", null=0.5, minimum_units=3)
    assert short_of(both, [cell, cell]) == ([False, False], [[False, True]] * 2)


def test_each_task_of_a_mean_needs_two_cases() -> None:
    """One example in one of two tasks has no variance: the mean over both is short, however many the other has."""
    part = Comparison("mean", "", "", (np.ones((1, 4)),) * 2, minimum_units=3)
    cells = np.ones((1, 1, 1, 4)), np.array([1, NAN, NAN, NAN])[None, None, None]
    assert short_of(part, cells) == ([True], [[False], [True]])


@pytest.mark.parametrize(
    "world", [World(comparisons=2, sets=3, draws=2), World(kind="proportion", sets=2, matters=0.1)], ids=str
)
def test_many_runs_are_decided_as_each_alone(world: World) -> None:
    """Of 50 runs at once, each has the outcome and p values that it has by itself."""
    parts = world.parts()
    cells = world.runs(stream(1, str(world)), [0.3] * len(parts), 50)
    together = claim_tests(parts, cells)
    outcomes = together.outcomes(ALPHA, ALPHA, ALPHA)
    for run in range(50):
        own = [run_of(part, of_part, run) for part, of_part in zip(parts, cells, strict=True)]
        alone = claim_tests(own, [tuple(cell[None] for cell in part.cells) for part in own])
        assert alone.outcomes(ALPHA, ALPHA, ALPHA) == outcomes[run]
        for name in ("support", "refutation", "negligible"):
            assert getattr(alone, name) == pytest.approx(getattr(together, name)[run])
    assert len(set(outcomes)) > 1
