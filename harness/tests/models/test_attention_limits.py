"""Windows, soft caps and position biases behind a shared prefix, held to softmax over the joined keys in float64."""

from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from harness.models.prefix_attention import LayerParts, LayerScores, shared_prefix_attention
from harness.tests.models.test_prefix_attention import SIZES, Case, case, relaxed

LIMITS = st.tuples(st.none() | st.integers(1, 14), st.none() | st.floats(0.1, 3), st.booleans())
"""A window (texts are at most 13 tokens), a soft cap, whether there is a position bias."""


class Attended(NamedTuple):
    """What attention puts out, and keeps of the last token."""

    out: Tensor
    scores: LayerScores
    parts: LayerParts
    on_marked: Tensor


def bias_of(some: Case) -> Tensor:
    """Return what is added at each position, [head, position]: squares, so that distances do not decide it."""
    positions = torch.arange(some.prefix_key.shape[1] + some.query.shape[2], dtype=torch.float64)
    return 0.01 * (1 + torch.arange(some.query.shape[1]))[:, None] * positions.square()


def attend(some: Case, window: int | None, softcap: float | None, bias: Tensor | None) -> Attended:
    """Return it of queries of scale 1/2, behind a prefix whose first token is marked."""
    module, shared = nn.Module(), some.shared
    module.layer_idx = 0  # type: ignore[assignment]
    shared.parts, shared.marked = {}, torch.tensor([0])
    limits: dict[str, Any] = {"sliding_window": window, "softcap": softcap, "position_bias": bias}
    out, _ = shared_prefix_attention(module, *some[:3], None, scaling=0.5, shared_prefix=shared, **limits)
    return Attended(out, shared.scores[0], shared.parts[0], shared.on_marked[0])


def joined(some: Case, window: int | None, softcap: float | None, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Return scores and products [batch, head, query, position], and values [batch, head, position, d_head]."""
    batch, heads, length, _ = some.query.shape
    prefix, shared = some.prefix_key.shape[1], heads // some.key.shape[1]
    keys, values = (
        torch.cat([before.expand(batch, -1, -1, -1), own], 2).repeat_interleave(shared, 1)
        for before, own in ((some.prefix_key, some.key), (some.prefix_value, some.value))
    )
    products = some.query @ keys.transpose(-1, -2)
    scores = products * 0.5
    if softcap is not None:
        scores = softcap * (scores / softcap).tanh()
    at = torch.arange(prefix, prefix + length)
    if bias is not None:
        scores = scores + bias[None, :, None] - bias[None, :, at, None]
    position = torch.arange(prefix + length)
    hidden = position > at[:, None]
    if window is not None:
        hidden |= position <= at[:, None] - window
    return scores.masked_fill(hidden, -torch.inf), products, values


@relaxed
@given(SIZES, st.integers(0, 2**32), LIMITS)
def test_limited_attention_is_softmax_over_the_joined_keys(
    sizes: tuple[int, ...], seed: int, limits: tuple[int | None, float | None, bool]
) -> None:
    """Cap, then bias, then window, as positions count from the prefix's start: also where it is out of all reach.

    What is kept are the scores that softmax is of, and weights of the prefix and of marked places that sum from it.
    """
    some = case(sizes, seed)
    given_limits = (*limits[:2], bias_of(some) if limits[2] else None)
    found, (scores, _, values) = attend(some, *given_limits), joined(some, *given_limits)
    prefix, weights = some.prefix_key.shape[1], scores.softmax(-1)
    torch.testing.assert_close(found.out, (weights @ values).transpose(1, 2), rtol=1e-10, atol=1e-10)
    for row, last in enumerate(some.last.tolist()):
        of_last = scores[row, :, last]
        torch.testing.assert_close(found.scores.query[row], of_last[:, prefix:], rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(found.scores.context[row], of_last[:, :prefix].sum(0), rtol=1e-10, atol=1e-10)
        mass = weights[row, :, last, :prefix].sum(-1)
        torch.testing.assert_close(found.parts.mass[row], mass, rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(found.on_marked[row], weights[row, :, last, 0], rtol=1e-10, atol=1e-10)


@relaxed
@given(SIZES, st.integers(0, 2**32), LIMITS)
def test_forms_are_over_what_is_seen(
    sizes: tuple[int, ...], seed: int, limits: tuple[int | None, float | None, bool]
) -> None:
    """The mean of values and the first order are of the limited scores, the relaxed form of bare products."""
    some = case(sizes, seed)
    given_limits = (*limits[:2], bias_of(some) if limits[2] else None)
    parts, (scores, products, values) = attend(some, *given_limits).parts, joined(some, *given_limits)
    for row, last in enumerate(some.last.tolist()):
        for head in range(some.query.shape[1]):
            seen = ~scores[row, head, last].isneginf()
            value, score = values[row, head, seen], scores[row, head, last, seen]
            relaxed_form = 0.5 * products[row, head, last, seen] @ value
            first_order = value.mean(0) + ((score - score.mean())[:, None] * value).mean(0)
            for ours, theirs in (
                (parts.relaxed, relaxed_form),
                (parts.uniform, value.mean(0)),
                (parts.first_order, first_order),
            ):
                torch.testing.assert_close(ours[row, head], theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("window", "expected"), [(1, 8.0), (2, 6.0), (3, 4.0), (4, 3.25), (None, 3.25)])
def test_window_by_hand(window: int | None, expected: float) -> None:
    """Prefix values 1 and 0, own values 4 and 8, all scores 0: the last token's mean of the last `window` of them."""
    zero = torch.zeros(1, 1, 2, 1, dtype=torch.float64)
    own, before = torch.tensor([4.0, 8.0]).double().view(1, 1, 2, 1), torch.tensor([1.0, 0.0]).double().view(1, 2, 1)
    some = Case(zero, zero, own, torch.zeros(1, 2, 1).double(), before, torch.tensor([1]))
    found = attend(some, window, None, None)
    assert found.out[0, 1].item() == pytest.approx(expected)
    reached = {1: 0.0, 2: 0.0, 3: 1 / 3}.get(window or 4, 0.5)
    assert found.parts.mass.item() == pytest.approx(reached)
    assert bool(found.parts.context.isfinite().all())
