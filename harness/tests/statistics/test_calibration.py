"""The simulation from the data of one run is right where theory has an answer, and decides as the judge does."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.errors import HarnessError
from harness.seeds import stream
from harness.statistics import Comparison, judge_family
from harness.statistics.calibration import calibrate, simulate
from harness.statistics.new_runs import draw_runs
from harness.statistics.results import Outcome
from harness.tests.statistics.worlds import ALPHA, WORLDS, World, most, one_run, run_of


def one_task(rng: np.random.Generator, examples: int = 100) -> Comparison:
    """Make a comparison of one task whose values have mean 0 and variance 1 exactly."""
    values = rng.normal(0, 1, (1, examples))
    return Comparison("part", "a > b", "cosine", ((values - values.mean()) / values.std(),))


def test_simulation_decides_as_the_judge() -> None:
    """Of forty drawn runs of a claim of four comparisons, each has the outcome that `judge_family` gives it."""
    parts = [
        *one_run(World(comparisons=2, sets=2, draws=3, matters=0.6), stream(5), 0.2, 0.2),
        *one_run(World(kind="proportion", matters=0.2), stream(6), 0.1),
        replace(one_task(stream(7)), matters=0.5, alike=True, name="alike"),
    ]
    parts = [replace(part, name=str(i)) for i, part in enumerate(parts)]
    for shifts in ([0.9, 0.9, 0.3, 0.0], [0.9, -0.9, 0.0, 0.3], [0.0, 0.0, -0.3, 0.9]):
        found = simulate(parts, shifts, ALPHA, stream(8), runs=40)["outcomes"]
        drawn = draw_runs(parts, shifts, stream(8), runs=40)
        for run in range(40):
            own = [run_of(part, cells, run) for part, cells in zip(parts, drawn, strict=True)]
            assert judge_family({"C": own}, ALPHA)["C"].outcome == found[run]


def supported(part: Comparison, effect: float, runs: int = 1_000) -> float:
    """Return the simulated power of a claim of one comparison."""
    found = simulate([part], [effect], ALPHA, stream(9), runs=runs)["outcomes"]
    return float((found == Outcome.SUPPORTED).mean())


def test_simulated_power_is_the_normal_one() -> None:
    """An effect of 2.80 standard errors: 80 % of 1,000 runs (0.05: three standard errors of share and 1 % of t)."""
    assert supported(one_task(stream(10)), 0.280) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("axis", ["sets", "draws"])
def test_simulated_power_under_three_levels_is_students(axis: str) -> None:
    """Where only sets, or draws, vary, an effect of 3 SE under 3 has the power of a noncentral t of 2 df: 0.39."""
    levels = np.array([-1.0, 0, 1])  # variance 1: SE = sqrt(1 / 3)
    cell = levels[:, None, None] if axis == "sets" else levels[None, :, None]
    part = Comparison("part", "a > b", "cosine", (np.tile(cell, (1, 1, 20)),))
    expected = float(stats.nct.sf(stats.t.ppf(0.975, 2), 2, 3))
    error = math.sqrt(expected * (1 - expected) / 1_000)
    assert supported(part, 3 * math.sqrt(1 / 3)) == pytest.approx(expected, abs=3 * error)


def test_calibration_of_a_real_structure() -> None:
    """Two comparisons of five sets and five shared draws on three tasks: what it says it is of, and its figures."""
    world = World(comparisons=2, sets=5, draws=5, tasks=3, shared_draws=True, examples=20, matters=0.3)
    parts = one_run(world, stream(11), 0.0, 0.0)
    found = calibrate("C1", parts, ALPHA, stream(12), printed=[9.0, 9.0], runs=500)
    assert (found.claim, found.runs, found.sets, found.draws) == ("C1", 500, 5, 5)
    assert (found.examples, found.printed) == ((20, 20, 20), (9.0, 9.0))
    assert max(found.false_support, found.false_refutation, found.false_negligible) <= most(500) / 500
    assert found.power is not None
    assert found.power < 0.9
    assert found.power_printed == 1.0


@pytest.mark.parametrize(
    "name", ["5 sets, 3 tasks", "share, 3 sets", "accuracies, 5 sets, 3 tasks", "three comparisons"]
)
def test_simulated_runs_are_calibrated(name: str) -> None:
    """From the data of one run: false SUPPORTED, REFUTED and NEGLIGIBLE in 5 % at most of 500 runs."""
    parts = one_run(WORLDS[name], stream(13, name), *[0.1] * WORLDS[name].comparisons)
    found = calibrate("C", parts, ALPHA, stream(14), runs=500)
    assert max(found.false_support, found.false_refutation, found.false_negligible) <= most(500) / 500


def independent(many: int, matters: float = 0.0, *, alike: bool = False) -> list[Comparison]:
    """Make comparisons that share neither examples nor sets, as each has a number of examples of its own."""
    return [replace(one_task(stream(15, i), 60 + i), name=str(i), matters=matters, alike=alike) for i in range(many)]


def near(expected: float, runs: int) -> object:
    """Return what a share of so many runs may be: four standard errors."""
    return pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / runs))


def test_false_support_is_that_of_the_least_favourable_null() -> None:
    """Of three independent comparisons each alone errs in 2.5 %; all at once would be supported in .025^3 of runs."""
    found = calibrate("C", independent(3), ALPHA, stream(16), runs=4_000)
    assert 0.025 - 0.005 < found.false_support < 0.025 + 0.012  # the worst of three
    together = simulate(independent(3), [0.0] * 3, ALPHA, stream(16), runs=4_000)["outcomes"]
    assert (together == Outcome.SUPPORTED).mean() < 0.002


def test_false_refutation_is_that_of_no_effect_at_all() -> None:
    """Of three independent comparisons any may refute, each at .025 / 3: together in 2.5 % of runs."""
    found = calibrate("C", independent(3), ALPHA, stream(17), runs=4_000)
    assert found.false_refutation == near(0.025, 4_000)


def test_false_negligible_is_that_of_the_worse_side() -> None:
    """Of one comparison thrice, all at what matters err in .025 / 3: it is one of three. Below 0: in .025."""
    parts = [replace(*independent(1, matters=0.8), name=str(i)) for i in range(3)]
    found = calibrate("C", parts, ALPHA, stream(18), runs=4_000)
    assert found.false_negligible == near(0.025, 4_000)
    above = simulate(parts, [0.8] * 3, ALPHA, stream(18), runs=4_000)["outcomes"]
    assert (above == Outcome.NEGLIGIBLE).mean() == near(0.025 / 3, 4_000)


def test_false_negligible_is_of_one_below_what_matters() -> None:
    """Three independent comparisons at minus what matters are hardly ever all taken for larger; one is in 2.5 %."""
    found = simulate(independent(3, matters=0.8), [-0.8] * 3, ALPHA, stream(18), runs=4_000)
    assert (found["outcomes"] == Outcome.NEGLIGIBLE).mean() < 0.002
    for alone in found["alone"]:
        assert (alone == Outcome.NEGLIGIBLE).mean() == near(0.025, 4_000)


def test_equivalence_errs_where_the_effect_is_just_what_matters() -> None:
    """A comparison that says 'alike' has its null there, and is found where there is no effect."""
    found = calibrate("C", independent(1, matters=0.8, alike=True), ALPHA, stream(19), runs=4_000)
    assert found.false_support == near(0.025, 4_000)
    assert found.false_negligible == 0
    assert found.power is not None
    assert found.power > 0.95


def test_power_is_that_of_effects_of_just_what_matters() -> None:
    """Of one comparison of 60 examples at 3 standard errors; of the paper's effect, none. No size: None."""
    size = 3 / math.sqrt(60)
    found = calibrate("C", independent(1, matters=size), ALPHA, stream(20), printed=[0.0], runs=2_000)
    assert found.power == near(float(stats.nct.sf(stats.t.ppf(0.975, 59), 59, 3)), 2_000)
    assert found.power_printed == near(0.025, 2_000)
    unsized = calibrate("C", independent(1), ALPHA, stream(20), runs=10)
    assert (unsized.power, unsized.power_printed, unsized.false_negligible) == (None, None, 0.0)


def test_effects_that_disagree_are_not_supported() -> None:
    """Of two comparisons one has a large effect and one the contrary: nearly every run says MIXED."""
    found = simulate(independent(2), [1.0, -1.0], ALPHA, stream(21), runs=100)["outcomes"]
    assert (found == Outcome.MIXED).mean() > 0.95


def test_too_few_cases_support_nothing() -> None:
    """Data of nine examples, where ten are needed, support no claim, however large its effect."""
    assert supported(one_task(stream(22), 9), 9.0, runs=20) == 0


def test_runs_of_too_few_cases_support_nothing() -> None:
    """Eleven of 22 examples count, and ten are needed: in about a third of new runs fewer do, and decide nothing."""
    values = np.where(np.arange(22) < 11, 1.0, np.nan)[None]
    part = Comparison("part", "", "fraction", (values,), "proportion", null=0.5)
    found = simulate([part], [0.5], ALPHA, stream(23), runs=2_000)["outcomes"]
    assert (found == Outcome.SUPPORTED).mean() == near(float(stats.binom.sf(9, 22, 0.5)), 2_000)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"printed": [0.1]}, "C was given 1 printed effects, expected none or one for each of its 2 comparisons"),
        ({"printed": [0.1, 0.6]}, r"'part 0' of C was given the effect 0\.6, expected one from -0\.5 to 0\.5"),
        ({"runs": 0}, "runs = 0, expected 1 or more"),
    ],
)
def test_what_can_not_be_simulated_is_refused(more: dict[str, object], message: str) -> None:
    """Effects of another number of comparisons or of no probability, and no runs, are named."""
    parts = [one_task(stream(24)), *one_run(World(kind="proportion"), stream(25), 0.0)]
    with pytest.raises(HarnessError, match=message):
        calibrate("C", parts, ALPHA, stream(0), **more)  # type: ignore[arg-type]


def test_size_that_no_share_can_have_is_refused() -> None:
    """Half of all is the null, and more than half as much again is to matter."""
    (part,) = one_run(World(kind="proportion", matters=0.6), stream(26), 0.0)
    with pytest.raises(HarnessError, match=r"the effect 0\.6, expected one from -0\.5 to 0\.5"):
        calibrate("C", [part], ALPHA, stream(0), runs=10)
