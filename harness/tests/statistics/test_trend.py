"""Slopes over the logarithm of sizes, by hand and by their properties."""

from collections.abc import Sequence

import numpy as np
import pytest

from harness.seeds import stream
from harness.statistics.trend import slopes, steepest

TENFOLD = (1e6, 1e7, 1e8)


def _cells(values: Sequence[float]) -> np.ndarray:
    """Return one set and one example of each model."""
    return np.array(values)[:, None, None]


def test_slope_by_hand() -> None:
    """At 10^6, 10^7 and 10^8: half of what the last has over the first, whatever the middle has."""
    assert slopes(_cells([0.1, 0.9, 0.5]), TENFOLD).item() == pytest.approx(0.2)
    assert slopes(_cells([0.0, 0.0, 1.0]), (10, 10, 100)).item() == pytest.approx(1.0)


def test_slope_is_numpys_of_a_line_through_all_models() -> None:
    """Of each set and example alone, at sizes that are not evenly spaced; in the order in which models are given."""
    values, sizes = stream(0, "values").normal(size=(4, 3, 5)), (9e8, 1.35e8, 3.6e8, 1.7e9)
    expected = np.polyfit(np.log10(sizes), values.reshape(4, -1), 1)[0].reshape(3, 5)
    np.testing.assert_allclose(slopes(values, sizes), expected)


def test_what_all_models_share_drops_out() -> None:
    """A hard example, or a good set, adds as much to each model: no slope."""
    values = stream(0, "values").normal(size=(3, 2, 4))
    shared = stream(0, "shared").normal(size=(2, 4))
    np.testing.assert_allclose(slopes(values + shared, TENFOLD), slopes(values, TENFOLD), atol=1e-12)


def test_equal_values_have_no_slope_to_the_last_bit() -> None:
    """What rounding would leave in its place would be taken for values that vary."""
    sizes = (1.35e8, 3.6e8, 1.7e9)
    values = np.full((3, 1, 2), 0.1)
    assert [*slopes(values, sizes).ravel(), *slopes(values, sizes, stream(0, "permuted")).ravel()] == [0.0] * 4


def test_example_that_does_not_count_of_one_model_has_no_slope() -> None:
    """NaN there, and nowhere else."""
    values = np.ones((3, 1, 2))
    values[1, 0, 0] = np.nan
    assert np.isnan(slopes(values, TENFOLD)).tolist() == [[True, False]]


def test_sizes_at_random_are_the_same_sizes_in_another_order_for_each_example() -> None:
    """Every slope is one of the six that orders of three models give, all come up, and their mean is near 0."""
    values = np.broadcast_to(_cells([0.0, 0.3, 1.0]), (3, 10, 300))
    found = slopes(values, TENFOLD, stream(0, "permuted"))
    orders = {-0.5, -0.35, -0.15, 0.15, 0.35, 0.5}
    assert {*np.round(found, 9).ravel().tolist()} == orders
    assert found.mean() == pytest.approx(0.0, abs=0.03)


def test_steepest_slope_is_of_ones_above_and_below_the_middle() -> None:
    """No values between -1 and 1 have a larger one."""
    sizes = (1.35e8, 3.6e8, 1.7e9)
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, 1, -1)
    assert steepest(sizes) == pytest.approx(slopes(corners, sizes).max())


@pytest.mark.parametrize(("number", "sizes"), [(2, TENFOLD), (3, (5, 5, 5)), (3, (0, 1, 2)), (1, (7,)), (0, ())])
def test_no_slope_is_refused(number: int, sizes: tuple[float, ...]) -> None:
    """Another number of sizes than of models, one size alone, and a size of nothing."""
    with pytest.raises(ValueError, match="expected"):
        slopes(np.ones((number, 1, 1)), sizes)
