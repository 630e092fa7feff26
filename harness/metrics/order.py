"""How much an outcome depends on the order of the same demonstrations (Shen et al., arXiv 2310.08540).

One order's distance from another says little by itself: what changes outputs more is moved further by an order, too.
The yardstick is another set of demonstrations, each set in its own order, which is the first.
"""

from itertools import combinations

import numpy as np
from jaxtyping import Float, Int

from harness.errors import HarnessError
from harness.metrics.cosine import cosine, require_same_shape


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


def disagreement_of_orders_and_sets(
    predicted: Int[np.ndarray, "set order example"],
) -> tuple[Float[np.ndarray, " example"], Float[np.ndarray, " example"]]:
    """Return the share of pairs that answer differently, of orders of one set (mean over sets), and of sets.

    Raises HarnessError on fewer than two orders or two sets.
    """
    _pairs(len(predicted), "set")
    orders: np.ndarray = np.mean([disagreement(of_set) for of_set in predicted], axis=0)
    return orders, disagreement(predicted[:, 0])


def spread_of_orders_and_sets(
    changes: Float[np.ndarray, "set order example layer d_model"],
) -> tuple[Float[np.ndarray, "example layer"], Float[np.ndarray, "example layer"]]:
    """Return the spread (see `spread`) over orders of one set (mean over sets), and over sets, of what is not common.

    From every change the mean over all orders and sets is taken, for each example and layer: what any context does to
    it. Else a setting whose changes have much in common would count as insensitive to order. Raises HarnessError on
    fewer than two orders or two sets.
    """
    _pairs(len(changes), "set")
    centred = changes.astype(np.float64)
    centred -= centred.mean(axis=(0, 1))
    orders: np.ndarray = np.mean([spread(of_set) for of_set in centred], axis=0)
    return orders, spread(centred[:, 0])


def log_ratio(orders: Float[np.ndarray, "example ..."], sets: Float[np.ndarray, "example ..."]) -> np.ndarray:
    """Return log(orders / sets), natural, entry by entry: 0 where another order is as far as another set.

    NaN where either is 0: there is no finite logarithm. Raises HarnessError where the shapes differ.
    """
    require_same_shape(orders, sets, "spreads over orders and over sets")
    defined = (orders > 0) & (sets > 0)
    ratio: np.ndarray = np.log(np.divide(orders, sets, out=np.full(orders.shape, np.nan), where=defined))
    return ratio


def log_ratio_of_means(orders: Float[np.ndarray, "example ..."], sets: Float[np.ndarray, "example ..."]) -> np.ndarray:
    """Return values, one an example, whose mean over examples is log(mean orders / mean sets), natural.

        L + o_e / mean(o) - s_e / mean(s),    L = log(mean(o) / mean(s)):

    L plus each example's influence on it, so that the variance of their mean is L's to first order. For what single
    examples rarely show, such as answers that differ. All NaN where a mean is 0, as `log_ratio`.
    """
    require_same_shape(orders, sets, "spreads over orders and over sets")
    means = orders.mean(axis=0), sets.mean(axis=0)
    defined = (means[0] > 0) & (means[1] > 0)
    of_orders, of_sets = (np.where(defined, mean, np.nan) for mean in means)
    values: np.ndarray = np.log(of_orders / of_sets) + orders / of_orders - sets / of_sets
    return values


def _distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.where((one == other).all(axis=-1), 0.0, 1 - cosine(one, other))


def _pairs(number: int, what: str = "order") -> list[tuple[int, int]]:
    if number < 2:  # noqa: PLR2004  a pair
        option = {"order": "orders", "set": "demonstration-sets"}[what]
        raise HarnessError(f"{number} {what} of the demonstrations was given, expected at least 2: raise --{option}")
    return list(combinations(range(number), 2))
