"""What killed processes left in a store, and what was moved aside: found by name, removed by who holds its lock."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.drafts import ASIDE, PASSING, Freed, entries_of, remove, remove_drafts, unowned
from harness.errors import HarnessError
from harness.store.settings import SETTINGS, require_readable

_ENTRY = re.compile(r"[0-9a-f]{32}")
_FETCHED = re.compile(r"fetch|extract|.+\.(whl|zip|tar\.gz)")
_MODEL = re.compile(r".+-[0-9a-f]{16}")
_PASSING = re.compile(r"[0-9a-f]{16}")
_SETTINGS = re.compile(re.escape(SETTINGS))


def _folders(root: Path) -> Iterator[tuple[Path, re.Pattern[str]]]:
    """Yield the folders that places are in, each with the names that the suite gives places there."""
    yield root, _SETTINGS
    yield root / "models", _MODEL
    for folder in (root / "fetched", *entries_of(root / "fetched")):
        yield folder, _FETCHED
    yield root / PASSING, _PASSING
    for kind in entries_of(root / "runs"):
        yield kind, _ENTRY


def remove_leftovers(root: Path) -> Freed:
    """Remove drafts that nobody writes any more, and checkpoints of trainings that are kept.

    Lists the store's folders and opens no entry: 500 entries take some milliseconds.
    """
    drafts = sum((remove_drafts(folder, places) for folder, places in _folders(root)), Freed())
    return drafts + _remove_checkpoints(root)


def _remove_checkpoints(root: Path) -> Freed:
    freed = Freed()
    for checkpoint in entries_of(root / "checkpoints"):
        for kind in entries_of(root / "runs"):
            if _ENTRY.fullmatch(checkpoint.name) and (entry := kind / checkpoint.name).is_dir():
                with unowned(entry) as free:
                    freed += remove(checkpoint) if free else Freed()
    return freed


@dataclass(frozen=True)
class Cleaned:
    """What `clean` removed, and what it left."""

    leftovers: Freed
    """Drafts, and checkpoints of trainings that are kept."""
    locks: Freed
    aside: Freed
    left: tuple[Path, ...]
    """What was moved aside and stays."""


def clean(root: Path, *, aside: bool) -> Cleaned:
    """Remove leftovers and the files of locks that nobody holds; what was moved aside only where that is asked for.

    Raises:
        HarnessError: there is no store, or it is of a newer format.

    """
    if not (root / "runs").is_dir() and not (root / SETTINGS).is_file():
        raise HarnessError(f"no store at {root}: give the folder that runs are kept in with --store")
    require_readable(root)
    leftovers = remove_leftovers(root)
    locks = sum((_remove_locks(folder, places) for folder, places in _folders(root)), Freed())
    moved = sorted(_moved_aside(root))
    removed = sum((remove(path) for path in moved), Freed()) if aside else Freed()
    return Cleaned(leftovers, locks, removed, tuple(path for path in moved if path.is_symlink() or path.exists()))


def _remove_locks(folder: Path, places: re.Pattern[str]) -> Freed:
    freed = Freed()
    for lock in entries_of(folder):
        if lock.suffix == ".lock" and places.fullmatch(lock.stem) and lock.is_file() and not lock.is_symlink():
            with unowned(lock.with_suffix("")) as free:
                freed += remove(lock) if free else Freed()
    return freed


def _moved_aside(root: Path) -> Iterator[Path]:
    inside = [root, root / "runs", root / "checkpoints", *(folder for folder, _ in _folders(root))]
    for folder in dict.fromkeys(inside):
        yield from (path for path in entries_of(folder) if ASIDE.fullmatch(path.name))
