"""Effects, p values and confidence intervals. The p value comes first: Holm's correction sets the level.

One seed: examples are resampled, and the answer holds for the demonstrations in use. Two or more: seeds and
examples both vary, and the answer holds for other demonstrations too.
"""

import math
import warnings
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import stats

from harness.statistics.comparison import Comparison
from harness.statistics.results import Estimate

RESAMPLES = 9_999
_BATCH = 1_000  # resamples held in memory at once: 4 tasks of 100 examples take 3 MB

_Interval = tuple[float, float, float]
"""Lower end, upper end, standard error."""


def effect(comparison: Comparison) -> float:
    """Return the effect: the mean of the tasks' means (or the pooled proportion) minus its null value.

    Tasks weigh equally in a mean. A proportion is pooled, as a task may have few cases or none that count.
    NaN where nothing counts.
    """
    if any(np.isnan(cell).all() for cell in _groups(comparison)):
        return math.nan
    return float(np.mean([np.nanmean(cell) for cell in _groups(comparison)]) - comparison.null)


def p_value(comparison: Comparison, rng: np.random.Generator, resamples: int = RESAMPLES) -> float:
    """Return the two-sided p value against an effect of 0, uncorrected; 1 where too few examples count.

    One seed: a sign-flip test for a mean (exact where all flips number no more than `resamples`, and never
    below 2 / (resamples + 1) otherwise), the exact binomial test for a proportion. More: Student's t on the
    two-level variance (see `two_level_variance`), for a proportion the larger of that and the binomial one.
    """
    if comparison.shortage:
        return 1.0
    candidates = []
    if comparison.kind == "proportion":
        candidates.append(_binomial(comparison).pvalue)
    variance, freedom = two_level_variance(comparison) if comparison.seeds > 1 else (0.0, 1.0)
    if variance > 0:
        candidates.append(2 * stats.t.sf(abs(effect(comparison)) / math.sqrt(variance), freedom))
    if not candidates:
        candidates.append(_sign_flip_p(comparison, rng, resamples))
    return float(max(candidates))


def estimate(
    comparison: Comparison, level: float, rng: np.random.Generator, p: float, resamples: int = RESAMPLES
) -> Estimate:
    """Return the effect with its confidence interval at `level`, and the p value that was worked out before.

    One seed: a BCa bootstrap of the examples within each task for a mean, Clopper and Pearson's interval for
    a proportion. More: Student's t on the two-level variance, for a proportion the hull of both. Where no
    value varies within any task the interval of a mean is the point: the p value alone, by sign flips, says
    how much that many equal values mean. Too few examples: NaN for the interval, and `degenerate` says why.
    """
    size = effect(comparison)
    if comparison.shortage:
        unknown = math.nan
        return Estimate(size, unknown, unknown, level, p, comparison.units, unknown, comparison.shortage)
    intervals = []
    if comparison.kind == "proportion":
        intervals.append(_clopper_pearson(comparison, level))
    elif comparison.seeds == 1:
        intervals.append(_bootstrap(comparison, level, rng, resamples))
    if comparison.seeds > 1:
        intervals.append(_student(comparison, level))
    low, high, error = zip(*intervals, strict=True)
    return Estimate(size, min(low), max(high), level, p, comparison.units, max(error))


def two_level_variance(comparison: Comparison) -> tuple[float, float]:
    """Return the variance of the effect over new seeds and new examples, and its degrees of freedom.

    For one task of S seeds by n examples, with s2 the unbiased sample variance,

        V = s2(seed means) / S + s2(example means) / n,

    which is conservative for crossed seeds and examples: each term holds the residual once, where the truth
    has it once in all. Tasks have demonstrations and examples of their own, so their variances add, each by
    its squared weight. Where examples that do not count leave rows of unequal length, the means become sums
    of influences w (y - mean), as for any ratio estimate. The degrees of freedom are Satterthwaite's,
    V^2 / sum(term^2 / df of the term).

    Why no bootstrap over seeds: resampling S values gives (S - 1) / S of their variance, half of it for two
    seeds, and no small sample's wider tails; t with S - 1 degrees of freedom has both right.
    """
    entries = [int((~np.isnan(cell)).sum()) for cell in comparison.cells]
    pooled = comparison.kind == "proportion"
    terms, freedoms = [], []
    for cell, counts, count in zip(comparison.cells, comparison.counting, entries, strict=True):
        weight = 1 / sum(entries) if pooled else 1 / (count * len(entries))
        centre = effect(comparison) + comparison.null if pooled else np.nanmean(cell)
        # Equal values have no variance, but value - mean may leave rounding errors.
        constant = not pooled and np.nanmin(cell) == np.nanmax(cell)
        influence = np.nan_to_num(cell - centre, nan=0.0) * (0.0 if constant else weight)
        for axis, units in ((1, comparison.seeds), (0, int(counts.sum()))):
            if units > 1 and influence.any():
                sums = influence.sum(axis=axis)
                terms.append(len(sums) * np.var(sums, ddof=1))
                freedoms.append(units - 1)
    variance = float(sum(terms))
    spread = float(sum(term**2 / freedom for term, freedom in zip(terms, freedoms, strict=True)))
    return variance, variance**2 / spread if spread > 0 else 1.0


def _groups(comparison: Comparison) -> tuple[Float[np.ndarray, "..."], ...]:
    """Return the arrays whose means weigh equally: the tasks, or for a proportion all of them as one."""
    if comparison.kind == "mean":
        return comparison.cells
    return (np.concatenate(comparison.cells, axis=1),)


def _example_means(comparison: Comparison) -> list[Float[np.ndarray, " _example"]]:
    """For each task, the means over seeds, less null, of the examples that count."""
    pairs = zip(comparison.cells, comparison.counting, strict=True)
    return [np.nanmean(cell[:, counts], axis=0) - comparison.null for cell, counts in pairs]


def _sign_flip_p(comparison: Comparison, rng: np.random.Generator, resamples: int) -> float:
    """Without an effect, 'value minus baseline' is as likely to have the other sign."""
    samples = _example_means(comparison)
    weighted = np.concatenate([values / (len(values) * len(samples)) for values in samples])
    test = stats.permutation_test(
        (weighted,),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=_BATCH,
        rng=rng,
    )
    return float(test.pvalue)


def _mean_of_means(*samples: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray(np.mean([np.mean(sample, axis=axis) for sample in samples], axis=0))


def _bootstrap(comparison: Comparison, level: float, rng: np.random.Generator, resamples: int) -> _Interval:
    """BCa, stratified by task: scipy resamples each sample by itself. Percentiles where BCa is undefined."""
    samples = _example_means(comparison)
    if all(np.ptp(values) == 0 for values in samples):  # BCa would divide 0 by 0
        return effect(comparison), effect(comparison), 0.0

    def resampled(method: str, count: int, earlier: Any = None) -> Any:
        return stats.bootstrap(
            samples,
            _mean_of_means,
            n_resamples=count,
            batch=_BATCH,
            vectorized=True,
            confidence_level=level,
            method=method,
            bootstrap_result=earlier,
            rng=rng,
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        result = resampled("BCa", resamples)
    if not np.isfinite(result.confidence_interval).all():
        result = resampled("percentile", 0, result)
    interval = result.confidence_interval
    return float(interval.low), float(interval.high), float(result.standard_error)


def _student(comparison: Comparison, level: float) -> _Interval:
    variance, freedom = two_level_variance(comparison)
    error = math.sqrt(variance)
    reach = float(stats.t.isf((1 - level) / 2, freedom)) * error
    return effect(comparison) - reach, effect(comparison) + reach, error


def _binomial(comparison: Comparison) -> Any:
    """Exact test on distinct examples: answers under other seeds are no new examples.

    With several seeds the count of ones need not be whole: it is rounded towards the null.
    """
    ones = round((effect(comparison) + comparison.null) * comparison.units, 9)
    whole = math.floor(ones) if effect(comparison) > 0 else math.ceil(ones)
    return stats.binomtest(whole, comparison.units, comparison.null)


def _clopper_pearson(comparison: Comparison, level: float) -> _Interval:
    """Take the standard error under the null: at a proportion of 0 or 1 the observed one vanishes."""
    interval = _binomial(comparison).proportion_ci(level, method="exact")
    error = math.sqrt(comparison.null * (1 - comparison.null) / comparison.units)
    return float(interval.low) - comparison.null, float(interval.high) - comparison.null, error
