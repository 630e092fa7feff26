"""Kendall: whether ICL's attention and finetuning's order the training tokens alike.

A token order is worked out once for all the orders that it is compared with. Pairs in discord are counted by merging,
in O(n log n) for n tokens: W. R. Knight, Journal of the American Statistical Association 61 (1966).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from harness.metrics.cosine import require_same_shape
from harness.metrics.pairing import NOBODY

SHORT = 128
"""Tokens up to which all pairs are looked at: faster than merging, and their number fits in a byte."""


@dataclass(frozen=True)
class TokenOrder:
    """How attention orders tokens, for each example and layer."""

    ranks: Int[np.ndarray, "example layer token"]
    """How many distinct values are smaller."""
    tied: Int[np.ndarray, "example layer"]
    """Pairs of tokens with the same value."""
    known: Bool[np.ndarray, "example layer"]
    """False where a value is NaN, or nobody's."""

    def of_partners(self, partners: Int[np.ndarray, " example"]) -> "TokenOrder":
        """Return each example's partner's order, unknown where that is NOBODY (see `harness.metrics.pairing`)."""
        somebody = (partners != NOBODY)[:, None]
        return TokenOrder(self.ranks[partners], self.tied[partners], self.known[partners] & somebody)


def training_attention(
    query_vectors: Float[np.ndarray, "example layer d_query"],
    training_queries: Float[np.ndarray, "layer token d_query"],
) -> Float[np.ndarray, "example layer token"]:
    """Return finetuning's "attention to training tokens" X'^T q (PAPER section 2).

    q is the finetuned model's query vector at a test example's last token, X' the query vectors recorded at
    each training token during finetuning. One layer at a time: float64 copies of all at once need gigabytes.
    """
    examples, layers, _ = query_vectors.shape
    attention = np.empty((examples, layers, training_queries.shape[1]))
    for layer in range(layers):
        keys = training_queries[layer].astype(np.float64)
        attention[:, layer] = query_vectors[:, layer].astype(np.float64) @ keys.T
    return attention


def token_order(attention: Float[np.ndarray, "example layer token"]) -> TokenOrder:
    """Return the order of the tokens by their attention."""
    order = np.argsort(attention, axis=-1)
    ascending = np.take_along_axis(attention, order, axis=-1)
    ranks = np.empty(attention.shape, dtype=np.int64)
    np.put_along_axis(ranks, order, np.cumsum(_new(ascending), axis=-1) - 1, axis=-1)
    return TokenOrder(ranks, _tied(ascending), ~np.isnan(attention).any(axis=-1))


def kendall(
    a: Float[np.ndarray, "example layer token"] | TokenOrder, b: Float[np.ndarray, "example layer token"] | TokenOrder
) -> Float[np.ndarray, "example layer"]:
    """Return Kendall's tau-b between a and b over the tokens, for each example and layer, in [-1, 1].

    tau_b = (concordant - discordant pairs) / sqrt((pairs - ties in a) (pairs - ties in b)). NaN where a or b
    is constant or holds a NaN: there is no order to compare. Either may be given as its order, which takes a third of
    the time where it is compared with several. Raises HarnessError where the shapes differ.
    """
    a, b = (of if isinstance(of, TokenOrder) else token_order(of) for of in (a, b))
    require_same_shape(a.ranks, b.ranks, "attentions to training tokens")
    tokens = a.ranks.shape[-1]
    discordant, tied = np.empty_like(a.tied), np.empty_like(a.tied)
    for example, (of_a, of_b) in enumerate(zip(a.ranks, b.ranks, strict=True)):  # what one takes fits in the cache
        by_a = np.sort(of_a * tokens + of_b, axis=-1)
        discordant[example], tied[example] = _inversions(by_a % tokens), _tied(by_a)
    pairs = tokens * (tokens - 1) // 2
    untied_a, untied_b = pairs - a.tied, pairs - b.tied
    score = untied_a - b.tied + tied - 2 * discordant
    defined = a.known & b.known & (untied_a > 0) & (untied_b > 0)
    root_a, root_b = (np.sqrt(np.where(defined, untied, np.nan)) for untied in (untied_a, untied_b))
    taus: np.ndarray = np.clip(score / root_a / root_b, -1, 1)
    return taus


def _new(ascending: np.ndarray) -> np.ndarray:
    """Return where a value is another than the one before it."""
    first = np.ones((*ascending.shape[:-1], 1), dtype=bool)
    return np.concatenate([first, ascending[..., 1:] != ascending[..., :-1]], axis=-1)[..., : ascending.shape[-1]]


def _tied(ascending: np.ndarray) -> np.ndarray:
    """Return how many pairs of the last axis, which ascends, are equal: each value counts those before it."""
    new, places = _new(ascending), np.arange(ascending.shape[-1])
    if new.all():  # as most: looking on takes as long as sorting
        return np.zeros(ascending.shape[:-1], dtype=np.int64)
    starts = np.maximum.accumulate(np.where(new, places, 0), axis=-1)
    count: np.ndarray = (places - starts).sum(axis=-1)
    return count


def _inversions(values: np.ndarray) -> np.ndarray:
    """Return how many pairs of each row [row, value] stand in descending order; values are less than the row's length.

    Within short blocks every pair is looked at; then blocks are merged two by two, which tells of each value of the
    right one how many of the left one stay before it.
    """
    rows, length = values.shape
    merges = max(0, int(np.ceil(np.log2(max(length, 1) / SHORT))))
    width = max(1, -(-length >> merges))
    padded = np.full((rows, width << merges), length, dtype=np.min_scalar_type(length))  # numpy sorts short ones fast
    padded[:, :length] = values
    by_place = np.ascontiguousarray(padded.reshape(-1, width).T)  # one operation for all blocks: a third of the time
    larger = np.zeros(by_place.shape, dtype=np.uint8)
    for apart in range(1, width):
        larger[:-apart] += by_place[:-apart] > by_place[apart:]
    found: np.ndarray = larger.sum(axis=0, dtype=np.int64).reshape(rows, -1).sum(axis=1)
    while width < padded.shape[1]:
        both = padded.reshape(-1, 2 * width)
        right = np.argsort(both, axis=1, kind="stable") >= width
        places = right.astype(np.float64) @ np.arange(2.0 * width)  # exact: integers below 2^53
        before = places.astype(np.int64) - width * (width - 1) // 2
        found += (width * width - before).reshape(rows, -1).sum(axis=1)
        width *= 2
    return found
