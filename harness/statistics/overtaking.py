"""From how many labels on a growing model is as good as another: where a curve of differences reaches 0.

At each size n the difference d(n) = value - baseline has a mean and an interval [l(n), u(n)], by the variance over new
sets and examples as any comparison of the suite. Between sizes all three are taken as linear in log n. Then

    reached    the least n with mean d(n) >= 0,
    low        the least n with u(n) >= 0,
    high       the least n from which on l stays >= 0.

Were n* the size at which the true curve, rising, reaches 0, the interval at n* holds 0 with its probability, and then
low <= n* <= high: the ends come of the tests at each size turned round (as Fieller's do of a ratio), without
resampling. Where a curve is not below 0 at the least size, that size stands for all that are smaller; infinity stands
for more than the largest.

Source: Fieller 1954, Journal of the Royal Statistical Society B 16, 175-185, on intervals by turning a test round.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from harness.statistics.intervals import Located
from harness.statistics.variance import moments

LEVEL = 0.95
"""Of each interval, uncorrected: it is shown, and decides nothing."""


@dataclass(frozen=True)
class Overtaking:
    """The size at which a model is as good as another, and the interval's ends; infinite beyond the largest size."""

    low: float
    reached: float
    high: float


def mean_and_interval(
    values: Float[np.ndarray, "_set _example"], bounds: tuple[float, float]
) -> tuple[float, float, float]:
    """Return mean, low and high end of values that lie between bounds, sets and examples crossed."""
    found, _ = moments([values[None, :, None, :]], pooled=False, shared_draws=False)
    located = Located(found, np.array([values.shape[1]]), bounds)
    low, high = located.interval(LEVEL)
    return float(found.effect[0]), float(low[0]), float(high[0])


def overtaking(sizes: Sequence[float], differences: Float[np.ndarray, "size _set _example"]) -> Overtaking:
    """Return where the differences of shares, value less baseline, reach 0; `sizes` ascend and are above 0.

    Raises:
        ValueError: not one array of differences for each of one or more ascending sizes.

    """
    ascending = all(0 < one < other for one, other in pairwise([*sizes, math.inf]))
    if not ascending or len(sizes) != len(differences) or not len(sizes):
        message = f"{len(differences)} arrays of differences at sizes {list(sizes)}, expected one at each, ascending"
        raise ValueError(message)
    means, lows, highs = zip(*(mean_and_interval(of, (-1.0, 1.0)) for of in differences), strict=True)
    return Overtaking(_first(sizes, highs), _first(sizes, means), _lasting(sizes, lows))


def _first(sizes: Sequence[float], curve: Sequence[float]) -> float:
    """Return the least size at which the curve is not below 0."""
    place = next((i for i, value in enumerate(curve) if value >= 0), None)
    return math.inf if place is None else _crossing(sizes, curve, place)


def _lasting(sizes: Sequence[float], curve: Sequence[float]) -> float:
    """Return the least size from which on the curve stays not below 0."""
    place = next((i + 1 for i in reversed(range(len(curve))) if not curve[i] >= 0), 0)
    return math.inf if place == len(curve) else _crossing(sizes, curve, place)


def _crossing(sizes: Sequence[float], curve: Sequence[float], place: int) -> float:
    """Return where the curve crosses 0 on its way to a place at which it is not below, linear in log size."""
    if place == 0:
        return sizes[0]
    before, after = curve[place - 1], curve[place]
    way = math.log(sizes[place] / sizes[place - 1])
    return sizes[place - 1] * math.exp(way * -before / (after - before))
