"""Random arrays as recordings hold them, and how far apart two float64 computations on them may be."""

import numpy as np

from harness.tests.crosscheck.paper_metrics import Float64

TOLERANCE = 1e-12
"""See test_metrics for what it leaves room for."""


def same(found: object, expected: object) -> None:
    """Hold numbers to each other; NaN where the other is NaN."""
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=0, atol=TOLERANCE)


def noise(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return standard normal numbers in float32, as recordings hold them."""
    return rng.standard_normal(shape).astype(np.float32)


def exact(array: np.ndarray) -> Float64:
    """Return the same numbers in float64: none changes."""
    return array.astype(np.float64)


def padded(maps: np.ndarray, lengths: list[int]) -> np.ndarray:
    """Return [example, layer, head, query] with NaN behind each example's last token."""
    kept = np.arange(maps.shape[-1]) < np.array(lengths)[:, None]
    return np.where(kept[:, None, None, :], maps, np.nan).astype(np.float32)
