"""Attention forwards for families that do not dispatch through transformers' AttentionInterface.

An adapter computes the family's queries, keys and values as its own forward does, and hands them to the shared
attention function, with the window or the position bias that the family has. Tests hold each to the family's own
forward. What an adapter does not name goes on to the shared function, which refuses what it does not know.
"""

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


def xglm_attention(
    module: Any,
    hidden_states: Tensor,
    *,
    attention_mask: Tensor | None = None,
    shared_prefix: SharedPrefix,
    **arguments: Any,
) -> Attended:
    """Attend as XGLMAttention does: the query is scaled first, positions are added to the embeddings.

    Shapes: hidden_states [batch, query, d_model] to [batch, query, d_model], as in all adapters.

    Raises:
        HarnessError: more is asked for (see `shared_prefix_attention`), dropout in training among it.

    """
    query, key, value = _projected(module, hidden_states, module.num_heads)
    out, _none = shared_prefix_attention(
        module,
        query * module.scaling,
        key,
        value,
        attention_mask,
        scaling=1.0,
        dropout=module.dropout if module.training else 0.0,
        shared_prefix=shared_prefix,
        **arguments,
    )
    return module.out_proj(out.flatten(-2)), None


def gpt_neo_attention(
    module: Any, hidden_states: Tensor, *, attention_mask: Tensor | None = None, **arguments: Any
) -> Attended:
    """Attend as GPTNeoSelfAttention does: no scale, products in float32, every other layer within a window.

    Raises:
        HarnessError: more is asked for (see `shared_prefix_attention`), dropout in training among it.

    """
    query, key, value = (heads.float() for heads in _projected(module, hidden_states, module.num_heads))
    out, _none = shared_prefix_attention(
        module,
        query,
        key,
        value,
        attention_mask,
        scaling=1.0,
        sliding_window=module.config.window_size if module.attention_type == "local" else None,
        dropout=module.attn_dropout.p if module.training else 0.0,
        layer=module.layer_id,
        **arguments,
    )
    return module.out_proj(out.flatten(-2).to(hidden_states.dtype)), None


def gptj_attention(
    module: Any,
    hidden_states: Tensor,
    *,
    attention_mask: Tensor | None = None,
    position_ids: Tensor,
    **arguments: Any,
) -> Attended:
    """Attend as GPTJAttention does: some entries of queries and keys turned in adjoining pairs, products in float32.

    Raises:
        HarnessError: more is asked for (see `shared_prefix_attention`), dropout in training among it.

    """
    query, key, value = _projected(module, hidden_states, module.num_attention_heads)
    sin, cos = module.embed_positions.to(hidden_states.device)[position_ids].to(key.dtype).chunk(2, dim=-1)
    turned = module.rotary_dim

    def turn(heads: Tensor) -> Tensor:
        rotated = gptj_rotary(heads[..., :turned].transpose(1, 2), sin, cos).transpose(1, 2)
        return torch.cat([rotated, heads[..., turned:]], dim=-1).float()

    out, _none = shared_prefix_attention(
        module,
        turn(query),
        turn(key),
        value.float(),
        attention_mask,
        scaling=1.0 / module.scale_attn,
        dropout=module.attn_dropout.p if module.training else 0.0,
        **arguments,
    )
    return module.out_proj(out.flatten(-2).to(hidden_states.dtype)), None


def bloom_attention(
    module: Any,
    hidden_states: Tensor,
    residual: Tensor,
    *,
    alibi: Tensor,  # noqa: ARG001  # of the query's own tokens alone, as if they stood first
    attention_mask: Tensor | None = None,
    shared_prefix: SharedPrefix,
    **arguments: Any,
) -> Attended:
    """Attend as BloomAttention does: queries, keys and values by head, ALiBi added, and the residual to the output.

    Raises:
        HarnessError: more is asked for (see `shared_prefix_attention`), dropout in training among it.

    """
    query, key, value = module._reshape(module.query_key_value(hidden_states))  # noqa: SLF001  # by head: the family's
    number = shared_prefix.keys[module.layer_idx].shape[-2] + hidden_states.shape[1]
    everywhere = torch.ones(1, number, device=hidden_states.device)
    out, _none = shared_prefix_attention(
        module,
        query,
        key,
        value,
        attention_mask,
        scaling=module.inv_norm_factor,
        position_bias=bloom_alibi(everywhere, module.num_heads, hidden_states.dtype)[:, 0],
        dropout=module.attention_dropout.p if module.training else 0.0,
        shared_prefix=shared_prefix,
        **arguments,
    )
    return module.dense(out.flatten(-2)) + residual, None


def falcon_attention(
    module: Any,
    hidden_states: Tensor,
    *,
    alibi: Tensor | None,
    position_embeddings: tuple[Tensor, Tensor] | None = None,
    attention_mask: Tensor | None = None,
    shared_prefix: SharedPrefix,
    **arguments: Any,
) -> Attended:
    """Attend as FalconAttention does: heads in groups, or all with one key; rotary positions, or ALiBi scaled too.

    Raises:
        HarnessError: more is asked for (see `shared_prefix_attention`), dropout in training among it.

    """
    fused = module._split_heads(module.query_key_value(hidden_states))  # noqa: SLF001  # by group: the family's
    query, key, value = (heads.transpose(1, 2) for heads in fused)
    bias = None
    if alibi is not None:
        number = shared_prefix.keys[module.layer_idx].shape[-2] + hidden_states.shape[1]
        everywhere = torch.ones(1, number, device=hidden_states.device, dtype=torch.long)
        bias = falcon_alibi(everywhere, module.num_heads, hidden_states.dtype)[:, 0] * module.inv_norm_factor
    elif position_embeddings is not None:
        query, key = falcon_rotary(query, key, *position_embeddings)
    out, _none = shared_prefix_attention(
        module,
        query,
        key,
        value,
        attention_mask,
        scaling=module.inv_norm_factor,
        position_bias=bias,
        dropout=module.attention_dropout.p if module.training else 0.0,
        shared_prefix=shared_prefix,
        **arguments,
    )
    return module.dense(out.flatten(-2)), None


def mpt_attention(
    module: Any,
    hidden_states: Tensor,
    *,
    position_bias: Tensor,  # noqa: ARG001  # its last entries are made anew, for prefix and query
    attention_mask: Tensor | None = None,
    shared_prefix: SharedPrefix,
    **arguments: Any,
) -> Attended:
    """Attend as MptAttention does: ALiBi added; its mask, which the family always builds, may say causal order alone.

    Raises:
        HarnessError: more is asked for (see `shared_prefix_attention`), dropout in training among it.

    """
    length = hidden_states.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=hidden_states.device).triu(1)
    if attention_mask is not None and bool((attention_mask == causal).all()):
        attention_mask = None
    fused = module.Wqkv(hidden_states).chunk(3, dim=-1)
    query, key, value = (part.unflatten(-1, (module.n_heads, module.head_dim)).transpose(1, 2) for part in fused)
    number = shared_prefix.keys[module.layer_idx].shape[-2] + length
    out, _none = shared_prefix_attention(
        module,
        query,
        key,
        value,
        attention_mask,
        scaling=module.softmax_scale,
        position_bias=mpt_alibi(module.n_heads, number, device=hidden_states.device)[:, 0],
        dropout=module.attn_dropout_p if module.training else 0.0,
        shared_prefix=shared_prefix,
        **arguments,
    )
    return module.out_proj(out.flatten(-2)), None


def _projected(module: Any, hidden_states: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values of separate projections, [batch, head, query, d_head]."""
    query, key, value = (
        projection(hidden_states).unflatten(-1, (heads, module.head_dim)).transpose(1, 2)
        for projection in (module.q_proj, module.k_proj, module.v_proj)
    )
    return query, key, value
