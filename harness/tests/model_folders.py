"""Model folders written without any model library: sound ones of a few kilobytes, for tests to damage."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

WORDS = tuple(f"w{i}" for i in range(32))
NAMES = ("<s>", "</s>", "<unk>", "\n", "Input:", "Type:", "bad", "good", *WORDS)
"""The tokenizer's vocabulary: a token a word."""
WIDTH, HIDDEN, LAYERS, HEADS, POSITIONS = 16, 24, 2, 4, 128

Weights = dict[str, np.ndarray]
Draw = Callable[..., np.ndarray]


def tokenizer(names: tuple[str, ...] = NAMES) -> Tokenizer:
    """Return a tokenizer of whole words; a newline is a word."""
    made = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names)}, unk_token="<unk>"))  # noqa: S106  a word
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"\n|\S+"), behavior="removed", invert=True)
    return made


def write_model(
    folder: Path, family: str = "llama", config: Mapping[str, object] | None = None, tokens: Tokenizer | None = None
) -> Path:
    """Write config.json (with changes), model.safetensors and a tokenizer; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    said, weights = _FAMILIES[family](draw)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    said |= {"vocab_size": len(NAMES), "bos_token_id": 0, "eos_token_id": 1} | dict(config or {})
    (folder / "config.json").write_text(json.dumps(said), encoding="utf-8")
    write_tokenizer(folder, tokens)
    return folder


def write_tokenizer(folder: Path, tokens: Tokenizer | None = None, **said: object) -> None:
    """Write tokenizer.json and tokenizer_config.json."""
    (tokens or tokenizer()).save(str(folder / "tokenizer.json"))
    named = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(named | said), encoding="utf-8")


def edit_config(folder: Path, **changes: object) -> None:
    """Change fields of config.json."""
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def _llama(draw: Draw) -> tuple[dict[str, Any], Weights]:
    weights = {"model.embed_tokens.weight": draw(len(NAMES), WIDTH), "model.norm.weight": np.ones(WIDTH, np.float32)}
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for name, shape in {"q": (16, 16), "k": (8, 16), "v": (8, 16), "o": (16, 16)}.items():
            weights[f"{at}self_attn.{name}_proj.weight"] = draw(*shape)
        for name, shape in {"gate": (HIDDEN, WIDTH), "up": (HIDDEN, WIDTH), "down": (WIDTH, HIDDEN)}.items():
            weights[f"{at}mlp.{name}_proj.weight"] = draw(*shape)
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{at}{name}.weight"] = np.ones(WIDTH, np.float32)
    weights["lm_head.weight"] = draw(len(NAMES), WIDTH)
    said = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": WIDTH,
        "intermediate_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": 2,
        "max_position_embeddings": POSITIONS,
        "rms_norm_eps": 1e-6,
        "tie_word_embeddings": False,
        "hidden_act": "silu",
    }
    return said, weights


def _norm(weights: Weights, name: str) -> None:
    weights |= {f"{name}.weight": np.ones(WIDTH, np.float32), f"{name}.bias": np.zeros(WIDTH, np.float32)}


def _gpt2(draw: Draw) -> tuple[dict[str, Any], Weights]:
    weights = {"transformer.wte.weight": draw(len(NAMES), WIDTH), "transformer.wpe.weight": draw(POSITIONS, WIDTH)}
    for layer in range(LAYERS):
        at = f"transformer.h.{layer}."
        shapes = {"attn.c_attn": (WIDTH, 3 * WIDTH), "attn.c_proj": (WIDTH, WIDTH)}
        shapes |= {"mlp.c_fc": (WIDTH, 4 * WIDTH), "mlp.c_proj": (4 * WIDTH, WIDTH)}
        for name, shape in shapes.items():
            weights |= {f"{at}{name}.weight": draw(*shape), f"{at}{name}.bias": draw(shape[1])}
        _norm(weights, f"{at}ln_1")
        _norm(weights, f"{at}ln_2")
    _norm(weights, "transformer.ln_f")
    said = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": WIDTH, "n_layer": LAYERS}
    return said | {"n_head": HEADS, "n_positions": POSITIONS, "activation_function": "gelu_new"}, weights


def _xglm(draw: Draw) -> tuple[dict[str, Any], Weights]:
    weights = {"model.embed_tokens.weight": draw(len(NAMES), WIDTH)}
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        shapes = {f"self_attn.{n}_proj": (WIDTH, WIDTH) for n in ("q", "k", "v", "out")}
        shapes |= {"fc1": (HIDDEN, WIDTH), "fc2": (WIDTH, HIDDEN)}
        for name, shape in shapes.items():
            weights |= {f"{at}{name}.weight": draw(*shape), f"{at}{name}.bias": draw(shape[0])}
        _norm(weights, f"{at}self_attn_layer_norm")
        _norm(weights, f"{at}final_layer_norm")
    _norm(weights, "model.layer_norm")
    said = {"architectures": ["XGLMForCausalLM"], "model_type": "xglm", "d_model": WIDTH, "ffn_dim": HIDDEN}
    said |= {"num_layers": LAYERS, "attention_heads": HEADS, "max_position_embeddings": POSITIONS, "pad_token_id": 1}
    return said, weights


_FAMILIES = {"llama": _llama, "gpt2": _gpt2, "xglm": _xglm}
FAMILIES = tuple(_FAMILIES)
