"""The reference, held to what transformers' own eager forward gives, with none of our attention in between."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import DynamicCache

from harness.data import Recording, Setting
from harness.models.language_model import LanguageModel
from harness.prompts import Prompts
from harness.tests.models.by_hand import output_projections, queries_by_hand, scores_by_hand
from harness.tests.models.configurations import OF_KINDS, OF_OTHERS
from harness.tests.models.families import assert_same, assert_untouched, rounded, tiny
from harness.tests.models.reference import reference_score

CASES = [
    *((family, more, setting) for family, more in OF_KINDS for setting in (Setting.ICL, Setting.ZSL)),
    *((family, more, Setting.ICL) for family, more in OF_OTHERS),
]


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
    ids, outputs = [*prefix, *query], list[Tensor]()
    handles = [m.register_forward_hook(lambda _m, _a, out: outputs.append(out)) for m in output_projections(model)]
    with model.attending("eager"), torch.no_grad():
        found = model.network(torch.tensor([ids]), past_key_values=DynamicCache(), output_attentions=True)
    for handle in handles:
        handle.remove()
    vectors = queries_by_hand(model, ids)
    cached = [layer.keys[0] for layer in found.past_key_values.layers]
    pairs = zip(vectors, cached, strict=True)
    scores = torch.stack([scores_by_hand(model, layer, query, keys) for layer, (query, keys) in enumerate(pairs)])
    weights = torch.stack(found.attentions)[:, 0, :, -1]
    torch.testing.assert_close(scores.softmax(-1), weights, rtol=1e-4, atol=1e-7)
    own, context = scores[:, :, len(prefix) :], scores[:, :, : len(prefix)].sum(1)
    own = own.masked_fill(own.isneginf(), torch.nan)
    attn_out = torch.stack(outputs)[:, 0, -1]
    return tuple(t.numpy() for t in (found.logits[0, -1, answers], attn_out, own, context, vectors[:, -1]))


@pytest.mark.parametrize(("family", "more", "setting"), CASES)
def test_reference_is_the_familys_own_forward(
    family: str, more: dict[str, Any], setting: Setting, prompts: Prompts
) -> None:
    """Logits, attention outputs, scores and query vectors are those of a whole prompt under eager attention.

    Scores are the products of query vectors and cached keys, and their softmax the weights that transformers hands out.
    """
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
