"""Relaxed attention (softmax and scale dropped) as one weight matrix: W_ZSL, dW_ICL and dW_FT.

Tokens are rows: X [token, d_model]. Everything is per key-value head: under grouped-query attention the query
heads of one group share one W_ZSL, dW_ICL and dW_FT, because they share keys and values.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from harness.dual_form.linear_attention import linear_attention, outer_sum
from harness.errors import HarnessError


@dataclass(frozen=True)
class Projections:
    """W_V and W_K of each key-value head; or dW_V and dW_K, what finetuning changed of them."""

    value: Float[Tensor, "kv_head d_value d_model"]
    key: Float[Tensor, "kv_head d_key d_model"]

    def values(self, tokens: Float[Tensor, "*batch token d_model"]) -> Float[Tensor, "*batch kv_head token d_value"]:
        """Return W_V x of each token and head."""
        return tokens.unsqueeze(-3) @ self.value.mT

    def keys(self, tokens: Float[Tensor, "*batch token d_model"]) -> Float[Tensor, "*batch kv_head token d_key"]:
        """Return W_K x of each token and head."""
        return tokens.unsqueeze(-3) @ self.key.mT

    def plus(self, update: "Projections") -> "Projections":
        """Return W_V + dW_V and W_K + dW_K: the finetuned projections."""
        return Projections(self.value + update.value, self.key + update.key)


def zero_shot_weights(
    tokens: Float[Tensor, "*batch token d_model"], projections: Projections
) -> Float[Tensor, "*batch kv_head d_value d_key"]:
    """Return W_ZSL = W_V X (W_K X)^T over the query text's own tokens.

    Source: PAPER section 2, attention. For models with biases or rotary positions in keys or values, take
    `outer_sum` of the values and keys themselves.
    """
    return outer_sum(projections.values(tokens), projections.keys(tokens))


def icl_update(
    demonstrations: Float[Tensor, "*batch token d_model"], projections: Projections
) -> Float[Tensor, "*batch kv_head d_value d_key"]:
    """Return dW_ICL = sum_i (W_V x'_i) (x) (W_K x'_i) over the demonstrations' tokens.

    A sum over tokens: additive over demonstrations, and blind to their order. No demonstration gives 0.
    Source: PAPER section 2, attention.
    """
    return outer_sum(projections.values(demonstrations), projections.keys(demonstrations))


def ft_update(
    tokens: Float[Tensor, "*batch token d_model"], projections: Projections, update: Projections
) -> Float[Tensor, "*batch kv_head d_value d_key"]:
    """Return dW_FT = (W_V + dW_V) X X^T (W_K + dW_K)^T - W_ZSL over the query text's own tokens.

    Computed as `change_of_outer_sum`, so that small updates keep their digits. Source: PAPER section 2, finetuning.
    """
    return change_of_outer_sum(
        projections.values(tokens), projections.keys(tokens), update.values(tokens), update.keys(tokens)
    )


def change_of_outer_sum(
    values: Float[Tensor, "*batch token d_value"],
    keys: Float[Tensor, "*batch token d_key"],
    value_changes: Float[Tensor, "*batch token d_value"],
    key_changes: Float[Tensor, "*batch token d_key"],
) -> Float[Tensor, "*batch d_value d_key"]:
    """Return sum_i (v_i + dv_i) (x) (k_i + dk_i) - sum_i v_i (x) k_i, as sum_i dv_i (x) (k_i + dk_i) + v_i (x) dk_i.

    The second form subtracts nothing: where the changes are a millionth of v and k, as after a few finetuning
    steps, the first would leave about one digit in float32.
    """
    return outer_sum(value_changes, keys + key_changes) + outer_sum(values, key_changes)


def relaxed_attention(
    tokens: Float[Tensor, "*batch token d_model"],
    projections: Projections,
    queries: Float[Tensor, "*batch head query d_key"],
) -> Float[Tensor, "*batch head query d_value"]:
    """Return F~(q) = W_V X (W_K X)^T q, token by token: sum_i (W_V x_i) ((W_K x_i) . q).

    For ICL the tokens are [X'; X], demonstrations first; of a finetuned head the projections are
    `projections.plus(update)`. Source: PAPER section 2, attention and finetuning. Raises HarnessError as
    `for_query_heads`.
    """
    heads = queries.shape[-3]
    values = for_query_heads(projections.values(tokens), heads)
    return linear_attention(values, for_query_heads(projections.keys(tokens), heads), queries)


def apply_weights(
    weights: Float[Tensor, "*batch kv_head d_value d_key"], queries: Float[Tensor, "*batch head query d_key"]
) -> Float[Tensor, "*batch head query d_value"]:
    """Return W q for every query, with the weights of the query head's group.

    Raises HarnessError as `for_query_heads`.
    """
    return queries @ for_query_heads(weights, queries.shape[-3]).mT


def for_query_heads(
    per_group: Float[Tensor, "*batch kv_head rows columns"], heads: int
) -> Float[Tensor, "*batch head rows columns"]:
    """Repeat what query heads share, so that query head h finds that of key-value head h // (heads // kv_heads).

    Transformers' order (repeat_kv). Raises HarnessError unless the query heads divide evenly among the groups.
    """
    groups = per_group.shape[-3]
    if heads % groups:
        message = f"{heads} query heads were to share {groups} key-value heads, expected a multiple of {groups}: "
        raise HarnessError(message + "take num_attention_heads and num_key_value_heads from one model's config.")
    return per_group.repeat_interleave(heads // groups, dim=-3)
