"""Reads of files that others may have made: regular files only, no larger than expected, nested no deeper than sense.

Whoever can put a file into a store, a task's or a model's folder can put a FIFO there, a device, a link to nothing,
or a text that nests a hundred thousand deep. Each is one OSError or ValueError here, in words that a message can hold.
"""

import errno
import hashlib
import json
import os
import re
import stat
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

NESTING = 64
"""How deep lists and mappings may stand in one another. What the suite and its users write stays below ten."""

SMALL = 16 << 20
"""Bytes that a file of settings may have: a model's config.json has some thousand."""


_NAME = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DOTTED = re.compile(rf"(?<![\w-]){_NAME}(?:[ \t]*+\.[ \t]*+{_NAME}){{{NESTING},}}")
"""A TOML key of more names than NESTING: tomllib takes time by the square of their number, or by the lines below it."""


class NotRegularError(OSError):
    """What was to be read is no regular file."""


def what_is(path: Path) -> str:
    """Return what stands at a path, in words: 'a file', 'a folder', 'a link to nothing', 'nothing', ..."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "a link to nothing" if path.is_symlink() else "nothing"
    except OSError as error:
        return f"nothing that can be read ({error.strerror})"
    except ValueError as error:  # a NUL
        return f"nothing that can be read ({error})"
    kinds = {
        stat.S_ISREG: "a file",
        stat.S_ISDIR: "a folder",
        stat.S_ISFIFO: "a FIFO",
        stat.S_ISSOCK: "a socket",
        stat.S_ISCHR: "a device",
        stat.S_ISBLK: "a device",
    }
    return next((words for is_kind, words in kinds.items() if is_kind(mode)), "no file")


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """Open a regular file to read its bytes; a link to one counts as one.

    Raises:
        NotRegularError: it is a folder, a FIFO, a device or a socket: nothing of it is read, and nothing waits.
        OSError: it is missing, or may not be read.

    """
    require_regular(path)
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            require_regular(path)
        yield file


def _without_waiting(path: str, flags: int) -> int:
    """Open for `opened`: between the look and the opening a file may become a FIFO, which must not be waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def require_regular(path: Path) -> None:
    """Raise what `opened` raises."""
    if not stat.S_ISREG(path.stat().st_mode):  # raises OSError itself where nothing is there
        raise NotRegularError(errno.EINVAL, f"{what_is(path)}, expected a regular file", str(path))


def read_text(path: Path, limit_bytes: int = SMALL) -> str:
    """Return a regular file's text, which must be UTF-8.

    Raises:
        OSError: as `opened`, or it holds more than `limit_bytes`.
        UnicodeDecodeError: it is not UTF-8.

    """
    with opened(path) as file:
        raw = file.read(limit_bytes + 1)
    if len(raw) > limit_bytes:
        raise OSError(errno.EFBIG, f"more than {limit_bytes:,} bytes, which it should not need", str(path))
    return raw.decode("utf-8")


def parse_json(text: str | bytes, *, exact: bool = False, once: bool = False) -> object:
    """Return the JSON value of a text.

    Raises:
        ValueError: it is no JSON, or lists and mappings stand in one another deeper than NESTING; where each key is to
            stand `once`, also a key that a mapping has twice; where it is to be `exact`, that and what Python reads and
            JSON does not have (NaN).

    """
    strict: dict[str, Any] = {"object_pairs_hook": _once} if exact or once else {}
    strict |= {"parse_constant": _refuse_constant} if exact else {}
    try:
        value = json.loads(text, **strict)
    except RecursionError:
        raise _too_deep() from None
    return _not_too_deep(value)


def parse_toml(text: str) -> Mapping[str, object]:
    """Return the table of a TOML text.

    Raises:
        ValueError: it is no TOML, or nested as `parse_json` says.

    """
    if _DOTTED.search(text):
        raise _too_deep()
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise _too_deep() from None
    _not_too_deep(table)
    return table


def file_sha256(path: Path) -> str:
    """Return the sha256 of a regular file's bytes; raises as `opened`."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, number in Counter(key for key, _ in pairs).items() if number > 1)
        raise ValueError(f"'{twice:.80}' stands twice in one mapping")
    return found


def _not_too_deep(value: object) -> object:
    """Return the value; looked at floor by floor, since a walk in depth would fall into the same hole."""
    floor = [value]
    for _ in range(NESTING):
        floor = [
            item
            for each in floor
            if isinstance(each, list | dict)
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, list | dict)
        ]
        if not floor:
            return value
    raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"lists and mappings stand in one another more than {NESTING} deep")
