"""Effects, p values and intervals: worked by hand, degenerate, and held to other methods."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from harness.seeds import stream
from harness.statistics import Comparison, estimate, p_value
from harness.statistics.estimation import _binomial, effect, two_level_variance

NAN = np.nan


def comparison(*cells: Any, **more: Any) -> Comparison:
    """Build a comparison of these tasks that needs two units only."""
    arrays = tuple(np.array(cell, dtype=float) for cell in cells)
    return Comparison("part", "a > b", "cosine", arrays, **{"minimum_units": 2, **more})


def test_tasks_weigh_equally_in_a_mean() -> None:
    """Tasks of means 1 (two examples) and 4 (three examples) have the mean 5/2, not 14/5; less 1/2: 2."""
    assert effect(comparison([[0, 2]], [[3, 4, 5]], null=0.5)) == pytest.approx(2)


def test_a_proportion_is_pooled() -> None:
    """1 of 1 and 1 of 4 that count make 2 of 5, not (1 + 1/4) / 2; less 1/2: -0.1."""
    pooled = comparison([[1, NAN, NAN]], [[1, 0, 0, 0]], kind="proportion", null=0.5)
    assert effect(pooled) == pytest.approx(-0.1)


def test_sign_flip_p_by_hand() -> None:
    """Of the eight signings of (1, 2, 3) only all plus and all minus are as far from 0: p = 2/8."""
    assert p_value(comparison([[1, 2, 3]]), stream(0)) == pytest.approx(0.25)


def test_sign_flips_weigh_tasks_equally() -> None:
    """A task (-1, 2) weighs 1/4 a value, a task (1, 1, 1, 1) 1/8: in eighths, 2 + 4 = 6.

    Of 64 signings 12 reach 6: 6 + 4 (1), 6 + 2 (4), 6 + 0 (6) and 2 + 4 (1). On both sides: p = 24/64.
    Were examples to weigh equally, 5 would be reached by 6 signings: p = 12/64.
    """
    assert p_value(comparison([[-1, 2]], [[1, 1, 1, 1]]), stream(0)) == pytest.approx(24 / 64)


def test_sign_flip_p_is_never_zero() -> None:
    """Of 999 random signings and the observed one the latter is extreme on one side: p = 2/1000."""
    assert p_value(comparison([[5.0] * 50]), stream(0), resamples=999) == pytest.approx(0.002)


def test_binomial_by_hand() -> None:
    """Five of five against 1/2: p = 2 / 2^5, and the lower end solves x^5 = 0.025."""
    five = comparison([[1, 1, 1, 1, 1, NAN]], kind="proportion", null=0.5)
    found = estimate(five, 0.95, stream(0), p_value(five, stream(0)))
    assert found.p_value == pytest.approx(1 / 16)
    assert found.low == pytest.approx(0.025**0.2 - 0.5)
    assert found.high == pytest.approx(0.5)
    assert found.n == 5


def test_two_level_variance_by_hand() -> None:
    """Seed and example means are 2 and 4: variance 2, over 2, so V = 1 + 1 with 4 / (1 + 1) df."""
    assert two_level_variance(comparison([[1, 3], [3, 5]])) == pytest.approx((2, 2))


def test_tasks_variances_add() -> None:
    """Two tasks of V = 2 each, each weighing 1/2: V = (2 + 2) / 4 = 1, with 1 / (4 / 4^2) = 4 df."""
    cell = [[1, 3], [3, 5]]
    assert two_level_variance(comparison(cell, cell)) == pytest.approx((1, 4))


def test_student_interval_by_hand() -> None:
    """Effect 3, V = 2, 2 df: t = 4.303 (tables), so 3 -+ 4.303 sqrt 2, and p of t = 2.121 is 0.168."""
    two_seeds = comparison([[1, 3], [3, 5]])
    found = estimate(two_seeds, 0.95, stream(0), p_value(two_seeds, stream(0)))
    reach = 4.3027 * math.sqrt(2)
    assert [found.low, found.high] == pytest.approx([3 - reach, 3 + reach], abs=1e-3)
    assert found.p_value == pytest.approx(0.168, abs=1e-3)
    assert found.standard_error == pytest.approx(math.sqrt(2))


def test_seeds_that_agree_leave_the_examples_variance() -> None:
    """The same values under both seeds: no variance between seeds, that of the examples, 1 / 3, and 2 df."""
    assert two_level_variance(comparison([[1, 2, 3], [1, 2, 3]])) == pytest.approx((1 / 3, 2))


def test_a_proportion_under_two_seeds_takes_the_wider_interval() -> None:
    """Answers repeated under a second seed are no new examples: the interval is no narrower than for one."""
    answers = [1.0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1]
    one, two = (comparison([answers] * seeds, kind="proportion", null=0.5) for seeds in (1, 2))
    once, twice = (estimate(c, 0.95, stream(0), 0.5) for c in (one, two))
    assert twice.low <= once.low
    assert twice.high >= once.high
    assert twice.n == once.n == 12
    assert p_value(two, stream(0)) >= p_value(one, stream(0))


def test_seeds_that_disagree_say_little() -> None:
    """All right under one seed, all wrong under the other: SE 1/2, 1 df, t = 12.706: reach 6.353."""
    split = comparison([[1.0] * 12, [0.0] * 12], kind="proportion", null=0.5)
    found = estimate(split, 0.95, stream(0), 0.5)
    assert [found.low, found.high] == pytest.approx([-6.353, 6.353], abs=1e-3)


@pytest.mark.parametrize(("ones", "whole"), [(15, 7), (5, 3)])
def test_half_examples_are_rounded_towards_the_null(ones: int, whole: int) -> None:
    """15 ones in 20 answers to 10 examples make 7.5 of 10: counted as 7. Five make 2.5: counted as 3."""
    answers = np.arange(20).reshape(2, 10) < ones
    assert _binomial(comparison(answers, kind="proportion", null=0.5)).k == whole


@pytest.mark.parametrize("level", [0.8, 0.99])
def test_bootstrap_of_many_normal_values_is_the_normal_interval(level: float) -> None:
    """For 400 values the BCa interval agrees with Student's to a tenth of its width."""
    values = stream(1).normal(0.2, 1, (1, 400))
    found = estimate(comparison(values), level, stream(2), 0.5)
    low, high = stats.t.interval(level, 399, values.mean(), stats.sem(values.ravel()))
    assert [found.low, found.high] == pytest.approx([low, high], abs=0.1 * (high - low))


def test_bootstrap_resamples_within_tasks() -> None:
    """Tasks at -10 and 10, each spread by 1: the difference between tasks is no uncertainty of their mean."""
    rng = stream(3)
    found = estimate(comparison(rng.normal(-10, 1, (1, 100)), rng.normal(10, 1, (1, 100))), 0.95, stream(4), 0.5)
    assert found.standard_error == pytest.approx(math.sqrt(2 / 100) / 2, rel=0.15)


@pytest.mark.parametrize("seeds", [1, 3])
def test_constant_values_give_a_point(seeds: int) -> None:
    """Values without variance have an interval of no width; how much twelve of them mean p says: 2 / 2^12."""
    constant = comparison([[0.1] * 12] * seeds)
    found = estimate(constant, 0.95, stream(0), p_value(constant, stream(0)))
    assert [found.low, found.high] == pytest.approx([0.1, 0.1])
    assert found.p_value == pytest.approx(2 / 2**12)


def test_no_effect_at_all_is_no_finding() -> None:
    """All values equal to the null: p = 1, and the interval is 0 alone."""
    nothing = comparison([[0.0] * 12])
    found = estimate(nothing, 0.95, stream(0), p_value(nothing, stream(0)))
    assert (found.p_value, found.low, found.high) == (1, 0, 0)


def test_too_few_examples_give_no_interval() -> None:
    """Three of four examples count where ten are needed: p = 1, no interval, and the reason in numbers."""
    few = comparison([[1, 1, 1, NAN]], kind="proportion", null=0.5, minimum_units=10)
    found = estimate(few, 0.95, stream(0), p_value(few, stream(0)))
    assert found.p_value == 1
    assert math.isnan(found.low)
    assert found.degenerate == "3 of 4 examples count; at least 10 are needed"
