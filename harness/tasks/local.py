"""Data that the user brings in a folder: train.jsonl, test.jsonl and, where there is one, dev.jsonl."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from harness.data import Example
from harness.errors import HarnessError
from harness.packages import read_toml
from harness.tasks.catalogue import OwnTask, Wording
from harness.tasks.rows import Row, labelled_examples
from harness.tasks.split import Parts, split_given


def task_folder(data_dir: Path, name: str) -> Path | None:
    """Return the folder that holds the task's data: data_dir/name, or data_dir itself where that is its name.

    Raises:
        HarnessError: data_dir is no folder.

    """
    if not data_dir.is_dir():
        raise HarnessError(f"the data folder {data_dir} does not exist; it must hold <task>/train.jsonl and test.jsonl")
    if Path(name).name != name or not name:  # '../x' is a path, not a task's name
        return None
    if (data_dir / name).is_dir():
        return data_dir / name
    return data_dir if data_dir.resolve().name == name else None


def own_task(folder: Path) -> OwnTask | None:
    """Return the folder's task.toml (template, answers, and optionally source and licence), if it has one."""
    file = folder / "task.toml"
    return read_toml(file, TypeAdapter(OwnTask)) if file.is_file() else None


def own_task_names(data_dir: Path) -> list[str]:
    """Return the names of the tasks in the data folder that bring their own task.toml."""
    folders = [data_dir.resolve(), *data_dir.iterdir()]
    return sorted(folder.name for folder in folders if (folder / "task.toml").is_file())


def read_folder(folder: Path, wording: Wording) -> Parts:
    """Return the folder's examples in three parts (see split_given).

    Raises:
        HarnessError: a file is missing or empty, or a line can't be used: named by file and line.

    """
    dev = folder / "dev.jsonl"
    return split_given(
        _read(folder / "train.jsonl", wording),
        _read(dev, wording) if dev.is_file() else None,
        _read(folder / "test.jsonl", wording),
    )


def _read(file: Path, wording: Wording) -> list[Example]:
    if not file.is_file():
        raise HarnessError(
            f"no file {file}: a task's folder holds train.jsonl and test.jsonl, one object a line with "
            f"{', '.join(wording.fields)} and label",
        )
    return labelled_examples(_rows(file), wording, str(file))


def _rows(file: Path) -> Iterator[Row]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            place = f"{file}:{number}"
            try:
                row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError as error:
                raise HarnessError(f"{place}: not UTF-8 ({error.reason}); save the file as UTF-8") from error
            except ValueError as error:
                raise HarnessError(f"{place}: not JSON ({error}); each line must be one object") from error
            yield place, row
