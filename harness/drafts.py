"""Places that are made whole or not at all, and that no two processes make at once.

A place `P` is written in a draft, a folder `.P-xxxxxxxx` beside it, and renamed. Its writer holds the lock `P.lock` for
as long as the draft lives. The system takes a lock from a process that is killed, so a draft whose lock can be taken is
nobody's. What stands in the way of a place is moved aside beside it, as `.damaged-P-xxxxxxxx`, and never deleted;
nothing is written or deleted through a link.
"""

import errno
import os
import re
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from harness.errors import HarnessError, cut, shown
from harness.files import what_is

_DRAFT = re.compile(r"\.(?P<place>.+)-[a-z0-9_]{8}")
ASIDE = re.compile(r"\.damaged-.+-[0-9a-f]{8}")
"""Names of drafts, and of what was moved aside."""
PASSING = "passing"
"""Name of a folder of the store that holds drafts alone: what lasts no longer than the process that needs it."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EIO}
"""What file systems without locks answer."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class PlaceWarning(UserWarning):
    """Something about a place that who runs the suite should know, and that changes no number."""


class MovedAsideWarning(PlaceWarning):
    """What stood where the suite writes was moved aside."""


class NoLocksWarning(PlaceWarning):
    """A file system has no locks: processes that run at once may compute the same."""


@dataclass(frozen=True)
class Freed:
    """What was removed: how many things, and their bytes."""

    number: int = 0
    size: int = 0

    def __add__(self, other: "Freed") -> "Freed":
        return Freed(self.number + other.number, self.size + other.size)


def lock_of(place: Path) -> Path:
    """Return the lock's file."""
    return place.parent / f"{place.name}.lock"


@contextmanager
def locked(place: Path, *, lock_stays: bool = True) -> Iterator[bool]:
    """Hold the place's lock, waiting for it; whether it is held: not where the file system has none (said once).

    The lock's file stays unless that is unwanted.

    Raises:
        OSError: the lock's file can't be made.

    """
    lock = lock_of(place)
    if lock.is_symlink():
        say_moved(lock, move_aside(lock, lock.lstat()), "a lock's file")
    clear_for_file(lock)
    holder = FileLock(lock, fallback_to_soft=False)
    try:
        holder.acquire()
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        _say_no_locks(lock, error)
    try:
        yield holder.is_locked
    finally:
        _release(holder, lock, stays=lock_stays)


def _release(holder: BaseFileLock, lock: Path, *, stays: bool) -> None:
    if holder.is_locked and not stays:
        with suppress(OSError):
            lock.unlink()  # while it is held: who waits on it notices and starts over
    holder.release()


@contextmanager
def unowned(place: Path) -> Iterator[bool]:
    """Hold the place's lock if nobody does; whether it is held. A lock's file that was not there does not stay."""
    lock = lock_of(place)
    there = _stands(lock)
    holder = FileLock(lock, fallback_to_soft=False)
    with suppress(Timeout, OSError):
        holder.acquire(timeout=0)
    try:
        yield holder.is_locked
    finally:
        _release(holder, lock, stays=there)


@contextmanager
def draft_of(place: Path) -> Iterator[Path]:
    """Yield an empty folder beside the place, to be written in under its lock; it goes at the end."""
    prefix = f".{place.name}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place.parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def remove_drafts(folder: Path, places: re.Pattern[str]) -> Freed:
    """Remove the drafts that nobody owns of a folder's places whose names match; nothing is opened but their locks."""
    freed = Freed()
    for path in entries_of(folder):
        found = _DRAFT.fullmatch(path.name)
        if found and places.fullmatch(found["place"]) and _is_folder(path):
            with unowned(folder / found["place"]) as free:
                freed += remove(path) if free else Freed()
    return freed


def remove_drafts_of(place: Path) -> None:
    """Remove the drafts of one place, whose lock is held."""
    for path in entries_of(place.parent):
        found = _DRAFT.fullmatch(path.name)
        if found and found["place"] == place.name and _is_folder(path):
            remove(path)


def entries_of(folder: Path) -> list[Path]:
    """Return what is in a folder; nothing where there is none, or a link in its place."""
    if not _is_folder(folder):
        return []
    with suppress(OSError), os.scandir(folder) as found:
        return [folder / entry.name for entry in found]
    return []


def remove(path: Path) -> Freed:
    """Remove a file, a link or a folder with all in it, and say what that freed; what can't be removed stays."""
    try:
        freed = Freed(1, _size(path))
        if _is_folder(path):
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:
        return Freed()
    return freed


def make_folder(root: Path, *names: str) -> Path:
    """Return the folder `root/a/b/...`, made where it isn't there; what is no folder is moved aside, and said.

    Raises:
        HarnessError: a link stands where a folder belongs: nothing is written through one.
        OSError: it can't be made.

    """
    folder = root
    for name in names:
        folder /= name
        require_no_link(folder)
        clear(folder)
        folder.mkdir(exist_ok=True)
    return folder


def clear(folder: Path) -> None:
    """Move aside what stands in a folder's place and is none, a link to one among it, and say so; raises OSError."""
    if _stands(folder) and not _is_folder(folder):
        say_moved(folder, move_aside(folder, folder.lstat()), "a folder")


def clear_for_file(path: Path) -> None:
    """Move aside what stands in a file's place and is none, and say so; a link is replaced. Raises OSError."""
    if _stands(path) and not path.is_symlink() and not path.is_file():
        say_moved(path, move_aside(path, path.lstat()), "a file")


def require_no_link(folder: Path) -> None:
    """Raise a HarnessError where a link stands in a folder's place."""
    if folder.is_symlink():
        raise HarnessError(
            f"{folder} is {stands_there(folder)}, expected a folder: nothing is written through a link inside a store. "
            "Put the folder itself there, or remove the link; a whole store elsewhere is named with --store",
        )


def move_aside(path: Path, seen: os.stat_result) -> Path:
    """Rename what was seen at a path to a free name beside it and return that; never deletes, never follows a link.

    Raises:
        OSError: it can't be renamed.

    """
    aside = path.parent / f".damaged-{path.name[:200]}-{secrets.token_hex(4)}"
    path.rename(aside)
    if not os.path.samestat(aside.lstat(), seen):  # between the look and the renaming another process mended it
        with suppress(OSError):
            aside.rename(path)
    return aside


def say_moved(path: Path, aside: Path, expected: str) -> None:
    """Warn that what stood at a path was moved aside."""
    message = f"{path} was {stands_there(aside)}, expected {expected}; it was moved aside to {aside}"
    warnings.warn(cut(shown(message)), MovedAsideWarning, stacklevel=3)


def stands_there(path: Path) -> str:
    """Return what stands at a path, in words, links as such."""
    words = what_is(path)
    return words if words == "a link to nothing" or not path.is_symlink() else f"a link to {words}"


def remedy(error: Exception) -> str:
    """Return what to do about an error of writing, by its cause."""
    code = getattr(error, "errno", None)
    if code is None and (named := re.search(r"(?:code: |os error )(\d+)", str(error))):  # safetensors' own
        code = int(named[1])
    if code in _FULL:
        return "make room on that disk or choose another folder"
    return "choose a folder that you may write to" if code in _FORBIDDEN else "choose another folder"


def _say_no_locks(lock: Path, error: OSError) -> None:
    if (device := lock.parent.stat().st_dev) in _SAID:
        return
    _SAID.add(device)
    message = (
        f"the file system of {lock.parent} has no locks ({error.strerror}): processes that run at once may compute the "
        "same, and what killed ones leave half-written is not removed. No number changes by that"
    )
    warnings.warn(cut(shown(message)), NoLocksWarning, stacklevel=4)


_SAID: set[int] = set()
"""File systems of which this process has said it."""


def _stands(path: Path) -> bool:
    return os.path.lexists(path)


def _is_folder(path: Path) -> bool:
    """Return whether a folder itself is there, not a link to one."""
    return path.is_dir() and not path.is_symlink()


def _size(path: Path) -> int:
    if not _is_folder(path):
        return path.lstat().st_size
    inside = [Path(folder) / name for folder, _, names in os.walk(path) for name in names]
    return sum(file.lstat().st_size for file in inside)
