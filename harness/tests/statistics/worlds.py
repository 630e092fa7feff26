"""Worlds made by hand with the structure of the real data: sets, draws, shared examples, dependent layers and heads.

Many runs at once: what the judge decides of a run in a second it decides of thousands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from harness.statistics import Comparison
from harness.statistics.decisions import ClaimTests, tested
from harness.statistics.new_runs import Cells

ALPHA = 0.05
LAYERS, HEADS = 4, 3
LAYER_SPREAD, HEAD_SPREAD = 0.5, 0.5
REST = LAYER_SPREAD**2 / LAYERS + HEAD_SPREAD**2 / (LAYERS * HEADS)
"""Variance of the mean over layers and heads of what belongs to one example under one set and draw alone."""


@dataclass(frozen=True)
class World:
    """How a claim's runs are made. An example has variance 1; sets and draws the spreads that are given."""

    comparisons: int = 1
    tasks: int = 2
    sets: int = 1
    draws: int = 1
    examples: int = 30
    set_spread: float = 0.5
    draw_spread: float = 0.5
    shared_draws: bool = False
    """Whether the draws are the same in every task."""
    kind: str = "mean"
    """'mean', 'proportion' (answers right or wrong, of which half count) or 'difference' (of two such)."""
    matters: float = 0.25

    def parts(self) -> list[Comparison]:
        """Return comparisons whose values are still to come: all 0."""
        cell = np.zeros((self.sets, self.draws, self.examples))
        kind: Literal["mean", "proportion"] = "proportion" if self.kind == "proportion" else "mean"
        null = 0.5 if kind == "proportion" else 0.0
        bounds = (-1.0, 1.0) if self.kind == "difference" else None
        return [
            Comparison(
                f"part {i}",
                "a > b",
                "accuracy",
                (cell,) * self.tasks,
                kind=kind,
                null=null,
                matters=self.matters,
                shared_draws=self.shared_draws,
                bounds=bounds,
            )
            for i in range(self.comparisons)
        ]

    def runs(self, rng: np.random.Generator, effects: Sequence[float], runs: int) -> list[Cells]:
        """Return each comparison's values in so many runs in which it has the effect that is given."""
        if self.kind == "mean":
            return [tuple(cell + by for cell in of) for of, by in zip(self._values(rng, runs), effects, strict=True)]
        total = np.sqrt(1 + REST + (self.sets > 1) * self.set_spread**2 + (self.draws > 1) * self.draw_spread**2)
        merits = self._values(rng, runs)
        if self.kind == "difference":  # each is right with probability (1 +- effect) / 2; half of the merit is common
            others = [tuple(-cell for cell in of) for of in self._values(rng, runs)]
            tops = [total * stats.norm.ppf((1 + effect) / 2) for effect in effects]
            return [
                tuple((a + top > 0).astype(float) - (b - top > 0) for a, b in zip(one, other, strict=True))
                for one, other, top in zip(merits, others, tops, strict=True)
            ]
        tops = [total * stats.norm.ppf(0.5 + effect) for effect in effects]
        counts = [rng.random((runs, 1, 1, self.examples)) < 0.5 for _ in range(self.tasks)]
        return [
            tuple(np.where(c, (cell + top > 0).astype(float), np.nan) for cell, c in zip(of, counts, strict=True))
            for of, top in zip(merits, tops, strict=True)
        ]

    def _values(self, rng: np.random.Generator, runs: int) -> list[Cells]:
        """Return values without an effect: half of an example, and all of a set and draw, is common to comparisons."""
        shared = self._draws(rng, runs)
        tasks = []
        for _ in range(self.tasks):
            sets = rng.normal(0, self.set_spread, (runs, self.sets, 1, 1)) if self.sets > 1 else 0.0
            draws = shared if self.shared_draws else self._draws(rng, runs)
            common = rng.normal(0, np.sqrt(0.5), (runs, 1, 1, self.examples))
            own = rng.normal(0, np.sqrt(0.5), (self.comparisons, runs, 1, 1, self.examples))
            rest = rng.normal(0, np.sqrt(REST), (self.comparisons, runs, self.sets, self.draws, self.examples))
            tasks.append(sets + draws + common + own + rest)
        return [tuple(task[i] for task in tasks) for i in range(self.comparisons)]

    def _draws(self, rng: np.random.Generator, runs: int) -> np.ndarray:
        size = (runs, 1, self.draws, 1)
        return rng.normal(0, self.draw_spread, size) if self.draws > 1 else np.zeros(size)


def claim_tests(parts: Sequence[Comparison], cells: Sequence[Cells]) -> ClaimTests:
    """Return the tests of all runs of a claim."""
    return ClaimTests(tuple(tested(part, of) for part, of in zip(parts, cells, strict=True)))


def run_of(part: Comparison, cells: Cells, run: int) -> Comparison:
    """Return the comparison with the values of one run."""
    return replace(part, cells=tuple(cell[run] for cell in cells))


def one_run(world: World, rng: np.random.Generator, *effects: float) -> list[Comparison]:
    """Return a claim's comparisons with the values of one run."""
    drawn = world.runs(rng, effects, 1)
    return [run_of(part, cells, 0) for part, cells in zip(world.parts(), drawn, strict=True)]


def most(runs: int) -> int:
    """Return how often an outcome of 5 % comes in so many runs at most: the binomial's upper 99 %."""
    return int(stats.binom.ppf(0.99, runs, ALPHA))


WORLDS = {
    "one set": World(),
    "2 sets": World(sets=2),
    "3 sets, spread widely": World(sets=3, set_spread=1.5, examples=20),
    "5 sets, 3 tasks": World(sets=5, tasks=3, examples=20),
    "5 sets, 5 draws, 3 tasks": World(sets=5, draws=5, tasks=3, examples=20),
    "5 shared draws, 3 tasks": World(draws=5, tasks=3, shared_draws=True, examples=20),
    "3 sets, 5 shared draws spread widely": World(sets=3, draws=5, shared_draws=True, draw_spread=1.5, examples=20),
    "no set's own": World(sets=5, set_spread=0.0, examples=20),
    "three comparisons": World(comparisons=3, sets=5, tasks=3, examples=20),
    "two comparisons, shared draws": World(comparisons=2, sets=3, draws=5, tasks=3, shared_draws=True, examples=20),
    "share": World(kind="proportion", examples=40, matters=0.1),
    "share, 3 sets": World(kind="proportion", sets=3, examples=40, matters=0.1),
    "accuracies, 5 sets, 3 tasks": World(kind="difference", sets=5, tasks=3, examples=20, set_spread=0.3, matters=0.1),
    "accuracies, 5 shared draws": World(
        kind="difference", draws=5, tasks=3, shared_draws=True, examples=20, matters=0.1
    ),
}
