"""Examples paired with others: tells what is an example's own from what all of its gold label share.

Partners are indices [draw, example]; NOBODY where there is none. An example is never its own partner.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

NOBODY = -1


def others_of_class(
    gold: Int[np.ndarray, " example"], draws: int, rng: np.random.Generator
) -> Int[np.ndarray, "draw example"]:
    """Return for each draw and example another example of the same gold label, each of them equally likely.

    NOBODY for the single example of a label.
    """
    same = gold[:, None] == gold
    np.fill_diagonal(same, val=False)
    return _drawn(same, draws, rng)


def others_of_other_class(
    gold: Int[np.ndarray, " example"], draws: int, rng: np.random.Generator
) -> Int[np.ndarray, "draw example"]:
    """Return for each draw and example one of another gold label, each of them equally likely.

    NOBODY where all examples have one label.
    """
    return _drawn(gold[:, None] != gold, draws, rng)


def of_partners(
    values: Float[np.ndarray, "example ..."], partners: Int[np.ndarray, " example"]
) -> Float[np.ndarray, "example ..."]:
    """Return each example's partner's values, NaN throughout for an example whose partner is NOBODY."""
    alone = (partners == NOBODY).reshape(-1, *(1,) * (values.ndim - 1))
    return np.where(alone, np.nan, values[partners])


def _drawn(
    allowed: Bool[np.ndarray, "example example"], draws: int, rng: np.random.Generator
) -> Int[np.ndarray, "draw example"]:
    number = allowed.sum(axis=1)
    places = rng.integers(np.maximum(number, 1), size=(draws, len(allowed)))
    candidates = np.argsort(~allowed, axis=1, kind="stable")  # those allowed come first
    partners: np.ndarray = np.where(number > 0, candidates[np.arange(len(allowed)), places], NOBODY)
    return partners
