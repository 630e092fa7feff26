"""Records on a Ray cluster of two machines: the same bits as here, each once, whoever is killed."""

import os
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from harness.engines.away import LostWorkerWarning
from harness.engines.demand import Demands
from harness.engines.in_process import InProcess
from harness.engines.on_ray import OnRay
from harness.errors import HarnessError
from harness.store import Entry, Record, Store
from harness.tests.engines.clusters import (
    MEMORY,
    NEEDS_RAY,
    Cluster,
    killing_first,
    machines_of,
    of_a_model,
    wait_until,
)
from harness.tests.engines.noted import Noted, noted, run_all
from harness.tests.engines.test_engines import require_same
from harness.tests.tiny import Project

pytestmark = [pytest.mark.slow, NEEDS_RAY]

THREADS = torch.get_num_threads()
DEMANDS = Demands(THREADS, lambda: 0)
SEEN_AT_IMPORT = os.environ.get("CUDA_VISIBLE_DEVICES")
"""What a worker is shown before it imports this, and torch with it."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Return a cluster of two machines, each of which has room for two records at a time."""
    with tempfile.TemporaryDirectory(prefix="ray") as folder, Cluster(Path(folder) / "r") as started:
        for _ in range(2):
            started.join(processors=2 * THREADS, gpus=2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("RAY_ADDRESS", started.address)
            yield started


@pytest.fixture(scope="module")
def engine(cluster: Cluster) -> Iterator[OnRay]:  # noqa: ARG001  # which must be there
    """Return the engine of its workers, which keep what they have imported."""
    with OnRay(DEMANDS) as opened:
        wait_until(lambda: len(machines_of()) == 3)
        yield opened


def test_every_record_is_computed_once_and_elsewhere(engine: OnRay, tmp_path: Path) -> None:
    """What rests on another one finds it in the store."""
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    first, heard = Noted("first", log), list[Record]()
    run_all(engine, [first, *(Noted(name, log, (first,)) for name in "abc")], store, heard.append)
    assert sorted(name for name, _ in noted(log)) == ["a", "b", "c", "first"]
    assert os.getpid() not in {process for _, process in noted(log)}
    assert [store.read(record).tensors["sum"] for record in heard] == [1, 2, 2, 2]


def test_a_killed_worker_changes_no_number(engine: OnRay, project: Project, tmp_path: Path) -> None:
    """It is said which record it had; that one is computed again, and the store holds what one process computes."""
    here, there, log = Store(tmp_path / "here"), Store(tmp_path / "there"), tmp_path / "log"
    others = of_a_model(project, tmp_path / "here")
    run_all(InProcess(), [Noted("held", tmp_path / "other log"), *others], here)
    held = Noted("held", log, takes=5)

    with (
        killing_first(log),
        pytest.warns(LostWorkerWarning, match=r"^a worker was lost while it computed 'noting held' .* computed again$"),
    ):
        run_all(engine, [held, *others], there)
    assert [name for name, _ in noted(log)] == ["held", "held"]
    require_same(here, there, [held, *others])


class Killed(Noted):
    """A record whose process is killed, always."""

    def compute(self, _store: Store) -> Entry:
        """Be killed."""
        with self.log.open("a") as file:
            file.write(f"{self.name} {os.getpid()}\n")
        os.kill(os.getpid(), signal.SIGKILL)
        return Entry({}, {})


def test_what_kills_two_workers_is_one_error_that_names_it(engine: OnRay, tmp_path: Path) -> None:
    """As a record that needs more memory than there is; it is not tried for ever, and what is finished is kept."""
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    free = Noted("free", log)
    run_all(engine, [free], store)
    with pytest.raises(HarnessError, match=r"computed 'noting a' .* 1\.0 GB.*kept$"):
        run_all(engine, [Killed("a", log)], store)
    assert ([name for name, _ in noted(log)], store.find(free) is None) == (["free", "a", "a"], False)


def test_an_error_arrives_as_it_was_raised(engine: OnRay, tmp_path: Path) -> None:
    """With nothing of Ray around it; the mistake of a record, too, is of the kind that it is."""
    store = Store(tmp_path / "store")
    with pytest.raises(HarnessError, match=r"^the record was bad; bring a good one$"):
        run_all(engine, [Noted("bad", tmp_path / "log")], store)
    with pytest.raises(FileNotFoundError):
        run_all(engine, [Noted("a", tmp_path / "nowhere" / "log")], store)


@dataclass(frozen=True)
class Shown(Noted):
    """A record that keeps which cards its worker was shown before it imported torch."""

    def compute(self, store: Store) -> Entry:
        """Look."""
        super().compute(store)
        return Entry({}, {"at import": SEEN_AT_IMPORT, "now": os.environ.get("CUDA_VISIBLE_DEVICES")})


def test_a_worker_sees_a_card_of_its_own_before_torch_is_loaded(engine: OnRay, tmp_path: Path) -> None:
    """Four records on two machines of two cards each: each card is shown to one on each machine."""
    store = Store(tmp_path / "store")
    records = [Shown(name, tmp_path / "log", takes=4, of_gpu=True) for name in "abcd"]
    run_all(engine, records, store)
    facts = [store.read(record).facts for record in records]
    assert sorted(str(seen["at import"]) for seen in facts) == ["0", "0", "1", "1"]
    assert all(seen["now"] == seen["at import"] for seen in facts)


class Threads(Noted):
    """A record that keeps on how many threads its worker computes."""

    def compute(self, _store: Store) -> Entry:
        """Ask torch."""
        return Entry({}, {"threads": torch.get_num_threads()})


def test_a_worker_computes_on_the_threads_that_are_asked_for(
    engine: OnRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as this process has, and twice as many; what it was is kept with the entry."""
    store = Store(tmp_path / "store")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for threads in (THREADS, 2 * THREADS):
        record = Threads(str(threads), tmp_path / "log")
        monkeypatch.setattr(engine, "demands", Demands(threads, lambda: 0))
        run_all(engine, [record], store)
        assert store.read(record).facts["threads"] == threads
        assert (store.made(record) or {})["threads"] == threads


@pytest.mark.parametrize("much", [Demands(999, lambda: 0), Demands(THREADS, lambda: MEMORY)])
def test_what_no_machine_has_is_said_and_not_waited_for(
    engine: OnRay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, much: Demands
) -> None:
    """With what is asked for and the most that one has."""
    record = Noted("a", tmp_path / "log")
    monkeypatch.setattr(engine, "demands", much)
    with pytest.raises(HarnessError, match=rf"has {much.of([record])}.* most .* 8\.0 GB, 2 GPUs"):
        run_all(engine, [record], Store(tmp_path / "store"))
    assert noted(record.log) == []
