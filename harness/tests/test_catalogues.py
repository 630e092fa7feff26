"""Catalogues of rows in TOML: read as the record that is expected, or one message."""

import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from harness.errors import HarnessError
from harness.packages import read_toml, unknown

SIZES = TypeAdapter(dict[str, tuple[int, ...]])


def test_catalogue_is_read_as_the_record_that_is_expected(tmp_path: Path) -> None:
    """Arrays become the tuples that the type says, in the file's order; an empty file is an empty record."""
    file = tmp_path / "sizes.toml"
    file.write_text("b = [1]\na = []\n")
    assert list(read_toml(file, SIZES).items()) == [("b", (1,)), ("a", ())]
    file.write_text("")
    assert read_toml(file, SIZES) == {}


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (None, r"^can't read .*sizes\.toml: .*No such file"),
        (b"[a", r"^can't read .*sizes\.toml: Expected .]. at the end"),
        (b"a = '\xff'", r"^can't read .*sizes\.toml: .*can't decode byte"),
        (
            b"a = ['one', 2, []]",
            r"sizes\.toml can't be used: a\.0: .*valid integer.*; a\.2: .*valid integer",
        ),
        (b"a = 1", r"sizes\.toml can't be used: a: Input should be a valid tuple"),
        (
            b"a = " + b"[" * 100_000,
            r"^can't read .*sizes\.toml: lists and mappings .* more than 64 deep",
        ),
        (b"a." * 100_000 + b"a = 1", r"^can't read .*sizes\.toml: lists and mappings .* more than 64 deep"),
        (b"#" * (1 << 20) + b"#", r"^can't read .*sizes\.toml: more than 1,048,576 bytes"),
        (b"a = [" + b"'b'," * 30 + b"]", r"a\.9: Input should be a valid integer.* \(the first 10 of 30\)"),
    ],
)
def test_wrong_catalogue_is_one_error(tmp_path: Path, written: bytes | None, complaint: str) -> None:
    """A file that is missing, no TOML, no text, or holds what the type does not know: it is named, and each fault."""
    file = tmp_path / "sizes.toml"
    if written is not None:
        file.write_bytes(written)
    with pytest.raises(HarnessError, match=complaint):
        read_toml(file, SIZES)


def test_fifo_for_a_catalogue_is_not_waited_for(tmp_path: Path) -> None:
    """Nothing is read of what is no regular file."""
    os.mkfifo(tmp_path / "sizes.toml")
    with pytest.raises(HarnessError, match=r"sizes\.toml: a FIFO, expected a regular file"):
        read_toml(tmp_path / "sizes.toml", SIZES)


def test_byte_order_mark_of_a_catalogue_is_no_text(tmp_path: Path) -> None:
    """As some editors save it."""
    (tmp_path / "sizes.toml").write_text("b = [1]", encoding="utf-8-sig")
    assert read_toml(tmp_path / "sizes.toml", SIZES) == {"b": (1,)}


def test_unknown_name_is_answered_with_the_nearest() -> None:
    """A misspelt name gets the one that was meant, and all others."""
    assert unknown("task", "movei", ["tweet", "movie"]) == (
        "unknown task 'movei': did you mean 'movie'? Known: movie, tweet"
    )
