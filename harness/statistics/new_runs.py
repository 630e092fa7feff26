"""New runs of a family of comparisons, drawn from the data of one run with the structure that they have.

- Examples: each task's are drawn with replacement, the same draw for every comparison with as many examples there.
  An example brings all its values along (layers and heads are averaged within it), so that what claims share, they
  share here. In a mean the population is value - task mean, shifted to null + effect.
- Seeds: with several, value - task mean = seed + example + rest, as in a two-way analysis of variance, seed and
  example shrunk by sqrt(1 - MS(rest) / MS), so that no noise is drawn twice. New seeds are normal draws with the old
  ones' covariance: sum_s g_s (seed_s + rest_s) / sqrt(S - 1), g standard normal and shared by all comparisons of a
  task. Drawing old seeds again would not do: of two, the same one comes twice in half of the runs, and then has no
  variance. Two to five seeds do not show their distribution's shape; the normal is what Student's t assumes.
- Proportions: which examples count is drawn from the data, their values are fresh: 1 with probability null + effect,
  plus the new seed's effect; an example's answers under several seeds agree as often as the data's do. Being fresh,
  they are independent of the other claims' values; Holm's correction holds under any dependence.

Source of the multipliers g: Wu 1986, Annals of Statistics 14, 1261-1295 (the wild bootstrap).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from harness.statistics.comparison import Comparison

Cells = tuple[Float[np.ndarray, "run seed _example"], ...]
"""Runs of one comparison, one array a task."""


def draw_runs(
    parts: Sequence[Comparison],
    shifts: Sequence[float],
    rng: np.random.Generator,
    *,
    runs: int,
    examples: int | None = None,
) -> list[Cells]:
    """Return new cells of each comparison with the effect given in `shifts`, as the module's text says."""

    @cache
    def drawn(_task: int, seeds: int, width: int) -> _Draw:
        return _Draw(
            columns=rng.integers(width, size=(runs, examples or width)),
            rows=rng.integers(seeds, size=(runs, seeds)),
            mixing=rng.normal(size=(runs, seeds, seeds)) / math.sqrt(max(seeds - 1, 1)),
        )

    new = []
    for part, shift in zip(parts, shifts, strict=True):
        draw = _new_proportion if part.kind == "proportion" else _new_mean
        tasks = enumerate(part.cells)
        new.append(tuple(draw(cell, drawn(task, *cell.shape), part.null + shift, rng) for task, cell in tasks))
    return new


@dataclass(frozen=True)
class _Draw:
    """What the new runs of one task are made of; all comparisons share it."""

    columns: Int[np.ndarray, "run new_example"]
    rows: Int[np.ndarray, "run new_seed"]
    """The seeds that say which examples count."""
    mixing: Float[np.ndarray, "run new_seed seed"]

    def where(self, entries: Bool[np.ndarray, "seed example"]) -> Bool[np.ndarray, "run new_seed new_example"]:
        """Take these of the old entries to where they are in the new runs."""
        taken: Bool[np.ndarray, "run new_seed new_example"] = entries[self.rows[:, :, None], self.columns[:, None, :]]
        return taken


@dataclass(frozen=True)
class _Terms:
    """value = task mean + seed + example + rest; entries that do not count are 0."""

    seeds: Float[np.ndarray, " seed"]
    examples: Float[np.ndarray, " example"]
    rest: Float[np.ndarray, "seed example"]


def _terms(cell: Float[np.ndarray, "seed example"]) -> _Terms:
    known = np.ma.masked_invalid(cell)
    centred = known - known.mean()
    if len(cell) == 1:
        return _Terms(np.zeros(1), centred.filled(0.0)[0], np.zeros(cell.shape))
    by_example = centred.mean(axis=0).filled(0.0)
    by_seed = (centred - by_example).mean(axis=1).filled(0.0)
    rest = (centred - by_example - by_seed[:, None]).filled(0.0)
    seeds, examples = len(cell), int((~np.isnan(cell)).any(axis=0).sum())
    noise = (rest**2).sum() / max((seeds - 1) * (examples - 1), 1)
    mean_squares = examples * (by_seed**2).sum() / (seeds - 1), seeds * (by_example**2).sum() / max(examples - 1, 1)
    shrunk = [math.sqrt(max(0.0, 1 - noise / square)) if square > 0 else 0.0 for square in mean_squares]
    return _Terms(by_seed * shrunk[0], by_example * shrunk[1], rest)


def _new_mean(cell: np.ndarray, draw: _Draw, centre: float, _rng: np.random.Generator) -> np.ndarray:
    terms = _terms(cell)
    seeds = (draw.mixing @ terms.seeds)[:, :, None]
    rest = np.einsum("rns,sre->rne", draw.mixing, terms.rest[:, draw.columns])
    new = centre + seeds + terms.examples[draw.columns][:, None, :] + rest
    return np.where(draw.where(np.isnan(cell)), np.nan, new)


def _new_proportion(cell: np.ndarray, draw: _Draw, centre: float, rng: np.random.Generator) -> np.ndarray:
    """Draw ones by uniform numbers, of which an example's are the same under two seeds with probability `alike`."""
    absent = draw.where(np.isnan(cell))
    uniform = rng.random(absent.shape)
    reach = np.zeros((1, 1, 1))
    if len(cell) > 1 and not np.isnan(cell).all():
        terms = _terms(cell)
        share = np.nanmean(cell)
        alike = min(float(np.var(terms.examples)) / max(share * (1 - share), 1e-12), 1.0)
        common = rng.random(absent.shape) < math.sqrt(alike)  # both of two seeds: probability alike
        uniform = np.where(common, rng.random((len(absent), 1, absent.shape[2])), uniform)
        most = min(centre, 1 - centre)  # the same on both sides: the mean stays
        reach = np.clip(draw.mixing @ terms.seeds, -most, most)[:, :, None]
    return np.where(absent, np.nan, (uniform < centre + reach).astype(float))
