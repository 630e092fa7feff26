"""One test and its inversion: by hand, at every level, and within bounds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.intervals import Located
from harness.statistics.variance import Moments

LEVELS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
FREEDOMS = st.sampled_from([0.5, 1.0, 1.3, 4.0, 12.0, 150.0, math.inf])


def located(
    effect: float,
    variance: float,
    freedom: float = math.inf,
    units: int = 10,
    bounds: tuple[float, float] | None = None,
) -> Located:
    """Return the effect of one run."""
    moments = Moments(np.array([float(effect)]), np.array([float(variance)]), np.array([float(freedom)]))
    return Located(moments, np.array([units]), bounds)


def ends(found: Located, level: float) -> tuple[float, float]:
    """Return the interval of one run."""
    low, high = found.interval(level)
    return float(low[0]), float(high[0])


def test_student_by_hand() -> None:
    """Effect 3, V = 2, 2 df: t = 4.303 (tables), so 3 -+ 4.303 sqrt 2, and p of t = 2.121 is 0.168."""
    found = located(3, 2, 2)
    reach = 4.3027 * math.sqrt(2)
    assert ends(found, 0.95) == pytest.approx((3 - reach, 3 + reach), abs=1e-3)
    assert found.two_sided() == pytest.approx(0.168, abs=1e-3)
    assert found.above(0) == pytest.approx(0.084, abs=1e-3)
    assert found.below(0) == pytest.approx(0.916, abs=1e-3)


@settings(deadline=None)
@given(st.floats(-3, 3), st.floats(0.01, 4), FREEDOMS, LEVELS)
def test_interval_ends_where_the_test_rejects(effect: float, variance: float, freedom: float, level: float) -> None:
    """At the ends of an interval the one-sided p values are half of what the level leaves."""
    found = located(effect, variance, freedom)
    low, high = ends(found, level)
    assert found.above(low) == pytest.approx((1 - level) / 2, rel=1e-6)
    assert found.below(high) == pytest.approx((1 - level) / 2, rel=1e-6)


@settings(deadline=None)
@given(st.floats(0.02, 0.98), st.floats(1.5, 500), st.sampled_from([1.3, 4.0, 12.0, 150.0, math.inf]), LEVELS)
def test_bounded_interval_ends_where_the_test_rejects(mean: float, size: float, freedom: float, level: float) -> None:
    """So it is of values between bounds, here -1.5 and 0.5: or the interval ends where they do."""
    found = located(2 * mean - 1.5, 4 * mean * (1 - mean) / size, freedom, bounds=(-1.5, 0.5))
    low, high = ends(found, level)
    assert -1.5 <= low <= 2 * mean - 1.5 <= high <= 0.5
    tail = (1 - level) / 2
    if low > -1.5 + 1e-9:
        assert found.above(low) == pytest.approx(tail, rel=1e-4)
    if high < 0.5 - 1e-9:
        assert found.below(high) == pytest.approx(tail, rel=1e-4)


@settings(deadline=None)
@given(st.floats(-1, 1), st.just(0.0) | st.floats(1e-6, 1), FREEDOMS, LEVELS, st.floats(-1.2, 1.2), st.booleans())
def test_threshold_outside_the_interval_is_what_is_rejected(
    effect: float, variance: float, freedom: float, level: float, threshold: float, bounded: bool
) -> None:
    """Of any effect and threshold: p is below what the level leaves just where the interval leaves it out."""
    found = located(effect, variance * (1 - effect**2), freedom, bounds=(-1, 1) if bounded else None)
    low, high = ends(found, level)
    if math.isnan(low) or min(abs(threshold - low), abs(threshold - high)) < 1e-6 or (bounded and abs(threshold) > 1):
        return
    assert (found.above(threshold)[0] < (1 - level) / 2) == (threshold < low)
    assert (found.below(threshold)[0] < (1 - level) / 2) == (threshold > high)


@pytest.mark.parametrize(("ones", "size"), [(0, 7), (1, 5), (5, 5), (12, 40), (39, 40), (500, 900)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_share_is_clopper_and_pearsons(ones: int, size: int, level: float) -> None:
    """Of m (1 - m) / n and infinite df, interval and p value are the exact binomial's (scipy)."""
    share, null = ones / size, 0.3
    found = located(share - null, share * (1 - share) / size, units=size, bounds=(-null, 1 - null))
    exact = stats.binomtest(ones, size, null).proportion_ci(level, method="exact")
    assert ends(found, level) == pytest.approx((exact.low - null, exact.high - null), abs=1e-9)
    assert found.above(0) == pytest.approx(stats.binom.sf(ones - 1, size, null))
    assert found.below(0) == pytest.approx(stats.binom.cdf(ones, size, null))


def test_five_of_five_by_hand() -> None:
    """Against 1/2: p = 1 / 2^5 on one side, and the lower end solves x^5 = 0.025."""
    found = located(0.5, 0, units=5, bounds=(-0.5, 0.5))
    assert ends(found, 0.95) == pytest.approx((0.025**0.2 - 0.5, 0.5))
    assert found.above(0) == pytest.approx(1 / 32)
    assert found.two_sided() == pytest.approx(1 / 16)


def test_equal_values_between_bounds_by_hand() -> None:
    """Ten differences of 0.2 between -1 and 1: others have a probability of at most 1 - .025^(1/10) = .3085.

    The lower end is .2 - 1.2 (.3085), the upper one .2 + .8 (.3085); that the effect is 0 has p = (1 / 1.2)^10.
    """
    found = located(0.2, 0, units=10, bounds=(-1, 1))
    assert ends(found, 0.95) == pytest.approx((-0.1702, 0.4468), abs=1e-4)
    assert found.above(0) == pytest.approx((1 / 1.2) ** 10)
    assert found.below(0) == pytest.approx(1)


def test_equal_values_without_bounds_say_nothing() -> None:
    """Nobody knows how far others may lie: no interval, and p = 1 on both sides."""
    found = located(0.2, 0)
    assert all(map(math.isnan, ends(found, 0.95)))
    assert [found.above(0)[0], found.below(0)[0], found.two_sided()[0]] == [1, 1, 1]


def test_interval_of_few_runs_keeps_to_what_is_possible() -> None:
    """Five runs of 0 or 1, of which three are 1: V = .06, 4 df; Student's interval goes beyond both bounds."""
    student, kept = (ends(located(0.6, 0.06, 4, 5, bounds), 0.95) for bounds in (None, (0.0, 1.0)))
    assert student == pytest.approx((0.6 - 2.776 * math.sqrt(0.06), 0.6 + 2.776 * math.sqrt(0.06)), abs=1e-3)
    assert student[0] < 0 < kept[0]
    assert kept[1] < 1 < student[1]


def test_few_degrees_of_freedom_widen_a_bounded_interval() -> None:
    """At the same variance, 4 df reach farther on either side than infinite ones, and p is larger."""
    few, many = (located(0.2, 0.01, freedom, bounds=(-0.5, 0.5)) for freedom in (4, math.inf))
    assert ends(few, 0.95)[0] < ends(many, 0.95)[0]
    assert ends(few, 0.95)[1] > ends(many, 0.95)[1]
    assert few.above(0) > many.above(0)


def test_distance_that_no_float_holds_rejects_no_more_than_students_t() -> None:
    """A share of .9 at the effective size of 5,000 is 70 sigma from 1/2: with 1 df, t = 37 says p = .0086, not 0."""
    found = located(0.4, 0.09 / 5000, 1, 5000, (-0.5, 0.5))
    assert found.above(0) == pytest.approx(stats.t.sf(37.05, 1), rel=1e-3)
    assert ends(found, 0.999)[0] == -0.5


def test_sides_are_mirror_images() -> None:
    """The negative effect between the negative bounds has the negative interval, and the sides' p values swapped."""
    found, mirrored = located(0.3, 0.02, 5, bounds=(-0.5, 1)), located(-0.3, 0.02, 5, bounds=(-1, 0.5))
    assert ends(found, 0.9) == pytest.approx(tuple(-end for end in reversed(ends(mirrored, 0.9))))
    assert found.above(0.1) == pytest.approx(mirrored.below(-0.1))


def test_levels_may_differ_between_runs() -> None:
    """Of many runs each has the interval that it has by itself, at its own level."""
    effects, levels = np.array([-0.2, 0.0, 0.3]), np.array([0.8, 0.95, 0.99])
    found = Located(Moments(effects, np.full(3, 0.01), np.full(3, 7.0)), np.full(3, 10), (-1.0, 1.0))
    for run, (low, high) in enumerate(zip(*found.interval(levels), strict=True)):
        alone = ends(located(effects[run], 0.01, 7, bounds=(-1, 1)), levels[run])
        assert (low, high) == pytest.approx(alone)
