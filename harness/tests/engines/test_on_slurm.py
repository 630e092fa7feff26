"""Records as job arrays, by submitit's executor of this machine: the same bits as here, whoever is killed."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from harness.engines.away import LostWorkerWarning
from harness.engines.demand import Demands
from harness.engines.in_process import InProcess
from harness.engines.on_slurm import OnSlurm
from harness.errors import HarnessError
from harness.store import Record, Store
from harness.tests.engines.clusters import killing_first, of_a_model
from harness.tests.engines.noted import Noted, noted, run_all
from harness.tests.engines.test_engines import require_same
from harness.tests.engines.test_on_ray import Killed, Threads
from harness.tests.tiny import Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("submitit") is None,
        reason="submitit is not installed: pip install -c constraints.txt '.[slurm]'",
    ),
]

DEMANDS = Demands(torch.get_num_threads(), lambda: 0)


@pytest.fixture
def engine() -> Iterator[OnSlurm]:
    """Return the engine on this machine."""
    with OnSlurm(DEMANDS, cluster="local") as opened:
        yield opened


def log_of(store: Store, record: Record) -> str:
    """Return what the jobs that computed a record wrote."""
    place = store.place(record)
    return (store.root / "logs" / place.parent.name / f"{place.name}.log").read_text()


def test_every_record_is_computed_once_elsewhere_and_has_its_log(tmp_path: Path) -> None:
    """What rests on another one comes in a later array; nothing that was submitted stays."""
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    first, heard = Noted("first", log), list[Record]()
    records = [first, *(Noted(name, log, (first,)) for name in "ab")]
    with OnSlurm(DEMANDS, cluster="local") as engine:
        run_all(engine, records, store, heard.append)
    assert sorted(name for name, _ in noted(log)) == ["a", "b", "first"]
    assert os.getpid() not in {process for _, process in noted(log)}
    assert [store.read(record).tensors["sum"] for record in heard] == [1, 2, 2]
    assert all(log_of(store, record).startswith(f"{record.words}: attempt 1, job ") for record in records)
    assert not list((store.root / "passing").iterdir())


def test_a_killed_job_changes_no_number(engine: OnSlurm, project: Project, tmp_path: Path) -> None:
    """It is said which record it had; that one is submitted again, and the store holds what one process computes."""
    here, there, log = Store(tmp_path / "here"), Store(tmp_path / "there"), tmp_path / "log"
    others = of_a_model(project, tmp_path / "here")[:1]
    run_all(InProcess(), [Noted("held", tmp_path / "other log"), *others], here)
    held = Noted("held", log, takes=5)

    with (
        killing_first(log),
        pytest.warns(
            LostWorkerWarning, match=r"that computed 'noting held' ended without an answer .*; it is computed again$"
        ),
    ):
        run_all(engine, [held, *others], there)
    assert [name for name, _ in noted(log)] == ["held", "held"]
    require_same(here, there, [held, *others])
    assert "attempt 2" in log_of(there, held)


def test_what_is_killed_twice_is_one_error_that_names_it(engine: OnSlurm, tmp_path: Path) -> None:
    """With where its log is, what it had, and what may be wrong."""
    log = tmp_path / "log"
    with pytest.raises(HarnessError, match=r"computed 'noting a' .*\.log.* 1\.0 GB and .*SBATCH_.*kept$"):
        run_all(engine, [Killed("a", log)], Store(tmp_path / "store"))
    assert [name for name, _ in noted(log)] == ["a", "a"]


def test_an_error_arrives_as_it_was_raised(engine: OnSlurm, tmp_path: Path) -> None:
    """With nothing of submitit around it; of another mistake of a record, its traceback is."""
    store = Store(tmp_path / "store")
    with pytest.raises(HarnessError, match=r"^the record was bad; bring a good one$"):
        run_all(engine, [Noted("bad", tmp_path / "log")], store)
    with pytest.raises(RuntimeError, match="No such file or directory"):
        run_all(engine, [Noted("a", tmp_path / "nowhere" / "log")], store)


def test_a_job_computes_on_the_threads_that_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was is kept with the entry; another number than elsewhere, and no more than two processors have."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    store, record = Store(tmp_path / "store"), Threads("a", tmp_path / "log")
    threads = 1 if DEMANDS.threads > 1 else 2
    with OnSlurm(Demands(threads, lambda: 0), cluster="local") as engine:
        run_all(engine, [record], store)
    assert store.read(record).facts["threads"] == (store.made(record) or {})["threads"] == threads


def test_where_there_is_no_slurm_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Before anything is submitted."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HarnessError, match="no cluster: this machine has no command 'sbatch'"):
        OnSlurm(DEMANDS)
