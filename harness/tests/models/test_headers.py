"""Headers of safetensors files: what is in them is what the library wrote, and a damaged one is a ValueError."""

import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from harness.models.headers import Stored, read_header

A = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def written(file: Path, header: Any, data: bytes = bytes(8), length: int | None = None) -> Path:
    """Write a file with this header, which is JSON or bytes, and data of eight bytes."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(raw) if length is None else length) + raw + data)
    return file


def test_header_is_what_was_saved(tmp_path: Path) -> None:
    """Names, types and shapes of what the library wrote, scalars and empty tensors among them."""
    arrays = {"a": np.zeros((2, 3), np.float32), "b": np.zeros((), np.float16), "c": np.zeros((0, 4), np.int64)}
    save_file(arrays, tmp_path / "x.safetensors", metadata={"format": "pt"})
    found = read_header(tmp_path / "x.safetensors")
    assert found == {"a": Stored("F32", (2, 3)), "b": Stored("F16", ()), "c": Stored("I64", (0, 4))}
    assert [found[name].numbers for name in "abc"] == [6, 1, 0]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"a": A}, None),
        ({"a": A, "__metadata__": {"format": "pt"}}, None),
        (b"[" * 100_000, "more than 64 deep"),
        (b"{ ", "Expecting"),
        ([], "no table of tensors"),
        ({"a": A | {"data_offsets": [0, 4]}}, "'a' of shape .* takes 4 bytes"),
        ({"a": A | {"shape": [-2]}}, r"'a' has the shape \[-2\]"),
        ({"a": A | {"shape": [2.0]}}, "'a' has the shape"),
        ({"a": A | {"shape": [True, 2]}}, "'a' has the shape"),
        ({"a": A | {"shape": [10**40]}}, "'a' of shape"),
        ({"a": A | {"dtype": "F4"}}, "of type 'F4', expected F64, F32, F16, BF16"),
        ({"a": A | {"dtype": 3}}, "no dtype, shape and data_offsets of 'a'"),
        ({"a": 3}, "no dtype, shape and data_offsets of 'a'"),
        ({"a": A | {"data_offsets": [4, 12]}}, "begins at byte 4 of the data, expected 0"),
        ({"a": A, "b": A}, "begins at byte 0 of the data, expected 8"),
        ({}, "need 0 bytes of data, it holds 8"),
    ],
)
def test_header_fits_its_file_or_is_refused(tmp_path: Path, header: Any, message: str | None) -> None:
    """Types are known, shapes are sizes, and tensors lie one behind the other over all of the data."""
    file = written(tmp_path / "x.safetensors", header)
    if message is None:
        assert read_header(file) == {"a": Stored("F32", (2,))}
    else:
        with pytest.raises((ValueError, TypeError), match=message):
            read_header(file)


@pytest.mark.parametrize("length", [0, 10**9, 2**63])
def test_length_of_a_header_is_bounded(tmp_path: Path, length: int) -> None:
    """A file that says a header of a gigabyte makes nobody read one."""
    with pytest.raises(ValueError, match="header's length"):
        read_header(written(tmp_path / "x.safetensors", {"a": A}, length=length))


def test_number_of_tensors_is_bounded(tmp_path: Path) -> None:
    """As many names as fit into sixteen megabytes take half a minute to look at, each of them empty."""
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    with pytest.raises(ValueError, match=r"names 32,769 tensors, expected at most 32,768"):
        read_header(written(tmp_path / "x.safetensors", {f"x{i}": empty for i in range((1 << 15) + 1)}, data=b""))


def test_file_that_ends_in_its_header_is_refused(tmp_path: Path) -> None:
    """Cut short, by a download that broke off."""
    with pytest.raises(ValueError, match="ends within its header"):
        read_header(written(tmp_path / "x.safetensors", {"a": A}, data=b"", length=1000))


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A FIFO of that name is an OSError."""
    os.mkfifo(tmp_path / "x.safetensors")
    with pytest.raises(OSError, match="expected a regular file"):
        read_header(tmp_path / "x.safetensors")
