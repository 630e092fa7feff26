"""How far attention relaxed of softmax and scale is from the attention that a model computes."""

import numpy as np
from jaxtyping import Float

from harness.metrics.cosine import cosine, require_same_shape


def direction(
    form: Float[np.ndarray, "example layer head d_head"], real: Float[np.ndarray, "example layer head d_head"]
) -> Float[np.ndarray, "example layer head"]:
    """Return the cosine of a form of attention and the real attention output of each head, in [-1, 1]."""
    return cosine(form, real)


def log_size_ratio(
    form: Float[np.ndarray, "example layer head d_head"], real: Float[np.ndarray, "example layer head d_head"]
) -> Float[np.ndarray, "example layer head"]:
    """Return log10(|form| / |real|) of each head: 0 where sizes agree, 2 where the form is a hundred times larger.

    NaN where either is a zero vector. Raises HarnessError where the shapes differ.
    """
    require_same_shape(form, real, "attention outputs")
    sizes = [np.linalg.norm(array.astype(np.float64), axis=-1) for array in (form, real)]
    ratio = np.full(sizes[0].shape, np.nan)
    np.divide(sizes[0], sizes[1], out=ratio, where=(sizes[0] > 0) & (sizes[1] > 0))
    logarithm: np.ndarray = np.log10(ratio)
    return logarithm


def explained_share(
    change: Float[np.ndarray, "example layer head d_head"], part: Float[np.ndarray, "example layer head d_head"]
) -> Float[np.ndarray, "example layer"]:
    """Return 1 - |change - part|^2 / |change|^2 over all heads of a layer: 1 where the part is the whole change.

    Below 0 where the part is further from the change than nothing is; NaN where nothing changed.
    """
    require_same_shape(change, part, "changes of attention outputs")
    whole = (change.astype(np.float64) ** 2).sum(axis=(-2, -1))
    rest = ((change.astype(np.float64) - part) ** 2).sum(axis=(-2, -1))
    share = np.full(whole.shape, np.nan)
    np.divide(rest, whole, out=share, where=whole > 0)
    explained: np.ndarray = 1 - share
    return explained
