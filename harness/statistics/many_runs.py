"""The judge's p values, corrections and intervals for many runs at once, as matrix products.

For simulations, in which the library's time a call would dominate: of a comparison of 300 examples, with 9,999
resamples, scipy's permutation test takes 105 ms and its bootstrap 16 ms, and statsmodels' Holm 48 ms. Tests hold all
to `p_value`, `estimate`, `two_level_variance` and `holm`, which decide the verdicts.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Float
from scipy import special

_ENTRIES = 2_000_000  # of a matrix of flips or resamples held at once: 16 MB


def holm_decisions(
    p: Float[np.ndarray, "run part"], alpha: float
) -> tuple[Bool[np.ndarray, "run part"], Float[np.ndarray, "run part"]]:
    """Return for each run which parts Holm's procedure rejects, and the levels of their intervals, as `holm` does.

    (`holm` takes 50 ms a call, most of it for statsmodels' garbage collection.) Levels of parts that are not
    rejected are of no meaning.
    """
    count = p.shape[1]
    ordered = np.logical_and.accumulate(np.sort(p, axis=1) <= alpha / np.arange(count, 0, -1), axis=1)
    smaller = (p[:, None, :] < p[:, :, None]).sum(axis=2)
    return np.take_along_axis(ordered, smaller, axis=1), 1 - alpha / (count - smaller)


def sign_flip_p_values(
    weighted: Float[np.ndarray, "run example"], rng: np.random.Generator, resamples: int
) -> Float[np.ndarray, " run"]:
    """Return the two-sided p value of each run's sum under flips of its terms' signs, as scipy's permutation_test.

    All runs share the flips, which leaves each run's p value what it is. All 2^n flips where they number no more
    than `resamples`; else the observed signs count as one flip more.
    """
    observed, width = weighted.sum(axis=1), weighted.shape[1]
    exact = 2**width <= resamples
    count = 2**width if exact else resamples
    slack = 1e-12 * np.abs(weighted).sum(axis=1)  # equal sums, added in another order, stay equal
    above, below = np.zeros(len(weighted)), np.zeros(len(weighted))
    for first, size in _batches(count, width):
        bits = _numbered(first, size, width) if exact else _drawn(size, width, rng)
        sums = (1.0 - 2.0 * bits) @ weighted.T
        above += (sums >= observed - slack).sum(axis=0)
        below += (sums <= observed + slack).sum(axis=0)
    extra = 0 if exact else 1
    return np.minimum(2 * (np.minimum(above, below) + extra) / (count + extra), 1.0)


def bca_lows(
    samples: Sequence[Float[np.ndarray, "run _example"]],
    levels: Float[np.ndarray, " run"],
    rng: np.random.Generator,
    resamples: int,
) -> Float[np.ndarray, " run"]:
    """Return the lower end of each run's BCa interval of the mean of the samples' means, as `estimate` does.

    All runs share the resamples. With d = value - its sample's mean, T samples of n values, the acceleration is
    sum(d^3 / (T n)^3) / sum(d^2 / (T n)^2)^1.5 / 6. Percentiles where BCa is undefined, as where
    no value varies: the point. Source: Efron 1987, JASA 82, 171-185; scipy.stats.bootstrap.
    """
    means = np.mean([sample.mean(axis=1) for sample in samples], axis=0)
    values = np.concatenate(samples, axis=1)
    weights = np.concatenate([np.full(s.shape[1], 1 / (s.shape[1] * len(samples))) for s in samples])
    scaled = np.concatenate([s - s.mean(axis=1, keepdims=True) for s in samples], axis=1) * weights
    resampled = []
    for _, size in _batches(resamples, values.shape[1]):
        counts = np.concatenate([_counts(size, sample.shape[1], rng) for sample in samples], axis=1)
        resampled.append((counts * weights) @ values.T)
    ordered = np.sort(np.concatenate(resampled), axis=0)
    tail = special.ndtri((1 - levels) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        acceleration = (scaled**3).sum(axis=1) / (scaled**2).sum(axis=1) ** 1.5 / 6
        bias = special.ndtri(((ordered < means).mean(axis=0) + (ordered <= means).mean(axis=0)) / 2)
        shares = special.ndtr(bias + (bias + tail) / (1 - acceleration * (bias + tail)))
    shares = np.where(np.isfinite(shares), shares, (1 - levels) / 2)
    position = shares * (resamples - 1)
    lower = np.floor(position).astype(int)
    upper = np.minimum(lower + 1, resamples - 1)
    low, high = (np.take_along_axis(ordered, rank[None], axis=0)[0] for rank in (lower, upper))
    return np.asarray(low + (position - lower) * (high - low))


def two_level_variances(
    cells: Sequence[Float[np.ndarray, "run seed _example"]],
) -> tuple[Float[np.ndarray, " run"], Float[np.ndarray, " run"]]:
    """Return each run's variance of the mean of the tasks' means and its degrees of freedom, as `two_level_variance`.

    For several seeds and no value missing. A run in which nothing varies has variance 0 and freedom 1.
    """
    terms, freedoms = [], []
    for cell in cells:
        influence = (cell - cell.mean(axis=(1, 2), keepdims=True)) / (cell[0].size * len(cells))
        for axis in (2, 1):
            sums = influence.sum(axis=axis)
            terms.append(sums.shape[1] * sums.var(axis=1, ddof=1))
            freedoms.append(sums.shape[1] - 1)
    variance = np.sum(terms, axis=0)
    spread = np.sum([term**2 / freedom for term, freedom in zip(terms, freedoms, strict=True)], axis=0)
    return variance, np.divide(variance**2, spread, out=np.ones_like(spread), where=spread > 0)


def _numbered(first: int, size: int, width: int) -> np.ndarray:
    """Bits of the numbers from `first` on, [number, bit]."""
    return np.asarray(np.arange(first, first + size)[:, None] >> np.arange(width) & 1)


def _drawn(size: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Random bits, [number, bit]."""
    packed = np.frombuffer(rng.bytes(size * (width // 8 + 1)), np.uint8).reshape(size, -1)
    return np.unpackbits(packed, axis=1)[:, :width]


def _counts(resamples: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `width` values is drawn, [resample, value]."""
    cells = rng.integers(width, size=(resamples, width)) + np.arange(resamples)[:, None] * width
    return np.bincount(cells.ravel(), minlength=resamples * width).reshape(resamples, width)


def _batches(count: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield first row and number of rows of the pieces of a [count, width] matrix."""
    rows = max(1, _ENTRIES // width)
    for first in range(0, count, rows):
        yield first, min(rows, count - first)
