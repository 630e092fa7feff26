"""Files that results are written to."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.targets import destination, require_writable, write


def test_links_are_followed_and_kept(tmp_path: Path) -> None:
    """What a chain of links names is written, whether it was there or not, and the links are links still."""
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "there").write_bytes(b"old")
    (tmp_path / "second").symlink_to("far/there")
    (tmp_path / "first").symlink_to(tmp_path / "second")
    (tmp_path / "new").symlink_to("far/missing")
    require_writable(tmp_path / "first", tmp_path / "new")
    write({tmp_path / "first": b"one", tmp_path / "new": b"two"})
    assert (tmp_path / "first").is_symlink()
    assert (tmp_path / "second").is_symlink()
    assert (tmp_path / "new").is_symlink()
    assert {path.name: path.read_bytes() for path in (tmp_path / "far").iterdir()} == {
        "there": b"one",
        "missing": b"two",
    }


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        os.chdir(path.parent)  # a socket's name may have a hundred letters
        made.bind(path.name)


def _folder(path: Path) -> None:
    path.mkdir()


def _circle(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize("make", [_fifo, _socket, _folder, _circle])
@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_file_is_refused_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], linked: bool
) -> None:
    """A FIFO, a socket, a folder, a link to itself, and links to them: refused before anything is written and after."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "it")
    path = tmp_path / "it"
    if linked:
        path = tmp_path / "link"
        path.symlink_to("it")
    before = {each.name: each.lstat().st_mode for each in tmp_path.iterdir()}
    with pytest.raises(OSError, match=r"is there, expected a file|symbolic links"):
        require_writable(path)
    with pytest.raises(OSError, match=r"is there, expected a file|symbolic links"):
        write({path: b"x"})
    assert {each.name: each.lstat().st_mode for each in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["/dev/full", "/dev/stdout", "/dev/new", "/proc/self/fd/1", "/sys/x"])
def test_places_of_devices_are_refused_by_their_name(tmp_path: Path, name: str) -> None:
    """And through a link of one's own, even where the device's name links to a plain file, as /dev/stdout may."""
    (tmp_path / "link").symlink_to(name)
    for path in (Path(name), tmp_path / "link"):
        with pytest.raises(OSError, match="where the system has its devices"):
            destination(path)


def test_name_that_cannot_be_is_an_oserror(tmp_path: Path) -> None:
    """Too long, or with a NUL, which Python itself calls a ValueError."""
    for name in ("x" * 300, "new/" + "x" * 300, "a\0b", "new/a\0b"):
        with pytest.raises(OSError):  # noqa: PT011  # the system's words
            require_writable(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_folders_that_can_be_made_are_not_made_yet(tmp_path: Path) -> None:
    """The check leaves nothing, and the writing makes them."""
    path = tmp_path / "new" / "deep" / "file"
    require_writable(path)
    assert not list(tmp_path.iterdir())
    write({path: b"x"})
    assert [each.name for each in path.parent.iterdir()] == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_that_may_not_be_written_to_is_refused(tmp_path: Path) -> None:
    """Before anything is made."""
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        require_writable(tmp_path / "file")


def test_failure_leaves_all_files_as_they_were(tmp_path: Path) -> None:
    """Where the second of two can't be written, the first is not either."""
    (tmp_path / "first").write_bytes(b"old")
    (tmp_path / "second").mkdir()
    with pytest.raises(OSError, match="a folder is there"):
        write({tmp_path / "first": b"new", tmp_path / "second": b"new"})
    assert (tmp_path / "first").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]
