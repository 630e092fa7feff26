"""Whichever engine runs a record, and however many processes ask at once, the same bits are kept, once."""

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from torch.nn.modules.module import register_module_forward_pre_hook

import fixtures
from harness.data import Setting
from harness.engines import Engine
from harness.engines.in_process import InProcess
from harness.engines.in_processes import InProcesses
from harness.engines.plan import run_plan
from harness.evidence.questions import OnTasks
from harness.evidence.sources import open_sources
from harness.progress import Silent
from harness.runs.finetuning import FinetuningRun
from harness.runs.scoring import RecordingRun
from harness.settings import Settings
from harness.store import Entry, Record, Store
from harness.tests.engines.noted import Asked, Noted, noted, run_all
from harness.tests.engines.test_plan import of_sums
from harness.tests.tiny import Project
from harness.tests.trainings.test_training import training
from harness.trainings.training import Training

CLOCK = {"seconds"}
"""Facts that differ from run to run."""


def require_same(one: Store, other: Store, records: Sequence[Record]) -> None:
    """Fail unless both stores hold the same arrays, bit by bit, and the same facts but for times."""
    for record in records:
        a, b = one.read(record), other.read(record)
        assert {n: t.tobytes() for n, t in a.tensors.items()} == {n: t.tobytes() for n, t in b.tensors.items()}
        assert {n: f for n, f in a.facts.items() if n not in CLOCK} == {
            n: f for n, f in b.facts.items() if n not in CLOCK
        }


@pytest.mark.slow
def test_runs_of_a_model_are_the_same_under_both_engines(project: Project, tmp_path: Path) -> None:
    """ZSL, ICL and finetuning of the tiny model, here and in two fresh processes."""
    experiment = open_sources(project.settings(tmp_path), fixtures.MODELS, fixtures.TASKS).experiment
    records: list[Record] = [
        experiment.run(RecordingRun, "toy", Setting.ZSL),
        experiment.run(RecordingRun, "toy", Setting.ICL, 0),
        experiment.run(FinetuningRun, "toy", None, 0, 2.0),
    ]
    _require_engines_agree(records, tmp_path)


@pytest.mark.slow
def test_trainings_are_the_same_under_both_engines(tmp_path: Path) -> None:
    """Two problems, here on two threads that nobody uses and in two fresh processes."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        _require_engines_agree([training("recall"), training("regression")], tmp_path)
    finally:
        torch.set_num_threads(before)


def _require_engines_agree(records: Sequence[Record], folder: Path) -> None:
    with InProcesses(2, torch.get_num_threads()) as elsewhere:
        engines: dict[str, Engine] = {"here": InProcess(), "elsewhere": elsewhere}
        stores = {name: Store(folder / name) for name in engines}
        for name, engine in engines.items():
            run_all(engine, records, stores[name])
    require_same(stores["here"], stores["elsewhere"], records)


class Watched(Training):
    """A training that fails where its network is called on other threads than it names."""

    def compute(self, store: Store) -> Entry:
        """Train, and watch."""
        seen: set[int] = set()
        hook = register_module_forward_pre_hook(lambda *_: seen.add(torch.get_num_threads()))
        try:
            found = super().compute(store)
        finally:
            hook.remove()
        assert seen == {self.threads}
        return found


@pytest.mark.slow
@pytest.mark.parametrize("threads", [None, 2])
def test_a_record_computes_on_the_threads_that_it_names(tmp_path: Path, threads: int | None) -> None:
    """A training on one, under both engines."""
    given = training("recall")
    watched = Watched(**{f.name: getattr(given, f.name) for f in fields(Training)})
    heard: list[Record] = []
    with InProcesses(1, threads or 1) as elsewhere:
        engine = InProcess() if threads is None else elsewhere
        run_all(engine, [watched], Store(tmp_path), heard.append)
    assert heard == [watched]


def _run_sums(root: Path, settings: Settings, threads: int | None, start: Path) -> None:
    """Run a plan of three records, once another process has come as far."""
    (start / multiprocessing.current_process().name).touch()
    while len(list(start.iterdir())) < 2:
        pass
    sources = open_sources(settings, fixtures.MODELS, fixtures.TASKS)
    *_, goal = of_sums(root / "log", threads)
    wide = [Noted(f"wide{i}", root / "log", (goal,), threads, takes=0.1) for i in range(4)]
    run_plan([Asked((tuple(wide),)), OnTasks("accuracy")], sources, Silent())


@pytest.mark.slow
@pytest.mark.parametrize("threads", [None, 1])
def test_two_processes_with_one_plan_make_every_entry_once(
    project: Project, tmp_path: Path, threads: int | None
) -> None:
    """Seven records, of which each waits for others, in two processes that began at once: seven computations."""
    settings = project.settings(tmp_path / "store", processes=2)
    (tmp_path / "start").mkdir()
    context = multiprocessing.get_context("spawn")
    arguments = (tmp_path, settings, threads, tmp_path / "start")
    both = [context.Process(target=_run_sums, args=arguments, name=name) for name in ("one", "other")]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    names = ["first", "second", "third", *(f"wide{i}" for i in range(4))]
    assert Counter(name for name, _ in noted(tmp_path / "log")) == Counter(names)
    store, alone = (
        Store(tmp_path / "store"),
        open_sources(project.settings(tmp_path / "alone"), fixtures.MODELS, fixtures.TASKS),
    )
    run_plan([OnTasks("accuracy")], alone, Silent())
    require_same(store, alone.store, OnTasks("accuracy").records(alone)["toy"])
