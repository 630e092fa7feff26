"""Data that the user brings in a folder: train.jsonl, test.jsonl and, where there is one, dev.jsonl."""

import os
from collections.abc import Iterator
from io import BufferedReader
from itertools import islice
from pathlib import Path

from pydantic import TypeAdapter

from harness.errors import HarnessError
from harness.files import opened, parse_json, what_is
from harness.packages import read_toml
from harness.settings import is_plain_name
from harness.tasks.catalogue import OwnTask, Template, Wording
from harness.tasks.rows import LONGEST, Labelled, Row, UnusableError, labelled_examples, split_labelled
from harness.tasks.split import Parts

FILE_BYTES = 1 << 30
"""Of a task's file at most. The 120,000 news articles of AG News have 30 MB."""
LINES = 5_000_000
"""Of a task's file at most."""
LISTED = 200
"""Folders that are looked at for names to offer."""


def task_folder(data_dir: Path, name: str) -> Path | None:
    """Return the folder that holds the task's data: data_dir/name, or data_dir itself where that is its name.

    A link counts under its own name, and data_dir under the name of what it leads to as well.

    Raises:
        HarnessError: data_dir is no folder, or data_dir/name leads out of it.

    """
    if not _is_folder(data_dir):
        raise HarnessError(
            f"the data folder {data_dir} does not exist (there is {what_is(data_dir)}); it must hold "
            "<task>/train.jsonl and test.jsonl",
        )
    if not is_plain_name(name):  # '../x' is a path, not a task's name
        return None
    folder = data_dir / name
    if _is_folder(folder):
        if not folder.resolve().is_relative_to(data_dir.resolve()):
            raise HarnessError(
                f"the folder of task '{name}', {folder}, leads out of the data folder to {folder.resolve()}; expected "
                "a folder inside: copy it there, or name with --data-dir the folder that holds it",
            )
        return folder
    return data_dir if name in _names(data_dir) else None


def own_task(folder: Path) -> OwnTask | None:
    """Return the folder's task.toml (template, answers, and optionally source and licence), if it has one."""
    file = folder / "task.toml"
    return None if what_is(file) == "nothing" else read_toml(file, TypeAdapter(OwnTask))


def own_task_names(data_dir: Path) -> list[str]:
    """Return the names of the tasks in the data folder that bring their own task.toml, of its first LISTED folders."""
    own = _names(data_dir) if _has_own(data_dir) else set()
    try:
        inside = [folder.name for folder in islice(data_dir.iterdir(), LISTED) if _has_own(folder)]
    except OSError as error:
        raise HarnessError(f"can't read the data folder {data_dir}: {error.strerror}; make it readable") from error
    return sorted({*inside, *own})


def read_folder(folder: Path, wording: Template, *, skip_bad_rows: bool = False) -> Parts:
    """Return the folder's examples in three parts (see split_given).

    Raises:
        HarnessError: a file is missing or empty, or rows can't be used: named by file and line.

    """
    parts = ["train", "test"] if what_is(folder / "dev.jsonl") == "nothing" else ["train", "dev", "test"]
    read = {part: _read(folder / f"{part}.jsonl", wording, skip=skip_bad_rows) for part in parts}
    return split_labelled(read, wording, str(folder), skip=skip_bad_rows)


def named(wording: Template) -> str:
    """Return the fields that a row has, in words."""
    return f"{', '.join((*wording.fields, *(() if isinstance(wording, Wording) else ('options',))))} and label"


def _names(data_dir: Path) -> set[str]:
    """Return a folder's name as it is given, and that of what it leads to."""
    return {Path(os.path.abspath(data_dir)).name, data_dir.resolve().name}  # noqa: PTH100  # which follows no link


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  # Path.is_dir raises where a name is too long


def _has_own(folder: Path) -> bool:
    return os.path.isfile(folder / "task.toml")  # noqa: PTH113  # Path.is_file raises where it may not look


def _read(file: Path, wording: Template, *, skip: bool) -> Labelled:
    try:
        with opened(file) as lines:
            return labelled_examples(_rows(file, lines), wording, str(file), skip=skip)
    except OSError as error:
        there = what_is(file)
        found = f"can't read {file}: {error.strerror}" if there == "a file" else f"no file {file} ({there} is there)"
        raise HarnessError(
            f"{found}: a task's folder holds train.jsonl and test.jsonl, one object a line with {named(wording)}",
        ) from error


def _rows(file: Path, lines: BufferedReader) -> Iterator[Row]:
    if os.fstat(lines.fileno()).st_size > FILE_BYTES:
        raise HarnessError(f"{file} has more than {FILE_BYTES:,} bytes, which no task needs: bring fewer rows")
    for number, (line, size) in enumerate(_bounded(lines), start=1):
        if number > LINES:
            raise HarnessError(f"{file} has more than {LINES:,} lines, which no task needs: bring fewer rows")
        if size > len(line):
            why = f"a line of {size:,} bytes, at most {LONGEST:,} can be read"
            yield f"{file.name}:{number}", UnusableError("too long", why)
        elif line.strip():
            yield f"{file.name}:{number}", _parsed(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)


def _bounded(lines: BufferedReader) -> Iterator[tuple[bytes, int]]:
    """Yield each line, of a longer one than LONGEST its beginning, and its size."""
    while line := lines.readline(LONGEST):
        size = len(line)
        piece = line
        while len(piece) == LONGEST and not piece.endswith(b"\n"):
            piece = lines.readline(LONGEST)
            size += len(piece)
        yield line, size


def _parsed(line: bytes) -> object:
    try:
        return parse_json(line.decode("utf-8"), once=True)  # of two labels none is known to be meant
    except UnicodeDecodeError as error:
        return UnusableError("not UTF-8", f"not UTF-8 ({error.reason}); save the file as UTF-8")
    except ValueError as error:
        return UnusableError("not JSON", f"not JSON ({error}); each line must be one object")
