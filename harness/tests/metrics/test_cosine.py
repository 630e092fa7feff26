"""Cosine with NaN as padding."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from harness.errors import HarnessError
from harness.metrics import cosine

ENTRIES = st.integers(-50, 50).map(float)
PAIRS = hnp.arrays(np.float64, (2, 3, 5), elements=ENTRIES)
relaxed = settings(deadline=None, max_examples=50)


def test_cosine_of_two_vectors_by_hand() -> None:
    """cos((1, 2), (2, 1)) = (1*2 + 2*1) / (sqrt 5 * sqrt 5) = 4/5."""
    assert cosine(np.array([1.0, 2.0]), np.array([2.0, 1.0])) == pytest.approx(0.8)


def test_padding_counts_in_neither_vector() -> None:
    """With the third entry missing in a and the fourth in b, (1, 2) and (2, 1) remain: 4/5."""
    a, b = np.array([1.0, 2.0, np.nan, 7.0]), np.array([2.0, 1.0, 9.0, np.nan])
    assert cosine(a, b) == pytest.approx(0.8)


def test_zero_vector_has_cosine_zero() -> None:
    """A setting that changed nothing is similar to nothing, not even to itself."""
    zero, one = np.zeros((1, 3)), np.ones((1, 3))
    assert [cosine(zero, one).item(), cosine(zero, zero).item()] == [0, 0]


def test_vectors_without_a_common_entry_have_no_cosine() -> None:
    """Where all entries are padding there is nothing to compare, and the answer is NaN, not 0."""
    assert np.isnan(cosine(np.array([np.nan, 1.0]), np.array([1.0, np.nan])))


def test_float32_input_is_computed_in_float64() -> None:
    """The cosine of float32 arrays is that of their float64 copies, to the last bit."""
    a, b = np.random.default_rng(0).standard_normal((2, 4, 1000)).astype(np.float32)
    np.testing.assert_array_equal(cosine(a, b), cosine(a.astype(np.float64), b.astype(np.float64)))


def test_other_shapes_are_refused() -> None:
    """One example against many is a mix-up of recordings, not a broadcast."""
    with pytest.raises((HarnessError, TypeCheckError)):
        cosine(np.ones((1, 3)), np.ones((2, 3)))


@relaxed
@given(PAIRS, st.floats(0.01, 100))
def test_cosine_ignores_length(pair: np.ndarray, scale: float) -> None:
    """Stretching a vector leaves its direction, and turning it round negates the cosine."""
    a, b = pair
    np.testing.assert_allclose(cosine(-scale * a, b), -cosine(a, b), atol=1e-12)


@relaxed
@given(PAIRS, st.permutations(range(5)))
def test_cosine_ignores_the_order_of_coordinates(pair: np.ndarray, order: list[int]) -> None:
    """Both vectors permuted alike keep their cosine."""
    a, b = pair
    np.testing.assert_allclose(cosine(a[:, order], b[:, order]), cosine(a, b), atol=1e-12)
