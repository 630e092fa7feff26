"""Rec2FTP's excess over its base rate: Mantel and Haenszel's risk difference, by hand and in simulated worlds."""

from fractions import Fraction

import numpy as np
import pytest

from harness.metrics.base_rate import excess_over_base_rate


def _task(
    corrected: tuple[int, int], left: tuple[int, int], right_already: int = 3
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (ZSL, ICL, FT) right on each example, from (ICL right, of how many) where FT is right and is wrong.

    Examples that ZSL gets right come first, and say nothing whatever the others do.
    """
    one = [(False, i < corrected[0], True) for i in range(corrected[1])]
    other = [(False, i < left[0], False) for i in range(left[1])]
    rest = [(True, i % 2 == 0, i % 3 == 0) for i in range(right_already)]
    zsl, icl, ft = zip(*rest, *one, *other, strict=True)
    return np.array(zsl), np.array(icl), np.array(ft)


def _excess(*tasks: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    zsl, icl, ft = zip(*tasks, strict=True)
    return excess_over_base_rate(zsl, icl, ft)


def _mantel_haenszel(*counts: tuple[tuple[int, int], tuple[int, int]]) -> Fraction:
    """Return sum (a n0 - b n1) / N over sum n1 n0 / N, in exact arithmetic (Greenland and Robins 1985, equation 2)."""
    above = [Fraction(a * n0 - b * n1, n1 + n0) for (a, n1), (b, n0) in counts]
    below = [Fraction(n1 * n0, n1 + n0) for (_, n1), (_, n0) in counts]
    return sum(above, Fraction()) / sum(below, Fraction())


def test_one_task_is_a_difference_of_shares() -> None:
    """ICL has 3 of the 4 that FT corrected and 1 of the 5 that it left: 3/4 - 1/5."""
    assert np.nanmean(_excess(_task((3, 4), (1, 5)))) == pytest.approx(0.75 - 0.2)


def test_mean_is_mantel_and_haenszels_difference() -> None:
    """Weights 4 5 / 9 and 2 6 / 8 of differences 0.55 and -1/6: 0.1917..., worked in fractions."""
    counts = (((3, 4), (1, 5)), ((1, 2), (4, 6)))
    expected = (Fraction(20, 9) * Fraction(11, 20) - Fraction(3, 2) * Fraction(1, 6)) / (
        Fraction(20, 9) + Fraction(3, 2)
    )
    assert _mantel_haenszel(*counts) == expected
    assert np.nanmean(_excess(*(_task(*c) for c in counts))) == pytest.approx(float(expected))


@pytest.mark.parametrize("seed", range(20))
def test_mean_is_the_difference_of_any_tables(seed: int) -> None:
    """Three random tasks of up to ten examples of each kind."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 11, size=(3, 2))
    counts = [tuple((int(rng.integers(n + 1)), int(n)) for n in pair) for pair in sizes]
    expected = float(_mantel_haenszel(*((c[0], c[1]) for c in counts)))
    assert np.nanmean(_excess(*(_task(c[0], c[1], int(rng.integers(4))) for c in counts))) == pytest.approx(expected)


def test_values_stand_where_zero_shot_is_wrong() -> None:
    """Tasks are joined in order: three and one examples that ZSL gets right are NaN, nothing else is."""
    found = _excess(_task((1, 2), (0, 2)), _task((0, 1), (1, 1), right_already=1))
    assert np.flatnonzero(np.isnan(found)).tolist() == [0, 1, 2, 7]
    assert len(found) == 10


def test_task_with_one_kind_alone_weighs_nothing() -> None:
    """Where FT corrected all, or nothing, there is no base rate beside it: the other task decides alone."""
    both, all_corrected, none_corrected = _task((3, 4), (1, 5)), _task((7, 7), (0, 0)), _task((0, 0), (2, 6))
    assert np.nanmean(_excess(all_corrected, both, none_corrected)) == pytest.approx(0.55)


@pytest.mark.parametrize("task", [_task((7, 7), (0, 0)), _task((0, 0), (2, 6)), _task((0, 0), (0, 0))])
def test_nothing_to_compare_is_nan(task: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """No task has queries of both kinds: no example counts."""
    assert np.isnan(_excess(task, task)).all()


def test_means_variance_is_the_one_of_two_samples() -> None:
    """The values' variance over their number is sum (w_t / sum w)^2 (p1 (1 - p1) / n1 + p0 (1 - p0) / n0)."""
    counts = (((3, 4), (1, 5)), ((2, 8), (4, 6)))
    values = _excess(*(_task(*c) for c in counts))
    known = values[~np.isnan(values)]
    weights = [n1 * n0 / (n1 + n0) for (_, n1), (_, n0) in counts]
    expected = sum(
        (weight / sum(weights)) ** 2 * sum(k / n * (1 - k / n) / n for k, n in pair)
        for weight, pair in zip(weights, counts, strict=True)
    )
    assert known.var() / len(known) == pytest.approx(expected)


SIZES = ((30, 20), (40, 50))
"""Corrected and left queries of two tasks: FT corrects more where ICL does better."""


def _drawn(rng: np.random.Generator, shares: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Return the values of a world in which ICL is right by chance, in these shares of the queries of each kind."""
    counts = [
        tuple((int(rng.binomial(n, p)), n) for n, p in zip(sizes, given, strict=True))
        for sizes, given in zip(SIZES, shares, strict=True)
    ]
    return _excess(*(_task(c[0], c[1]) for c in counts))


def test_spread_over_worlds_is_what_one_worlds_values_say() -> None:
    """Over 3,000 worlds the mean varies as the values of each tell, to a tenth; it is 0.3 in the mean."""
    rng = np.random.default_rng(1)
    worlds = [_drawn(rng, ((0.8, 0.5), (0.5, 0.2))) for _ in range(3000)]
    means = np.array([np.nanmean(w) for w in worlds])
    told = np.mean([np.nanvar(w) / np.count_nonzero(~np.isnan(w)) for w in worlds])
    assert means.mean() == pytest.approx(0.3, abs=4 * means.std() / np.sqrt(len(means)))
    assert told == pytest.approx(means.var(), rel=0.1)


def test_icl_that_does_not_follow_finetuning_has_no_excess() -> None:
    """ICL has nine in ten of one task and two in ten of the other, corrected or not: 0 within four standard errors.

    Pooled over tasks Rec2FTP would exceed its base rate by (27 + 8) / 70 - (18 + 10) / 70 = 0.1.
    """
    rng = np.random.default_rng(2)
    means = np.array([np.nanmean(_drawn(rng, ((0.9, 0.9), (0.2, 0.2)))) for _ in range(3000)])
    error = means.std() / np.sqrt(len(means))
    assert abs(means.mean()) < 4 * error < 0.01
