"""Model folders, sound but for a mutation or two: config.json, tokenizer files, safetensors headers, indices, files."""

import json
import os
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.tests.campaigns.campaign import Campaign
from harness.tests.model_folders import FAMILIES, write_model

Mutation = Callable[[random.Random, Path], str]

_NESTED = "[" * 100_000
HOSTILE: tuple[Any, ...] = (
    *(0, -1, 1, 2, 3, 5, 7, 8, 64, 10**6, 10**9, 10**12, 10**40, -(10**12)),
    *(0.5, -1.5, 1e300, float("nan"), float("inf"), True, False, None),
    *("", "evil", "0", "../outside", "\ud800", "x" * 100_000, "\x1b[31m", "kernels-community/flash-attn"),
    *([], {}, [1], ["a", None], {"a": {"b": [1]}}, {"factor": 10**12}, [[[[]]]]),
)


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


def _value(rng: random.Random) -> Any:
    return rng.choice(HOSTILE)


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def _write(file: Path, value: object) -> None:
    if not file.is_dir():
        file.write_text(json.dumps(value), encoding="utf-8")


def _in_config(rng: random.Random, folder: Path) -> str:
    file = folder / "config.json"
    said = _json(file)
    said = said if isinstance(said, dict) else {}
    present = [*said] or FIELDS
    changes = {rng.choice([rng.choice(FIELDS), rng.choice(present)]): _value(rng) for _ in range(rng.randint(1, 2))}
    if rng.random() < 0.2:
        changes[rng.choice(["rope_parameters", "rope_scaling"])] = rng.choice(ROPES)
    _write(file, said | changes)
    return f"config {_words(changes)}"


def _in_ropes(rng: random.Random, folder: Path) -> str:
    rope = rng.choice(ROPES)
    if isinstance(rope, dict) and rng.random() < 0.7:
        rope = dict(rope) | {"rope_theta": 1e4, "original_max_position_embeddings": rng.choice([8, 64, 72, 128, None])}
        if rng.random() < 0.5:
            rope[rng.choice([*rope])] = _value(rng)
    name = rng.choice(["rope_parameters", "rope_scaling"])
    said = _json(folder / "config.json")
    _write(folder / "config.json", (said if isinstance(said, dict) else {}) | {name: rope})
    return f"config {_words({name: rope})}"


def _dropped(rng: random.Random, folder: Path) -> str:
    file = folder / rng.choice(["config.json", "tokenizer_config.json"])
    said = _json(file)
    if not isinstance(said, dict) or not said:
        return "nothing"
    name = rng.choice([*said])
    del said[name]
    _write(file, said)
    return f"{file.name} without {name}"


def _in_tokenizer(rng: random.Random, folder: Path) -> str:
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
                at[key] = _value(rng)
            break
        at = below
    _write(file, tree)
    return f"tokenizer.json at {path}"


def _in_tokenizers_settings(rng: random.Random, folder: Path) -> str:
    name = rng.choice(["tokenizer_config.json"] * 3 + ["special_tokens_map.json", "added_tokens.json"])
    file = folder / name
    said = _json(file) if file.exists() else {}
    value = rng.choice([_value(rng), "<s>", {"content": "<new>", "lstrip": False}, ["a.b", "evil.Evil"], "w3"])
    _write(file, (said if isinstance(said, dict) else {}) | {rng.choice(TOKENIZER_FIELDS): value})
    return f"{name} {_words(_json(file))}"


def _raw(rng: random.Random, folder: Path) -> str:
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


def _in_the_way(rng: random.Random, folder: Path) -> str:
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


def _header(rng: random.Random, folder: Path) -> str:
    """Rewrite the header of the weights: names, types, shapes, places, its length."""
    file = folder / "model.safetensors"
    if not file.is_file():
        return "nothing"
    content = file.read_bytes()
    try:
        (size,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + size])
    except (ValueError, struct.error):
        return "nothing"
    data, names = content[8 + size :], [*map(str, header)]
    name = rng.choice(names)
    how = rng.choice(["renamed", "gone", "dtype", "shape", "offsets", "field", "length", "value", "more", "extra"])
    entry: Any = header[name]
    if how == "renamed":
        header[rng.choice([f"{name}x", name.replace(".0.", ".7."), f"model.{name}", "lm_head.bias"])] = header.pop(name)
    elif how == "gone":
        del header[name]
    elif how in {"dtype", "shape", "data_offsets", "offsets"}:
        key = "data_offsets" if how == "offsets" else how
        pool: dict[str, list[Any]] = {
            "dtype": ["I8", "F16", "U8", "F8_E4M3", "BF16", "I32", "evil"],
            "shape": [[10**6, 10**6], [], [-1]],
        }
        entry[key] = rng.choice([*pool.get(key, [[0, 4], [4, 0], [0, 10**12], [-4, 0]]), _value(rng)])
    elif how == "field":
        entry[rng.choice(["extra", "shape", "dtype"])] = _value(rng)
    elif how == "value":
        header[name] = _value(rng)
    elif how == "more":
        header["model.layers.2.self_attn.q_proj.weight"] = entry
    elif how == "extra":
        header[rng.choice(["transformer.h.0.attn.bias", "model.layers.0.x.weight"])] = entry
    raw = json.dumps(header).encode()
    length = rng.choice([0, 7, 2**63, 10**9, len(raw) - 1]) if how == "length" else len(raw)
    file.write_bytes(struct.pack("<Q", length) + raw + data)
    return f"header {how} {name}"


def _index(rng: random.Random, folder: Path) -> str:
    """Name the weights' files in an index: sound, outside, missing, or no file's name at all."""
    file, outside = folder / "model.safetensors", folder.parent / "outside.safetensors"
    if not file.is_file():
        return "nothing"
    names = _names(file) or ["a"]
    where = rng.choice(
        ["model-00001.safetensors", "../outside.safetensors", str(outside), "sub/a.safetensors", "a.bin"]
    )
    target = folder / where
    target.parent.mkdir(exist_ok=True)
    shutil.copy(file, target)
    if rng.random() < 0.7:
        file.unlink()
    weight_map: Any = dict.fromkeys(names, where)
    if rng.random() < 0.4:
        weight_map[rng.choice(names)] = _value(rng)
    if rng.random() < 0.1:
        weight_map = _value(rng)
    _write(folder / "model.safetensors.index.json", {"metadata": {"total_size": 1}, "weight_map": weight_map})
    return f"index of {where}"


def _names(file: Path) -> list[str]:
    content = file.read_bytes()
    try:
        (size,) = struct.unpack("<Q", content[:8])
        return [name for name in json.loads(content[8 : 8 + size]) if name != "__metadata__"]
    except (ValueError, TypeError, struct.error):
        return []


def _beside(rng: random.Random, folder: Path) -> str:
    """Put a file beside that changes what is loaded, or seems to."""
    name = rng.choice(
        ["adapter_config.json", "adapter_model.safetensors", "second.safetensors", "generation_config.json"]
    )
    if name == "second.safetensors" and (folder / "model.safetensors").is_file():
        shutil.copy(folder / "model.safetensors", folder / name)
    else:
        _write(folder / name, {rng.choice(["do_sample", "max_length", "eos_token_id", "peft_type"]): _value(rng)})
    return f"{name} beside"


def _words(changes: object) -> str:
    text = json.dumps(changes)
    return text if len(text) < 300 else f"{text[:140]}...{text[-100:]}"


MUTATIONS: tuple[Mutation, ...] = (
    *(_in_config,) * 6,
    *(_in_tokenizer,) * 4,
    *(_in_tokenizers_settings,) * 2,
    *(_header,) * 3,
    *(_in_ropes, _dropped, _raw, _raw, _in_the_way, _in_the_way, _index, _beside),
)


def make(rng: random.Random, folder: Path) -> str:
    """Write a sound folder, and mutate it once or twice."""
    family = rng.choice(["llama", "llama", *FAMILIES])
    model = write_model(folder / "model", family)
    return f"{family}: " + "; ".join(rng.choice(MUTATIONS)(rng, model) for _ in range(rng.choice([1, 1, 1, 2])))


def answer(folder: Path) -> str:
    """Locate the model, tokenize a task's texts, load the weights and score two queries behind demonstrations."""
    import fixtures  # noqa: PLC0415  # in the try's own process
    from harness.data import Example, Setting, Task  # noqa: PLC0415
    from harness.errors import HarnessError  # noqa: PLC0415
    from harness.models.loading import load_model, load_prompt_builder, quiet_transformers  # noqa: PLC0415
    from harness.models.scoring import score  # noqa: PLC0415
    from harness.models.source import locate_model, source_facts  # noqa: PLC0415

    quiet_transformers()
    shown, *asked = (Example({"text": f"w{i} w{i + 1} w{i + 2}"}, i % 2, str(i)) for i in range(4))
    task = Task("toy", "Input: {text} Type:", ("bad", "good"), (), (), (), "", "", "")
    try:
        source = locate_model(str(folder / "model"), fixtures.MODELS)
        prompts = load_prompt_builder(source, folder / ".store").build(task, [shown], asked)
        model = load_model(source, folder / ".store", "cpu")
        source_facts(source, folder / ".store")
        score(model, prompts, Setting.ICL)
    except HarnessError as error:
        if "trust_remote_code" in str(error) or "Traceback" in str(error):
            raise AssertionError(str(error)) from error
        raise
    return "scored"


CAMPAIGN = Campaign(
    "models",
    make,
    answer,
    preload=(
        "torch",
        "harness.models.loading",
        "harness.models.scoring",
        "transformers.models.gpt2.modeling_gpt2",
        "transformers.models.llama.modeling_llama",
        "transformers.models.xglm.modeling_xglm",
        "fixtures",
    ),
)
