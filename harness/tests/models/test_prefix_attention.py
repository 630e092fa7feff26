"""Shared-prefix attention, held to softmax attention over the joined keys in float64."""

from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from harness.models.prefix_attention import LayerScores, SharedPrefix, shared_prefix_attention

relaxed = settings(deadline=None, max_examples=100)
SIZES = st.tuples(*(st.integers(1, most) for most in (3, 3, 3, 6, 7, 5)))
"""batch, key-value heads, query heads to each, own tokens, prefix tokens, d_head"""


class Case(NamedTuple):
    """Random queries, keys and values, and the length of each row's own text."""

    query: Tensor
    key: Tensor
    value: Tensor
    prefix_key: Tensor
    prefix_value: Tensor
    last: Tensor

    @property
    def shared(self) -> SharedPrefix:
        """The prefix, as layer 0 of a model sees it."""
        return SharedPrefix([self.prefix_key], [self.prefix_value], self.last, record=True)


def case(sizes: tuple[int, ...], seed: int, scale: float = 1.0) -> Case:
    """Return a case whose scores are about `scale` squared."""
    batch, groups, shared, length, prefix, d_head = sizes
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return scale * torch.randn(shape, generator=generator, dtype=torch.float64)

    query, key, value = (normal(batch, heads, length, d_head) for heads in (groups * shared, groups, groups))
    last = torch.randint(0, length, (batch,), generator=generator)
    return Case(query, key, value, normal(groups, prefix, d_head), normal(groups, prefix, d_head), last)


def attend(given: Case, scaling: float) -> tuple[Tensor, LayerScores]:
    """Return what the shared-prefix attention puts out and records."""
    module, shared = nn.Module(), given.shared
    module.layer_idx = 0  # type: ignore[assignment]
    out, _ = shared_prefix_attention(module, *given[:3], None, scaling=scaling, shared_prefix=shared)
    return out, shared.scores[0]


def joined(given: Case, scaling: float) -> tuple[Tensor, Tensor]:
    """Return softmax attention over [prefix; own] one vector at a time, and the scores [batch, head, query, key]."""
    batch, heads, length, _ = given.query.shape
    prefix, shared = given.prefix_key.shape[1], heads // given.key.shape[1]
    out = torch.empty_like(given.query)
    scores = torch.full((batch, heads, length, prefix + length), -torch.inf, dtype=torch.float64)
    for b in range(batch):
        for h in range(heads):
            keys = torch.cat([given.prefix_key[h // shared], given.key[b, h // shared]])
            values = torch.cat([given.prefix_value[h // shared], given.value[b, h // shared]])
            for t in range(length):
                seen = prefix + t + 1
                scores[b, h, t, :seen] = keys[:seen] @ given.query[b, h, t] * scaling
                out[b, h, t] = scores[b, h, t, :seen].softmax(0) @ values[:seen]
    return out.transpose(1, 2), scores


@relaxed
@given(SIZES, st.integers(0, 2**32), st.floats(0.05, 2))
def test_prefix_and_own_part_join_to_softmax_attention(sizes: tuple[int, ...], seed: int, scaling: float) -> None:
    """Joining by log-sum-exp is exact: causal attention over the joined keys, for any shape and grouping."""
    some = case(sizes, seed)
    torch.testing.assert_close(attend(some, scaling)[0], joined(some, scaling)[0], rtol=1e-10, atol=1e-10)


@relaxed
@given(SIZES, st.integers(0, 2**32), st.floats(0.05, 2))
def test_recorded_scores_are_the_last_tokens(sizes: tuple[int, ...], seed: int, scaling: float) -> None:
    """Kept are q . k times the scale at each row's last token: by head over its own, summed over heads before."""
    some = case(sizes, seed)
    kept, scores = attend(some, scaling)[1], joined(some, scaling)[1]
    prefix = some.prefix_key.shape[1]
    for row, last in enumerate(some.last.tolist()):
        torch.testing.assert_close(kept.query[row], scores[row, :, last, prefix:], rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(kept.context[row], scores[row, :, last, :prefix].sum(0), rtol=1e-10, atol=1e-10)


@relaxed
@given(SIZES, st.integers(0, 2**32))
def test_inputs_are_left_as_they_were(sizes: tuple[int, ...], seed: int) -> None:
    """Scores are worked on in place, but they are the pass's own: queries, keys and values keep their bits."""
    some = case(sizes, seed)
    before = [tensor.clone() for tensor in some]
    attend(some, 1.0)
    assert all(map(torch.equal, before, some))


@relaxed
@given(SIZES, st.integers(0, 2**32))
def test_large_scores_do_not_overflow(sizes: tuple[int, ...], seed: int) -> None:
    """Scores of about a million, whose exponentials no float holds, still give softmax attention."""
    some = case(sizes, seed, scale=1000.0)
    out, expected = attend(some, 1.0)[0], joined(some, 1.0)[0]
    torch.testing.assert_close(out, expected, rtol=1e-6, atol=1e-6)  # an error of 1e-10 of a score, times values of 1e3


def test_equal_scores_share_by_number() -> None:
    """Two prefix tokens of value 1 and one own token of value 4, all scores 0: (1 + 1 + 4) / 3 = 2."""
    one = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    some = Case(0 * one, one, 4 * one, torch.ones(1, 2, 1).double(), torch.ones(1, 2, 1).double(), torch.tensor([0]))
    assert attend(some, 1.0)[0].item() == pytest.approx(2.0, abs=1e-12)
