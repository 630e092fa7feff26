"""Shared-prefix attention, held to softmax attention over the joined keys in float64, and what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers import GptOssConfig
from transformers.masking_utils import create_causal_mask, create_chunked_causal_mask, create_sliding_window_causal_mask

from harness.data import Setting
from harness.errors import HarnessError
from harness.models.architectures import ARCHITECTURES
from harness.models.language_model import LanguageModel
from harness.models.next_token import next_token_logits
from harness.models.parts import attention_parts
from harness.models.prefix_attention import (
    SHARED_PREFIX,
    LayerScores,
    SharedPrefix,
    shared_prefix_attention,
    without_softmax,
)
from harness.models.scoring import score
from harness.prompts import Prompts
from harness.tests.models.configurations import CONFIGURATIONS
from harness.tests.models.families import tiny

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


def attend(given: Case, scaling: float, mask: Tensor | None = None, **more: Any) -> tuple[Tensor, LayerScores]:
    """Return what the shared-prefix attention puts out and records."""
    module, shared = nn.Module(), given.shared
    module.layer_idx = 0  # type: ignore[assignment]
    out, _ = shared_prefix_attention(module, *given[:3], mask, scaling=scaling, shared_prefix=shared, **more)
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


class Forms(NamedTuple):
    """What attention is held to without softmax, [batch, head, d_head]."""

    relaxed: Tensor
    uniform: Tensor
    first_order: Tensor


def forms(given: Case, scaling: float, shift: float = 0.0) -> Forms:
    """Return the forms of the last tokens' attention, all scores of its own and of the prefix moved by `shift`."""
    _, scores = joined(given, scaling)
    batch, heads, length, d_head = given.query.shape
    groups, prefix = given.key.shape[1], given.prefix_key.shape[1]
    last = scores[torch.arange(batch), :, given.last].view(batch, groups, heads // groups, prefix + length) + shift
    found = without_softmax(last[..., prefix:], last[..., :prefix], given.value, given.prefix_value)
    return Forms(*(form.reshape(batch, heads, d_head) for form in found))


def forms_by_loops(given: Case, scaling: float) -> Forms:
    """Return the forms one head at a time, with the sums that define them."""
    _, scores = joined(given, scaling)
    batch, heads, _, d_head = given.query.shape
    prefix, shared = given.prefix_key.shape[1], heads // given.key.shape[1]
    found = Forms(*(torch.zeros(batch, heads, d_head, dtype=torch.float64) for _ in range(3)))
    for b in range(batch):
        for h in range(heads):
            number = prefix + int(given.last[b]) + 1
            values = torch.cat([given.prefix_value[h // shared], given.value[b, h // shared]])
            seen = scores[b, h, given.last[b], :number]
            for i in range(number):
                found.relaxed[b, h] += seen[i] * values[i]
                found.uniform[b, h] += values[i] / number
                found.first_order[b, h] += (1 + seen[i] - seen.sum() / number) * values[i] / number
    return found


@relaxed
@given(SIZES, st.integers(0, 2**32), st.floats(0.05, 2))
def test_forms_without_softmax_are_their_sums(sizes: tuple[int, ...], seed: int, scaling: float) -> None:
    """Over prefix and own tokens of each row's last token, and no padding, whatever the shape and grouping."""
    some = case(sizes, seed)
    for found, expected in zip(forms(some, scaling), forms_by_loops(some, scaling), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@relaxed
@given(SIZES, st.integers(0, 2**32), st.floats(-1e6, 1e6))
def test_first_order_does_not_see_a_constant_in_all_scores(sizes: tuple[int, ...], seed: int, shift: float) -> None:
    """As softmax does not; the relaxed form moves by the constant times the sum of all values."""
    some = case(sizes, seed)
    before, after = forms(some, 0.5), forms(some, 0.5, shift)
    torch.testing.assert_close(after.first_order, before.first_order, rtol=0, atol=1e-8)
    number = (some.prefix_key.shape[1] + some.last + 1)[:, None, None].double()
    moved = before.relaxed + shift * number * before.uniform
    torch.testing.assert_close(after.relaxed, moved, rtol=1e-9, atol=1e-9 * max(1.0, abs(shift)))


@relaxed
@given(SIZES, st.integers(0, 2**32))
def test_first_order_is_softmax_but_for_second_order(sizes: tuple[int, ...], seed: int) -> None:
    """Scores a tenth as large leave a hundredth of the error; equal ones none."""
    some = case(sizes, seed)
    batch = torch.arange(len(some.last))

    def error(scaling: float) -> float:
        softmax = joined(some, scaling)[0][batch, some.last]
        return float((forms(some, scaling).first_order - softmax).abs().max())

    assert error(0.0) < 1e-12
    assert error(1e-3) <= 0.02 * error(1e-2) + 1e-12


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


SOME = case((2, 2, 2, 3, 4, 5), seed=0)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"s_aux": torch.zeros(4)}, r"s_aux = a tensor of shape \[4\], expected None"),
        ({"mask": torch.zeros(2, 1, 3, 3)}, r"attention_mask = a tensor of shape \[2, 1, 3, 3\], expected None"),
        ({"never_heard_of": "x"}, "never_heard_of = 'x', expected None"),
        ({"dropout": 0.1}, r"dropout = 0\.1, expected 0\.0"),
        ({"is_causal": False}, "is_causal = False, expected True"),
        ({"output_attentions": True}, "output_attentions = True, expected False"),
        ({"use_cache": True}, "use_cache = True, expected False"),
    ],
)
def test_what_would_change_attention_is_refused_by_name(argument: dict[str, Any], said: str) -> None:
    """The error says who asks, for what, what was expected, and where it would have to be taught."""
    with pytest.raises(HarnessError, match=rf"^Module asks for {said}: .*--model.*harness/models/prefix_attention\.py"):
        attend(SOME, 1.0, **argument)


def test_what_changes_nothing_is_taken() -> None:
    """None of anything, positions, and what causal attention does anyway leave every bit as it is."""
    nothing: dict[str, Any] = dict.fromkeys(("sliding_window", "softcap", "s_aux", "never_heard_of", "dropout"))
    neutral: dict[str, Any] = {"dropout": 0.0, "is_causal": True, "output_attentions": False, "use_cache": False}
    expected = attend(SOME, 1.0)[0]
    assert torch.equal(attend(SOME, 1.0, **nothing)[0], expected)
    assert torch.equal(attend(SOME, 1.0, position_ids=torch.arange(3), **neutral)[0], expected)


def test_mask_is_built_where_causal_order_is_not_all() -> None:
    """Llama's causal mask and that of a window are left out; those of a padded text or of chunks can be refused.

    So are chunks that are longer than the text, which look causal until a prefix stands before it.
    """
    model = tiny("llama")
    model.network.config.sliding_window = 2
    states, padded = torch.zeros(1, 3, 32), torch.tensor([[0, 1, 1]])

    def mask(build: Callable[..., Any], attention_mask: Tensor | None) -> Any:
        return build(model.network.config, states, attention_mask, past_key_values=None)

    with model.attending(SHARED_PREFIX):
        for build in (create_causal_mask, create_sliding_window_causal_mask):
            assert mask(build, None) is None
            assert mask(build, padded) is not None
        for model.network.config.attention_chunk_size in (2, 3, 8):
            assert mask(create_chunked_causal_mask, None) is not None


@pytest.mark.parametrize("run", [score, next_token_logits, attention_parts])
def test_family_with_sinks_is_refused(
    run: Callable[[LanguageModel, Prompts, Setting], Any], prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a prefix GPT-OSS's sinks would go unheeded: whatever is asked of it ends in the one error."""
    monkeypatch.setitem(ARCHITECTURES, "gpt_oss", replace(ARCHITECTURES["llama"], stock="eager"))
    sizes = {**CONFIGURATIONS["llama"][1], "head_dim": 8, "num_local_experts": 2, "num_experts_per_tok": 1}
    monkeypatch.setitem(CONFIGURATIONS, "gpt_oss", (GptOssConfig, sizes))
    with pytest.raises(HarnessError, match=r"^GptOssAttention asks for s_aux = a tensor of shape \[4\], expected None"):
        run(tiny("gpt_oss"), prompts, Setting.ICL)
