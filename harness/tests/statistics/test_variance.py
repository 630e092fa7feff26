"""The variance of an effect: worked by hand, held to plain loops, and to how effects vary."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.seeds import stream
from harness.statistics.variance import Components, Moments, components, moments
from harness.tests.statistics.worlds import World

NAN = np.nan


def of(*cells: Any, pooled: bool = False, shared_draws: bool = False, null: float = 0.0) -> Moments:
    """Return the moments of one run, of tasks [set, draw, example] or [set, example]."""
    runs = [np.array(cell, dtype=float)[None] for cell in cells]
    runs = [run[:, :, None] if run.ndim == 3 else run for run in runs]
    return moments(runs, pooled=pooled, shared_draws=shared_draws, null=null)[0]


def figures(found: Moments) -> tuple[float, float, float]:
    """Return effect, variance and degrees of freedom of one run."""
    return float(found.effect[0]), float(found.variance[0]), float(found.freedom[0])


def additive(sets: Any, draws: Any, examples: Any) -> np.ndarray:
    """Return values that are sums of a set's, a draw's and an example's own."""
    s, d, e = (np.array(own, dtype=float) for own in (sets, draws, examples))
    return np.asarray(s[:, None, None] + d[None, :, None] + e[None, None, :])


def test_tasks_weigh_equally_in_a_mean() -> None:
    """Tasks of means 1 (two examples) and 4 (three) have the mean 5/2, not 14/5; less 1/2: 2. V = (1 + 1/3) / 4."""
    effect, variance, _ = figures(of([[0, 2]], [[3, 4, 5]], null=0.5))
    assert (effect, variance) == pytest.approx((2, 1 / 3))


def test_two_sets_by_hand() -> None:
    """Set and example means are 2 and 4: variance 2, over 2, so V = 1 + 1 with 4 / (1 + 1) df."""
    assert figures(of([[1, 3], [3, 5]])) == pytest.approx((3, 2, 2))


def test_rest_is_taken_off_once() -> None:
    """Set means 1 and 6: V = 12.5 / 2. Example means 2, 3, 5.5: 3.25 / 3. Rests .5, .5, -1 and back: MS 3/2, V = 1/4.

    V = 6.25 + 13/12 - 1/4 = 85/12, with (85/12)^2 / (6.25^2 / 1 + (13/12)^2 / 2 + (1/4)^2 / 2) = 1.26444 df.
    """
    assert figures(of([[0, 1, 2], [4, 5, 9]])) == pytest.approx((3.5, 85 / 12, 1.26444), abs=1e-5)


def test_variance_is_not_below_its_largest_term() -> None:
    """Set means 2 and 4, example means 3 and 3, rests of 1: V = 1 + 0 - 1 is 1, the sets', with 1 / (1 + 1) df."""
    assert figures(of([[1, 3], [5, 3]])) == pytest.approx((3, 1, 0.5))


def test_values_that_cancel_have_a_variance() -> None:
    """Set and example means are all 1/2, and rests 1/2: MS 1 over 1 df, V = 1/4, and not none."""
    assert figures(of([[0, 1], [1, 0]])) == pytest.approx((0.5, 0.25, 1))


def test_crossed_sets_and_draws_by_hand() -> None:
    """Sets 0 and 2, draws 0 and 4, examples 0 and 6: V = 2/2 + 8/2 + 18/2 = 14, 14^2 / (1 + 16 + 81) = 2 df."""
    assert figures(of(additive([0, 2], [0, 4], [0, 6]))) == pytest.approx((6, 14, 2))


def test_rest_is_taken_off_twice_where_three_axes_hold_it() -> None:
    """The same with rests of 1: MS 8/4 over 8, V_rest = 1/4, and V = 14 - 2/4 with 13.5^2 / (98 + .5^2 / 4) df.

    (The means are those of before: over any two of the axes the rests' signs cancel.)
    """
    signs = np.array([(-1.0) ** (s + d + e) for s, d, e in product(range(2), repeat=3)]).reshape(2, 2, 2)
    found = figures(of(additive([0, 2], [0, 4], [0, 6]) + signs))
    assert found == pytest.approx((6, 13.5, 13.5**2 / 98.0625))


def test_tasks_variances_add() -> None:
    """Two tasks of V = 2 each, each weighing 1/2: V = (2 + 2) / 4 = 1, with 1 / (4 / 4^2) = 4 df."""
    cell = [[1, 3], [3, 5]]
    assert figures(of(cell, cell))[1:] == pytest.approx((1, 4))


def test_five_sets_on_three_tasks_leave_twelve_degrees_of_freedom() -> None:
    """Where sets alone vary, and alike in each task, each task leaves its 4: tasks are fixed, sets lie within them."""
    cell = additive([-2, -1, 0, 1, 2], [0], [0, 0])
    assert figures(of(cell, cell + 10, cell[::-1]))[1:] == pytest.approx((2.5 / 5 / 3, 12))


def test_shared_draw_is_crossed_with_tasks() -> None:
    """Draws 0 and 4 in one task, 0 and 8 in the other; examples 0 and 2 in both: V = 1/4 + 1/4 for those.

    Draws of each task's own: (4 + 16) / 4 = 5. The same in both: 0 and 6, 18 / 2 = 9, with 9.5^2 / (81 + 1/8) df.
    """
    cells = additive([0], [0, 4], [0, 2]), additive([0], [0, 8], [0, 2])
    assert figures(of(*cells))[1] == pytest.approx(5.5)
    assert figures(of(*cells, shared_draws=True))[1:] == pytest.approx((9.5, 9.5**2 / 81.125))


def test_shared_draw_that_tasks_take_opposite_ways_moves_nothing() -> None:
    """Draws 0 and 4 in one task, 4 and 0 in the other: their mean is 2 whichever is drawn, and V the examples'."""
    cells = additive([0], [0, 4], [0, 2]), additive([0], [4, 0], [0, 2])
    assert figures(of(*cells, shared_draws=True))[1] == pytest.approx(0.5)


def test_proportion_is_pooled() -> None:
    """1 of 1 and 1 of 4 that count make 2 of 5, not (1 + 1/4) / 2; less 1/2: -0.1.

    Influences in the second task are (.6, -.4, -.4, -.4) / 5 about -.15 / 5: V = 4/3 (.75^2 + 3 (.25)^2) / 25 = .04.
    The first task's one example can't vary.
    """
    found = of([[1, NAN, NAN]], [[1, 0, 0, 0]], pooled=True, null=0.5)
    assert figures(found) == pytest.approx((-0.1, 0.04, 3))


def test_missing_values_by_hand() -> None:
    """Values 1 and 3 under one set, 3 under the other, of mean 7/3: influences -4/9, 2/9 and 2/9.

    Sets sum to -2/9 and 2/9, and so do the two examples that count: V = 2 (2 (2/9)^2) twice, with 2 df.
    """
    assert figures(of([[1, 3, NAN], [3, NAN, NAN]])) == pytest.approx((7 / 3, 32 / 81, 2))


def test_nothing_that_varies_has_no_variance() -> None:
    """Equal values, whose mean is rounded, have V = 0 exactly, and infinite df."""
    effect, variance, freedom = figures(of(np.full((3, 2, 7), 0.1)))
    assert effect == pytest.approx(0.1)
    assert (variance, freedom) == (0, math.inf)


def test_set_that_is_one_alone_adds_nothing() -> None:
    """Under one set and draw V is s^2 / n of the examples, with n - 1 df."""
    assert figures(of([[1, 2, 6]])) == pytest.approx((3, 7 / 3, 2))


@pytest.mark.parametrize("pooled", [False, True])
def test_each_task_alone_is_as_if_it_were_all(pooled: bool) -> None:
    """A task's own moments are those of a comparison on that task."""
    cells = [stream(1, task).integers(2, size=(4, 3, 2, 5)).astype(float) for task in range(3)]
    _, alone = moments(cells, pooled=pooled, shared_draws=True, null=0.5)
    for cell, found in zip(cells, alone, strict=True):
        single = moments([cell], pooled=pooled, shared_draws=False, null=0.5)[0]
        assert found.effect == pytest.approx(single.effect)
        assert found.variance == pytest.approx(single.variance)
        assert found.freedom == pytest.approx(single.freedom)


Entries = dict[tuple[int, int, int], float]


def counted(cell: np.ndarray) -> Entries:
    """Return the values that count by their set, draw and example."""
    return {place: float(cell[place]) for place in np.ndindex(cell.shape) if not math.isnan(cell[place])}


def sums_over(influences: Entries, axis: int) -> dict[int, float]:
    """Return the sum of the influences at each level of an axis that counts."""
    levels = sorted({place[axis] for place in influences})
    return {level: sum(u for place, u in influences.items() if place[axis] == level) for level in levels}


def spread_of(sums: list[float]) -> tuple[float, int]:
    """Return L var(S) and its degrees of freedom."""
    if len(sums) < 2:
        return 0.0, 1
    mean = sum(sums) / len(sums)
    return len(sums) / (len(sums) - 1) * sum((s - mean) ** 2 for s in sums), len(sums) - 1


def rest_of(influences: Entries, shape: tuple[int, ...]) -> tuple[float, int]:
    """Return N MS(rest) and its degrees of freedom, entry by entry; 0 where an example counts in part."""
    sums, number = [sums_over(influences, axis) for axis in range(3)], len(influences)
    if number < shape[0] * shape[1] * len(sums[2]):
        return 0.0, 1
    mean, square = sum(influences.values()) / number, 0.0
    for place, u in influences.items():
        own = [of[level] * len(of) / number - mean for of, level in zip(sums, place, strict=True)]
        square += (u - mean - sum(own)) ** 2
    freedom = max(number - 1 - sum(len(of) - 1 for of in sums), 1)
    return number * square / freedom, freedom


def plain(cells: list[np.ndarray], *, pooled: bool, shared: bool) -> tuple[float, float, float]:
    """Return effect, variance and degrees of freedom as the module's text has them, one entry after the other."""
    values = [counted(cell) for cell in cells]
    total = sum(len(entries) for entries in values)
    means = [sum(entries.values()) / len(entries) for entries in values]
    centre = sum(sum(entries.values()) for entries in values) / total if pooled else sum(means) / len(means)
    influences = [
        {p: (y - centre) / total if pooled else (y - mean) / len(entries) / len(cells) for p, y in entries.items()}
        for entries, mean in zip(values, means, strict=True)
    ]
    axes = [axis for axis in range(3) if cells[0].shape[axis] > 1 or axis == 2]
    terms = {axis: [spread_of(list(sums_over(u, axis).values())) for u in influences] for axis in axes}
    if shared and 1 in axes:
        draws = range(cells[0].shape[1])
        terms[1] = [spread_of([sum(sums_over(u, 1).get(d, 0.0) for u in influences) for d in draws])]
    rests = [rest_of(u, cell.shape) for u, cell in zip(influences, cells, strict=True) if len(axes) > 1]
    taken = [((len(axes) - 1) * v, freedom) for v, freedom in rests]
    sums = [sum(v for v, _ in of_axis) for of_axis in terms.values()]
    variance = max(sum(sums) - sum(v for v, _ in taken), *sums, sum(v for v, _ in rests))
    every = [term for of_axis in terms.values() for term in of_axis] + taken
    return centre, variance, variance**2 / sum(v**2 / freedom for v, freedom in every) if variance else math.inf


@st.composite
def tasks(draw: st.DrawFn) -> list[np.ndarray]:
    """Draw up to three tasks of up to three sets, draws and four examples each, some of whose values are missing."""
    sets, draws = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    cells = []
    for _ in range(draw(st.integers(1, 3))):
        shape = (sets, draws, draw(st.integers(1, 4)))
        cell = draw(arrays.arrays(np.float64, shape, elements=st.integers(-8, 8)))
        if draw(st.booleans()):
            cell = np.where(draw(arrays.arrays(np.bool_, shape)), NAN, cell)
        cells.append(cell)
    return cells


@settings(deadline=None, max_examples=150)
@given(tasks(), st.booleans(), st.booleans())
def test_moments_are_those_of_plain_loops(cells: list[np.ndarray], pooled: bool, shared: bool) -> None:
    """Whatever is missing, pooled or shared: V is that of the text, worked out entry by entry."""
    if any(np.isnan(cell).all() for cell in cells):
        return
    effect, variance, freedom = figures(of(*cells, pooled=pooled, shared_draws=shared))
    expected = plain(cells, pooled=pooled, shared=shared)
    assert (effect, variance) == pytest.approx(expected[:2], abs=1e-12)
    if variance > 1e-12:
        assert freedom == pytest.approx(expected[2], rel=1e-6)


def test_many_runs_are_each_as_it_is_alone() -> None:
    """Of twenty runs, with values missing in other places, each has the moments that it has by itself."""
    rng = stream(2)
    cells = [np.where(rng.random((20, 3, 2, n)) < 0.1, NAN, rng.normal(0, 1, (20, 3, 2, n))) for n in (5, 7)]
    whole, _ = moments(cells, pooled=False, shared_draws=True)
    for run in range(20):
        one = figures(of(*(cell[run] for cell in cells), shared_draws=True))
        assert (whole.effect[run], whole.variance[run], whole.freedom[run]) == pytest.approx(one)


@pytest.mark.parametrize(
    "world",
    [
        World(),
        World(sets=5, tasks=3, examples=20),
        World(sets=3, draws=4, examples=20),
        World(draws=5, tasks=3, shared_draws=True, examples=20),
        World(sets=2, draws=3, shared_draws=True, set_spread=0.1, examples=10),
        World(kind="difference", sets=3),
        World(kind="proportion", sets=3, examples=40),
    ],
    ids=str,
)
def test_variance_is_that_of_effects(world: World) -> None:
    """Over 4,000 runs the mean of V is the variance of the effects, within 8 %.

    (Of 4,000 values a variance has a standard error of 2.2 %, the mean of V of 1 % to 2 %.)
    """
    (cells,) = world.runs(stream(3, str(world)), [0.0], 4_000)
    found, _ = moments(cells, pooled=world.kind == "proportion", shared_draws=world.shared_draws)
    assert found.variance.mean() == pytest.approx(found.effect.var(), rel=0.08)


def test_components_by_hand() -> None:
    """The same terms as above: 2 (6.25 - 1/4) of sets, 3 (13/12 - 1/4) of examples, and 6 / 4 of the rest."""
    found = components([np.array([[[0.0, 1, 2]], [[4, 5, 9]]])])
    assert (found.sets, found.draws, found.examples, found.rest) == pytest.approx((12, 0, 2.5, 1.5))


def test_components_are_those_of_the_world() -> None:
    """Sets vary by 4, draws by 1/4, examples by 1 and the rest by 1/16: of many tasks the mean is within a tenth."""
    rng = stream(7)
    sizes = ((6, 1, 1), (1, 5, 1), (1, 1, 30), (6, 5, 30))
    tasks = [
        sum(rng.normal(0, s, size) for s, size in zip((2, 0.5, 1, 0.25), sizes, strict=True)) for _ in range(2_000)
    ]
    found = components([np.asarray(task) for task in tasks])
    assert (found.sets, found.draws, found.examples, found.rest) == pytest.approx((4, 0.25, 1, 1 / 16), rel=0.1)


def test_components_do_not_go_below_zero() -> None:
    """Example means 3 and 3 vary by less than the rest of 1 explains, and of one set nothing is known."""
    assert components([np.array([[[1.0, 3]], [[5, 3]]])]).examples == 0
    assert components([np.array([[[1.0, 3, 5]]])]) == Components(0, 0, 4, 0)
