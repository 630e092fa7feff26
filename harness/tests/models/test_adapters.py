"""Adapters, held to the forward that they stand in for."""

import torch
from transformers.models.xglm.modeling_xglm import XGLMAttention

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
