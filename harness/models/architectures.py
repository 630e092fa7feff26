"""Which module of which architecture is what: a table of sites, no branches.

A new family is a row (see `harness.models.sites`). Where its attention does not dispatch through transformers'
AttentionInterface, the row names one small adapter (see `harness.models.adapters`). harness/models/README.md says what
each row was tested to.
"""

from dataclasses import replace
from typing import Any

from harness.errors import HarnessError, nearest
from harness.models.adapters import (
    bloom_attention,
    falcon_attention,
    gpt_neo_attention,
    gptj_attention,
    mpt_attention,
    xglm_attention,
)
from harness.models.prefix_attention import SHARED_PREFIX_MASKED
from harness.models.sites import NO_TABLES, Architecture, HeadNorm, Outputs, Shares


def _thirds(_attention: Any) -> tuple[int, ...]:
    return (1, 1, 1, 1)


def _heads_in_turn(attention: Any) -> tuple[int, ...]:
    """Bloom: of each head its query, its key, its value."""
    return (attention.num_heads, 1, 1, 1)


def _configured_heads_in_turn(attention: Any) -> tuple[int, ...]:
    """GPT-NeoX: the same, whose attention does not say the number of heads itself."""
    return (attention.config.num_attention_heads, 1, 1, 1)


def _groups_in_turn(attention: Any) -> tuple[int, ...]:
    """Falcon: of each group the queries of its heads, its key, its value."""
    return (attention.num_kv_heads, attention.num_heads // attention.num_kv_heads, 1, 1)


def _queries_and_groups(attention: Any) -> tuple[int, ...]:
    """Phi-3: all heads' queries, all groups' keys, all groups' values."""
    groups = attention.num_key_value_heads
    return (1, groups * attention.num_key_value_groups, groups, groups)


def _fused(module: str, shares: Shares) -> tuple[Outputs, Outputs, Outputs]:
    return (Outputs(module, 0, 1, shares), Outputs(module, 1, 2, shares), Outputs(module, 2, 3, shares))


_APART = (Outputs("q_proj"), Outputs("k_proj"), Outputs("v_proj"))
_HEAD_NORMS = ("self_attn.q_norm", "self_attn.k_norm")
_OPTIONAL_HEAD_NORMS = ("self_attn.q_layernorm", "self_attn.k_layernorm")

_LLAMA = Architecture(
    layers="model.layers",
    final_norm="model.norm",
    embeddings=("model.embed_tokens",),
    norms=("input_layernorm", "post_attention_layernorm"),
    attention="self_attn",
    projections=_APART,
)
_SANDWICH = (*_LLAMA.norms, "pre_feedforward_layernorm", "post_feedforward_layernorm")
_GPT2 = Architecture(
    layers="transformer.h",
    final_norm="transformer.ln_f",
    embeddings=("transformer.wte", "transformer.wpe"),
    norms=("ln_1", "ln_2"),
    attention="attn",
    projections=_fused("c_attn", _thirds),
    tables=r"h\.\d+\.(attn|crossattention)\.(masked_)?bias",
)

ARCHITECTURES = {
    "llama": _LLAMA,
    "mistral": _LLAMA,
    "qwen2": _LLAMA,
    "smollm3": _LLAMA,
    "qwen3": replace(_LLAMA, norms=(*_LLAMA.norms, *_HEAD_NORMS), query_norm=HeadNorm("q_norm")),
    "olmo2": replace(
        _LLAMA,
        norms=("post_attention_layernorm", "post_feedforward_layernorm", *_HEAD_NORMS),
        query_norm=HeadNorm("q_norm", of_all_heads=True),
    ),
    "gemma2": replace(_LLAMA, norms=_SANDWICH, stock="eager", requires={"use_bidirectional_attention": False}),
    "gemma3_text": replace(
        _LLAMA,
        norms=(*_SANDWICH, *_HEAD_NORMS),
        query_norm=HeadNorm("q_norm"),
        older=("rope_local_base_freq", "sliding_window_pattern"),
        requires={"use_bidirectional_attention": False},
    ),
    "phi3": replace(_LLAMA, projections=_fused("qkv_proj", _queries_and_groups)),
    "phi": replace(
        _LLAMA,
        final_norm="model.final_layernorm",
        norms=("input_layernorm", *_OPTIONAL_HEAD_NORMS),
        query_norm=HeadNorm("q_layernorm"),
    ),
    "stablelm": replace(
        _LLAMA, norms=(*_LLAMA.norms, *_OPTIONAL_HEAD_NORMS), query_norm=HeadNorm("q_layernorm"), older=("rope_pct",)
    ),
    "opt": Architecture(
        layers="model.decoder.layers",
        final_norm="model.decoder.final_layer_norm",
        embeddings=("model.decoder.embed_tokens", "model.decoder.project_in", "model.decoder.embed_positions"),
        norms=("self_attn_layer_norm", "final_layer_norm"),
        attention="self_attn",
        projections=_APART,
        tables=NO_TABLES,
        after_norm=("model.decoder.project_out",),
    ),
    "xglm": Architecture(
        layers="model.layers",
        final_norm="model.layer_norm",
        embeddings=("model.embed_tokens",),
        norms=("self_attn_layer_norm", "final_layer_norm"),
        attention="self_attn",
        projections=_APART,
        tables=r"embed_positions\.weights",
        adapter=xglm_attention,
        stock="eager",
    ),
    "gpt2": _GPT2,
    "gpt_neo": replace(
        _GPT2,
        attention="attn.attention",
        projections=_APART,
        tables=r"h\.\d+\.attn\.attention\.(masked_)?bias",
        adapter=gpt_neo_attention,
        stock="eager",
        scale=lambda _: 1.0,
    ),
    "gptj": replace(
        _GPT2,
        embeddings=("transformer.wte",),
        norms=("ln_1",),
        projections=_APART,
        tables=r"h\.\d+\.attn\.((masked_)?bias|embed_positions)",
        adapter=gptj_attention,
        stock="eager",
        scale=lambda attention: 1.0 / attention.scale_attn,
    ),
    "gpt_neox": Architecture(
        layers="gpt_neox.layers",
        final_norm="gpt_neox.final_layer_norm",
        embeddings=("gpt_neox.embed_in",),
        norms=("input_layernorm", "post_attention_layernorm"),
        attention="attention",
        projections=_fused("query_key_value", _configured_heads_in_turn),
        tables=r"(layers\.\d+\.attention\.)?((masked_)?bias|rotary_emb\.inv_freq)",
        d_head=lambda attention: attention.head_size,
        older=("rotary_pct", "rotary_emb_base"),
        renamed={"embed_out.weight": "lm_head.weight"},
    ),
    "bloom": Architecture(
        layers="transformer.h",
        final_norm="transformer.ln_f",
        embeddings=("transformer.word_embeddings",),
        embedding_norms=("transformer.word_embeddings_layernorm",),
        norms=("input_layernorm", "post_attention_layernorm"),
        attention="self_attention",
        projections=_fused("query_key_value", _heads_in_turn),
        tables=NO_TABLES,
        adapter=bloom_attention,
        stock="eager",
        output="dense",
        scale=lambda attention: attention.inv_norm_factor,
        context=2048,
        older=("n_embed",),
        requires={"slow_but_exact": False},
    ),
    "falcon": Architecture(
        layers="transformer.h",
        final_norm="transformer.ln_f",
        embeddings=("transformer.word_embeddings",),
        norms=("input_layernorm", "post_attention_layernorm", "ln_attn", "ln_mlp"),
        attention="self_attention",
        projections=_fused("query_key_value", _groups_in_turn),
        tables=r"(h\.\d+\.self_attention\.(maybe_)?)?(rotary|rotary_emb)\.inv_freq",
        adapter=falcon_attention,
        scale=lambda attention: attention.inv_norm_factor,
        older=("n_embed",),
    ),
    "mpt": Architecture(
        layers="transformer.blocks",
        final_norm="transformer.norm_f",
        embeddings=("transformer.wte",),
        norms=("norm_1", "norm_2"),
        attention="attn",
        projections=_fused("Wqkv", _thirds),
        tables=NO_TABLES,
        adapter=mpt_attention,
        stock="eager",
        shared=SHARED_PREFIX_MASKED,
        scale=lambda attention: attention.softmax_scale,
        context="max_seq_len",
        requires={
            "attn_config.clip_qkv": None,
            "attn_config.alibi": True,
            "attn_config.qk_ln": False,
            "attn_config.prefix_lm": False,
            "attn_config.attn_type": "multihead_attention",
            "attn_config.alibi_bias_max": 8,
        },
    ),
}
"""By transformers' `config.model_type`. What is recorded of each: attention outputs before any norm behind the block;
query vectors scaled and behind a norm of queries, before rotary positions; scores as they enter softmax."""


def architecture_of(model_type: str) -> Architecture:
    """Return the row of a transformers `config.model_type`.

    Raises:
        HarnessError: there is no row; says how to add one.

    """
    if model_type not in ARCHITECTURES:
        raise HarnessError(
            f"models of architecture '{model_type}' are not known: {nearest(model_type, ARCHITECTURES)}. "
            "Add a row to harness/models/architectures.py: the paths of its layers, final norm, embeddings, norms, "
            "attention module, query, key and value projections, the tables that old weights hold, what it has "
            "beyond that (a norm of queries, another scale or context), and an adapter if its attention does not use "
            "AttentionInterface",
        )
    return ARCHITECTURES[model_type]
