"""How alike two weight updates are: dW_ICL and dW_FT, per layer and key-value head."""

import numpy as np
from jaxtyping import Float

from harness.metrics.cosine import cosine, require_same_shape


def frobenius_cosine(
    a: Float[np.ndarray, "*axes d_value d_key"], b: Float[np.ndarray, "*axes d_value d_key"]
) -> Float[np.ndarray, "*axes"]:
    """Return <a, b>_F / (|a|_F |b|_F), in [-1, 1]; 0 where either is zero. Raises HarnessError on other shapes."""
    require_same_shape(a, b, "weight updates")
    flat = (*a.shape[:-2], a.shape[-2] * a.shape[-1])
    return cosine(a.reshape(flat), b.reshape(flat))


def subspace_overlap(
    a: Float[np.ndarray, "*axes d_value d_key"], b: Float[np.ndarray, "*axes d_value d_key"], rank: int = 4
) -> Float[np.ndarray, "*axes"]:
    """Return how much of each other's leading singular subspaces a and b share, in [0, 1].

    With U_a, U_b the `rank` leading left singular vectors and V_a, V_b the right ones:
    (|U_a^T U_b|_F^2 + |V_a^T V_b|_F^2) / (2 rank). Random subspaces of d dimensions share rank / d.
    NaN where either has a rank below `rank` in its own precision: which directions lead is then not determined.
    Raises HarnessError where the shapes differ.
    """
    require_same_shape(a, b, "weight updates")
    left_a, sizes_a, right_a = np.linalg.svd(a.astype(np.float64))
    left_b, sizes_b, right_b = np.linalg.svd(b.astype(np.float64))
    rounding = [max(array.shape[-2:]) * np.finfo(array.dtype).eps for array in (a, b)]
    determined = [
        sizes[..., rank - 1] > sizes[..., 0] * off for sizes, off in zip((sizes_a, sizes_b), rounding, strict=True)
    ]
    left = np.swapaxes(left_a[..., :rank], -1, -2) @ left_b[..., :rank]
    right = right_a[..., :rank, :] @ np.swapaxes(right_b[..., :rank, :], -1, -2)
    overlap: np.ndarray = ((left**2).sum(axis=(-2, -1)) + (right**2).sum(axis=(-2, -1))) / (2 * rank)
    return np.where(determined[0] & determined[1], overlap, np.nan)
