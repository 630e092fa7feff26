"""The reference, held to what transformers' own eager forward gives, with none of our attention in between."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers.models.llama.modeling_llama import rotate_half

from harness.data import Recording, Setting
from harness.models.language_model import LanguageModel
from harness.prompts import Prompts
from harness.tests.models.families import VARIANTS, assert_same, assert_untouched, queries_by_hand, rounded, tiny
from harness.tests.models.reference import reference_score


def stock(model: LanguageModel, prompts: Prompts, setting: Setting) -> Recording:
    """Return the recording as it follows from stock forwards of whole prompts."""
    prefix = list(prompts.prefix if setting is Setting.ICL else prompts.prefix[:1])
    rows = [_stock_row(model, prefix, list(query), list(prompts.answer_tokens)) for query in prompts.queries]
    logits, attn_out, own, context, queries = zip(*rows, strict=True)
    longest = max(map(len, prompts.queries))
    padded = [np.pad(s, ((0, 0), (0, 0), (0, longest - s.shape[-1])), constant_values=np.nan) for s in own]
    gold = np.array(prompts.gold)
    return Recording(setting, gold, *map(np.stack, (logits, attn_out, padded, context, queries)))


def _stock_row(model: LanguageModel, prefix: list[int], query: list[int], answers: list[int]) -> tuple[Any, ...]:
    ids, outputs = [*prefix, *query], []
    handles = [m.register_forward_hook(lambda _m, _a, out: outputs.append(out[0])) for m in model.attention_modules]
    with model.attending("eager"), torch.no_grad():
        found = model.network(torch.tensor([ids]), use_cache=True, output_attentions=True)
    for handle in handles:
        handle.remove()
    vectors = queries_by_hand(model, ids)[:, -1]
    scores = torch.stack([_scores(model, found, layer, vector) for layer, vector in enumerate(vectors)])
    weights = torch.stack(found.attentions)[:, 0, :, -1]
    torch.testing.assert_close(scores.softmax(-1), weights, rtol=1e-4, atol=1e-7)
    own, context = scores[:, :, len(prefix) :], scores[:, :, : len(prefix)].sum(1)
    attn_out = torch.stack(outputs)[:, 0, -1]
    return tuple(t.numpy() for t in (found.logits[0, -1, answers], attn_out, own, context, vectors))


def _scores(model: LanguageModel, found: Any, layer: int, vector: Tensor) -> Tensor:
    """Return [head, token]: the scaled query vector against the keys that the stock forward cached."""
    keys = found.past_key_values.layers[layer].keys[0]
    query = vector.view(-1, keys.shape[-1])
    if model.network.config.model_type == "llama":
        position = torch.tensor([[keys.shape[1] - 1]])
        cos, sin = model.network.model.rotary_emb(query, position)
        query = query * cos[0] + rotate_half(query) * sin[0]
    return torch.einsum("hd,htd->ht", query, keys.repeat_interleave(len(query) // len(keys), 0))


@pytest.mark.parametrize("setting", [Setting.ICL, Setting.ZSL])
@pytest.mark.parametrize(("family", "more"), VARIANTS)
def test_reference_is_the_familys_own_forward(
    family: str, more: dict[str, Any], setting: Setting, prompts: Prompts
) -> None:
    """Logits, attention outputs, scores and query vectors are those of a whole prompt under eager attention."""
    model = tiny(family, **more)
    expected, neighbour = (stock(m, prompts, setting) for m in (model, rounded(model)))
    assert_same(reference_score(model, prompts, setting), expected, neighbour)


def test_attention_of_the_tiny_models_is_far_from_uniform(model: LanguageModel, prompts: Prompts) -> None:
    """The strongest of 53 weights is above 0.1 on average in every layer, where uniform weights are 0.02."""
    ids = torch.tensor([[*prompts.prefix, *prompts.queries[3]]])
    with model.attending("eager"):
        layers = model.network(ids, output_attentions=True).attentions
    assert min(float(weights[0, :, -1].amax(-1).mean()) for weights in layers) > 0.1


def test_reference_leaves_the_network_as_it_was(model: LanguageModel, prompts: Prompts) -> None:
    """No hook stays behind, not even where a query can't be embedded and the forward fails."""
    reference_score(model, prompts, Setting.ICL)
    assert_untouched(model)
    broken = Prompts(0, (0,), (), (), ((10**6,),), (0,), (5,))
    with pytest.raises(IndexError):
        reference_score(model, broken, Setting.ICL)
    assert_untouched(model)
