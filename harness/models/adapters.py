"""Attention forwards for families that do not dispatch through transformers' AttentionInterface.

An adapter computes the family's queries, keys and values as its own forward does, and hands them to the shared
attention function, with the window or the position bias that the family has. Tests hold each to the family's own
forward. What an adapter does not name goes on to the shared function, which refuses what it does not know: each raises
HarnessError where more is asked for (see `shared_prefix_attention`), a mask of its own or dropout in training among it.

Shapes of all of them: hidden_states [batch, query, d_model] to [batch, query, d_model].
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.models.bloom.modeling_bloom import build_alibi_tensor as bloom_alibi
from transformers.models.falcon.modeling_falcon import apply_rotary_pos_emb as falcon_rotary
from transformers.models.falcon.modeling_falcon import build_alibi_tensor as falcon_alibi
from transformers.models.gptj.modeling_gptj import apply_rotary_pos_emb as gptj_rotary
from transformers.models.mpt.modeling_mpt import build_mpt_alibi_tensor as mpt_alibi

from harness.models.prefix_attention import SharedPrefix, shared_prefix_attention

Attended = tuple[Tensor, None]


def xglm_attention(module: Any, hidden_states: Tensor, **arguments: Any) -> Attended:
    """Attend as XGLMAttention does: the query is scaled first, positions are added to the embeddings."""
    query, key, value = _projected(module, hidden_states, module.num_heads)
    scaled = (query * module.scaling, key, value)
    return module.out_proj(_heads(module, scaled, module.dropout, scaling=1.0, **arguments)), None


def gpt_neo_attention(module: Any, hidden_states: Tensor, **arguments: Any) -> Attended:
    """Attend as GPTNeoSelfAttention does: no scale, products in float32, local layers within a window."""
    heads = [part.float() for part in _projected(module, hidden_states, module.num_heads)]
    window = module.config.window_size if module.attention_type == "local" else None
    arguments |= {"scaling": 1.0, "sliding_window": window, "layer": module.layer_id}
    found = _heads(module, heads, module.attn_dropout.p, **arguments)
    return module.out_proj(found.to(hidden_states.dtype)), None


def gptj_attention(module: Any, hidden_states: Tensor, *, position_ids: Tensor, **arguments: Any) -> Attended:
    """Attend as GPTJAttention does: some entries of queries and keys turned in adjoining pairs, products in float32."""
    query, key, value = _projected(module, hidden_states, module.num_attention_heads)
    sin, cos = module.embed_positions.to(hidden_states.device)[position_ids].to(key.dtype).chunk(2, dim=-1)
    size = module.rotary_dim

    def turn(heads: Tensor) -> Tensor:
        rotated = gptj_rotary(heads[..., :size].transpose(1, 2), sin, cos).transpose(1, 2)
        return torch.cat([rotated, heads[..., size:]], dim=-1).float()

    heads = (turn(query), turn(key), value.float())
    found = _heads(module, heads, module.attn_dropout.p, scaling=1.0 / module.scale_attn, **arguments)
    return module.out_proj(found.to(hidden_states.dtype)), None


def bloom_attention(
    module: Any,
    hidden_states: Tensor,
    residual: Tensor,
    *,
    alibi: Tensor,  # noqa: ARG001  # of the query's own tokens alone, as if they stood first
    shared_prefix: SharedPrefix,
    **arguments: Any,
) -> Attended:
    """Attend as BloomAttention does: queries, keys and values by head, ALiBi added, and the residual to the output."""
    heads = module._reshape(module.query_key_value(hidden_states))  # noqa: SLF001  # the family's own cut
    everywhere = _ones(module, shared_prefix, hidden_states)
    bias = bloom_alibi(everywhere, module.num_heads, hidden_states.dtype)[:, 0]
    arguments |= {"scaling": module.inv_norm_factor, "position_bias": bias, "shared_prefix": shared_prefix}
    return module.dense(_heads(module, heads, module.attention_dropout.p, **arguments)) + residual, None


def falcon_attention(
    module: Any,
    hidden_states: Tensor,
    *,
    alibi: Tensor | None,
    position_embeddings: tuple[Tensor, Tensor],
    shared_prefix: SharedPrefix,
    **arguments: Any,
) -> Attended:
    """Attend as FalconAttention does: heads in groups, or all with one key; rotary positions, or ALiBi scaled too."""
    fused = module._split_heads(module.query_key_value(hidden_states))  # noqa: SLF001  # the family's own cut
    query, key, value = (part.transpose(1, 2) for part in fused)
    bias = None
    if alibi is None:
        query, key = falcon_rotary(query, key, *position_embeddings)
    else:
        everywhere = _ones(module, shared_prefix, hidden_states).long()
        bias = falcon_alibi(everywhere, module.num_heads, hidden_states.dtype)[:, 0] * module.inv_norm_factor
    arguments |= {"scaling": module.inv_norm_factor, "position_bias": bias, "shared_prefix": shared_prefix}
    return module.dense(_heads(module, (query, key, value), module.attention_dropout.p, **arguments)), None


def mpt_attention(
    module: Any,
    hidden_states: Tensor,
    *,
    position_bias: Tensor,  # noqa: ARG001  # made anew, for all of prefix and query
    attention_mask: Tensor | None = None,
    shared_prefix: SharedPrefix,
    **arguments: Any,
) -> Attended:
    """Attend as MptAttention does: ALiBi added; its mask, which the family always has built, says causal order."""
    length = hidden_states.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=hidden_states.device).triu(1)
    if attention_mask is not None and bool((attention_mask == causal).all()):
        attention_mask = None
    fused = module.Wqkv(hidden_states).chunk(3, dim=-1)
    heads = [part.unflatten(-1, (module.n_heads, module.head_dim)).transpose(1, 2) for part in fused]
    number = _ones(module, shared_prefix, hidden_states).shape[-1]
    bias = mpt_alibi(module.n_heads, number, device=hidden_states.device)[:, 0]
    arguments |= {"scaling": module.softmax_scale, "position_bias": bias, "attention_mask": attention_mask}
    return module.out_proj(_heads(module, heads, module.attn_dropout_p, shared_prefix=shared_prefix, **arguments)), None


def _heads(
    module: Any, heads: Sequence[Tensor], dropout: float, *, attention_mask: Tensor | None = None, **arguments: Any
) -> Tensor:
    """Return what attention puts out of queries, keys and values [batch, head, query, d_head], heads joined."""
    used = dropout if module.training else 0.0
    query, key, value = heads
    found, _none = shared_prefix_attention(module, query, key, value, attention_mask, dropout=used, **arguments)
    return found.flatten(-2)


def _projected(module: Any, hidden_states: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values of separate projections, [batch, head, query, d_head]."""
    query, key, value = (
        projection(hidden_states).unflatten(-1, (heads, module.head_dim)).transpose(1, 2)
        for projection in (module.q_proj, module.k_proj, module.v_proj)
    )
    return query, key, value


def _ones(module: Any, shared: SharedPrefix, hidden_states: Tensor) -> Tensor:
    """Return [1, position], a one for every token of prefix and query: the mask that tables of ALiBi are made of."""
    number = shared.keys[module.layer_idx].shape[-2] + hidden_states.shape[1]
    return torch.ones(1, number, device=hidden_states.device)
