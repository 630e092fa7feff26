"""The judge's decisions for many runs at once, held to the judge's own functions."""

import gc
from collections.abc import Iterator

import numpy as np
import pytest

from harness.seeds import stream
from harness.statistics import Comparison, estimate, holm, p_value
from harness.statistics.calibration import _lows, _p_values
from harness.statistics.many_runs import bca_lows, holm_decisions, sign_flip_p_values


@pytest.fixture(autouse=True)
def _quick_collections() -> Iterator[None]:
    """Keep statsmodels' garbage collection in each call of Holm (45 ms) from reading what torch has loaded."""
    gc.freeze()
    yield
    gc.unfreeze()


def comparison(*cells: np.ndarray) -> Comparison:
    """Build a comparison of these tasks under one seed."""
    return Comparison("part", "a > b", "cosine", tuple(cell[None] for cell in cells), minimum_units=2)


def test_all_flips_are_tried_where_they_are_few() -> None:
    """Of the eight signings of (1, 2, 3) two are as far from 0, p = 2/8; (1, 1, -2) sums to 0, p = 1."""
    assert sign_flip_p_values(np.array([[1.0, 2, 3], [1, 1, -2]]), stream(0), 999) == pytest.approx([0.25, 1])


def test_exact_p_values_are_the_judges() -> None:
    """Eight whole numbers, with many equal sums: of all 256 signings as many are as far from 0 as the judge finds."""
    samples = stream(1).integers(-2, 4, (20, 8)).astype(float)
    found = sign_flip_p_values(samples / 8, stream(2), 256)
    assert found == pytest.approx([p_value(comparison(sample), stream(2), 256) for sample in samples])


def test_random_p_values_are_the_judges() -> None:
    """Two tasks of 20 and 30 values: within four standard errors of 9,999 flips of the judge's p values."""
    rng = stream(3)
    tasks = [rng.normal(0.15, 1, (20, 20)), rng.exponential(1, (20, 30)) - 0.9]
    weighted = np.concatenate([tasks[0] / (20 * 2), tasks[1] / (30 * 2)], axis=1)
    found = sign_flip_p_values(weighted, stream(4), 9_999)
    judged = np.array([p_value(comparison(a, b), stream(5), 9_999) for a, b in zip(*tasks, strict=True)])
    assert judged.min() < 0.05 < judged.max()
    # Each p is twice a share q of 9,999 flips: variance 4 q (1 - q) / 9999 = p (2 - p) / 9999, in both.
    assert (np.abs(found - judged) <= 4 * np.sqrt(2 * judged * (2 - judged) / 9_999)).all()


def test_a_random_p_value_is_never_zero() -> None:
    """Of 999 random signings and the observed one the latter is extreme on one side: p = 2/1000."""
    assert sign_flip_p_values(np.full((1, 50), 5.0), stream(0), 999) == pytest.approx([0.002])


def test_decisions_and_levels_are_holms() -> None:
    """Sixty families of five, p values near 0.05 / 5 with ties: rejected alike, at the same levels."""
    p = np.round(stream(6).random((60, 5)) ** 3 * 0.1, 3)
    rejected, levels = holm_decisions(p, 0.05)
    for row, reject, level in zip(p, rejected, levels, strict=True):
        expected = list(holm({str(i): float(value) for i, value in enumerate(row)}, 0.05).values())
        assert [e.rejected for e in expected] == reject.tolist()
        assert [e.level for e in expected if e.rejected] == pytest.approx(level[reject])


@pytest.mark.parametrize("level", [0.95, 0.99])
def test_lower_ends_are_the_judges(level: float) -> None:
    """Of skewed values in tasks of 15 and 40: within a twentieth of the distance from effect to lower end.

    (Two streams of the judge's own come within 3 %. Percentiles, without BCa's acceleration and bias, are off by up
    to a fifth.)
    """
    rng = stream(7)
    tasks = [rng.exponential(1, (8, 15)), rng.exponential(1, (8, 40))]
    found = bca_lows(tasks, np.full(8, level), stream(8), 19_999)
    for low, a, b in zip(found, *tasks, strict=True):
        judged = estimate(comparison(a, b), level, stream(9), 0.01, 19_999)
        assert low == pytest.approx(judged.low, abs=(judged.effect - judged.low) / 20)


def test_constant_values_give_a_point() -> None:
    """Values without variance have an interval of no width, as the judge's."""
    assert bca_lows([np.full((2, 12), 0.1)], np.array([0.9, 0.95]), stream(0), 99) == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_two_level_decisions_are_the_judges(seeds: int) -> None:
    """Of two tasks with several seeds, each run's p value and lower end are what the judge makes of that run."""
    rng = stream(0, "two-level", seeds)
    cells = tuple(rng.normal(0.1, 1, (20, seeds, n)) + rng.normal(0, 0.3, (20, seeds, 1)) for n in (7, 11))
    part = Comparison("part", "a > b", "cosine", tuple(cell[0] for cell in cells), null=0.05, minimum_units=2)
    levels = np.linspace(0.9, 0.99, 20)
    found = _p_values(part, cells, rng, 99), _lows(part, cells, levels, np.zeros(20), rng, 99)
    runs = [Comparison("run", "", "", tuple(c[i] for c in cells), null=0.05, minimum_units=2) for i in range(20)]
    assert found[0] == pytest.approx([p_value(run, rng) for run in runs])
    lows = [estimate(run, level, rng, 0.0).low for run, level in zip(runs, levels, strict=True)]
    assert found[1] == pytest.approx(lows)
