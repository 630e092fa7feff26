"""Cosine similarity with NaN as padding: the one comparison of vectors that SimAOU and SimAM share."""

import numpy as np
from jaxtyping import Float

from harness.errors import HarnessError


def require_same_shape(a: np.ndarray, b: np.ndarray, what: str) -> None:
    """Raise HarnessError unless the shapes are equal: broadcasting would hide a mix-up of settings."""
    if a.shape != b.shape:
        message = f"{what} were given as arrays of shapes {a.shape} and {b.shape}, expected equal shapes: "
        raise HarnessError(message + "take both from recordings of the same examples and the same model.")


def cosine(a: Float[np.ndarray, "*axes entry"], b: Float[np.ndarray, "*axes entry"]) -> Float[np.ndarray, "*axes"]:
    """Return cos(a, b) = a . b / (|a| |b|) over the last axis, in [-1, 1].

    An entry that is NaN in either vector is padding: it counts in neither. A vector of zeros has cosine 0
    with everything (the paper's code adds 1e-20 to the denominator: the same). Two vectors with no entry in
    common have cosine NaN: there is nothing to compare. Raises HarnessError where the shapes differ.
    """
    require_same_shape(a, b, "vectors to compare")
    padding = np.isnan(a) | np.isnan(b)
    left = np.where(padding, 0.0, a.astype(np.float64, copy=False))
    right = np.where(padding, 0.0, b.astype(np.float64, copy=False))
    dot = np.einsum("...i,...i->...", left, right)
    lengths = np.linalg.norm(left, axis=-1) * np.linalg.norm(right, axis=-1)
    similarity = np.divide(dot, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return np.where(padding.all(axis=-1), np.nan, np.clip(similarity, -1.0, 1.0))
