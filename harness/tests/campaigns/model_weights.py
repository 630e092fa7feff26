"""Mutations of a model's weights: of their header, and of an index that names their files."""

import json
import random
import shutil
import struct
from pathlib import Path
from typing import Any

from harness.tests.model_folders import WIDTH

HOSTILE: tuple[Any, ...] = (
    *(0, -1, 1, 2, 3, 5, 7, 8, 64, 10**6, 10**9, 10**12, 10**40, -(10**12)),
    *(0.5, -1.5, 1e300, float("nan"), float("inf"), True, False, None),
    *("", "evil", "0", "../outside", "\ud800", "x" * 100_000, "\x1b[31m", "kernels-community/flash-attn"),
    *([], {}, [1], ["a", None], {"a": {"b": [1]}}, {"factor": 10**12}, [[[[]]]]),
)


def hostile(rng: random.Random) -> Any:
    """Return a value that a field may be hostile with."""
    return rng.choice(HOSTILE)


def write_json(file: Path, value: object) -> None:
    """Write a JSON file, unless something else stands in the way: a pipe would wait for its reader."""
    if file.is_file() or not (file.is_symlink() or file.exists()):
        file.write_text(json.dumps(value), encoding="utf-8")


_BEYOND = ["model.layers.2.self_attn.q_proj.weight", "transformer.h.2.ln_1.weight", "h.7.ln_1.bias"]
_BESIDE = ["transformer.h.0.attn.bias", "model.layers.0.x.weight", "model.rotary_emb.inv_freq", "lm_head.bias"]


def in_header(rng: random.Random, folder: Path) -> str:
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
        entry[key] = rng.choice([*pool.get(key, [[0, 4], [4, 0], [0, 10**12], [-4, 0]]), hostile(rng)])
    elif how == "field":
        entry[rng.choice(["extra", "shape", "dtype"])] = hostile(rng)
    elif how == "value":
        header[name] = hostile(rng)
    elif how in {"more", "extra"}:
        place = [len(data), len(data) + 4 * WIDTH]
        added = {"dtype": "F32", "shape": [WIDTH], "data_offsets": place}
        header[rng.choice(_BEYOND if how == "more" else _BESIDE)] = added
        data += bytes(4 * WIDTH)
    raw = json.dumps(header).encode()
    length = rng.choice([0, 7, 2**63, 10**9, len(raw) - 1]) if how == "length" else len(raw)
    file.write_bytes(struct.pack("<Q", length) + raw + data)
    return f"header {how} {name}"


def in_index(rng: random.Random, folder: Path) -> str:
    """Name the weights' files in an index: sound, outside, missing, or no file's name at all."""
    file, outside = folder / "model.safetensors", folder.parent / "outside.safetensors"
    if not file.is_file():
        return "nothing"
    names = _names(file) or ["a"]
    elsewhere = ["../outside.safetensors", str(outside), "sub/a.safetensors", "a.bin"]
    where = rng.choice(["model-00001.safetensors", rng.choice(elsewhere)])
    target = folder / where
    target.parent.mkdir(exist_ok=True)
    shutil.copy(file, target)
    if rng.random() < 0.7:
        file.unlink()
    weight_map: Any = dict.fromkeys(names, where)
    if rng.random() < 0.25:
        weight_map[rng.choice(names)] = hostile(rng)
    if rng.random() < 0.1:
        weight_map = hostile(rng)
    write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": 1}, "weight_map": weight_map})
    return f"index of {where}"


def _names(file: Path) -> list[str]:
    content = file.read_bytes()
    try:
        (size,) = struct.unpack("<Q", content[:8])
        return [name for name in json.loads(content[8 : 8 + size]) if name != "__metadata__"]
    except (ValueError, TypeError, struct.error):
        return []
