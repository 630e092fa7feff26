"""What a fixed budget of computing buys: how well a claim is decided by each split between sets, draws and examples.

A set costs what it takes whatever is asked under it (encoding the prefix, finetuning), each draw under it what it takes
by itself, and each example what scoring it there takes:

    seconds = sets (set + draws draw + examples example).

For each split that the budget allows, runs of that size are drawn from the data of one run (`new_runs`), with effects
of just the size that matters (none, of a comparison that says that there is none), and decided by the judge's own rule
at the level that Holm leaves a claim alone, as in `calibration`. How often that is SUPPORTED is the power of the split.

What this shows is as good as the data's variance components: those of sets and draws come of a few levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import HarnessError
from harness.statistics.calibration import simulated_runs
from harness.statistics.comparison import Comparison
from harness.statistics.decisions import ClaimTests
from harness.statistics.new_runs import Size
from harness.statistics.results import Outcome

_CHUNK = 100  # runs at once: 3 tasks of 12 sets, 10 draws and 200 examples take 58 MB a comparison


@dataclass(frozen=True)
class Cost:
    """Seconds that a set takes by itself, and a draw and an example under one set."""

    set: float
    draw: float
    example: float

    def seconds(self, size: Size) -> float:
        """Return what a run of this size takes."""
        return size.sets * (self.set + size.draws * self.draw + size.examples * self.example)


@dataclass(frozen=True)
class Split:
    """What a budget buys where it is split so."""

    size: Size
    seconds: float
    half_width: tuple[float, ...]
    """Expected half of each comparison's interval, in its unit; NaN where nothing varies."""
    power: float
    """Share of runs that are SUPPORTED where every comparison's effect is just what matters."""


def affordable(cost: Cost, budget: float, *, sets: Sequence[int], draws: Sequence[int], most: int) -> list[Size]:
    """Return for each number of sets and draws the size with the most examples, up to `most`, within `budget` seconds.

    Raises HarnessError where none has two examples, and on costs below 0 or of examples that cost nothing.
    """
    if min(cost.set, cost.draw) < 0 or cost.example <= 0:
        raise HarnessError(f"splits were given {cost}, expected an example above 0 seconds and none below: measure it.")
    found = []
    for size in (Size(s, d, 0) for s in sets for d in draws):
        left = budget - cost.seconds(size)
        examples = min(most, int(left / (size.sets * cost.example) * (1 + 1e-9)))  # what just fits is not rounded away
        if left > 0 and examples > 1:
            found.append(Size(size.sets, size.draws, examples))
    if not found:
        least = min(cost.seconds(Size(s, d, 2)) for s in sets for d in draws)
        raise HarnessError(
            f"a budget of {budget:.4g} seconds allows none of {sets} sets with {draws} draws and two examples each; "
            f"expected {least:.4g} or more: raise it."
        )
    return found


def compare_splits(
    parts: Sequence[Comparison],
    sizes: Sequence[Size],
    cost: Cost,
    alpha: float,
    rng: np.random.Generator,
    *,
    runs: int,
) -> list[Split]:
    """Return what each size shows of a claim, from `runs` simulated runs of each.

    The standard error of a power is sqrt(power (1 - power) / runs).

    Raises HarnessError where a comparison fixes no smallest effect that matters, and on fewer than one run.
    """
    if runs < 1:
        raise HarnessError(f"a simulation was given runs = {runs}, expected 1 or more: ask for some.")
    if unsized := [part.name for part in parts if not part.matters]:
        expected = "comparisons with a smallest effect that matters"
        raise HarnessError(f"splits were given {unsized}, expected {expected}: fix it beforehand.")
    return [_split(parts, size, cost.seconds(size), alpha, rng, runs) for size in sizes]


def _split(
    parts: Sequence[Comparison], size: Size, seconds: float, alpha: float, rng: np.random.Generator, runs: int
) -> Split:
    shifts = [0.0 if part.alike else part.matters for part in parts]
    outcomes, widths = [], []
    for tests in simulated_runs(parts, shifts, rng, runs=runs, at_once=_CHUNK, size=size):
        outcomes.append(ClaimTests(tests).outcomes(alpha, alpha, alpha))
        ends = [test.whole.located.interval(1 - alpha) for test in tests]
        widths.append([(high - low) / 2 for low, high in ends])
    half = np.concatenate(widths, axis=1)
    known = [of_part[~np.isnan(of_part)] for of_part in half]
    return Split(
        size=size,
        seconds=seconds,
        half_width=tuple(float(of_part.mean()) if of_part.size else float("nan") for of_part in known),
        power=float((np.concatenate(outcomes) == Outcome.SUPPORTED.value).mean()),
    )
