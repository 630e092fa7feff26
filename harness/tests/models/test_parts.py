"""Attention in parts, held to the family's own eager forward over the whole prompt, head by head."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import DynamicCache

from harness.data import AttentionParts, Setting
from harness.models.language_model import LanguageModel
from harness.models.parts import attention_parts
from harness.models.prefix_attention import SharedPrefix
from harness.models.scoring import encode_prefix, forward_behind, last_of
from harness.prompts import Prompts
from harness.tests.models.by_hand import entering, output_projections, queries_by_hand, scale_of, turned, window_of
from harness.tests.models.configurations import FAMILIES, KINDS, OF_KINDS
from harness.tests.models.families import assert_untouched, rounded, tiny

Taken = dict[str, np.ndarray]
PARTS = tuple(field.name for field in fields(AttentionParts))[1:]
BIASES = {"gpt2": "c_attn.bias", "xglm": "k_proj.bias"}
"""Of GPT-2's the first half of what is trained is the keys'."""
CASES = [
    *((family, more, setting) for family, more in OF_KINDS for setting in (Setting.ZSL, Setting.ICL)),
    *((family, {}, Setting.ICL) for family in FAMILIES if family not in KINDS),
]


@torch.inference_mode()
def taken_apart(model: LanguageModel, prefix: tuple[int, ...], query: tuple[int, ...]) -> Taken:
    """Return the parts and the attention output of one query by hand, [layer, head, ...]: one softmax at a time."""
    ids = [*prefix, *query]
    with entering(output_projections(model)) as outputs, model.attending("eager"):
        output = model.network(torch.tensor([ids]), output_attentions=True, past_key_values=DynamicCache())
    layers = []
    for layer, (weights, cached, vectors, out) in enumerate(
        zip(output.attentions, output.past_key_values.layers, queries_by_hand(model, ids), outputs, strict=True)
    ):
        heads, groups = weights.shape[1], cached.keys.shape[1]
        query_heads = turned(model, layer, vectors.view(len(vectors), heads, -1))[-1] / scale_of(model, layer)
        window = window_of(model, layer) or len(ids)
        rows = []
        for h in range(heads):
            key, value = (kept[0, h // (heads // groups), -window:] for kept in (cached.keys, cached.values))
            rows.append(of_head(weights[0, h, -1, -window:], key, value, query_heads[h], len(key) - len(query)))
            rows[-1]["whole"] = out[-1].view(heads, -1)[h]
        layers.append({name: torch.stack([row[name] for row in rows]) for name in rows[0]})
    return {name: torch.stack([layer[name] for layer in layers]).numpy() for name in layers[0]}


def of_head(weights: Tensor, key: Tensor, value: Tensor, query: Tensor, prefix: int) -> dict[str, Tensor]:
    """Return one head's parts from its softmax weights [token], keys and values [token, d_head] and query [d_head].

    All of what it sees: `prefix` tokens of it, none where less than the query's own are seen, are the prefix's.
    """
    prefix = max(prefix, 0)
    theirs, own = weights[:prefix], weights[prefix:]
    return {
        "mass": theirs.sum(),
        "context": theirs / theirs.sum() @ value[:prefix] if prefix else torch.zeros_like(query),
        "own": own / own.sum() @ value[prefix:],
        "relaxed": torch.stack([v * (k @ query) for k, v in zip(key, value, strict=True)]).sum(0),
        "uniform": value.mean(0),
        "first_order": to_first_order(weights, value),
    }


def to_first_order(weights: Tensor, value: Tensor) -> Tensor:
    """Return mean(v) + mean((s - mean(s)) v), token by token, from softmax weights.

    Their logarithms are the scores and a constant, which would cost digits in less than float64.
    """
    scores, values = weights.double().log(), value.double()
    changes = [(score - scores.mean()) * v for score, v in zip(scores, values, strict=True)]
    return (values.mean(0) + torch.stack(changes).mean(0)).float()


def by_hand(model: LanguageModel, prompts: Prompts, setting: Setting) -> Taken:
    """Return the parts of every query by hand, one whole prompt at a time."""
    prefix = prompts.prefix if setting is Setting.ICL else (prompts.start_token,)
    rows = [taken_apart(model, prefix, query) for query in prompts.queries]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def assert_parts(found: AttentionParts, expected: Taken, neighbour: Taken) -> None:
    """Hold every part, and the whole that they join to, to within twice what rounding of the weights does to it."""
    for name in (*PARTS, "whole"):
        ours = getattr(found, name)
        assert ours.dtype == np.float32
        allowed = 2 * np.abs(neighbour[name] - expected[name]).max()
        np.testing.assert_allclose(ours, expected[name], rtol=0, atol=allowed, err_msg=name)


@pytest.mark.parametrize(("family", "more", "setting"), [*CASES, ("llama", {}, Setting.FT)])
def test_parts_are_those_of_the_models_own_attention(
    family: str, more: dict[str, Any], setting: Setting, prompts: Prompts
) -> None:
    """Mass, parts, relaxed form and mean of values are those of stock attention, however queries are batched.

    So is the whole, mass * context + (1 - mass) * own: it is what the model gives its output projection.
    """
    model = tiny(family, **more)
    expected, neighbour = (by_hand(m, prompts, setting) for m in (model, rounded(model)))
    for batch_size in (1, 2, 8):
        found = attention_parts(model, prompts, setting, batch_size)
        assert found.setting is setting
        assert_parts(found, expected, neighbour)


@pytest.mark.parametrize(("family", "more", "setting"), CASES)
def test_first_order_is_that_of_the_models_own_attention(
    family: str, more: dict[str, Any], setting: Setting, prompts: Prompts
) -> None:
    """Mean of values and what scores' deviations from their mean add, as stock attention's weights have them."""
    model = tiny(family, **more)
    expected, neighbour = (by_hand(m, prompts, setting)["first_order"] for m in (model, rounded(model)))
    for batch_size in (1, 8):
        found = attention_parts(model, prompts, setting, batch_size).first_order
        assert found.dtype == np.float32
        allowed = 2 * np.abs(neighbour - expected).max()
        np.testing.assert_allclose(found, expected, rtol=0, atol=allowed)


@pytest.mark.parametrize("family", ["gpt2", "xglm"])
def test_first_order_does_not_see_what_softmax_does_not(family: str, prompts: Prompts) -> None:
    """A bias of the last layer's keys adds a constant to all of a query's scores: the relaxed form alone is another."""
    model = tiny(family)
    (bias,) = (s for s in model.key_value_slices if s.name.endswith(BIASES[family]) and ".2." in s.name)
    before = attention_parts(model, prompts, Setting.ICL)
    with torch.no_grad():
        bias.of(bias.parameter)[: before.whole.shape[2] * before.whole.shape[3]].add_(3.0)
    after = attention_parts(model, prompts, Setting.ICL)
    np.testing.assert_allclose(after.whole, before.whole, atol=1e-5)
    np.testing.assert_allclose(after.first_order, before.first_order, atol=1e-5)
    assert np.abs(after.relaxed - before.relaxed)[:, -1].max() > 0.1


def test_parts_come_in_the_order_of_the_queries(model: LanguageModel, prompts: Prompts) -> None:
    """Queries given the other way round give the same parts the other way round, to the last bit."""
    straight, turned_round = (
        attention_parts(model, replace(prompts, queries=queries), Setting.ICL)
        for queries in (prompts.queries, prompts.queries[::-1])
    )
    for name in PARTS:
        np.testing.assert_array_equal(getattr(turned_round, name), getattr(straight, name)[::-1], err_msg=name)


def test_padding_belongs_to_no_part(model: LanguageModel, prompts: Prompts) -> None:
    """Beside a query of 60 tokens the others are mostly padding, and their parts stay what they are alone."""
    long = replace(prompts, queries=(*prompts.queries, prompts.prefix + prompts.prefix[:19]))
    beside = attention_parts(model, long, Setting.ICL)
    expected, neighbour = (by_hand(m, prompts, Setting.ICL) for m in (model, rounded(model)))
    others = AttentionParts(Setting.ICL, **{name: getattr(beside, name)[:-1] for name in PARTS})
    assert_parts(others, expected, neighbour)


def test_zero_shot_prefix_is_the_start_token(model: LanguageModel, prompts: Prompts) -> None:
    """The context part of a single token is its value, whoever asks: equal for all queries, with a mass below 1."""
    parts = attention_parts(model, prompts, Setting.ZSL)
    np.testing.assert_allclose(parts.context, np.broadcast_to(parts.context[:1], parts.context.shape), rtol=1e-5)
    assert ((parts.mass > 0) & (parts.mass < 1)).all()


@torch.inference_mode()
def test_recording_parts_changes_no_output(model: LanguageModel, prompts: Prompts) -> None:
    """With and without parts the model's last hidden states, hence its logits, agree to the last bit."""
    prefix, last = encode_prefix(model, prompts.prefix), last_of(model, prompts.queries)
    recorded = SharedPrefix(prefix.keys, prefix.values, last, parts={})
    bare = SharedPrefix(prefix.keys, prefix.values, last)
    with_parts, without = (forward_behind(model, prefix, prompts.queries, shared) for shared in (recorded, bare))
    assert torch.equal(with_parts, without)
    assert bare.parts is None
    assert sorted(recorded.parts or ()) == [0, 1, 2]


def test_taking_apart_leaves_no_trace(model: LanguageModel, prompts: Prompts) -> None:
    """No hook, no forward and no other attention stays behind in the model."""
    attention_parts(model, prompts, Setting.ICL)
    assert_untouched(model)
