"""Noise: where it falls, and that it has no direction."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.metrics import cosine, isotropic_like, permuted, permuted_within, scrambled, uniform_like
from harness.seeds import stream

Noise = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@pytest.mark.parametrize("noise", [uniform_like, isotropic_like])
def test_noise_keeps_padding(noise: Noise) -> None:
    """Noise that stands for a padded array is padded in the same places, and nowhere else."""
    array = np.array([[1.0, np.nan], [2.0, 3.0]])
    np.testing.assert_array_equal(np.isnan(noise(array, stream(0))), np.isnan(array))


@pytest.mark.parametrize("noise", [uniform_like, isotropic_like, scrambled, permuted])
def test_noise_repeats_under_its_seed(noise: Noise) -> None:
    """Noise comes from the generator that is handed in and from nothing else."""
    array = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(noise(array, stream(7)), noise(array, stream(7)))
    assert not np.array_equal(noise(array, stream(7)), noise(array, stream(8)))


def test_the_papers_noise_is_all_positive() -> None:
    """Uniform noise on [0, 1) has cosine E[x] / sqrt(E[x^2]) = sqrt(3)/2 with the vector of ones."""
    noise = uniform_like(np.zeros((20, 5000)), stream(1))
    assert noise.min() >= 0
    assert noise.max() < 1
    assert cosine(noise, np.ones_like(noise)).mean() == pytest.approx(np.sqrt(3) / 2, abs=0.005)


def test_isotropic_noise_favours_no_direction() -> None:
    """Standard normal noise has unit variance and cosine 0 with ones, up to 1 / sqrt(20 * 5000) = 0.003."""
    noise = isotropic_like(np.zeros((20, 5000)), stream(2))
    assert noise.std() == pytest.approx(1, abs=0.02)
    assert cosine(noise, np.ones_like(noise)).mean() == pytest.approx(0, abs=0.015)


def test_scrambled_update_keeps_sizes_and_loses_direction() -> None:
    """The same absolute values in each vector, and a mean cosine of 0 up to 1 / sqrt(2000 * 50) = 0.003."""
    update = np.tile(np.arange(1.0, 51.0), (2000, 1))
    noise = scrambled(update, stream(3))
    np.testing.assert_array_equal(np.sort(np.abs(noise), axis=-1), update)
    assert cosine(noise, update).mean() == pytest.approx(0, abs=0.015)


def test_permuted_shuffles_each_row_by_itself() -> None:
    """Values stay in their row, and of 200 rows hardly two get the same order of ten."""
    rows = np.tile(np.arange(10.0), (200, 1))
    shuffled = permuted(rows, stream(4))
    np.testing.assert_array_equal(np.sort(shuffled, axis=-1), rows)
    assert len(np.unique(shuffled, axis=0)) == 200


@pytest.mark.parametrize("noise", [scrambled, permuted])
def test_padding_is_not_permuted(noise: Noise) -> None:
    """A permutation would carry padding among the entries, so a padded array is refused."""
    with pytest.raises(HarnessError, match="1 NaN entries of 2"):
        noise(np.array([[1.0, np.nan]]), stream(0))


def test_each_stretch_is_permuted_in_itself() -> None:
    """Stretches of 3, 1 and 6 entries keep their values and places; within them each row is permuted by itself."""
    array = np.tile(np.arange(10.0), (200, 2, 1))
    found = permuted_within(array, [3, 1, 6], stream(0))
    for stretch in (slice(0, 3), slice(3, 4), slice(4, 10)):
        np.testing.assert_array_equal(np.sort(found[..., stretch], axis=-1), array[..., stretch])
        orders = {tuple(row) for row in found[..., stretch].reshape(400, -1).tolist()}
        assert len(orders) == {3: 6, 1: 1}.get(stretch.stop - stretch.start, len(orders))
    assert len({tuple(row) for row in found.reshape(400, -1).tolist()}) > 350
    assert np.array_equal(permuted_within(array, [3, 1, 6], stream(0)), found)


@pytest.mark.parametrize("lengths", [[3, 4], [3, 4, 4], []])
def test_stretches_that_are_not_the_axis_are_refused(lengths: list[int]) -> None:
    """Ten entries are no seven, eleven or none."""
    with pytest.raises(HarnessError, match=r"expected 10 entries: give the lengths of all stretches"):
        permuted_within(np.zeros((2, 10)), lengths, stream(0))


def test_padding_is_not_permuted_within() -> None:
    """A NaN in any stretch is refused."""
    with pytest.raises(HarnessError, match="1 NaN"):
        permuted_within(np.array([[1.0, 2.0, np.nan]]), [2, 1], stream(0))
