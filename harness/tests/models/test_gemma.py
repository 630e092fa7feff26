"""Gemma 3 270M as the suite unpacks it, where it was fetched: the model that was published, and no other."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

import fixtures
from harness.models.catalogue import GgufParts, gguf_file
from harness.models.source import locate_model, weights_folder
from harness.tests.conftest import ROOT

PUBLISHED = {
    "num_hidden_layers": 18,
    "hidden_size": 640,
    "intermediate_size": 2048,
    "vocab_size": 262_144,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "query_pre_attn_scalar": 256,
    "sliding_window": 512,
    "layer_types": (["sliding_attention"] * 5 + ["full_attention"]) * 3,
    "attn_logit_softcapping": None,
    "final_logit_softcapping": None,
    "tie_word_embeddings": True,
    "hidden_activation": "gelu_pytorch_tanh",
}
"""Gemma3_270M in gemma/gm/nn/_gemma.py of google-deepmind/gemma, in transformers' words."""
BASES = {"sliding_attention": 10_000, "full_attention": 1_000_000}
"""Of the rotary positions; same source."""

NORMS = {
    "attn_norm": "input_layernorm",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
"""From the GGUF file's names to the network's."""

TEXT = (
    "The old man sat by the harbour every morning and watched the fishing boats come in. He had worked on one of them "
    "for forty years, until his hands would no longer close around a rope. Now he mended nets for a few coins and told "
    "the children stories about storms that none of them believed. On Sundays his daughter came down from the city "
    "with her two sons, and they walked along the beach to the lighthouse, where the wind was always stronger than "
    "anywhere else."
)


@pytest.fixture(scope="module")
def unpacked() -> Path:
    """Return the folder of its safetensors."""
    folder = weights_folder(locate_model("gemma3-270m", fixtures.MODELS), ROOT / ".store")
    if not folder.is_dir():
        pytest.skip("Gemma is not fetched: python -m harness fetch --model gemma3-270m")
    return folder


def test_configuration_is_the_published_one(unpacked: Path) -> None:
    """Also where the GGUF file leaves it to the family's defaults: which layers have windows, and their base."""
    config: Any = AutoConfig.from_pretrained(unpacked)
    assert {name: getattr(config, name) for name in PUBLISHED} == PUBLISHED
    assert {kind: config.rope_parameters[kind]["rope_theta"] for kind in BASES} == BASES
    assert math.isclose(config.rms_norm_eps, 1e-6, rel_tol=1e-7)


def test_norms_are_those_of_the_file_less_one(unpacked: Path) -> None:
    """GGUF files hold what a norm multiplies by; the network adds one to its weights."""
    from gguf import GGUFReader  # noqa: PLC0415  # brought by transformers' reading of such files

    source = locate_model("gemma3-270m", fixtures.MODELS)
    assert isinstance(source.row, GgufParts)
    held = {t.name: t.data for t in GGUFReader(gguf_file(source.name, source.row, ROOT / ".store" / "fetched")).tensors}
    with safe_open(unpacked / "model.safetensors", "np") as weights:
        assert np.array_equal(held["output_norm.weight"] - 1, weights.get_tensor("model.norm.weight"))
        for theirs, ours in NORMS.items():
            for layer in range(18):
                own = weights.get_tensor(f"model.layers.{layer}.{ours}.weight")
                assert np.array_equal(held[f"blk.{layer}.{theirs}.weight"] - 1, own), (layer, ours)


@pytest.mark.slow
def test_it_reads_english(unpacked: Path) -> None:
    """Plain English behind its start token has a perplexity below 30, where 262,144 equal words would have 262,144."""
    tokenizer, network = AutoTokenizer.from_pretrained(unpacked), AutoModelForCausalLM.from_pretrained(unpacked)
    tokens = torch.tensor([[network.config.bos_token_id, *tokenizer(TEXT, add_special_tokens=False)["input_ids"]]])
    with torch.no_grad():
        assert float(network(tokens, labels=tokens).loss) < math.log(30)
