"""One test and its inversion: p values and intervals of an effect from its moments.

Student's t: P(effect <= x) is tested by t = (effect - x) / sqrt(V) with Satterthwaite's degrees of freedom, and the
interval is effect -+ t_{df} sqrt(V).

Values between bounds (shares, differences of shares) have the interval that keeps to them: Clopper and Pearson's at
the effective size n = m (1 - m) / V, m the mean on the scale from 0 to 1, with Student's t in the normal's place: the
tail q of the binomial counts as the tail of t at df degrees of freedom that has the same distance,
p = P(t_df > z) where P(normal > z) = q. A share is the widest distribution between bounds, so this errs upwards for
others. Where all n examples have one value c, another value has at most the probability 1 - q^(1/n) at the tail q, and
is at most as far as the bound: the interval's lower end is c - (c - bound) (1 - q^(1/n)). For a share that is Clopper
and Pearson's.

Source: Korn and Graubard 1998, Survey Methodology 24, 193-201, who scale n by t's quantiles in place of the tail.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import special, stats

from harness.statistics.variance import Moments

PerRun = Float[np.ndarray, " run"]


@dataclass(frozen=True)
class Located:
    """An effect of each run with what its tests need, on the effect's scale."""

    moments: Moments
    units: Int[np.ndarray, " run"]
    """How many examples count."""
    bounds: tuple[float, float] | None = None
    """Of the effect: the values' bounds less the null."""

    def above(self, threshold: float) -> PerRun:
        """Return the one-sided p value of 'the effect is at most `threshold`'."""
        return self._tail(threshold, self.moments.effect, self.bounds)

    def below(self, threshold: float) -> PerRun:
        """Return the one-sided p value of 'the effect is at least `threshold`': the mirror image of `above`."""
        bounds = None if self.bounds is None else (-self.bounds[1], -self.bounds[0])
        return self._tail(-threshold, -self.moments.effect, bounds)

    def two_sided(self) -> PerRun:
        """Return the two-sided p value of 'the effect is 0'."""
        return np.asarray(np.minimum(1.0, 2 * np.minimum(self.above(0.0), self.below(0.0))))

    def interval(self, level: float | PerRun) -> tuple[PerRun, PerRun]:
        """Return the ends beyond which the one-sided tests reject at (1 - level) / 2; NaN where nothing varies."""
        bounds = None if self.bounds is None else (-self.bounds[1], -self.bounds[0])
        low = self._end(np.asarray(level), self.moments.effect, self.bounds)
        return low, -self._end(np.asarray(level), -self.moments.effect, bounds)

    def _tail(self, threshold: float, effect: PerRun, bounds: tuple[float, float] | None) -> PerRun:
        error, freedom = np.sqrt(self.moments.variance), self.moments.freedom
        if bounds is None:
            distance = np.divide(effect - threshold, error, out=np.zeros_like(effect), where=error > 0)
            return np.where(error > 0, stats.t.sf(distance, freedom), 1.0)
        ones, zeros = self._counts(effect, bounds)
        share = np.clip((threshold - bounds[0]) / (bounds[1] - bounds[0]), 0.0, 1.0)
        tail = np.where(ones > 0, special.betainc(np.maximum(ones, _LEAST), zeros + 1, share), 1.0)
        room = np.divide(threshold - bounds[0], effect - bounds[0], out=np.ones_like(effect), where=effect > bounds[0])
        equal = np.clip(room, 0.0, 1.0) ** self.units
        distance = -special.ndtri(np.maximum(tail, _LEAST))
        return np.asarray(np.where(error > 0, stats.t.sf(distance, freedom), equal))

    def _end(self, level: np.ndarray, effect: PerRun, bounds: tuple[float, float] | None) -> PerRun:
        error, tail = np.sqrt(self.moments.variance), (1 - level) / 2
        distance = stats.t.isf(tail, self.moments.freedom)
        if bounds is None:
            return np.where(error > 0, effect - distance * error, np.nan)
        ones, zeros = self._counts(effect, bounds)
        reached = np.where(special.ndtr(-distance) > _LEAST, special.ndtr(-distance), 0.0)
        share = special.betaincinv(np.maximum(ones, _LEAST), zeros + 1, reached)
        low = bounds[0] + np.where(ones > 0, share, 0.0) * (bounds[1] - bounds[0])
        equal = effect - (effect - bounds[0]) * (1 - tail ** (1 / np.maximum(self.units, 1)))
        return np.asarray(np.where(error > 0, low, equal))

    def _counts(self, effect: PerRun, bounds: tuple[float, float]) -> tuple[PerRun, PerRun]:
        """Return the effective numbers of ones and zeros."""
        width = bounds[1] - bounds[0]
        mean, variance = np.clip((effect - bounds[0]) / width, 0.0, 1.0), self.moments.variance / width**2
        size = np.divide(mean * (1 - mean), variance, out=np.ones_like(mean), where=variance > 0)
        return mean * size, (1 - mean) * size


_LEAST = 1e-300
"""In the place of no ones at all, whose tail is 1; and the smallest tail, as a float holds none below: 37 sigma, which
few degrees of freedom reach (of 1, p = 0.009). Beyond it nothing is rejected but what that p rejects."""
