"""Networks computed by CTranslate2, an engine in C++ with kernels of its own, from weights that its converters carry.

Converters are given a copy of the network, not a folder: they take it to pieces, and nothing is fetched.
"""

import copy
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from harness.tests.crosscheck.installed import installed
from harness.tests.models.configurations import Variant

VARIANTS: tuple[Variant, ...] = (
    ("xglm", {}),
    ("opt", {}),
    ("opt", {"do_layer_norm_before": False, "word_embed_proj_dim": 20, "tie_word_embeddings": False}),
    ("bloom", {}),
    ("bloom", {"n_head": 2, "tie_word_embeddings": False}),
    ("falcon", {"multi_query": False}),
    ("falcon", {"new_decoder_architecture": False, "bias": True}),
    ("falcon", {"new_decoder_architecture": False, "multi_query": False, "parallel_attn": False, "num_kv_heads": 4}),
    ("falcon", {"new_decoder_architecture": False, "alibi": True}),
    ("mpt", {}),
    ("gptj", {"tie_word_embeddings": True}),
)
LOADERS = {"mpt": "MPTConfig"}
"""Where a converter goes by another name than that of transformers' configuration."""


class _Words:
    """As many words as the network has, by number: what a converter asks a tokenizer for."""

    def __init__(self, number: int) -> None:
        self.all = list(map(str, range(number)))
        self.bos_token = self.eos_token = self.unk_token = self.all[0]

    def get_vocab(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.all)}


@torch.no_grad()
def next_token_logits(network: Any, prompts: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the logits [prompt, vocabulary] of what follows each whole prompt, in float32 on the CPU."""
    engine = installed("ctranslate2")
    words = _Words(network.config.vocab_size)
    spec = _spec(engine, copy.deepcopy(network), words)
    spec.register_vocabulary(words.all)
    spec.validate()
    spec.optimize()
    with tempfile.TemporaryDirectory() as folder:
        spec.save(folder)
        generator = engine.Generator(folder, device="cpu", compute_type="float32", intra_threads=1)
        found = [generator.forward_batch([list(map(str, prompt))]) for prompt in prompts]
    return np.stack([np.array(logits)[0, -1] for logits in found])


def _spec(engine: Any, network: Any, words: _Words) -> Any:
    loaders = engine.converters.transformers._MODEL_LOADERS
    if network.config.model_type == "xglm":
        return _xglm(engine, loaders["M2M100Config"], network)
    kind = LOADERS.get(network.config.model_type, type(network.config).__name__)
    spec = loaders[kind].get_model_spec(network)
    loaders[kind].set_config(spec.config, network, words)
    return spec


def _xglm(engine: Any, loader: Any, network: Any) -> Any:
    """Return XGLM as the decoder of M2M100, whose layers and sinusoids it shares, with no encoder."""
    spec = engine.specs.TransformerDecoderModelSpec.from_config(
        network.config.num_layers,
        network.config.attention_heads,
        activation=engine.specs.Activation.GELU,
    )
    loader.set_decoder(spec.decoder, network.model)
    loader.set_linear(spec.decoder.projection, network.lm_head)
    return spec
