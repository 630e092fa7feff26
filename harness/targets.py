"""Files that results are written to: regular ones, whole or not at all, and known beforehand where they can't be.

Whatever is in the way, or wrong with a name, is one OSError.
"""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.files import what_is

LINKS = 40
"""How many links may lead to one another, as Linux has it."""

_SYSTEM = frozenset({"/dev", "/proc", "/sys"})
_SHARED_MEMORY = "/dev/shm"  # noqa: S108  # holds files as any other folder does


def destination(path: Path) -> Path:
    """Return the place that is written where a name is given: the name's own, or that which it links to.

    Raises OSError where links lead in a circle, or where it or a link lies where the system has its devices.
    """
    place = path.absolute()
    for _ in range(LINKS):
        place = Path(os.path.realpath(place.parent)) / place.name
        above = {str(place), *map(str, place.parents)}
        if above & _SYSTEM and _SHARED_MEMORY not in above:
            raise OSError(errno.EINVAL, "it is where the system has its devices", str(place))
        if not place.is_symlink():
            return place
        place = place.parent / place.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def require_writable(*paths: Path) -> None:
    """Raise OSError unless all can be written: nothing or a regular file is there, in a folder that takes files.

    A missing folder may be one that can be made; what was made to find that out is gone afterwards.
    """
    with _names():
        for path in paths:
            _try(destination(path))
        if len({destination(path) for path in paths}) < len(paths):
            raise OSError(errno.EINVAL, "two files would have this one place", str(destination(paths[0])))


def write(contents: Mapping[Path, bytes]) -> None:
    """Write files, each whole or not at all: under another name in the folder, then renamed. Links stay links.

    Raises OSError, with the files as they were, unless the last step, the renaming, fails between two of them.
    """
    drafts: list[tuple[Path, Path]] = []
    with _names():
        try:
            for path, content in contents.items():
                place = destination(path)
                place.parent.mkdir(parents=True, exist_ok=True)
                _require_file(place)
                descriptor, draft = _new(place.parent)
                drafts.append((draft, place))
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
            for draft, place in drafts:
                draft.replace(place)
        finally:
            for draft, _ in drafts:
                with suppress(OSError):
                    draft.unlink(missing_ok=True)


def _try(place: Path) -> None:
    missing = [folder for folder in place.parents if not folder.exists()]
    made: list[Path] = []
    try:
        for folder in reversed(missing):
            folder.mkdir()
            made.append(folder)
        _require_file(place)
        descriptor, draft = _new(place.parent)
        os.close(descriptor)
        draft.unlink()
    finally:
        for folder in reversed(made):
            with suppress(OSError):  # another process may have come to use it
                folder.rmdir()


def _require_file(place: Path) -> None:
    """Raise OSError where something that is no regular file has the name, or nothing can have it."""
    if (stands := what_is(place)) not in {"nothing", "a file"}:
        raise OSError(errno.EINVAL, f"{stands} is there, expected a file or nothing", str(place))


def _new(folder: Path) -> tuple[int, Path]:
    """Return the descriptor and the path of a new file that nobody else names."""
    draft = folder / f".{os.getpid()}-{secrets.token_hex(4)}.draft"
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), draft


@contextmanager
def _names() -> Iterator[None]:
    """Make an OSError of what Python says of names that no file can have."""
    try:
        yield
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from error
