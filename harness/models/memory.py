"""How much memory there is at most, whoever uses it now: what needs more can't be done on this machine."""

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_CONTROL_GROUP = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def main_memory() -> int | None:
    """Return the bytes that a process may have at most: the machine's, its container's, its own limit; None if unknown.

    What others use is not taken off: it may be given back.
    """
    return min(_limits(), default=None)


def _limits() -> Iterator[int]:
    with suppress(AttributeError, OSError, ValueError):  # not on every system
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for file in _CONTROL_GROUP:
        with suppress(OSError, ValueError):  # 'max' where there is no limit
            yield int(file.read_text(encoding="ascii"))
    soft, _hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        yield soft
