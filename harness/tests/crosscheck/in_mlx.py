"""Networks computed by mlx-lm, which writes each family down a second time, in MLX arrays.

Weights go over by the names that transformers gives them, through mlx-lm's own `sanitize`, and all of them must be
taken; nothing is fetched. What mlx-lm leaves out of a family (windows of Gemma 2, Qwen and Phi-3, biases) is left out
of its variant here.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.tests.crosscheck.installed import installed
from harness.tests.models.configurations import WINDOW, Variant

ROUND_ROOT = {"hidden_size": 64}
"""Gemma scales embeddings by the root of its width, which mlx-lm rounds to bfloat16: that of 64 is 8 in both."""
AS_PYTHIA = {"intermediate_size": 128, "hidden_act": "gelu_new"}
"""mlx-lm has GPT-NeoX with four widths between, as Pythia, and with the tanh form of GELU alone."""
VARIANTS: tuple[Variant, ...] = (
    ("llama", {}),
    ("llama", {"attention_bias": True}),
    ("llama", {"head_dim": 12, "num_key_value_heads": 1, "tie_word_embeddings": True}),
    ("gpt2", {}),
    ("gpt_neox", AS_PYTHIA),
    ("gpt_neox", AS_PYTHIA | {"use_parallel_residual": False}),
    ("gptj", {}),
    ("gemma2", {"sliding_window": 256}),
    ("gemma3_text", ROUND_ROOT),
    ("gemma3_text", ROUND_ROOT | {"tie_word_embeddings": False, "num_key_value_heads": 1}),
    ("mistral", {"sliding_window": None}),
    ("mistral", {"sliding_window": None, "tie_word_embeddings": True}),
    ("olmo2", {}),
    ("olmo2", {"attention_bias": True, "num_key_value_heads": 4, "tie_word_embeddings": True}),
    ("phi", {}),
    ("phi3", {"sliding_window": None}),
    ("phi3", {"sliding_window": None, "num_key_value_heads": 1, "tie_word_embeddings": True}),
    ("qwen2", {"use_sliding_window": False}),
    ("qwen2", {"use_sliding_window": False, "tie_word_embeddings": True}),
    ("qwen3", {"use_sliding_window": False}),
    ("qwen3", {"use_sliding_window": False, "head_dim": 12, "tie_word_embeddings": True}),
    ("smollm3", {}),
    ("smollm3", {"attention_bias": True, "use_sliding_window": True, "sliding_window": WINDOW}),
    ("stablelm", {}),
    ("stablelm", {"qk_layernorm": False, "use_qkv_bias": True, "use_parallel_residual": True}),
)
MODULES = {"mistral": "llama"}
"""Where a family's module has another name, as mlx-lm's own loading has it."""
WRITTEN_OTHERWISE: dict[str, Callable[[Any], dict[str, Any]]] = {
    "gpt2": lambda config: {"n_ctx": config.n_positions},
    "gpt_neox": lambda config: {
        "rotary_emb_base": config.rope_parameters["rope_theta"],
        "rotary_pct": config.rope_parameters["partial_rotary_factor"],
    },
    "gemma3_text": lambda config: {
        "rope_theta": config.rope_parameters["full_attention"]["rope_theta"],
        "rope_local_base_freq": config.rope_parameters["sliding_attention"]["rope_theta"],
        "sliding_window_pattern": config.layer_types.index("full_attention") + 1,
    },
}
"""Fields of transformers' configuration in mlx-lm's words."""
PUBLISHED = {"gpt2": ("transformer.", ""), "gpt_neox": ("lm_head.", "embed_out.")}
"""What a name starts with in transformers, and in the published weights that mlx-lm reads."""


def next_token_logits(network: Any, prompts: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the logits [prompt, vocabulary] of what follows each whole prompt, in float32 on the CPU."""
    mlx = installed("mlx.core")
    installed("mlx_lm")
    mlx.set_default_device(mlx.cpu)
    model = _model(network, mlx)
    return np.stack([np.array(model(mlx.array([list(prompt)])))[0, -1] for prompt in prompts])


def _model(network: Any, mlx: Any) -> Any:
    config = network.config
    family = importlib.import_module(f"mlx_lm.models.{MODULES.get(config.model_type, config.model_type)}")
    told = config.to_dict() | (getattr(config, "rope_parameters", None) or {})
    told |= WRITTEN_OTHERWISE.get(config.model_type, lambda _: {})(config)
    model = family.Model(family.ModelArgs.from_dict(told))
    start, published = PUBLISHED.get(config.model_type, ("", ""))
    weights = {
        published + name.removeprefix(start) if name.startswith(start) else name: mlx.array(weight.numpy())
        for name, weight in network.state_dict().items()
        if not (config.tie_word_embeddings and name == "lm_head.weight")
    }
    weights = model.sanitize(weights) if hasattr(model, "sanitize") else weights
    model.load_weights(list(weights.items()), strict=True)
    return model.eval()
