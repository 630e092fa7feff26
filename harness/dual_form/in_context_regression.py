"""Gradient descent inside attention: one linear self-attention layer that does one step on in-context regression.

Source: von Oswald et al. 2023, arXiv 2212.07677, proposition 1 and section 3. A context of N pairs (x_i, y_i) becomes
N tokens e_i = (x_i, y_i), the query x the token e = (x, -W_0 x), and the layer returns

    e + P sum_i (W_V e_i) ((W_K e_i) . (W_Q e)),

whose y part is minus the prediction. The query attends to the context alone, never to itself.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from harness.dual_form.linear_attention import linear_attention


@dataclass(frozen=True)
class LinearSelfAttention:
    """W_Q, W_K, W_V and P of one linear self-attention layer; d_token = d_in + d_out."""

    query: Float[Tensor, "d_token d_token"]
    key: Float[Tensor, "d_token d_token"]
    value: Float[Tensor, "d_token d_token"]
    projection: Float[Tensor, "d_token d_token"]

    def __call__(
        self, context: Float[Tensor, "*task context d_token"], tokens: Float[Tensor, "*task query d_token"]
    ) -> Float[Tensor, "*task query d_token"]:
        """Return the query tokens after the layer, residual included."""
        values, keys = context @ self.value.mT, context @ self.key.mT
        return tokens + linear_attention(values, keys, tokens @ self.query.mT) @ self.projection.mT


@dataclass(frozen=True)
class RegressionTasks:
    """In-context linear regressions y = w x: a context to learn from and queries with their answers."""

    inputs: Float[Tensor, "*task context d_in"]
    targets: Float[Tensor, "*task context d_out"]
    queries: Float[Tensor, "*task query d_in"]
    answers: Float[Tensor, "*task query d_out"]


def construct(start: Float[Tensor, "d_out d_in"], learning_rate: float, context: int) -> LinearSelfAttention:
    """Return the layer whose forward pass is one gradient step from W_0 on a context of that length N.

        W_K = W_Q = [[I, 0], [0, 0]],    W_V = [[0, 0], [W_0, -I]],    P = lr / N * I.

    Its y part of the query token becomes -W_0 x + lr / N sum_i (W_0 x_i - y_i) (x_i . x) = -W x, W after the step.
    """
    d_out, d_in = start.shape
    identity = torch.eye(d_in + d_out, dtype=start.dtype, device=start.device)
    select, value = identity.clone(), -identity
    select[d_in:] = 0
    value[:d_in] = 0
    value[d_in:, :d_in] = start
    return LinearSelfAttention(select, select, value, learning_rate / max(1, context) * identity)


def predict(
    layer: LinearSelfAttention, start: Float[Tensor, "d_out d_in"], tasks: RegressionTasks
) -> Float[Tensor, "*task query d_out"]:
    """Return minus the y part of each query token (x, -W_0 x) after the layer; with W_0 = 0 the token is (x, 0)."""
    context = torch.cat([tasks.inputs, tasks.targets], dim=-1)
    tokens = torch.cat([tasks.queries, -tasks.queries @ start.mT], dim=-1)
    return -layer(context, tokens)[..., start.shape[1] :]
