"""Records side by side: each once, elsewhere, behind what it rests on, and no process outlives the one that asked."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from harness.engines.in_processes import InProcesses
from harness.errors import HarnessError
from harness.store import DamagedEntryWarning, Entry, Record, Store
from harness.tests.engines.noted import Noted, noted, run_all


@pytest.mark.slow
def test_every_record_is_in_the_store(tmp_path: Path) -> None:
    """Five records on two processes are computed once each and elsewhere; this process is told when each is kept."""
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    records, heard, begun = [Noted(name, log, takes=0.3) for name in "abcde"], list[tuple[Record, bool]](), list[str]()
    with InProcesses(2, begin=begun.append) as engine:
        run_all(engine, records, store, lambda record: heard.append((record, store.find(record) is not None)))
    assert sorted(name for name, _ in noted(log)) == list("abcde")
    assert begun == [record.words for record in records]
    processes = {process for _, process in noted(log)}
    assert (len(processes), os.getpid() in processes) == (2, False)
    assert sorted(heard, key=str) == [(record, True) for record in records]


@pytest.mark.slow
def test_processes_are_kept_from_run_to_run(tmp_path: Path) -> None:
    """What one has loaded serves the next records too; at the end they are gone."""
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    with InProcesses(1) as engine:
        for name in "ab":
            run_all(engine, [Noted(name, log)], store)
    processes = {process for _, process in noted(log)}
    assert len(processes) == 1
    assert not Path(f"/proc/{processes.pop()}/cmdline").exists()


@pytest.mark.slow
def test_a_process_goes_on_with_what_it_has_loaded(tmp_path: Path) -> None:
    """Of two that wait the one that needs the same is taken before the one in line; with neither, the one in line."""
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    jobs = [[Noted(name, log, of_loads=loads)] for name, loads in (("a", "x"), ("b", "y"), ("c", "x"), ("d", None))]
    with InProcesses(1) as engine:
        for expected in "acbd":
            ((place, future),) = engine.take(jobs, store).items()
            assert future.result(timeout=60) == []
            assert jobs.pop(place)[0].name == expected
    assert [name for name, _ in noted(log)] == [*"acbd"]


@pytest.mark.slow
def test_a_record_waits_for_what_it_rests_on(tmp_path: Path) -> None:
    """Slow ones first: what rests on them starts when they are kept, what rests on nothing runs meanwhile."""
    log = tmp_path / "log"
    first = Noted("first", log, takes=0.5)
    second, free = Noted("second", log, (first,)), Noted("free", log)
    heard: list[Record] = []
    with InProcesses(2) as engine:
        run_all(engine, [first, second, free], Store(tmp_path / "store"), heard.append)
    assert heard == [free, first, second]
    assert [name for name, _ in noted(log)].count("first") == 1


@pytest.mark.slow
def test_first_error_stops_the_rest(tmp_path: Path) -> None:
    """An error arrives as it was raised; what had not begun never begins, and it does not count as finished."""
    log, finished = tmp_path / "log", list[Record]()
    records = [Noted(name, log) for name in ("bad", "1", "2", "3")]
    with pytest.raises(HarnessError, match=r"^the record was bad; bring a good one$"), InProcesses(1) as engine:
        run_all(engine, records, Store(tmp_path / "store"), finished.append)
    assert ([name for name, _ in noted(log)], finished) == (["bad"], [])


def test_no_records_start_nothing(tmp_path: Path) -> None:
    """Where all is done already no process starts: not even how many is looked at."""
    with InProcesses(0) as engine:
        run_all(engine, [], Store(tmp_path), lambda _: pytest.fail("it ended"))


@pytest.mark.slow
def test_what_is_there_is_not_run(tmp_path: Path) -> None:
    """Another process too finds what the store has, and computes nothing."""
    store, record = Store(tmp_path / "store"), Noted("a", tmp_path / "log")
    store.find_or_run(record)
    with InProcesses(1) as engine:
        (taken,) = engine.take([[record]], store).values()
        assert taken.result(timeout=60) == []
    assert noted(record.log) == [("a", os.getpid())]


@pytest.mark.slow
def test_what_another_process_warns_of_is_said_here(tmp_path: Path) -> None:
    """A damaged entry is moved aside and computed anew elsewhere, and this process' own filters see the warning."""
    store, record = Store(tmp_path / "store"), Noted("a", tmp_path / "log")
    store.find_or_run(record)
    (store.place(record) / "facts.json").write_text("{")
    with InProcesses(1) as engine, pytest.warns(DamagedEntryWarning, match="noted"):
        run_all(engine, [record], store)
    assert len(noted(record.log)) == 2


class Threads(Noted):
    """A record that keeps on how many threads torch would compute in its process."""

    def compute(self, _store: Store) -> Entry:
        """Ask torch."""
        import torch  # noqa: PLC0415

        return Entry({}, {"threads": torch.get_num_threads()})


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_a_process_computes_on_its_share_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """As many as it is given, unless the user has said how many."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    store, records = Store(tmp_path / "store"), [Threads(name, tmp_path / "log") for name in ("free", "said")]
    with InProcesses(1, threads) as engine:
        run_all(engine, records[:1], store)
    monkeypatch.setenv("OMP_NUM_THREADS", str(3 - threads))
    with InProcesses(1, threads) as engine:
        run_all(engine, records[1:], store)
    assert [store.read(record).facts["threads"] for record in records] == [threads, 3 - threads]


class Holding(Noted):
    """A record that holds a lock for a minute."""

    def compute(self, _store: Store) -> Entry:
        """Hold it."""
        with FileLock(self.log):
            self.log.with_suffix(".held").touch()
            time.sleep(60)
        return Entry({}, {})


KILLED = """
import sys
from pathlib import Path
from harness.engines.in_processes import InProcesses
from harness.store import Store
from harness.tests.engines.noted import run_all
from harness.tests.engines.test_in_processes import Holding
with InProcesses(2) as engine:
    records = [Holding(name, Path(name)) for name in sys.argv[2:]]
    run_all(engine, records, Store(Path(sys.argv[1])), print)
"""


@pytest.mark.slow
def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    """After kill -9 of the process that asked both workers let go of what they hold, a minute before their end."""
    jobs = [tmp_path / "one", tmp_path / "two"]
    command = [sys.executable, "-c", KILLED, str(tmp_path / "store"), *map(str, jobs)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as parent:  # what it leaves behind is told there
        while not all(job.with_suffix(".held").exists() for job in jobs) and parent.poll() is None:
            time.sleep(0.02)
        parent.send_signal(signal.SIGKILL)
    assert parent.returncode == -signal.SIGKILL
    for job in jobs:
        with FileLock(job, timeout=20):
            pass


class Killed(Noted):
    """A record whose process is killed."""

    def compute(self, _store: Store) -> Entry:
        """Be killed."""
        os.kill(os.getpid(), signal.SIGKILL)
        return Entry({}, {})


@pytest.mark.slow
def test_a_killed_worker_is_one_clear_error(tmp_path: Path) -> None:
    """A process that the system ends, as where memory runs out, is said with what to do."""
    with pytest.raises(HarnessError, match=r"was killed.*fewer --processes"), InProcesses(1) as engine:
        run_all(engine, [Killed("a", tmp_path / "log")], Store(tmp_path / "store"))


def test_a_worker_begins_without_numpy_and_torch() -> None:
    """They read how many threads to use as they load: what says so must come first."""
    code = "import sys, harness.engines.worker; sys.exit(bool({'numpy', 'torch'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
