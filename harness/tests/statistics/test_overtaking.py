"""From how many labels on a curve of differences is not below 0: by hand, and how often its interval is right."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from harness.statistics.overtaking import Overtaking, _first, _lasting, mean_and_interval, overtaking

INF = math.inf


@pytest.mark.parametrize(
    ("curve", "first", "lasting"),
    [
        ((-0.1, 0.1, 0.2), math.sqrt(32 * 128), math.sqrt(32 * 128)),  # half of the way in log n
        ((-0.3, -0.1, 0.1), math.sqrt(128 * 512), math.sqrt(128 * 512)),
        ((-0.1, 0.0, 0.2), 128, 128),
        ((0.0, 0.1, 0.2), 32, 32),
        ((-0.2, -0.1, -0.01), INF, INF),
        ((0.1, -0.1, 0.1), 32, math.sqrt(128 * 512)),  # there already, and for good only later
        ((-0.1, 0.1, -0.1), math.sqrt(32 * 128), INF),
    ],
)
def test_crossings_by_hand(curve: Sequence[float], first: float, lasting: float) -> None:
    """Sizes 32, 128, 512: the first place at which a curve is not below 0, and the one from which on it stays so."""
    sizes = (32.0, 128.0, 512.0)
    assert [_first(sizes, curve), _lasting(sizes, curve)] == pytest.approx([first, lasting])


def test_differences_without_spread_cross_where_their_mean_does() -> None:
    """All examples the same at each size: 20 of -1 and 20 of 1. What is below 0 for sure, or above, leaves no doubt."""
    cells = np.stack([np.full((2, 20), -1.0), np.full((2, 20), 1.0)])
    found = overtaking((10, 1000), cells)
    assert found.reached == pytest.approx(100)
    assert 10 < found.low < found.reached < found.high < 1000


def test_curve_that_stays_below_is_not_overtaken() -> None:
    """All wrong where the other is right, at every size: more than the largest, and for sure."""
    assert overtaking((10, 1000), np.full((2, 3, 40), -1.0)) == Overtaking(INF, INF, INF)


def test_what_is_reached_once_is_not_kept_for_sure() -> None:
    """All right at 10, all wrong at 100, all right at 1000: reached at 10, and for sure only beyond 100."""
    cells = np.stack([np.full((2, 20), value) for value in (1.0, -1.0, 1.0)])
    found = overtaking((10, 100, 1000), cells)
    assert (found.low, found.reached) == (10, 10)
    assert 100 < found.high < 1000


def test_mean_and_interval_are_of_sets_and_examples() -> None:
    """Sets that differ widen it: 4 sets of all right or all wrong say less than 4 alike, which say half and half."""
    unlike = np.repeat([[1.0], [0.0], [1.0], [0.0]], 40, axis=1)
    alike = np.tile([1.0, 0.0], (4, 20))
    (mean, low, high), (same, tight_low, tight_high) = (mean_and_interval(of, (0, 1)) for of in (unlike, alike))
    assert (mean, same) == (0.5, 0.5)
    assert 0 <= low < tight_low < 0.5 < tight_high < high <= 1


@pytest.mark.parametrize(("sizes", "number"), [((), 0), ((2, 1), 2), ((0, 1), 2), ((1, 2), 3), ((1, 1), 2)])
def test_sizes_ascend(sizes: tuple[float, ...], number: int) -> None:
    """No size, sizes that do not ascend or are not above 0, and arrays that are not one a size are refused."""
    with pytest.raises(ValueError, match="expected one at each, ascending"):
        overtaking(sizes, np.zeros((number, 2, 3)))


def test_interval_holds_the_true_size() -> None:
    """Accuracy rises from 0.5 by 0.05 a doubling against one of 0.6125: the true curve crosses at 32 * 2^2.25 = 152.

    In 200 worlds of five sets and 40 examples, in nine of ten at least.
    """
    sizes = [32.0 * 2**i for i in range(6)]
    rng, held = np.random.default_rng(0), 0
    for _ in range(200):
        shift = rng.normal(0, 0.03, size=(5, 1))
        baseline = rng.random((5, 40)) < 0.6125 + shift
        value = np.array([rng.random((5, 40)) < 0.5 + 0.05 * i for i in range(6)])
        found = overtaking(sizes, value.astype(float) - baseline)
        held += found.low <= 32 * 2**2.25 <= found.high
        assert found.low <= found.reached <= found.high
    assert held >= 180
