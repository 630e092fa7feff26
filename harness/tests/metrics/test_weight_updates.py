"""How alike two weight updates are, by hand and against chance."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from harness.errors import HarnessError
from harness.metrics.weight_updates import frobenius_cosine, leading_directions, shared_directions

UPDATES = hnp.arrays(np.float64, (3, 4, 5), elements=st.integers(-50, 50).map(float))
quick = settings(deadline=None, max_examples=50)


def diagonal(*singular_values: float) -> np.ndarray:
    """Return the diagonal matrix of these entries: its singular vectors are the axes, largest entry first."""
    return np.diag(np.array(singular_values, np.float64))


def gaussian(*shape: int) -> np.ndarray:
    """Return random matrices, whose singular subspaces lie anywhere."""
    return np.random.default_rng(0).standard_normal(shape)


def overlap_of(a: np.ndarray, b: np.ndarray, rank: int) -> np.ndarray:
    """Return the share of their leading directions that two matrices have in common."""
    return shared_directions(leading_directions(a, rank), leading_directions(b, rank))


def test_frobenius_cosine_by_hand() -> None:
    """<a, b> = 1*1 + 2*0 + 0*2 + 2*2 = 5, and both have length sqrt(1 + 4 + 4) = 3: 5 / 9."""
    a, b = np.array([[1.0, 2.0], [0.0, 2.0]]), np.array([[1.0, 0.0], [2.0, 2.0]])
    assert frobenius_cosine(a, b) == pytest.approx(5 / 9)


def test_each_layer_and_head_has_its_own_cosine() -> None:
    """Equal, opposite and apart: 1, -1 and 0, over whatever axes come before the matrices."""
    a = np.stack([np.eye(2)] * 3)[None]
    b = np.stack([np.eye(2), -np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]])])[None]
    np.testing.assert_allclose(frobenius_cosine(a, b), [[1, -1, 0]], atol=1e-15)


def test_zero_update_has_cosine_zero() -> None:
    """An update that changes nothing is like no other."""
    assert frobenius_cosine(np.zeros((2, 2)), np.eye(2)) == 0


def test_same_subspaces_overlap_wholly() -> None:
    """The two leading axes are e1 and e2 in both, in whatever order and with whatever singular values: 1."""
    assert overlap_of(diagonal(9, 5, 1, 0), diagonal(-4, 7, 0, 2), rank=2) == pytest.approx(1)


def test_orthogonal_subspaces_do_not_overlap() -> None:
    """Axes e1, e2 lead in one and e3, e4 in the other: 0."""
    assert overlap_of(diagonal(9, 5, 1, 2), diagonal(1, 2, 9, 5), rank=2) == pytest.approx(0)


def test_partial_overlap_by_hand() -> None:
    """Leading axes e1, e2 against e2, e3 share one of two on either side: (1 + 1) / 4."""
    assert overlap_of(diagonal(9, 5, 1, 0), diagonal(1, 5, 9, 0), rank=2) == pytest.approx(0.5)


def test_both_sides_count() -> None:
    """e1 (x) e1 against e1 (x) e2 share the value side and not the key side: (1 + 0) / 2; so the other way."""
    a, b = np.outer([1.0, 0.0], [1.0, 0.0]), np.outer([1.0, 0.0], [0.0, 1.0])
    assert overlap_of(a, b, rank=1) == pytest.approx(0.5)
    assert overlap_of(a.T, b.T, rank=1) == pytest.approx(0.5)


def test_tilted_subspaces_overlap_by_the_squared_cosine() -> None:
    """Lines at 60 degrees on the value side and equal on the key side: (1/4 + 1) / 2."""
    a, b = np.outer([1.0, 0.0], [1.0, 0.0]), np.outer([0.5, 0.75**0.5], [1.0, 0.0])
    assert overlap_of(a, b, rank=1) == pytest.approx(0.625)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lower_rank_has_no_leading_subspace(dtype: type[np.floating]) -> None:
    """A zero update, or two directions asked of a rank of one to rounding, has none: NaN for it, and it alone."""
    outer = np.outer(gaussian(6).astype(dtype), gaussian(6).astype(dtype))
    given = np.stack([np.zeros((6, 6), dtype), outer, gaussian(6, 6).astype(dtype)])
    full = gaussian(3, 6, 6).astype(dtype)
    for found in (overlap_of(given, full, rank=2), overlap_of(full, given, rank=2)):
        np.testing.assert_array_equal(np.isnan(found), [True, True, False])


@pytest.mark.parametrize(("rank", "d"), [(1, 8), (4, 16), (4, 64)])
def test_random_subspaces_share_rank_over_d(rank: int, d: int) -> None:
    """Over 400 pairs the mean is rank / d within four standard errors: the null of the comparison."""
    a, b = gaussian(2, 400, d, d)
    overlaps = overlap_of(a, b, rank)
    assert abs(overlaps.mean() - rank / d) < 4 * overlaps.std() / 400**0.5


@quick
@given(UPDATES, UPDATES, st.floats(0.01, 100))
def test_cosine_sees_sign_and_not_size(a: np.ndarray, b: np.ndarray, scale: float) -> None:
    """An update s times as large is as alike, and one with the other sign as unlike; the two may be swapped."""
    alike = frobenius_cosine(a, b)
    np.testing.assert_allclose(frobenius_cosine(-scale * a, b), -alike, atol=1e-12)
    np.testing.assert_allclose(frobenius_cosine(b, a), alike, atol=1e-12)


@quick
@given(st.integers(0, 2**32), st.floats(0.01, 100), st.sampled_from([-1, 1]))
def test_overlap_sees_neither_sign_nor_size(seed: int, scale: float, sign: int) -> None:
    """Singular subspaces know neither: the overlap stays, and stays with the two swapped, in [0, 1]."""
    a, b = np.random.default_rng(seed).standard_normal((2, 3, 6, 5))
    overlap = overlap_of(a, b, rank=2)
    np.testing.assert_allclose(overlap_of(sign * scale * a, b, rank=2), overlap, atol=1e-9)
    np.testing.assert_allclose(overlap_of(b, a, rank=2), overlap, atol=1e-9)
    assert ((overlap >= 0) & (overlap <= 1 + 1e-12)).all()


def test_float32_updates_are_compared_in_float64() -> None:
    """Updates of 1e-30, whose squares float32 does not hold, are as alike as they are at size 1."""
    tiny = (1e-30 * np.eye(4)).astype(np.float32)
    assert frobenius_cosine(tiny, tiny) == pytest.approx(1)
    assert overlap_of(tiny, tiny, rank=2) == pytest.approx(1)


def test_other_shapes_are_refused() -> None:
    """One head's update against two heads' is a mix-up, not a broadcast."""
    with pytest.raises((HarnessError, TypeCheckError)):
        frobenius_cosine(gaussian(1, 5, 5), gaussian(2, 5, 5))


def test_the_largest_singular_values_lead() -> None:
    """e1 leads in both, and the least of three is e3 in one and e2 in the other: the same line, so 1."""
    assert overlap_of(diagonal(9, 5, 1), diagonal(9, 1, 5), rank=1) == pytest.approx(1)
