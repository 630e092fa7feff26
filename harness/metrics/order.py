"""How much an outcome depends on the order of the same demonstrations (Shen et al., arXiv 2310.08540)."""

from itertools import combinations

import numpy as np
from jaxtyping import Float, Int

from harness.errors import HarnessError
from harness.metrics.cosine import cosine


def disagreement(predicted: Int[np.ndarray, "order example"]) -> Float[np.ndarray, " example"]:
    """Return for each example the share of pairs of orders whose predictions differ, in [0, 1].

    Raises HarnessError on fewer than two orders.
    """
    share: np.ndarray = np.mean([predicted[i] != predicted[j] for i, j in _pairs(len(predicted))], axis=0)
    return share


def spread(changes: Float[np.ndarray, "order example layer d_model"]) -> Float[np.ndarray, "example layer"]:
    """Return the mean over pairs of orders of 1 - cos(change, change), in [0, 2]: 0 where order changes nothing.

    Two changes that are both none are alike, at distance 0; one that is none is at distance 1 from any other.
    Raises HarnessError on fewer than two orders.
    """
    distances: np.ndarray = np.mean([_distance(changes[i], changes[j]) for i, j in _pairs(len(changes))], axis=0)
    return distances


def _distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.where((one == other).all(axis=-1), 0.0, 1 - cosine(one, other))


def _pairs(orders: int) -> list[tuple[int, int]]:
    if orders < 2:  # noqa: PLR2004  a pair
        raise HarnessError(f"{orders} order of the demonstrations was given, expected at least 2: raise --orders")
    return list(combinations(range(orders), 2))
