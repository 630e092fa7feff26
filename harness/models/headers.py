"""What a safetensors file holds, as its header says it: no weight is read.

The format (https://github.com/huggingface/safetensors#format): eight bytes of the header's length, little end first;
a JSON table from names to type, shape and place among the data; then the data, without gaps.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.files import SMALL, opened, parse_json

BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
"""Of a number, by the types that weights can be finetuned in."""
_OTHERS = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I16": 2, "U16": 2}
_OTHERS |= {"I32": 4, "U32": 4, "I64": 8, "U64": 8, "C64": 8}
ALL_BYTES = BYTES | _OTHERS
"""The same of all types that a file may hold."""

MOST = 1 << 15
"""Tensors that a file may hold: 20 times what the largest published models of these families have. A header of some
megabytes could name 300,000, which to look at takes longer than anyone should wait."""

_LENGTH = 8


@dataclass(frozen=True)
class Stored:
    """Type and shape of a tensor in a file."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


def read_header(file: Path) -> Mapping[str, Stored]:
    """Return what a safetensors file holds, by name.

    Raises:
        OSError: it can't be read, or is no regular file.
        ValueError: its header is damaged, or does not fit the file's length.

    """
    with opened(file) as stream:
        start = stream.read(_LENGTH)
        length = int.from_bytes(start, "little")
        if len(start) < _LENGTH or not 1 < length <= SMALL:
            raise ValueError(f"its header's length is {length:,} bytes, expected 2 to {SMALL:,}")
        raw = stream.read(length)
        size = stream.seek(0, 2)
    if len(raw) < length:
        raise ValueError(f"it ends within its header: {size:,} bytes, {_LENGTH + length:,} expected")
    table = parse_json(raw)
    if not isinstance(table, dict):
        raise TypeError(f"its header is no table of tensors but {json.dumps(table)[:40]}")
    table.pop("__metadata__", None)
    if len(table) > MOST:
        raise ValueError(f"its header names {len(table):,} tensors, expected at most {MOST:,}")
    _require_places({name: _place(name, entry) for name, entry in table.items()}, size - _LENGTH - length)
    return {name: Stored(entry["dtype"], tuple(entry["shape"])) for name, entry in table.items()}


def _place(name: str, entry: object) -> tuple[int, int]:
    """Return [first, last) of a tensor's bytes, which must be as many as its type and shape need."""
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(first), int(last)]}:
            bytes_each = ALL_BYTES.get(dtype)
        case _:
            raise ValueError(f"its header says no dtype, shape and data_offsets of '{name}'")
    if bytes_each is None:
        raise ValueError(f"its tensor '{name}' is of type '{dtype}', expected {', '.join(BYTES)}")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"its tensor '{name}' has the shape {shape}")
    if last - first != math.prod(shape) * bytes_each:
        raise ValueError(f"its tensor '{name}' of shape {shape} takes {last - first:,} bytes of it, which does not fit")
    return first, last


def _require_places(places: Mapping[str, tuple[int, int]], size: int) -> None:
    """Hold the tensors to lying one behind the other from the first byte of the data to the last."""
    end = 0
    for name, (first, last) in sorted(places.items(), key=lambda item: item[1]):
        if first != end:
            raise ValueError(f"its tensor '{name}' begins at byte {first:,} of the data, expected {end:,}")
        end = last
    if end != size:
        raise ValueError(f"its tensors need {end:,} bytes of data, it holds {size:,}")
