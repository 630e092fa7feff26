"""How often the judge says SUPPORTED without an effect, and with one of a given size, by simulation.

New runs are drawn from the data of a run, put to 'no effect' or to an effect that is given (`new_runs` says how), and
decided by the rule of `judge_family` and `overall`: p values, Holm's correction over the whole family, the side of
the corrected interval, all parts of a claim.

What this shows: the rule's error rate and power for the distributions and the dependence that the data have. What it
does not: that these examples, or two to five seeds, stand for all others; nor that examples are independent, as the
draws make them. With one seed it speaks of new examples for these demonstrations alone, as the verdicts do.

Left out is only what can't change an outcome: intervals of parts that Holm does not reject. Means without missing
values go through `many_runs`, which tests hold to the judge's own functions; all else calls `p_value` and `estimate`.
Six comparisons of 300 examples take 1 s for 1,000 runs without an effect and 3 s with one (one core); 9,999 flips and
resamples, which the judge has, take 3 s and 10 s and move no share by more than chance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from harness.errors import HarnessError, nearest
from harness.statistics.comparison import Comparison
from harness.statistics.estimation import estimate, p_value
from harness.statistics.many_runs import bca_lows, holm_decisions, sign_flip_p_values, two_level_variances
from harness.statistics.new_runs import Cells, draw_runs
from harness.statistics.results import Calibration

RUNS = 1_000
POWER = 0.8
SIMULATED = 999
"""Sign flips and resamples of a simulated run."""

Family = Mapping[str, Sequence[Comparison]]
Effects = Mapping[str, Sequence[float]]
"""By claim, the effect of each of its parts: a difference from the value under 'no effect'."""

_CHUNK = 100  # runs that share sign flips and resamples: 3 tasks of 100 examples take 240 kB a comparison
_PRECISION = 0.05  # of `needed`: 1,000 runs can't tell sizes closer than 3 % (0.013 of power) apart


def calibrate(
    family: Family,
    alpha: float,
    rng: np.random.Generator,
    *,
    effects: Effects | None = None,
    runs: int = RUNS,
    examples: int | None = None,
    limit: int = 10_000,
    resamples: int = SIMULATED,
) -> tuple[Calibration, ...]:
    """Return the calibration of each claim that has comparisons, from `runs` simulated runs a point.

    `examples` a task, or as many as the data have. Claims that no effect is given for have none, which leaves
    Holm's correction at its sternest for the others. Where power falls short of 0.8, the examples needed are
    sought up to `limit` by doubling, then halving the gap to 5 %. Raises HarnessError as `simulate` does.
    """
    effects = effects or {}
    unaffected = simulate(family, alpha, rng, runs=runs, examples=examples, resamples=resamples)

    @cache
    def support(count: int | None) -> Mapping[str, Bool[np.ndarray, " _run"]]:
        return simulate(family, alpha, rng, effects=effects, runs=runs, examples=count, resamples=resamples)

    def power(claim: str, count: int | None) -> float:
        return float(support(count)[claim].mean())

    calibrations = []
    for claim, supported in unaffected.items():
        sizes = tuple(examples or cell.shape[1] for cell in family[claim][0].cells)
        found, needed = None, None
        if claim in effects:
            found = power(claim, examples)
            needed = _needed(partial(power, claim), min(sizes), limit) if found < POWER else None
        effect = tuple(effects[claim]) if claim in effects else None
        calibrations.append(Calibration(claim, runs, sizes, float(supported.mean()), effect, found, needed))
    return tuple(calibrations)


def simulate(
    family: Family,
    alpha: float,
    rng: np.random.Generator,
    *,
    effects: Effects | None = None,
    runs: int = RUNS,
    examples: int | None = None,
    resamples: int = SIMULATED,
) -> Mapping[str, Bool[np.ndarray, " _run"]]:
    """Return for each claim whether it comes out SUPPORTED in each simulated run of the family, judged at `alpha`.

    The same run of all claims has the same index. Parts that no effect is given for have none: {"a claim": (0.2, 0)}
    is half true. Claims of no parts are left out. Raises HarnessError on effects of an unknown claim,
    other in number than its parts, or that make a proportion no probability, and on fewer than one run or example.
    """
    if runs < 1 or (examples is not None and examples < 1):
        given = f"runs = {runs} and examples = {examples}"
        raise HarnessError(f"a simulation was given {given}, expected 1 or more of each: ask for some.")
    parts = [part for given in family.values() for part in given]
    owners = [claim for claim, given in family.items() for _ in given]
    shifts = _shifts(family, effects or {})
    if not parts:
        return {}
    batches = []
    for first in range(0, runs, _CHUNK):
        drawn = draw_runs(parts, shifts, rng, runs=min(_CHUNK, runs - first), examples=examples)
        batches.append(_supported(parts, drawn, alpha, rng, resamples))
    supported = np.concatenate(batches)
    own = {claim: [index for index, owner in enumerate(owners) if owner == claim] for claim in owners}
    return {claim: np.asarray(supported[:, indices].all(axis=1)) for claim, indices in own.items()}


def _shifts(family: Family, effects: Effects) -> list[float]:
    """Return the effect of each part of the family, in order; 0 where none is given."""
    shifts: list[float] = []
    for claim in effects:
        if claim not in family:
            expected = f"a claim of the family: {nearest(claim, family)}"
            raise HarnessError(f"an effect was given for '{claim}', expected {expected}.")
    for claim, given in family.items():
        sizes = effects.get(claim, [0.0] * len(given))
        if len(sizes) != len(given):
            expected = f"one for each of its {len(given)} parts"
            raise HarnessError(
                f"{claim} was given {len(sizes)} effects, expected {expected}: give 0 where there is none."
            )
        for part, size in zip(given, sizes, strict=True):
            if part.kind == "proportion" and not 0 <= part.null + size <= 1:
                expected = f"one from {-part.null:g} to {1 - part.null:g}: take the share less {part.null:g}"
                raise HarnessError(f"'{part.name}' of {claim} was given the effect {size:g}, expected {expected}.")
        shifts += sizes
    return shifts


def _supported(
    parts: Sequence[Comparison], drawn: Sequence[Cells], alpha: float, rng: np.random.Generator, resamples: int
) -> Bool[np.ndarray, "run part"]:
    """Return which parts are SUPPORTED in which runs, as `judge_family` decides."""
    p_values = [_p_values(part, cells, rng, resamples) for part, cells in zip(parts, drawn, strict=True)]
    p = np.stack(p_values, axis=1)
    rejected, levels = holm_decisions(p, alpha)
    for index, (part, cells) in enumerate(zip(parts, drawn, strict=True)):
        runs = np.flatnonzero(rejected[:, index])
        if len(runs):
            chosen = tuple(cell[runs] for cell in cells)
            lows = _lows(part, chosen, levels[runs, index], p[runs, index], rng, resamples)
            rejected[runs, index] = lows > 0
    return rejected


def _p_values(part: Comparison, cells: Cells, rng: np.random.Generator, resamples: int) -> Float[np.ndarray, " run"]:
    if not _plain(part, cells):
        return np.array([p_value(_run(part, cells, run), rng, resamples) for run in range(len(cells[0]))])
    if _run(part, cells, 0).shortage:
        return np.ones(len(cells[0]))
    effects, errors, freedoms = _student(part, cells)
    varying = errors > 0
    found = 2 * stats.t.sf(np.abs(effects) / np.where(varying, errors, 1), freedoms)
    if not varying.all():  # one seed, or values that are all alike: by sign flips, as the judge does
        kept = [cell[~varying].mean(axis=1) - part.null for cell in cells]
        weighted = np.concatenate([means / (means.shape[1] * len(kept)) for means in kept], axis=1)
        found[~varying] = sign_flip_p_values(weighted, rng, resamples)
    return np.asarray(found)


def _lows(
    part: Comparison, cells: Cells, levels: np.ndarray, p: np.ndarray, rng: np.random.Generator, resamples: int
) -> Float[np.ndarray, " run"]:
    if _plain(part, cells) and part.seeds == 1:
        return bca_lows([cell[:, 0] - part.null for cell in cells], levels, rng, resamples)
    if _plain(part, cells):
        effects, errors, freedoms = _student(part, cells)
        return np.asarray(effects - stats.t.isf((1 - levels) / 2, freedoms) * errors)
    each = enumerate(zip(levels, p, strict=True))
    return np.array([estimate(_run(part, cells, i), level, rng, value, resamples).low for i, (level, value) in each])


def _plain(part: Comparison, cells: Cells) -> bool:
    """Whether all runs are means with no value missing: these go through matrix products."""
    return part.kind == "mean" and not any(np.isnan(cell).any() for cell in cells)


def _student(part: Comparison, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each run's effect, and for several seeds its standard error and degrees of freedom, else 0 and 1."""
    effects = np.mean([cell.mean(axis=(1, 2)) for cell in cells], axis=0) - part.null
    if part.seeds == 1:
        return effects, np.zeros_like(effects), np.ones_like(effects)
    variances, freedoms = two_level_variances(cells)
    return effects, np.sqrt(variances), freedoms


def _run(part: Comparison, cells: Cells, run: int) -> Comparison:
    return replace(part, cells=tuple(cell[run] for cell in cells))


def _needed(power: Callable[[int], float], short: int, limit: int) -> int | None:
    """Return the smallest number of examples, to 5 %, whose power is 0.8: double, then halve the gap."""
    enough = min(2 * short, limit)
    while power(enough) < POWER:
        if enough >= limit:
            return None
        short, enough = enough, min(2 * enough, limit)
    while enough - short > max(1, _PRECISION * short):
        middle = (short + enough) // 2
        short, enough = (short, middle) if power(middle) >= POWER else (middle, enough)
    return enough
