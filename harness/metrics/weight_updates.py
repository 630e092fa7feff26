"""How alike two weight updates are: dW_ICL and dW_FT, per layer and key-value head."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from harness.metrics.cosine import cosine, require_same_shape


def frobenius_cosine(
    a: Float[np.ndarray, "*axes d_value d_key"], b: Float[np.ndarray, "*axes d_value d_key"]
) -> Float[np.ndarray, "*axes"]:
    """Return <a, b>_F / (|a|_F |b|_F), in [-1, 1]; 0 where either is zero. Raises HarnessError on other shapes."""
    require_same_shape(a, b, "weight updates")
    flat = (*a.shape[:-2], a.shape[-2] * a.shape[-1])
    return cosine(a.reshape(flat), b.reshape(flat))


@dataclass(frozen=True)
class Directions:
    """Leading singular directions of matrices, so that many can be compared with one."""

    left: Float[np.ndarray, "*axes d_value rank"]
    right: Float[np.ndarray, "*axes rank d_key"]
    determined: Bool[np.ndarray, "*axes"]
    """False where a matrix has a lower rank in its own precision: which directions lead is then not determined."""


def leading_directions(a: Float[np.ndarray, "*axes d_value d_key"], rank: int = 4) -> Directions:
    """Return the `rank` leading left and right singular vectors."""
    left, sizes, right = np.linalg.svd(a.astype(np.float64))
    rounding = max(a.shape[-2:]) * np.finfo(a.dtype).eps
    return Directions(left[..., :rank], right[..., :rank, :], sizes[..., rank - 1] > sizes[..., 0] * rounding)


def shared_directions(a: Directions, b: Directions) -> Float[np.ndarray, "*axes"]:
    """Return how much of each other's leading singular subspaces two matrices share, in [0, 1].

    (|U_a^T U_b|_F^2 + |V_a^T V_b|_F^2) / (2 rank), U being left and V right directions. Random subspaces of d
    dimensions share rank / d. NaN where one is not determined.
    """
    left = np.swapaxes(a.left, -1, -2) @ b.left
    right = a.right @ np.swapaxes(b.right, -1, -2)
    share: np.ndarray = ((left**2).sum(axis=(-2, -1)) + (right**2).sum(axis=(-2, -1))) / (2 * a.left.shape[-1])
    return np.where(a.determined & b.determined, share, np.nan)
