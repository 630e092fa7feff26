"""How far a form of attention is from the real one, by hand."""

from collections.abc import Callable

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from harness.errors import HarnessError
from harness.metrics.relaxed import direction, explained_share, log_size_ratio

OUTPUTS = hnp.arrays(np.float64, (2, 3, 2, 4), elements=st.integers(-50, 50).map(float))
quick = settings(deadline=None, max_examples=50)


def one_layer(*heads: tuple[float, ...]) -> np.ndarray:
    """Return one example's one layer of these heads."""
    return np.array([[heads]], np.float32)


def test_direction_by_hand() -> None:
    """cos((3, 4), (4, 3)) = 24 / 25; at right angles 0; turned round -1: one figure a head."""
    found = direction(one_layer((3, 4), (1, 0), (2, 1)), one_layer((4, 3), (0, 5), (-4, -2)))
    assert found == pytest.approx(np.array([[[0.96, 0.0, -1.0]]]))


def test_size_ratio_by_hand() -> None:
    """|(30, 40)| is ten times |(3, 4)|: 1. Equal sizes: 0. A hundredth: -2. Directions do not matter."""
    found = log_size_ratio(one_layer((30, 40), (0, 5), (0.01, 0)), one_layer((-3, 4), (3, -4), (0, 1)))
    assert found == pytest.approx(np.array([[[1.0, 0.0, -2.0]]]))


def test_zero_has_no_size_ratio() -> None:
    """No power of ten leads from or to a zero vector, and none from zero to zero: NaN, without a warning."""
    zero, one = (0.0, 0.0), (1.0, 0.0)
    assert np.isnan(log_size_ratio(one_layer(zero, one, zero), one_layer(one, zero, zero))).all()


def test_size_ratio_is_computed_in_float64() -> None:
    """Sizes of 1e30 and 1e-30, whose squares float32 does not hold, are 60 powers of ten apart."""
    assert log_size_ratio(one_layer((1e30, 0)), one_layer((1e-30, 0))).item() == pytest.approx(60, abs=1e-6)


@pytest.mark.parametrize(
    ("part", "share"),
    [
        (((3, 4), (0, 0)), 1.0),  # the whole change
        (((0, 0), (0, 0)), 0.0),  # nothing of it
        (((3, 0), (0, 0)), 9 / 25),  # 1 - 16 / 25
        (((6, 8), (0, 0)), 0.0),  # twice the change misses by as much as nothing does
        (((-3, -4), (0, 0)), -3.0),  # 1 - 100 / 25
        (((3, 4), (0, 5)), 0.0),  # 1 - 25 / 25: a head that did not change counts too
    ],
)
def test_explained_share_by_hand(part: tuple[tuple[float, ...], ...], share: float) -> None:
    """Of a change ((3, 4), (0, 0)), |change|^2 = 25 over both heads, the part leaves |change - part|^2."""
    found = explained_share(one_layer((3, 4), (0, 0)), one_layer(*part))
    assert found == pytest.approx(np.array([[share]]))


def test_nothing_changed_has_no_explained_share() -> None:
    """Where all heads stayed there is nothing to explain, whatever the part: NaN, without a warning."""
    still = one_layer((0, 0), (0, 0))
    assert np.isnan(explained_share(still, one_layer((1, 0), (0, 0)))).all()
    assert np.isnan(explained_share(still, still)).all()


@quick
@given(OUTPUTS, OUTPUTS, st.floats(0.01, 100), st.sampled_from([-1, 1]))
def test_direction_does_not_see_size_nor_size_direction(
    form: np.ndarray, real: np.ndarray, scale: float, sign: int
) -> None:
    """A form s times as large has the direction of the form (turned with its sign), and log10 |s| more of size."""
    np.testing.assert_allclose(direction(sign * scale * form, real), sign * direction(form, real), atol=1e-12)
    expected = log_size_ratio(form, real) + np.log10(scale)
    np.testing.assert_allclose(log_size_ratio(sign * scale * form, real), expected, atol=1e-12)


@quick
@given(OUTPUTS, OUTPUTS, st.floats(0.01, 100), st.sampled_from([-1, 1]))
def test_explained_share_has_no_unit(change: np.ndarray, part: np.ndarray, scale: float, sign: int) -> None:
    """Change and part measured in another unit, or with the other sign, give the same share, and it is at most 1."""
    share = explained_share(change, part)
    np.testing.assert_allclose(explained_share(sign * scale * change, sign * scale * part), share, rtol=1e-9, atol=1e-9)
    assert not (share > 1).any()


@pytest.mark.parametrize("metric", [direction, log_size_ratio, explained_share])
def test_other_shapes_are_refused(metric: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
    """One head against two is a mix-up, not a broadcast."""
    with pytest.raises((HarnessError, TypeCheckError)):
        metric(one_layer((1, 2)), one_layer((1, 2), (3, 4)))
