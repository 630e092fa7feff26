"""A file that several archives hold in pieces: joined once, and held to the hash of each and of the whole."""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.packages import Part, join_members

HELLO = hashlib.sha256(b"hello").hexdigest()


def _zipped(file: Path, content: bytes) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("piece", content)
    return file


def _parts(folder: Path, *contents: bytes) -> list[Part]:
    """Return pieces, each the member 'piece' of a zip of its own."""
    archives = [_zipped(folder / f"part{i}", content) for i, content in enumerate(contents)]
    return [
        Part(archive, "piece", hashlib.sha256(content).hexdigest(), len(content))
        for archive, content in zip(archives, contents, strict=True)
    ]


def test_pieces_are_joined_in_their_order(tmp_path: Path) -> None:
    """One file comes out, with nothing beside it; once it is there whole, no archive is needed."""
    parts, target = _parts(tmp_path, b"he", b"ll", b"o"), tmp_path / "out" / "whole"
    assert join_members(parts, target, HELLO).read_bytes() == b"hello"
    assert list(target.parent.iterdir()) == [target]
    for part in parts:
        part.archive.unlink()
    assert join_members(parts, target, HELLO) == target


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda parts: [parts[0], replace(parts[1], sha256="0" * 64), parts[2]], r"^'piece' of .*part1 has sha256"),
        (lambda parts: [parts[1], parts[0], parts[2]], r"^'whole', joined of 3 parts, has sha256 .* in their order$"),
        (lambda parts: [*parts[:2], replace(parts[2], archive=Path("gone"))], r"^no archive at gone .*fetch it first"),
        (lambda parts: [parts[0], replace(parts[1], bytes=1), parts[2]], r"^'piece' of .*part1 is larger than the 1 "),
    ],
)
def test_pieces_that_are_not_the_files_are_refused(
    tmp_path: Path, change: Callable[[list[Part]], list[Part]], message: str
) -> None:
    """One of another hash or length, one that is missing, and all of them in another order: nothing is left behind."""
    with pytest.raises(HarnessError, match=message):
        join_members(change(_parts(tmp_path, b"he", b"ll", b"o")), tmp_path / "out" / "whole", HELLO)
    assert list((tmp_path / "out").iterdir()) == []
