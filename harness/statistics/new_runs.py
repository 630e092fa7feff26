"""New runs of a claim's comparisons, drawn from the data of one run with the structure that they have.

- Examples: each task's are drawn with replacement, the same draw for every comparison with as many examples there.
  An example brings all its values along (layers and heads are averaged within it), so that what comparisons share,
  they share here. In a mean the population is value - task mean, shifted to null + effect.
- Sets and draws: value - task mean = set + draw + example + rest, as in an analysis of variance of crossed factors,
  each part shrunk by sqrt(1 - MS(rest) / MS), so that no noise is drawn twice. New sets are normal draws with the old
  ones' covariance: sum_s g_s (set_s + rest_s) / sqrt(S - 1), g standard normal and shared by all comparisons of a task;
  new draws are made likewise, by the same g in all tasks where tasks share their draws. Taking old sets again would not
  do: of two, the same one comes twice in half of the runs, and then has no variance. Two to five sets do not show their
  distribution's shape; the normal is what Student's t assumes.
- Other sizes: from the same data come runs with more or fewer sets, draws and examples: the same covariance, of another
  number of levels. An axis of which the data have one level keeps it, as nothing says how more of it would vary.
- Proportions: which examples count is drawn from the data, their values are fresh: 1 with probability null + effect,
  plus the new set's and draw's effects; an example's answers under several sets agree as often as the data's do.

Source of the multipliers g: Wu 1986, Annals of Statistics 14, 1261-1295 (the wild bootstrap).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Int

from harness.statistics.comparison import Comparison

Cells = tuple[Float[np.ndarray, "run _set _draw _example"], ...]
"""Runs of one comparison, one array a task."""


@dataclass(frozen=True)
class Size:
    """How many sets, draws and examples a task of a run has."""

    sets: int
    draws: int
    examples: int

    def of(self, part: Comparison) -> tuple[int, int, int]:
        """Return the shape of the comparison's new cells.

        Where there is one set and tasks share the draws, each set has a draw of its own, and the draws are its sets.
        """
        draws = self.sets if part.shared_draws and part.sets == 1 else self.draws
        return self.sets if part.sets > 1 else 1, draws if part.draws > 1 else 1, self.examples


def draw_runs(
    parts: Sequence[Comparison],
    shifts: Sequence[float],
    rng: np.random.Generator,
    *,
    runs: int,
    size: Size | None = None,
) -> list[Cells]:
    """Return new cells of each comparison with the effect given in `shifts`, as the module's text says.

    They have as many sets, draws and examples as the data, or are of the `size` that is given.
    """

    @cache
    def new_of(_axis: str, _task: int | None, levels: int, number: int) -> Float[np.ndarray, "run new old"]:
        return _mixing(rng, runs, levels, number)

    @cache
    def among(_axis: str, _task: int, old: int, number: int) -> Int[np.ndarray, "run number"]:
        return rng.integers(old, size=(runs, number))

    def drawn(task: int, part: Comparison) -> _Draw:
        old = part.cells[task].shape
        new = old if size is None else size.of(part)
        return _Draw(
            columns=among("examples", task, old[2], new[2]),
            rows=among("rows", task, old[0] * old[1], new[0] * new[1]),
            sets=new_of("sets", task, old[0], new[0]),
            draws=new_of("draws", None if part.shared_draws else task, old[1], new[1]),
        )

    new = []
    for part, shift in zip(parts, shifts, strict=True):
        draw = _new_proportion if part.kind == "proportion" else _new_mean
        made = (drawn(task, part) for task in range(len(part.cells)))
        new.append(tuple(draw(c, d, part.null + shift, rng) for c, d in zip(part.cells, made, strict=True)))
    return new


def _mixing(rng: np.random.Generator, runs: int, levels: int, number: int) -> Float[np.ndarray, "run new old"]:
    """Return what new levels are made of; a single level stays what it is."""
    if levels == 1:
        return np.ones((runs, 1, 1))
    return rng.normal(size=(runs, number, levels)) / math.sqrt(levels - 1)


@dataclass(frozen=True)
class _Draw:
    """What the new runs of one task are made of; all comparisons share it."""

    columns: Int[np.ndarray, "run new_example"]
    rows: Int[np.ndarray, "run new_row"]
    """The sets and draws that say which examples count."""
    sets: Float[np.ndarray, "run new_set set"]
    draws: Float[np.ndarray, "run new_draw draw"]

    def where(self, entries: Bool[np.ndarray, "set draw example"]) -> Bool[np.ndarray, "run set draw example"]:
        """Take these of the old entries to where they are in the new runs."""
        flat = entries.reshape(-1, entries.shape[2])
        taken = flat[self.rows[:, :, None], self.columns[:, None, :]]
        return np.asarray(taken.reshape(len(taken), self.sets.shape[1], self.draws.shape[1], -1))

    def levels(self, terms: "_Terms") -> Float[np.ndarray, "run new_set new_draw 1"]:
        """Return the new sets' and draws' own parts together."""
        return np.asarray((self.sets @ terms.sets)[:, :, None, None] + (self.draws @ terms.draws)[:, None, :, None])


@dataclass(frozen=True)
class _Terms:
    """value = task mean + set + draw + example + rest; entries that do not count are 0.

    The rest is as large as makes new values' rest vary by MS(rest): they are mixed by S - 1, D - 1 and E.
    """

    sets: Float[np.ndarray, " set"]
    draws: Float[np.ndarray, " draw"]
    examples: Float[np.ndarray, " example"]
    rest: Float[np.ndarray, "set draw example"]


def _terms(cell: Float[np.ndarray, "set draw example"]) -> _Terms:
    known = ~np.isnan(cell)
    rest = np.where(known, cell - (np.nanmean(cell) if known.any() else 0.0), 0.0)
    parts = []
    for axis in (2, 1, 0):
        others = tuple(other for other in range(3) if other != axis)
        own = rest.sum(axis=others) / np.maximum(known.sum(axis=others), 1) if cell.shape[axis] > 1 else np.zeros(1)
        rest = np.where(known, rest - np.expand_dims(own, others), 0.0)
        parts.append(own)
    levels = [max(int(known.any(axis=(0, 1)).sum()), 1), cell.shape[1], cell.shape[0]]
    freedom = max(int(known.sum()) - 1 - sum(level - 1 for level in levels), 1)
    noise = float((rest**2).sum()) / freedom
    shrunk = [own * _shrinking(own, level, cell, noise) for own, level in zip(parts, levels, strict=True)]
    examples, draws, sets = shrunk
    mixed = cell.shape[2] * max(cell.shape[0] - 1, 1) * max(cell.shape[1] - 1, 1)
    return _Terms(sets, draws, examples, rest * math.sqrt(mixed / freedom))


def _shrinking(own: np.ndarray, levels: int, cell: np.ndarray, noise: float) -> float:
    """sqrt(1 - MS(rest) / MS) of an axis; 1 where nothing is crossed with it."""
    square = float((own**2).sum()) / max(levels - 1, 1) * (cell.size / own.size)
    return math.sqrt(max(0.0, 1 - noise / square)) if square > 0 else 0.0


def _new_mean(cell: np.ndarray, draw: _Draw, centre: float, _rng: np.random.Generator) -> np.ndarray:
    terms, absent = _terms(cell), np.isnan(cell)
    rest = np.einsum("rms,rkd,sdre->rmke", draw.sets, draw.draws, terms.rest[:, :, draw.columns], optimize=True)
    new = centre + draw.levels(terms) + terms.examples[draw.columns][:, None, None, :] + rest
    return np.where(draw.where(absent), np.nan, new) if absent.any() else new


def _new_proportion(cell: np.ndarray, draw: _Draw, centre: float, rng: np.random.Generator) -> np.ndarray:
    """Draw ones by uniform numbers, of which an example's are the same under two sets with probability `alike`."""
    absent = draw.where(np.isnan(cell))
    uniform = rng.random(absent.shape)
    reach = np.zeros((1, 1, 1, 1))
    if cell.shape[0] * cell.shape[1] > 1 and not np.isnan(cell).all():
        terms = _terms(cell)
        share = np.nanmean(cell)
        alike = min(float(np.var(terms.examples)) / max(share * (1 - share), 1e-12), 1.0)
        common = rng.random(absent.shape) < math.sqrt(alike)  # both of two sets: probability alike
        uniform = np.where(common, rng.random((len(absent), 1, 1, absent.shape[3])), uniform)
        most = min(centre, 1 - centre)  # the same on both sides: the mean stays
        reach = np.clip(draw.levels(terms), -most, most)
    return np.where(absent, np.nan, (uniform < centre + reach).astype(float))
