"""Labelled examples and their splits: where a task's data come from, and one entry that loads any of them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.data import Example, Task
from harness.errors import HarnessError
from harness.packages import unknown
from harness.tasks.catalogue import (
    ChoiceRow,
    FolderSource,
    OriginSource,
    OwnTask,
    TaskCatalogue,
    TaskRow,
    Template,
    VaderSource,
    Wording,
    WordNetSource,
    read_tasks,
)
from harness.tasks.hub import read_hub
from harness.tasks.local import named, own_task, own_task_names, read_folder, task_folder
from harness.tasks.split import Parts
from harness.tasks.unrelated import unrelated_sentences
from harness.tasks.vader import origin_parts, rated_parts
from harness.tasks.wordnet import gloss_parts

__all__ = ["load_task"]


def load_task(
    name: str,
    *,
    catalogue: Path,
    fetched: Path,
    data_dir: Path | None = None,
    wordnet: Sequence[Path] = (),
    hub: bool = False,
    skip_bad_rows: bool = False,
    own_options: bool = False,
) -> Task:
    """Return the named task with its three disjoint parts, from the first of these that has it.

    The folder `data_dir`; what the task's row names: the package, kept under the folder `fetched`, the first of the
    folders `wordnet` that holds WordNet, or, where `hub` is true, the hub. A task that the catalogue doesn't hold can
    come from a folder with a task.toml. Rows that can't be used are left out with `skip_bad_rows`. Multiple choice,
    whose examples have options of their own, is loaded with `own_options` alone: there are no answer words to score.

    Raises:
        HarnessError: the name is unknown, or the data can't be had or used.

    """
    known = read_tasks(catalogue)
    folder = None if data_dir is None else task_folder(data_dir, name)
    ways = {"hub": hub, "skip_bad_rows": skip_bad_rows}
    if name in known.choices:
        if not own_options:
            raise HarnessError(
                f"task '{name}' is multiple choice, with options of its own for each example and no answer words; it "
                "is put to the models that are trained with momentum attention: --momentum-tasks"
            )
        return _choice(name, known.choices[name], folder, **ways)
    own = None if folder is None else own_task(folder)
    row = known.tasks.get(name)
    if row is None and (folder is None or own is None):
        brought = [*(known.choices if own_options else ()), *(() if data_dir is None else own_task_names(data_dir))]
        raise HarnessError(
            f"{unknown('task', name, [*known.tasks, *brought])}; a task of your own needs a folder "
            "of its name under --data-dir with task.toml (template, answers), train.jsonl and test.jsonl",
        )
    if folder is not None:
        return _from_folder(name, folder, row, own, skip_bad_rows=skip_bad_rows)
    assert row is not None, "there is neither a row nor a folder"
    if isinstance(row.source, FolderSource):
        return _assemble(name, row, _from_hub(name, row, row.source, **ways), row.source.citation, row.source.licence)
    return _from_catalogue(name, row, row.source, known, fetched, wordnet)


def _from_folder(name: str, folder: Path, row: TaskRow | None, own: OwnTask | None, *, skip_bad_rows: bool) -> Task:
    if own is None:
        assert row is not None, "a task is worded by the catalogue or by its folder"
        parts = read_folder(folder, row, skip_bad_rows=skip_bad_rows)
        if isinstance(row.source, FolderSource):
            return _assemble(name, row, parts, row.source.citation, row.source.licence)
        return _assemble(name, row, parts, "brought by the user", "not stated")
    if row is not None:
        raise HarnessError(
            f"{folder}/task.toml would reword the catalogue's task '{name}': rename the folder, or remove the file",
        )
    return _assemble(name, own, read_folder(folder, own, skip_bad_rows=skip_bad_rows), own.source, own.licence)


def _choice(name: str, row: ChoiceRow, folder: Path | None, *, hub: bool, skip_bad_rows: bool) -> Task:
    """Return multiple choice, from its folder or else the hub."""
    source = row.source
    if folder is None:
        parts = _from_hub(name, row, source, hub=hub, skip_bad_rows=skip_bad_rows)
    elif own_task(folder) is not None:
        raise HarnessError(
            f"{folder}/task.toml would reword the catalogue's task '{name}': rename the folder, or remove the file",
        )
    else:
        parts = read_folder(folder, row, skip_bad_rows=skip_bad_rows)
    return _assemble(name, row, parts, source.citation, source.licence)


def _from_catalogue(
    name: str,
    row: TaskRow,
    source: VaderSource | OriginSource | WordNetSource,
    known: TaskCatalogue,
    fetched: Path,
    wordnet: Sequence[Path],
) -> Task:
    if isinstance(source, WordNetSource):
        return _assemble(name, row, gloss_parts(source, wordnet), source.citation, source.licence)
    package = known.packages[source.package]
    if isinstance(source, OriginSource):
        parts = origin_parts(source, package, fetched)
    else:
        parts = rated_parts(source, package, fetched)
    task = _assemble(name, row, parts, package.source, package.licence)
    return replace(task, unrelated=unrelated_sentences(source, package, parts, fetched))


def _from_hub(name: str, wording: Template, source: FolderSource, *, hub: bool, skip_bad_rows: bool) -> Parts:
    if hub and source.hub is not None:
        return read_hub(source.hub, wording, skip_bad_rows=skip_bad_rows)
    way = "pass --hub-data to download the hub's copy" if source.hub and not hub else "there is no hub copy"
    raise HarnessError(
        f"no data for task '{name}': pass --data-dir DIR where DIR/{name} holds train.jsonl and "
        f"test.jsonl (one object a line with {named(wording)}); {way}",
    )


def _assemble(name: str, wording: Template, parts: Parts, source: str, licence: str) -> Task:
    """Join wording and examples into a Task, with the fingerprint of all that it can show."""
    answers = wording.answers if isinstance(wording, Wording) else ()
    shown = [list(map(_shown, part)) for part in (parts.pool, parts.dev, parts.test)]
    content = json.dumps([wording.template, answers, shown], sort_keys=True)
    return Task(
        name=name,
        template=wording.template,
        answers=answers,
        demonstration_pool=parts.pool,
        dev=parts.dev,
        test=parts.test,
        fingerprint=hashlib.sha256(content.encode()).hexdigest(),
        source=source,
        licence=licence,
        paper_name=wording.paper_name if isinstance(wording, TaskRow) else None,
        left_out=parts.left_out,
    )


def _shown(example: Example) -> list[object]:
    """Return all of an example that a prompt can show."""
    return [dict(example.texts), example.label, *([list(example.options)] if example.options else ())]
