"""Networks computed by TransformerLens below 4.0, whose attention is written apart from transformers' and from ours.

4.0 wraps transformers' own modules. Nothing is fetched: its model is built from a network's sizes and weights.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from harness.tests.crosscheck.installed import installed
from harness.tests.models.configurations import Variant

VARIANTS: tuple[Variant, ...] = (
    ("gpt_neo", {}),
    ("gpt_neo", {"tie_word_embeddings": False}),
    ("gemma2", {}),
    ("gemma2", {"num_key_value_heads": 1, "tie_word_embeddings": False}),
    ("mistral", {}),
    ("phi3", {}),
    ("qwen2", {}),
    ("qwen3", {}),
)
"""Windows, which the others leave out or have for one family alone: soft caps and no scale among them."""
_GPT = {
    "d_model": "n_embd",
    "n_layers": "n_layer",
    "n_heads": "n_head",
    "n_ctx": "n_positions",
    "act_fn": "activation_function",
    "eps": "layer_norm_epsilon",
}
_GATED = {
    "d_model": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_ctx": "max_position_embeddings",
    "n_key_value_heads": "num_key_value_heads",
    "d_mlp": "intermediate_size",
    "act_fn": "hidden_act",
    "eps": "rms_norm_eps",
}
SIZES: dict[str, dict[str, str]] = {
    "gpt2": _GPT,
    "gpt_neo": _GPT
    | {"d_model": "hidden_size", "n_layers": "num_layers", "n_heads": "num_heads", "n_ctx": "max_position_embeddings"},
    "llama": _GATED,
    "gemma2": _GATED | {"act_fn": "hidden_activation", "output_logits_soft_cap": "final_logit_softcapping"},
    "mistral": _GATED,
    "phi3": _GATED,
    "qwen2": _GATED,
    "qwen3": _GATED,
}
"""Their name of each size to transformers'."""
_LN: dict[str, Any] = {"normalization_type": "LN", "d_head": 8}
_ROTARY: dict[str, Any] = {
    "normalization_type": "RMS",
    "positional_embedding_type": "rotary",
    "gated_mlp": True,
    "final_rms": True,
    "rotary_base": 10000,
    "rotary_dim": 8,
    "d_head": 8,
}


def _windows(kinds: Sequence[str], size: int) -> dict[str, Any]:
    local = ["local" if kind in {"local", "sliding_attention"} else "global" for kind in kinds]
    return {"use_local_attn": True, "window_size": size, "attn_types": local}


def _alike(config: Any) -> dict[str, Any]:
    return _ROTARY | _windows(["local"] * config.num_hidden_layers, config.sliding_window)


def _by_layer(config: Any) -> dict[str, Any]:
    return _ROTARY | _windows(config.layer_types, config.sliding_window)


FURTHER: dict[str, Callable[[Any], dict[str, Any]]] = {
    "gpt2": lambda _: _LN,
    "gpt_neo": lambda config: _LN | {"use_attn_scale": False} | _windows(config.attention_layers, config.window_size),
    "llama": lambda _: _ROTARY,
    "mistral": _alike,
    "phi3": _alike,
    "qwen2": _by_layer,
    "qwen3": lambda config: _by_layer(config) | {"use_qk_norm": True},
    "gemma2": lambda config: (
        _by_layer(config)
        | {
            "use_normalization_before_and_after": True,
            "attn_scale": config.query_pre_attn_scalar**0.5,
            "attn_scores_soft_cap": config.attn_logit_softcapping,
        }
    ),
}
"""What is the family's, and not a size."""
CONVERSIONS = {"gpt_neo": "neo", "gemma2": "gemma"}
"""Where its conversion of weights goes by another name."""


def hooked(network: Any) -> Any:
    """Return TransformerLens' model of the network's weights."""
    lens = installed("transformer_lens")
    if not _is_own_implementation(lens):
        pytest.skip("transformer_lens 4.0 and newer have no attention of their own: needs one below 4.0")
    conversions = installed("transformer_lens.pretrained.weight_conversions")
    config, family = network.config, network.config.model_type
    sizes = {theirs: getattr(config, ours) for theirs, ours in SIZES[family].items()}
    told = lens.HookedTransformerConfig(d_vocab=config.vocab_size, device="cpu", **sizes, **FURTHER[family](config))
    model = lens.HookedTransformer(told)
    convert = getattr(conversions, f"convert_{CONVERSIONS.get(family, family)}_weights")
    model.load_state_dict(convert(network, told), strict=False)
    return model.eval()


@torch.no_grad()
def next_token_logits(network: Any, prompts: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the logits [prompt, vocabulary] of what follows each whole prompt, in float32 on the CPU."""
    model = hooked(network)
    return np.stack([model(torch.tensor([list(prompt)]))[0, -1].numpy() for prompt in prompts])


def _is_own_implementation(lens: Any) -> bool:
    try:
        return hasattr(lens, "HookedTransformer")
    except ImportError:  # how 4.0 says that it was removed
        return False
