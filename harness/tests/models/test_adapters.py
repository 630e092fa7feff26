"""Adapters, held to the forward that they stand in for."""

from typing import Any

import pytest
import torch
from transformers.models.xglm.modeling_xglm import XGLMAttention

from harness.errors import HarnessError
from harness.models.adapters import xglm_attention
from harness.models.prefix_attention import SharedPrefix


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
