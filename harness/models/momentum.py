"""Momentum attention: attention plus a moving average of past values (Dai et al., section on momentum).

    MoAttn(V, K, q_t) = Attn(V, K, q_t) + EMA(V)_t,    EMA(V)_t = sum_{i<t} eta^(t-i) v_i,    eta in (0, 1).

Gradient descent with momentum averages past gradients with weights eta^(t-i). Under the paper's reading of attention
values are meta-gradients, so the same average is taken of values. It is causal, leaves the token's own value out, and
is not normalised: its weights add up to eta / (1 - eta), 1 for eta = 0.5 and 9 for eta = 0.9.

The sum costs time and memory linear in length. Every exponent is positive, so nothing overflows for any eta and any
length; what underflows is too small to count.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from harness.errors import HarnessError

CHUNK = 32
"""Positions summed by one small matrix product. At length 1,024 on two cores 16, 32 and 64 were within noise."""

Attention = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Causal scaled dot-product attention of query, key, value, each [batch, head, length, d_head]."""

causal_attention: Attention = partial(functional.scaled_dot_product_attention, is_causal=True)


def momentum_sum(
    values: Float[Tensor, "*batch head length d_head"],
    log_eta: Float[Tensor, " head"],
    start: Float[Tensor, "*batch head d_head"] | None = None,
) -> Float[Tensor, "*batch head length d_head"]:
    """Return EMA(V)_t = sum_{i<t} eta^(t-i) v_i for every position t, with eta = exp(log_eta) of each head.

    `start` is the sum at the first position where the values continue an earlier text (see `next_sum`). Positions
    are cut into chunks: within one, a product with the lower triangle of powers eta^(t-i); the sums at the chunks'
    first positions are the same sum over chunks with eta^chunk in eta's place.
    """
    length = values.shape[-2]
    sums = _powers(log_eta, length, length, values).matmul(values) if length <= CHUNK else _chunked_sum(values, log_eta)
    if start is None:
        return sums
    steps = torch.arange(length, device=values.device, dtype=log_eta.dtype)
    decay = torch.exp(log_eta[:, None] * steps).to(values.dtype)  # [head, length]
    return sums + decay[..., None] * start[..., None, :]


def next_sum(
    values: Float[Tensor, "*batch head length d_head"],
    sums: Float[Tensor, "*batch head length d_head"],
    log_eta: Float[Tensor, " head"],
) -> Float[Tensor, "*batch head d_head"]:
    """Return the sum at the position behind the last, eta (EMA_t + v_t): all that decoding has to keep."""
    return torch.exp(log_eta)[:, None].to(values.dtype) * (sums[..., -1, :] + values[..., -1, :])


def momentum_attention(
    query: Float[Tensor, "*batch head length d_head"],
    key: Float[Tensor, "*batch kv_head length d_head"],
    value: Float[Tensor, "*batch kv_head length d_head"],
    log_eta: Float[Tensor, " head"],
    attention: Attention = causal_attention,
) -> Float[Tensor, "*batch head length d_head"]:
    """Return MoAttn(V, K, q_t) for every position, over any causal attention.

    With fewer key-value heads than query heads each value counts for all the query heads that share it.
    """
    shared = query.shape[-3] // value.shape[-3]
    if shared > 1:
        key, value = (tensor.repeat_interleave(shared, dim=-3) for tensor in (key, value))
    return attention(query, key, value) + momentum_sum(value, log_eta)


@dataclass(frozen=True)
class State:
    """What a mixing keeps of the past while decoding: constant in size."""

    kept: Float[Tensor, "*batch head d_head"]
    length: int
    """Positions that it stands for."""


class Mixing(nn.Module):
    """A causal sum of past values to be added to attention; eta per head, fixed or learned.

    Subclasses differ in the weights of the past; all give it as much weight in total as momentum does:
    w_t = sum_{k=1}^{t} eta^k behind t past positions.

    Raises:
        HarnessError: eta is outside (0, 1).

    """

    def __init__(self, heads: int, eta: float = 0.5, *, learned: bool = False) -> None:
        super().__init__()
        if not 0 < eta < 1:
            raise HarnessError(f"momentum was given eta = {eta}, expected a number between 0 and 1, both left out")
        logit = torch.full((heads,), math.log(eta) - math.log1p(-eta))
        self.logit: Tensor
        if learned:
            self.logit = nn.Parameter(logit)
        else:
            self.register_buffer("logit", logit, persistent=False)

    @property
    def log_eta(self) -> Float[Tensor, " head"]:
        """Log of eta, from a logit: eta stays inside (0, 1) however it is learned, and 1 - eta keeps its digits."""
        return functional.logsigmoid(self.logit)

    def forward(self, values: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the sums at [*batch, head, length, d_head] values, and the state behind them."""
        raise NotImplementedError

    def _strength(self, values: Tensor, first: int) -> Tensor:
        """Return w_t = eta (1 - eta^t) / (1 - eta) for positions t = first, first + 1, ..., [head, length, 1]."""
        past = torch.arange(first, first + values.shape[-2], device=values.device)
        log_eta = self.log_eta[:, None]
        strength = torch.exp(log_eta) * torch.expm1(log_eta * past) / torch.expm1(log_eta)
        return strength[..., None].to(values.dtype)


class Momentum(Mixing):
    """The paper's: sum_{i<t} eta^(t-i) v_i."""

    def forward(self, values: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return EMA(V), and the sum at the position to come."""
        sums = momentum_sum(values, self.log_eta, state.kept if state else None)
        return sums, State(next_sum(values, sums, self.log_eta), _behind(values, state))


class UniformAverage(Mixing):
    """Control, no momentum: the mean of all past values, w_t / (t - 1) sum_{i<t} v_i for the t-th position."""

    def forward(self, values: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the weighted mean of the past, and the sum of all values."""
        first = state.length if state else 0
        before = state.kept[..., None, :] if state else torch.zeros_like(values[..., :1, :])
        totals = before + values.cumsum(dim=-2)
        past = torch.cat([before, totals[..., :-1, :]], dim=-2)  # totals - values would round by its own value
        count = torch.arange(first, first + values.shape[-2], device=values.device).clamp(min=1)
        weight = self._strength(values, first) / count[:, None]
        return weight * past, State(totals[..., -1, :], _behind(values, state))


class Shift(Mixing):
    """Control, no average: the value of the one token before, w_t v_{t-1}."""

    def forward(self, values: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the weighted value before each, and the last value."""
        before = state.kept[..., None, :] if state else torch.zeros_like(values[..., :1, :])
        shifted = torch.cat([before, values[..., :-1, :]], dim=-2)
        weight = self._strength(values, state.length if state else 0)
        return weight * shifted, State(values[..., -1, :], _behind(values, state))


def _behind(values: Tensor, state: State | None) -> int:
    return values.shape[-2] + (state.length if state else 0)


def _powers(log_eta: Tensor, rows: int, columns: int, values: Tensor) -> Tensor:
    """Return eta^(t-i) where i < t, else 0, [head, rows, columns]."""
    steps = torch.arange(rows, device=log_eta.device)
    exponent = steps[:, None] - steps[:columns]  # t - i
    powers = torch.exp(log_eta[:, None, None] * exponent.clamp(min=0)) * (exponent > 0)
    return powers.to(values.dtype)


def _chunked_sum(values: Tensor, log_eta: Tensor) -> Tensor:
    *batch, heads, length, width = values.shape
    chunks = -(-length // CHUNK)
    padding = chunks * CHUNK - length
    padded = functional.pad(values, (0, 0, 0, padding)) if padding else values  # a padding of 0 would copy
    cut = padded.reshape(*batch, heads, chunks, CHUNK, width)
    # one row more than positions: the chunk's own part of the sum at the next one's first
    within = _powers(log_eta, CHUNK + 1, CHUNK, values)[:, None].matmul(cut)
    totals = within[..., CHUNK, :]
    inclusive = totals + momentum_sum(totals, CHUNK * log_eta)
    first = functional.pad(inclusive[..., :-1, :], (0, 0, 1, 0))
    steps = torch.arange(CHUNK, device=log_eta.device)
    decay = torch.exp(log_eta[:, None] * steps).to(values.dtype)  # [head, CHUNK]: eta^0, eta^1, ...
    sums = torch.addcmul(within[..., :CHUNK, :], decay[:, None, :, None], first[..., None, :])
    return sums.reshape(*batch, heads, chunks * CHUNK, width)[..., :length, :]
