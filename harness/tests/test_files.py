"""Reads of files that others may have made."""

import hashlib
import os
import socket
from pathlib import Path

import pytest

from harness.files import NESTING, NotRegularError, file_sha256, opened, parse_json, parse_toml, read_text, what_is


def test_regular_file_and_a_link_to_one_are_read(tmp_path: Path) -> None:
    """Bytes come whole, and through a link."""
    (tmp_path / "file").write_bytes(b"whole")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        with opened(tmp_path / name) as file:
            assert file.read() == b"whole"
        assert file_sha256(tmp_path / name) == hashlib.sha256(b"whole").hexdigest()


@pytest.mark.parametrize("kind", ["folder", "FIFO", "device", "socket"])
def test_what_is_no_regular_file_is_refused_by_its_kind(tmp_path: Path, kind: str) -> None:
    """A FIFO is not waited for, a device not read."""
    place = tmp_path / "thing"
    if kind == "folder":
        place.mkdir()
    elif kind == "FIFO":
        os.mkfifo(place)
    elif kind == "device":
        place.symlink_to(os.devnull)
    else:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(place))
    with pytest.raises(NotRegularError, match=f"a {kind}, expected a regular file"), opened(place):
        pass
    assert what_is(place) == f"a {kind}"


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """Nothing, and a link to nothing, are told apart."""
    (tmp_path / "dangling").symlink_to("nowhere")
    assert what_is(tmp_path / "dangling") == "a link to nothing"
    assert what_is(tmp_path / "nowhere") == "nothing"
    with pytest.raises(FileNotFoundError), opened(tmp_path / "dangling"):
        pass


def test_more_than_the_limit_is_not_read(tmp_path: Path) -> None:
    """One byte more than a file of settings may have is refused; as many are read."""
    (tmp_path / "file").write_text("12345", encoding="utf-8")
    assert read_text(tmp_path / "file", limit_bytes=5) == "12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_text(tmp_path / "file", limit_bytes=4)


@pytest.mark.parametrize("deep", [NESTING + 1, 100_000])
def test_nested_too_deep_is_one_value_error(deep: int) -> None:
    """Whether Python's reader could follow or not; as deep as the limit is read."""
    with pytest.raises(ValueError, match=f"more than {NESTING} deep"):
        parse_json("[" * deep + "]" * deep)
    with pytest.raises(ValueError, match=f"more than {NESTING} deep"):
        parse_toml("a = " + "[" * deep + "]" * deep)
    assert parse_json("[" * NESTING + "]" * NESTING)


@pytest.mark.parametrize("text", ["{}=1", "[{}]", "a = {{{}=1}}", "x=1\n[[{}]]"])
@pytest.mark.parametrize("name", ["a", '"a b"', "'.'"])
def test_dotted_keys_nest_too(text: str, name: str) -> None:
    """One of ten thousand names would take minutes, so it is found before the fault below it; shorter ones are read."""
    with pytest.raises(ValueError, match=f"more than {NESTING} deep"):
        parse_toml(text.format(" . ".join([name] * (NESTING + 1))) + "\n!")
    assert parse_toml(text.format(".".join([name] * (NESTING - 2))))


def test_dots_of_a_text_are_no_nesting() -> None:
    """Nor is a long word."""
    sentences = "One two. Three." * 100 + "a" * 10_000 + "." * 100
    assert parse_toml(f'a = """{sentences}"""') == {"a": sentences}


def test_unfinished_nesting_is_too_deep_as_well() -> None:
    """A line of opening brackets alone."""
    with pytest.raises(ValueError, match="deep"):
        parse_json("[" * 100_000)
