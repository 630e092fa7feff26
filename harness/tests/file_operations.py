"""Faults at the operations on files that a process makes: counted, ended with a kill, or answered with an error.

Python tells of each before it makes it (`sys.addaudithook`); a hook can't be taken out again, so it stays and does
nothing once it is disarmed.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OPERATIONS = {
    "open",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.scandir",
    "os.listdir",
    "shutil.rmtree",
    "fcntl.flock",
}
WRITING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}

_armed: list[Callable[[str, tuple[object, ...]], None]] = []
_hooked: list[bool] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _armed and event in OPERATIONS:
        _armed[0](event, arguments)


@contextmanager
def watched(meets: Callable[[str, tuple[object, ...]], None]) -> Iterator[None]:
    """Call a function before each operation on files; what it raises, the operation raises."""
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    _armed.append(meets)
    try:
        yield
    finally:
        _armed.clear()


def writes(event: str, arguments: tuple[object, ...]) -> bool:
    """Return whether an operation changes the disk."""
    flags = arguments[2] if event == "open" else 0
    return event in WRITING or (isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)))


def grows(event: str, arguments: tuple[object, ...]) -> bool:
    """Return whether an operation may need room."""
    return event not in {"os.remove", "os.rmdir"} and writes(event, arguments)


@contextmanager
def refused(errors: int, meets: Callable[[str, tuple[object, ...]], bool], first: int = 1) -> Iterator[None]:
    """Answer the operations that `meets` names with an error number, from the `first` of them on."""
    seen = [0]

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if meets(event, arguments):
            seen[0] += 1
            if seen[0] >= first:
                raise OSError(errors, os.strerror(errors))

    with watched(refuse):
        yield


def _until(last: int, does: Callable[..., None], arguments: tuple[object, ...]) -> None:
    left = [last]

    def kill(_event: str, _arguments: tuple[object, ...]) -> None:
        left[0] -= 1
        if left[0] < 0:
            os._exit(9)  # as a kill: nothing is cleaned up

    with watched(kill):
        does(*arguments)


def killed_after(operations: int, does: Callable[..., None], *arguments: object) -> bool:
    """Call a function in a process that is killed before its next operation on files; whether it was killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["harness.store", does.__module__])
    process = context.Process(target=_until, args=(operations, does, arguments))
    process.start()
    process.join()
    if process.exitcode not in {0, 9}:
        message = f"the process ended by itself, with {process.exitcode}"
        raise AssertionError(message)
    return process.exitcode == 9
