"""Adapters, held to the forward that they stand in for."""

from typing import Any

import numpy as np
import pytest
import torch
from transformers.models.xglm.modeling_xglm import XGLMAttention

from harness.data import Setting
from harness.errors import HarnessError
from harness.models.adapters import xglm_attention
from harness.models.architectures import ARCHITECTURES
from harness.models.next_token import next_token_logits
from harness.models.prefix_attention import SharedPrefix
from harness.models.scoring import encode_prefix, forward_behind, last_of
from harness.prompts import Prompts
from harness.tests.models.families import TOLERANCE, tiny


def test_xglm_adapter_is_xglms_attention() -> None:
    """Behind three tokens as a shared prefix, four tokens come out as from XGLM's attention to all seven.

    Sums of eight products of numbers about 1 round to within 1e-6; XGLM can't run in float64.
    """
    torch.manual_seed(0)
    module = XGLMAttention(embed_dim=8, num_heads=2, is_decoder=True, layer_idx=0).eval()
    hidden = 2 * torch.randn(1, 7, 8)
    mask = torch.full((1, 1, 7, 7), -1e9).triu(1)

    def heads(x: torch.Tensor) -> torch.Tensor:
        return x.view(3, 2, 4).transpose(0, 1)

    with torch.no_grad():
        expected = module(hidden, attention_mask=mask)[0][:, 3:]
        keys, values = heads(module.k_proj(hidden[0, :3])), heads(module.v_proj(hidden[0, :3]))
        prefix = SharedPrefix([keys], [values], torch.tensor([3]))
        found, weights = xglm_attention(module, hidden[:, 3:], shared_prefix=prefix, attention_mask=None)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert weights is None


@pytest.mark.parametrize(
    ("argument", "training", "said"),
    [
        ({"never_heard_of": 4}, False, "never_heard_of = 4, expected None"),
        ({"key_value_states": torch.zeros(1, 2, 8)}, False, "key_value_states = a tensor of shape"),
        ({"attention_mask": torch.zeros(1, 1, 2, 2)}, False, "attention_mask = a tensor of shape"),
        ({}, True, r"dropout = 0\.5, expected 0\.0"),
    ],
)
def test_what_the_adapter_does_not_do_is_refused_by_name(argument: dict[str, Any], training: bool, said: str) -> None:
    """Unknown arguments, cross-attention, masks and dropout are not dropped without a word; None is taken."""
    module = XGLMAttention(embed_dim=8, num_heads=2, is_decoder=True, layer_idx=0, dropout=0.5)
    prefix = SharedPrefix([torch.zeros(2, 1, 4)], [torch.zeros(2, 1, 4)], torch.tensor([1]))
    hidden = torch.ones(1, 2, 8)
    xglm_attention(module.eval(), hidden, shared_prefix=prefix, **dict.fromkeys(argument))
    with pytest.raises(HarnessError, match=f"^XGLMAttention asks for {said}"):
        xglm_attention(module.train(training), hidden, shared_prefix=prefix, **argument)


@pytest.mark.parametrize("family", [name for name, row in ARCHITECTURES.items() if row.adapter is not None])
def test_every_adapter_refuses_what_it_does_not_do(family: str, prompts: Prompts) -> None:
    """In training dropout is asked for, and a mask of padding is none of the causal order: both are refused by name."""
    dropout = {"gpt_neo": "attention_dropout", "gptj": "attn_pdrop"}.get(family, "attention_dropout")
    more: dict[str, Any] = {"attn_config": {"attn_pdrop": 1}} if family == "mpt" else {dropout: 0.5}
    model = tiny(family, **more)
    prefix = encode_prefix(model, prompts.prefix)
    shared = SharedPrefix(prefix.keys, prefix.values, last_of(model, prompts.queries[:1]))
    model.network.train()
    with pytest.raises(HarnessError, match=r"asks for dropout = (0\.5|1), expected 0\.0"):
        forward_behind(model, prefix, prompts.queries[:1], shared)
    model.network.eval()
    padded = torch.tensor([[0, 1, 1]])
    with model.attending_to(shared), pytest.raises(HarnessError, match=r"asks for attention_mask = a tensor of shape"):
        model.network.base_model(torch.tensor([[4, 5, 6]]), attention_mask=padded, use_cache=False)


def test_falcons_alibi_counts_once(prompts: Prompts) -> None:
    """Behind a prefix the model gives what its own forward of whole prompts does, whose ALiBi is in the mask of SDPA.

    Under eager attention transformers 5.23 adds it a second time, so that no other family's reference holds here.
    """
    model = tiny("falcon", alibi=True, new_decoder_architecture=False, multi_query=False, num_kv_heads=4)
    assert model.network.config._attn_implementation == model.architecture.stock == "sdpa"
    found = next_token_logits(model, prompts, Setting.ICL)
    with torch.no_grad():
        whole = [model.network(torch.tensor([[*prompts.prefix, *query]])).logits[0, -1] for query in prompts.queries]
    expected = torch.stack(whole).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())
