"""Mutations of a model's config.json, of its tokenizer's files, and of what stands where a file belongs."""

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

from harness.tests.campaigns.model_weights import hostile, write_json

_NESTED = "[" * 100_000


def _words_of(text: str) -> list[str]:
    return text.split()


FIELDS = _words_of(
    "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads head_dim "
    "max_position_embeddings rms_norm_eps rope_theta rope_scaling rope_parameters hidden_act attention_bias mlp_bias "
    "attention_dropout tie_word_embeddings pretraining_tp n_embd n_layer n_head n_positions n_inner n_ctx resid_pdrop "
    "activation_function layer_norm_epsilon scale_attn_weights scale_attn_by_inverse_layer_idx reorder_and_upcast_attn "
    "d_model ffn_dim num_layers attention_heads dropout layerdrop init_std scale_embedding add_cross_attention "
    "model_type architectures auto_map quantization_config compression_config _attn_implementation "
    "attn_implementation _attn_implementation_internal _experts_implementation transformers_weights torch_dtype dtype "
    "pruned_heads return_dict output_attentions output_hidden_states use_cache is_decoder is_encoder_decoder "
    "num_labels id2label label2id bos_token_id eos_token_id pad_token_id decoder_start_token_id problem_type "
    "chunk_size_feed_forward layer_types sliding_window tokenizer_class transformers_version _name_or_path "
    "text_config vision_config per_layer_config generation_config initializer_range base_model_tp_plan torchscript"
)
ROPES: tuple[Any, ...] = (
    {"rope_type": "longrope", "factor": 4.0, "short_factor": [1.0, 1.0], "long_factor": [1.0, 8.0]},
    {"rope_type": "longrope", "short_factor": [1.0] * 9, "long_factor": "no", "original_max_position_embeddings": 8},
    {"rope_type": "dynamic", "factor": 2.0},
    {"rope_type": "yarn", "factor": 0},
    {"rope_type": "llama3", "factor": 8.0},
    {"type": "linear", "factor": "evil"},
    {"rope_type": "evil"},
    {"full_attention": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}},
    "linear",
)
TOKENIZER_FIELDS = _words_of(
    "bos_token eos_token unk_token pad_token tokenizer_class auto_map add_bos_token add_eos_token model_max_length "
    "fast_tokenizer_files tokenizer_file vocab_file added_tokens_decoder extra_special_tokens "
    "init_inputs chat_template clean_up_tokenization_spaces padding_side truncation_side split_special_tokens "
    "add_prefix_space legacy backend name_or_path max_length special_tokens_map_file is_local processor_class"
)


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (OSError, ValueError, RecursionError):
        return {}


def in_config(rng: random.Random, folder: Path) -> str:
    """Set a field or two of config.json."""
    file = folder / "config.json"
    said = _json(file)
    said = said if isinstance(said, dict) else {}
    present = [*said] or FIELDS
    changes = {rng.choice([rng.choice(FIELDS), rng.choice(present)]): hostile(rng) for _ in range(rng.randint(1, 2))}
    if rng.random() < 0.2:
        changes[rng.choice(["rope_parameters", "rope_scaling"])] = rng.choice(ROPES)
    write_json(file, said | changes)
    return f"config {_words(changes)}"


def in_ropes(rng: random.Random, folder: Path) -> str:
    """Set the parameters of rotary positions."""
    rope = rng.choice(ROPES)
    if isinstance(rope, dict) and rng.random() < 0.7:
        rope = dict(rope) | {"rope_theta": 1e4, "original_max_position_embeddings": rng.choice([8, 10, 10, 64, None])}
        if rng.random() < 0.5:
            rope[rng.choice([*rope])] = hostile(rng)
    name = rng.choice(["rope_parameters", "rope_scaling"])
    said = _json(folder / "config.json")
    write_json(folder / "config.json", (said if isinstance(said, dict) else {}) | {name: rope})
    return f"config {_words({name: rope})}"


def dropped(rng: random.Random, folder: Path) -> str:
    """Take a field away."""
    file = folder / rng.choice(["config.json", "tokenizer_config.json"])
    said = _json(file)
    if not isinstance(said, dict) or not said:
        return "nothing"
    name = rng.choice([*said])
    del said[name]
    write_json(file, said)
    return f"{file.name} without {name}"


def in_tokenizer(rng: random.Random, folder: Path) -> str:
    """Put something else at a random place of tokenizer.json, or take it away."""
    file = folder / "tokenizer.json"
    tree = _json(file)
    at: Any = tree
    path: list[Any] = []
    while isinstance(at, dict | list) and at:
        key: Any = rng.choice([*at]) if isinstance(at, dict) else rng.randrange(len(at))
        path.append(key)
        below = at[key]
        if not isinstance(below, dict | list) or not below or rng.random() < 0.4:
            if rng.random() < 0.3:
                del at[key]
            else:
                at[key] = hostile(rng)
            break
        at = below
    write_json(file, tree)
    return f"tokenizer.json at {path}"


def in_tokenizers_settings(rng: random.Random, folder: Path) -> str:
    """Set a field of the tokenizer's settings."""
    name = rng.choice(["tokenizer_config.json"] * 3 + ["special_tokens_map.json", "added_tokens.json"])
    file = folder / name
    said = _json(file) if file.exists() else {}
    value = rng.choice([hostile(rng), "<s>", {"content": "<new>", "lstrip": False}, ["a.b", "evil.Evil"], "w3"])
    write_json(file, (said if isinstance(said, dict) else {}) | {rng.choice(TOKENIZER_FIELDS): value})
    return f"{name} {_words(_json(file))}"


def raw(rng: random.Random, folder: Path) -> str:
    """Replace or cut a file's bytes."""
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    if not files:
        return "nothing"
    file = rng.choice(files)
    content = file.read_bytes()
    how = rng.choice(["empty", "cut", "flipped", "nested", "noise", "longer", "null", "list", "{}", "marked", "latin"])
    at = rng.randrange(len(content) + 1)
    made = {
        "empty": b"",
        "cut": content[:at],
        "flipped": content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :],
        "nested": _NESTED.encode(),
        "noise": rng.randbytes(200),
        "longer": content + b"\0\0",
        "null": b"null",
        "list": b"[]",
        "{}": b"{}",
        "marked": b"\xef\xbb\xbf" + content,
        "latin": content + b"\xe9",
    }[how]
    file.write_bytes(made)
    return f"{file.name} {how}"


def in_the_way(rng: random.Random, folder: Path) -> str:
    """Take a file away, or put in its place what is no file, or a file of elsewhere."""
    names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json"]
    names += ["special_tokens_map.json", "chat_template.jinja", "vocab.json", "model.safetensors.index.json", "a.model"]
    names += ["additional_chat_templates", "tokenizer.model", "spiece.model", "merges.txt"]
    file = folder / rng.choice(names)
    kept = file.read_bytes() if file.is_file() else b"{}"
    if file.is_dir():
        shutil.rmtree(file)
    file.unlink(missing_ok=True)
    how = rng.choice(["gone", "folder", "FIFO", "dangling", "loop", "device", "elsewhere", "FIFO below"])
    if how == "folder":
        file.mkdir()
    elif how == "FIFO":
        os.mkfifo(file)
    elif how == "FIFO below":
        file.mkdir()
        os.mkfifo(file / "a.jinja")
    elif how == "elsewhere":
        (folder.parent / "blob").write_bytes(kept)
        file.symlink_to("../blob")
    elif how != "gone":
        file.symlink_to({"dangling": "../blobs/0123", "loop": file.name, "device": "/dev/zero"}[how])
    return f"{file.name} {how}"


def beside(rng: random.Random, folder: Path) -> str:
    """Put a file beside that changes what is loaded, or seems to."""
    name = rng.choice(
        ["adapter_config.json", "adapter_model.safetensors", "second.safetensors", "generation_config.json"]
    )
    if name == "second.safetensors" and (folder / "model.safetensors").is_file():
        shutil.copy(folder / "model.safetensors", folder / name)
    else:
        write_json(folder / name, {rng.choice(["do_sample", "max_length", "eos_token_id", "peft_type"]): hostile(rng)})
    return f"{name} beside"


def _words(changes: object) -> str:
    text = json.dumps(changes)
    return text if len(text) < 300 else f"{text[:140]}...{text[-100:]}"
