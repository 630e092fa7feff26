"""Tiny configurations of every family, and the variants of each that switch on what is peculiar to it.

Widths are 32, heads have 8 entries and layers are three, so that each kind of layer is there. Windows are shorter than
the tests' longest query (12 tokens), so that they cut into it and into the prefix, and let some queries see nothing of
the prefix.
"""

from typing import Any

from transformers import (
    BloomConfig,
    FalconConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GPTJConfig,
    GPTNeoConfig,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    MptConfig,
    Olmo2Config,
    OPTConfig,
    Phi3Config,
    PhiConfig,
    Qwen2Config,
    Qwen3Config,
    SmolLM3Config,
    StableLmConfig,
    XGLMConfig,
)

Configured = tuple[Any, dict[str, Any]]

VOCABULARY = 97
TOKENS: dict[str, Any] = {"vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
WINDOW = 9
_SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 256,
}
_GROUPED = _SIZES | {"num_key_value_heads": 2}  # two query heads share each
_GEMMA = _GROUPED | {"head_dim": 8, "query_pre_attn_scalar": 12, "sliding_window": WINDOW}
_ALTERNATING = ["sliding_attention", "full_attention", "sliding_attention"]
_GPT = {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 256}
_FAIRSEQ = {"num_attention_heads": 4, "num_hidden_layers": 3, "max_position_embeddings": 256, "ffn_dim": 48}

CONFIGURATIONS: dict[str, Configured] = {
    "llama": (LlamaConfig, _GROUPED),
    "gpt2": (GPT2Config, _GPT),
    "xglm": (
        XGLMConfig,
        {"d_model": 32, "ffn_dim": 48, "num_layers": 3, "attention_heads": 4, "max_position_embeddings": 256},
    ),
    "gpt_neox": (GPTNeoXConfig, _SIZES),
    "gemma3_text": (Gemma3TextConfig, _GEMMA | {"layer_types": _ALTERNATING}),
    "gemma2": (Gemma2Config, _GEMMA | {"attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0}),
    "qwen2": (
        Qwen2Config,
        _GROUPED | {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1},
    ),
    "qwen3": (
        Qwen3Config,
        _GROUPED | {"head_dim": 8, "use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 2},
    ),
    "mistral": (MistralConfig, _GROUPED | {"sliding_window": WINDOW}),
    "opt": (OPTConfig, {"hidden_size": 32, "word_embed_proj_dim": 32, "dropout": 0.0, **_FAIRSEQ}),
    "phi3": (Phi3Config, _GROUPED | {"sliding_window": WINDOW, "original_max_position_embeddings": 256}),
    "gpt_neo": (
        GPTNeoConfig,
        {
            "hidden_size": 32,
            "num_layers": 3,
            "num_heads": 4,
            "attention_types": [[["global", "local"], 1], [["global"], 1]],
            "window_size": WINDOW,
            "max_position_embeddings": 256,
        },
    ),
    "phi": (PhiConfig, _GROUPED),
    "olmo2": (Olmo2Config, _GROUPED),
    "smollm3": (SmolLM3Config, _GROUPED | {"no_rope_layers": [1, 0, 1]}),
    "stablelm": (StableLmConfig, _GROUPED | {"qk_layernorm": True}),
    "gptj": (GPTJConfig, _GPT | {"rotary_dim": 4}),
    "bloom": (BloomConfig, {"hidden_size": 32, "n_layer": 3, "n_head": 4}),
    "falcon": (
        FalconConfig,
        {
            "hidden_size": 32,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_kv_heads": 2,
            "new_decoder_architecture": True,
            "max_position_embeddings": 256,
        },
    ),
    "mpt": (MptConfig, {"d_model": 32, "n_heads": 4, "n_layers": 3, "max_seq_len": 256}),
}
FAMILIES = tuple(CONFIGURATIONS)
KINDS = ("llama", "gpt2", "xglm")
"""Of the ways in which families are made one each, for what does not depend on the family: apart and dispatching,
fused, and with an adapter."""

Variant = tuple[str, dict[str, Any]]
"""A family, and what is other than in its configuration above."""

OF_KINDS: tuple[Variant, ...] = (
    ("llama", {}),
    ("llama", {"attention_bias": True}),
    ("llama", {"head_dim": 12}),
    ("llama", {"num_key_value_heads": 1}),
    ("gpt2", {}),
    ("gpt2", {"scale_attn_by_inverse_layer_idx": True}),
    ("gpt2", {"scale_attn_weights": False}),
    ("xglm", {}),
)
OF_OTHERS: tuple[Variant, ...] = (
    ("gpt_neox", {}),
    ("gpt_neox", {"use_parallel_residual": False, "attention_bias": False, "tie_word_embeddings": True}),
    ("gemma3_text", {}),
    ("gemma3_text", {"attention_bias": True, "final_logit_softcapping": 3.0, "tie_word_embeddings": False}),
    ("gemma2", {}),
    ("gemma2", {"attention_bias": True, "num_key_value_heads": 1, "tie_word_embeddings": False}),
    ("qwen2", {}),
    ("qwen2", {"use_sliding_window": False, "tie_word_embeddings": True}),
    ("qwen3", {}),
    ("qwen3", {"attention_bias": True, "head_dim": 12, "tie_word_embeddings": True}),
    ("mistral", {}),
    ("mistral", {"sliding_window": None, "tie_word_embeddings": True}),
    ("opt", {}),
    ("opt", {"do_layer_norm_before": False, "word_embed_proj_dim": 20, "tie_word_embeddings": False}),
    ("opt", {"do_layer_norm_before": False, "enable_bias": False}),
    ("phi3", {}),
    ("phi3", {"sliding_window": None, "num_key_value_heads": 1, "tie_word_embeddings": True}),
    ("gpt_neo", {}),
    ("gpt_neo", {"tie_word_embeddings": False}),
    ("phi", {}),
    ("phi", {"qk_layernorm": True, "tie_word_embeddings": True}),
    ("olmo2", {}),
    ("olmo2", {"attention_bias": True, "num_key_value_heads": 4, "tie_word_embeddings": True}),
    ("smollm3", {}),
    ("smollm3", {"attention_bias": True, "use_sliding_window": True, "sliding_window": WINDOW}),
    ("stablelm", {}),
    ("stablelm", {"qk_layernorm": False, "use_qkv_bias": True, "use_parallel_residual": True}),
    ("gptj", {}),
    ("gptj", {"tie_word_embeddings": True}),
    ("bloom", {}),
    ("bloom", {"n_head": 2, "apply_residual_connection_post_layernorm": True, "tie_word_embeddings": False}),
    ("falcon", {}),
    ("falcon", {"new_decoder_architecture": False, "bias": True}),
    ("falcon", {"new_decoder_architecture": False, "multi_query": False, "parallel_attn": False, "num_kv_heads": 4}),
    ("mpt", {}),
    ("mpt", {"attn_config": {"softmax_scale": 0.5}, "tie_word_embeddings": False}),
)
VARIANTS = OF_KINDS + OF_OTHERS
