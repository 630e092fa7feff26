"""Updates and orders that carry no information: what a metric is compared with, and negative controls."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from harness.errors import HarnessError


def uniform_like(array: Float[np.ndarray, "*axes"], rng: np.random.Generator) -> Float[np.ndarray, "*axes"]:
    """Return uniform noise on [0, 1) of the same shape, NaN where the array is NaN.

    This is the paper's own random update. It is all-positive, so its direction is that of the vector of ones
    more than any other: a shared offset in h is enough to give it a cosine that isn't 0.
    """
    return np.where(np.isnan(array), np.nan, rng.random(array.shape))


def isotropic_like(array: Float[np.ndarray, "*axes"], rng: np.random.Generator) -> Float[np.ndarray, "*axes"]:
    """Return standard normal noise of the same shape, NaN where the array is NaN: it favours no direction."""
    return np.where(np.isnan(array), np.nan, rng.standard_normal(array.shape))


def scrambled(
    update: Float[np.ndarray, "*axes d_model"], rng: np.random.Generator
) -> Float[np.ndarray, "*axes d_model"]:
    """Return the update with coordinates permuted and signs flipped at random, for each vector anew.

    The sizes stay and the direction goes: the expected cosine with any fixed vector is exactly 0.
    Raises HarnessError on NaN: a permutation would move padding among the entries.
    """
    signs = rng.integers(0, 2, size=update.shape) * 2 - 1
    return permuted(update, rng) * signs


def permuted(array: Float[np.ndarray, "*axes entry"], rng: np.random.Generator) -> Float[np.ndarray, "*axes entry"]:
    """Return the array, in float64, with its last axis permuted independently for each leading index.

    The control for Kendall's tau: the same values in no order. Raises HarnessError on NaN, as `scrambled`.
    """
    missing = int(np.isnan(array).sum())
    if missing:
        message = f"an array with {missing} NaN entries of {array.size} was to be permuted, expected none: "
        raise HarnessError(message + "cut the padding off first.")
    return rng.permuted(array.astype(np.float64), axis=-1)


def permuted_within(
    array: Float[np.ndarray, "*axes entry"], lengths: Sequence[int], rng: np.random.Generator
) -> Float[np.ndarray, "*axes entry"]:
    """Return the array, in float64, with each stretch of its last axis permuted in itself, anew for each leading index.

    `lengths` are those of the stretches, from the first entry to the last. What is left of an order is that between
    stretches: of Kendall's tau over demonstrations' tokens, which demonstrations are attended to. Raises HarnessError
    unless the lengths add up to the axis, and on NaN, as `permuted`.
    """
    if sum(lengths) != array.shape[-1]:
        message = f"{len(lengths)} stretches of {sum(lengths)} entries were to be permuted, expected {array.shape[-1]}"
        raise HarnessError(f"{message} entries: give the lengths of all stretches of the axis.")
    cuts = np.cumsum(lengths)[:-1]
    return np.concatenate([permuted(stretch, rng) for stretch in np.split(array, cuts, axis=-1)], axis=-1)
