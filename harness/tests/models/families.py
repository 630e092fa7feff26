"""Tiny random models of the three families, their query vectors by hand, and how far float32 may carry a result."""

import copy
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, XGLMConfig

from harness.data import Recording
from harness.models.language_model import LanguageModel
from harness.models.loading import quiet_transformers

VOCABULARY = 97
TOKENS: dict[str, Any] = {"vocab_size": VOCABULARY, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
CONFIGURATIONS: dict[str, tuple[Any, dict[str, Any]]] = {
    "llama": (
        LlamaConfig,
        {
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,  # grouped: two query heads share each
            "max_position_embeddings": 256,
        },
    ),
    "gpt2": (GPT2Config, {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 256}),
    "xglm": (
        XGLMConfig,
        {"d_model": 32, "ffn_dim": 48, "num_layers": 3, "attention_heads": 4, "max_position_embeddings": 256},
    ),
}
FAMILIES = tuple(CONFIGURATIONS)
VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("llama", {}),
    ("llama", {"attention_bias": True}),
    ("llama", {"head_dim": 12}),
    ("llama", {"num_key_value_heads": 1}),
    ("gpt2", {}),
    ("gpt2", {"scale_attn_by_inverse_layer_idx": True}),
    ("gpt2", {"scale_attn_weights": False}),
    ("xglm", {}),
)
# A dot product of n terms gathers a rounding error of about sqrt(n) units in the last place; the widest here has 48.
GATHERED = 8 * 2.0**-24


def tiny(family: str, **more: object) -> LanguageModel:
    """Return a random model of a family, its weights large enough that attention is far from uniform."""
    quiet_transformers()
    generator = torch.Generator().manual_seed(7)
    kind, sizes = CONFIGURATIONS[family]
    network = AutoModelForCausalLM.from_config(kind(**TOKENS | sizes | more)).eval().requires_grad_(False)
    for parameter in network.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.copy_(noise * 0.3 if parameter.ndim > 1 else parameter + noise * 0.2)
    return LanguageModel(network)


def rounded(model: LanguageModel) -> LanguageModel:
    """Return the model with every weight off by what float32 arithmetic gathers, up or down at random."""
    other = copy.deepcopy(model.network)
    generator = torch.Generator().manual_seed(8)
    for parameter in other.parameters():
        sign = torch.randint(0, 2, parameter.shape, generator=generator) * 2 - 1
        parameter.mul_(1 + GATHERED * sign)
    return LanguageModel(other)


def assert_same(found: Recording, expected: Recording, neighbour: Recording) -> None:
    """Hold every field to `expected`, within twice its distance from what the `rounded` model gives.

    This is backward error analysis: rounding does to a result what errors of the weights as small as itself do.
    """
    assert found.setting is expected.setting
    np.testing.assert_array_equal(found.gold, expected.gold)
    for name in [field.name for field in fields(Recording)][2:]:
        ours, exact, near = (getattr(recording, name) for recording in (found, expected, neighbour))
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(exact), err_msg=name)
        allowed = 2 * np.nanmax(np.abs(near - exact))
        np.testing.assert_allclose(ours, exact, rtol=0, atol=allowed, err_msg=name)


def assert_identical(found: Recording, expected: Recording) -> None:
    """Hold every field to the last bit."""
    for name in [field.name for field in fields(Recording)][1:]:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def assert_untouched(model: LanguageModel) -> None:
    """Hold the network to having no hooks, no forwards of its own, no gradients, and its own attention."""
    assert model.network.config._attn_implementation == "sdpa" or model.architecture.adapter
    for name, module in model.network.named_modules():
        assert not module._forward_hooks, name
        assert not module._forward_pre_hooks, name
        assert "forward" not in vars(module), name
    assert not any(parameter.requires_grad for parameter in model.network.parameters())


def snapshot(model: LanguageModel) -> dict[str, Tensor]:
    """Return a copy of all weights by name."""
    return {name: parameter.detach().clone() for name, parameter in model.network.named_parameters()}


def queries_by_hand(model: LanguageModel, ids: list[int]) -> Tensor:
    """Return [layer, token, d_query]: (W_q norm(x) + b_q) scale, from the input x of each layer."""
    network = model.network
    with torch.no_grad():
        inputs = network(torch.tensor([ids]), output_hidden_states=True, use_cache=False).hidden_states[:-1]
        return torch.stack([_layer_queries(network, layer, x[0]) for layer, x in enumerate(inputs)])


def _layer_queries(network: Any, layer: int, x: Tensor) -> Tensor:
    config = network.config
    if config.model_type == "gpt2":
        block = network.transformer.h[layer]
        projected = block.ln_1(x) @ block.attn.c_attn.weight[:, :32] + block.attn.c_attn.bias[:32]
        scale = 8**-0.5 if config.scale_attn_weights else 1.0
        scaled: Tensor = projected * (scale / (layer + 1) if config.scale_attn_by_inverse_layer_idx else scale)
        return scaled
    block = network.model.layers[layer]
    normed = (block.input_layernorm if config.model_type == "llama" else block.self_attn_layer_norm)(x)
    projection = block.self_attn.q_proj
    bias = 0 if projection.bias is None else projection.bias
    d_head = config.head_dim if config.model_type == "llama" else 8
    vectors: Tensor = (normed @ projection.weight.T + bias) * d_head**-0.5
    return vectors
