"""Attention forwards for families that do not dispatch through transformers' AttentionInterface.

An adapter computes the family's queries, keys and values as its own forward does, and hands them to the shared
attention function. Tests hold each to the family's own forward.
"""

from typing import Any

from torch import Tensor

from harness.models.prefix_attention import SharedPrefix, shared_prefix_attention


def xglm_attention(
    module: Any,
    hidden_states: Tensor,
    *,
    attention_mask: Tensor | None = None,
    shared_prefix: SharedPrefix,
    **arguments: Any,
) -> tuple[Tensor, None]:
    """Attend as XGLMAttention does: the query is scaled first, positions are added to the embeddings.

    Shapes: hidden_states [batch, query, d_model] to [batch, query, d_model].

    Raises:
        HarnessError: more is asked for (see `shared_prefix_attention`), dropout in training among it.

    """
    batch, length, width = hidden_states.shape
    query, key, value = (
        projection(hidden_states).view(batch, length, module.num_heads, module.head_dim).transpose(1, 2)
        for projection in (module.q_proj, module.k_proj, module.v_proj)
    )
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
    return module.out_proj(out.reshape(batch, length, width)), None
