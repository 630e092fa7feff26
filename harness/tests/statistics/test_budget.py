"""What a budget buys: worked by hand where one part alone varies, and the number of its levels decides."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import special, stats

from harness.errors import HarnessError
from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.budget import Cost, Split, affordable, compare_splits
from harness.statistics.new_runs import Size, draw_runs
from harness.tests.statistics.worlds import ALPHA, WORLDS, World, one_run

RUNS = 1_000
LEVELS = np.array([-1.0, 0, 1])
"""Of variance 1."""


def part(cell: np.ndarray, matters: float, *, shared_draws: bool = False) -> Comparison:
    """Make a comparison of one task."""
    return Comparison("part", "a > b", "cosine", (cell,), matters=matters, shared_draws=shared_draws)


def of(compared: Comparison, *sizes: Size) -> list[Split]:
    """Return what these sizes show of one comparison."""
    return compare_splits([compared], sizes, Cost(1, 1, 1), ALPHA, stream(0, "splits"), runs=RUNS)


def power_of(levels: int, matters: float) -> float:
    """Return how often Student's t of so many levels of variance 1 finds the effect, and doesn't find it negligible."""
    freedom, far = levels - 1, matters * math.sqrt(levels)
    rng = stream(0, "closed form")
    t = (rng.normal(far, 1, 200_000)) / (spread := np.sqrt(rng.chisquare(freedom, 200_000) / freedom))
    least = stats.t.ppf(1 - ALPHA / 2, freedom)
    return float(((t > least) & ~(t - far / spread < -least)).mean())


def near(expected: float) -> object:
    """Return what a share of the runs may be: four standard errors."""
    return pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / RUNS))


def test_cost_by_hand() -> None:
    """Three sets of 10 s, two draws of 2 s under each and five examples of 0.5 s: 3 (10 + 4 + 2.5)."""
    assert Cost(set=10, draw=2, example=0.5).seconds(Size(sets=3, draws=2, examples=5)) == 49.5


def test_each_split_spends_the_budget() -> None:
    """Of 100 s, two sets leave (50 - 10 - 4) / 0.5 examples with two draws, four (25 - 14) / 0.5, seven too few."""
    found = affordable(Cost(10, 2, 0.5), 100, sets=(2, 4, 7), draws=(1, 2), most=75)
    assert found == [Size(2, 1, 75), Size(2, 2, 72), Size(4, 1, 26), Size(4, 2, 22), Size(7, 1, 4)]


@pytest.mark.parametrize("axis", ["sets", "draws", "sets that stand as draws"])
def test_where_only_sets_vary_their_number_decides(axis: str) -> None:
    """The half-width is E[chi] t / sqrt(L), the power Student's, for L levels and however many examples and others."""
    over = np.ones((1, 1, 20))
    cell = LEVELS[:, None, None] * over if axis == "sets" else LEVELS[None, :, None] * over
    compared = part(cell, 1.2, shared_draws=axis == "sets that stand as draws")
    for levels, others in ((3, 40), (6, 12), (6, 80)):
        size = Size(9, levels, others) if axis == "draws" else Size(levels, 9, others)
        (found,) = of(compared, size)
        chi = math.exp(special.gammaln(levels / 2) - special.gammaln((levels - 1) / 2)) * math.sqrt(2 / (levels - 1))
        width = stats.t.ppf(1 - ALPHA / 2, levels - 1) * chi / math.sqrt(levels)
        assert found.power == near(power_of(levels, 1.2))
        assert found.half_width[0] == pytest.approx(width, rel=0.06)


def test_where_only_examples_vary_their_number_decides() -> None:
    """Power is Student's for the number of examples, under two sets or eight."""
    values = stream(1).normal(0, 1, 100)
    cell = np.tile((values - values.mean()) / values.std(), (4, 1, 1))
    for found in of(part(cell, 0.4), Size(2, 1, 40), Size(8, 1, 40), Size(2, 1, 80)):
        assert found.power == near(power_of(found.size.examples, 0.4))


def test_where_only_the_rest_varies_the_product_decides() -> None:
    """Ten sets of forty examples are as good as twenty of twenty; forty of forty, four times that, half as wide.

    Within a tenth: V is not below its largest term, which lifts it where a part has none of its own.
    """
    rest = stream(2).normal(0, 1, (20, 20))
    rest = rest - rest.mean(axis=0) - rest.mean(axis=1, keepdims=True) + rest.mean()
    compared = part(rest[:, None, :], 0.15)
    wide, same, narrow = of(compared, Size(10, 1, 40), Size(20, 1, 20), Size(40, 1, 40))
    assert same.half_width == pytest.approx(wide.half_width, rel=0.05)
    assert narrow.half_width[0] == pytest.approx(wide.half_width[0] / 2, rel=0.1)
    assert wide.power == pytest.approx(same.power, abs=0.06)


@pytest.mark.parametrize("name", ["5 sets, 5 draws, 3 tasks", "share, 3 sets", "two comparisons, shared draws"])
def test_runs_of_the_datas_own_size_are_those_without_one(name: str) -> None:
    """To say the size that the data have is to say none."""
    world = WORLDS[name]
    parts = one_run(world, stream(3, name), *[0.1] * world.comparisons)
    size = Size(world.sets, world.draws, world.examples)
    said, unsaid = (draw_runs(parts, [0.1] * len(parts), stream(4), runs=20, size=s) for s in (size, None))
    for some, others in zip(said, unsaid, strict=True):
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(some, others, strict=True))


def test_an_axis_of_one_level_keeps_it() -> None:
    """One set tells nothing of another; a share of other size counts as often as the data's."""
    compared = one_run(World(kind="proportion", tasks=1, examples=400, draws=3), stream(5), 0.1)
    (cells,) = draw_runs(compared, [0.1], stream(6), runs=200, size=Size(7, 4, 50))[0]
    assert cells.shape == (200, 1, 4, 50)
    counting = (~np.isnan(compared[0].cells[0])).mean()
    assert (~np.isnan(cells)).mean() == pytest.approx(counting, abs=0.02)
    assert np.nanmean(cells) == pytest.approx(0.6, abs=0.02)


def test_equivalence_is_found_where_there_is_no_effect() -> None:
    """A comparison that says 'alike' has its power at 0: nearly all of 80 examples show that 0.8 is not reached."""
    values = stream(7).normal(0, 1, (1, 1, 100))
    compared = replace(part(values - values.mean(), 0.8), alike=True)
    (found,) = of(compared, Size(1, 1, 80))
    assert found.power > 0.95


@pytest.mark.parametrize(
    ("cost", "budget", "complaint"),
    [
        (Cost(10, 0, 1), 20, "allows none of (2, 4) sets with (1,) draws and two examples each; expected 24 or more"),
        (Cost(-1, 0, 1), 20, "expected an example above 0 seconds and none below"),
        (Cost(1, 0, 0), 20, "expected an example above 0 seconds and none below"),
    ],
)
def test_budget_that_buys_nothing_is_refused(cost: Cost, budget: float, complaint: str) -> None:
    """What was given, and what it takes."""
    with pytest.raises(HarnessError) as refused:
        affordable(cost, budget, sets=(2, 4), draws=(1,), most=400)
    assert complaint in str(refused.value)


def test_nothing_is_simulated_without_runs_or_what_matters() -> None:
    """Power is at what matters: a comparison that fixes none has none."""
    cell = np.zeros((3, 1, 20))
    with pytest.raises(HarnessError, match="runs = 0"):
        compare_splits([part(cell, 1)], [Size(2, 1, 2)], Cost(1, 0, 1), ALPHA, stream(0), runs=0)
    with pytest.raises(HarnessError, match="expected comparisons with a smallest effect"):
        of(part(cell, 0.0), Size(2, 1, 2))


def test_where_nothing_varies_there_is_no_width() -> None:
    """NaN, and no power: values that never vary say nothing of new ones."""
    (found,) = of(part(np.zeros((3, 1, 20)), 1.0), Size(2, 1, 10))
    assert math.isnan(found.half_width[0])
    assert found.power == 0
