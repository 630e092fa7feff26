"""Attention without softmax, with it, and the one exact way in which softmax attention splits.

Tokens are rows: values V [token, d_value], keys K [token, d_key], queries Q [query, d_key].
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from harness.errors import HarnessError


@dataclass(frozen=True)
class SplitAttention:
    """Softmax attention over [demonstrations; own tokens], taken apart: `joined` is the whole again."""

    demonstrations: Float[Tensor, "*batch query d_value"]
    """Attn over the demonstrations' keys and values alone."""
    own: Float[Tensor, "*batch query d_value"]
    """Attn over the query text's own keys and values alone: the zero-shot attention of the same q."""
    mass: Float[Tensor, "*batch query"]
    """a: the softmax mass on the demonstrations, in [0, 1]."""

    @property
    def joined(self) -> Float[Tensor, "*batch query d_value"]:
        """(1 - a) Attn(own) + a Attn(demonstrations)."""
        mass = self.mass.unsqueeze(-1)
        return (1 - mass) * self.own + mass * self.demonstrations


def linear_attention(
    values: Float[Tensor, "*batch token d_value"],
    keys: Float[Tensor, "*batch token d_key"],
    queries: Float[Tensor, "*batch query d_key"],
) -> Float[Tensor, "*batch query d_value"]:
    """Return LinearAttn(V, K, q) = sum_i v_i (k_i . q): unnormalised, unscaled, without softmax.

    No token gives 0. Source: PAPER section 2, dual form.
    """
    return (queries @ keys.mT) @ values


def outer_sum(
    values: Float[Tensor, "*batch token d_value"], keys: Float[Tensor, "*batch token d_key"]
) -> Float[Tensor, "*batch d_value d_key"]:
    """Return sum_i v_i (x) k_i = V^T K, the matrix that linear attention applies to its query.

    Outer product: (v (x) k) q = v (k . q). No token gives 0. Source: PAPER section 2, dual form and attention.
    """
    return values.mT @ keys


def softmax_attention(
    values: Float[Tensor, "*batch token d_value"],
    keys: Float[Tensor, "*batch token d_key"],
    queries: Float[Tensor, "*batch query d_key"],
    scale: float | None = None,
) -> Float[Tensor, "*batch query d_value"]:
    """Return Attn(V, K, q) = sum_i softmax_i(scale k_i . q) v_i, with scale 1 / sqrt(d_key) unless given.

    Attention to no token is 0. Source: PAPER section 2, attention.
    """
    return _scores(keys, queries, scale).softmax(-1) @ values


def split_attention(
    values: Float[Tensor, "*batch token d_value"],
    keys: Float[Tensor, "*batch token d_key"],
    queries: Float[Tensor, "*batch query d_key"],
    demonstrations: int,
    scale: float | None = None,
) -> SplitAttention:
    """Split softmax attention into its demonstration part and its query part, exactly.

    With the first `demonstrations` tokens as demonstrations (keys K', values V') and the others as the query
    text's own (K, V), and z = log sum_i exp(scale k_i . q) of either part,

        Attn([V'; V], [K'; K], q) = (1 - a) Attn(V, K, q) + a Attn(V', K', q),    a = sigmoid(z' - z).

    Log-sum-exps are compared, never exponentials, so that no score overflows. Without demonstrations a = 0 and
    their part is 0; without own tokens a = 1 and the own part is 0. Raises HarnessError where there is no token
    at all, or fewer than `demonstrations`.
    """
    tokens = keys.shape[-2]
    if not 0 <= demonstrations <= tokens or tokens == 0:
        message = f"attention over {tokens} tokens was to be split behind token {demonstrations}, expected at least "
        raise HarnessError(message + "one token and a split among them: pass keys of [demonstrations; own tokens].")
    scores = _scores(keys, queries, scale)
    theirs, own = scores[..., :demonstrations], scores[..., demonstrations:]
    return SplitAttention(
        demonstrations=theirs.softmax(-1) @ values[..., :demonstrations, :],
        own=own.softmax(-1) @ values[..., demonstrations:, :],
        mass=torch.sigmoid(theirs.logsumexp(-1) - own.logsumexp(-1)),
    )


def _scores(
    keys: Float[Tensor, "*batch token d_key"], queries: Float[Tensor, "*batch query d_key"], scale: float | None
) -> Float[Tensor, "*batch query token"]:
    factor: float = keys.shape[-1] ** -0.5 if scale is None else scale
    return (queries * factor) @ keys.mT
