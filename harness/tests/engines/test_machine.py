"""Which process a record runs in, and that none runs before what it rests on, wherever that was."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import fixtures
from harness.engines.machine import Machine
from harness.evidence.sources import Sources, open_sources
from harness.progress import Silent
from harness.store import Record
from harness.tests.engines.noted import Noted, noted, run_all
from harness.tests.tiny import Project


def opened(project: Project, store: Path, **options: object) -> Sources:
    """Return the sources of the tiny project."""
    return open_sources(project.settings(store, **options), fixtures.MODELS, fixtures.TASKS)


def where(sources: Sources, records: Sequence[Noted]) -> Mapping[str, bool]:
    """Run the records and return, in the order they were computed, whether each was in this process."""
    heard: list[Record] = []
    with Machine(sources.experiment, Silent()) as machine:
        run_all(machine, records, sources.store, heard.append)
    assert sorted(heard, key=str) == sorted(records, key=str)
    return {name: process == os.getpid() for name, process in noted(records[0].log)}


def chain(log: Path) -> list[Noted]:
    """Return three records, each resting on the one before: of any threads, of one, and on a GPU."""
    first = Noted("first", log)
    second = Noted("second", log, (first,), of_threads=1)
    return [first, second, Noted("third", log, (second,), of_gpu=True)]


@pytest.mark.slow
def test_what_a_small_model_needs_runs_here_and_what_names_one_thread_elsewhere(
    project: Project, tmp_path: Path
) -> None:
    """A process would take longer to begin than the tiny model takes; a training takes longer, whatever the model."""
    found = where(opened(project, tmp_path / "store"), chain(tmp_path / "log"))
    assert [*found.items()] == [("first", True), ("second", False), ("third", True)]


@pytest.mark.slow
def test_several_processes_are_used_where_they_are_asked_for(project: Project, tmp_path: Path) -> None:
    """But for what computes on a GPU, which this process keeps to itself."""
    found = where(opened(project, tmp_path / "store", processes=2), chain(tmp_path / "log"))
    assert [*found.items()] == [("first", False), ("second", False), ("third", True)]


@pytest.mark.slow
def test_one_process_is_this_one(project: Project, tmp_path: Path) -> None:
    """Nothing is gained by another; a training's is its own, whose threads are one."""
    found = where(opened(project, tmp_path / "store", processes=1), chain(tmp_path / "log"))
    assert [*found.items()] == [("first", True), ("second", False), ("third", True)]
