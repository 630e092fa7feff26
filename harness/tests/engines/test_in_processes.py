"""Computations side by side: each once, elsewhere, and none outlives the process that asked."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from harness.engines.in_processes import InProcesses, available_processes, side_by_side
from harness.errors import HarnessError
from harness.store import Record, Store
from harness.tests.engines.noted import Noted, noted


def note_process(job: Path) -> None:
    """Add this process' number to the job's file; fail for a job named 'bad'."""
    with job.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if job.name == "bad":
        raise HarnessError("the job was bad; bring a good one")
    time.sleep(0.3)


def hold(job: Path) -> None:
    """Hold a lock for a minute."""
    with FileLock(job):
        job.with_suffix(".held").touch()
        time.sleep(60)


@pytest.mark.slow
def test_every_job_runs_once_elsewhere(tmp_path: Path) -> None:
    """Five jobs on two processes leave one line each, none of this process; this one hears of each as it ends."""
    jobs = [tmp_path / str(number) for number in range(5)]
    heard: list[tuple[Path, int]] = []
    side_by_side(note_process, jobs, 2, lambda job: heard.append((job, os.getpid())))
    lines = [job.read_text().split() for job in jobs]
    assert [len(line) for line in lines] == [1] * 5
    assert os.getpid() not in {int(line[0]) for line in lines}
    assert sorted(heard) == [(job, os.getpid()) for job in jobs]


@pytest.mark.slow
def test_first_error_stops_the_rest(tmp_path: Path) -> None:
    """An error arrives as it was raised; what had not begun never begins, and no job counts as finished."""
    jobs = [tmp_path / name for name in ("bad", "1", "2", "3", "4", "5", "6")]
    finished: list[Path] = []
    with pytest.raises(HarnessError, match=r"^the job was bad; bring a good one$"):
        side_by_side(note_process, jobs, 1, finished.append)
    for worker in multiprocessing.active_children():
        worker.join()
    assert (jobs[0].exists(), jobs[-1].exists()) == (True, False)
    assert jobs[0] not in finished


def test_no_jobs_start_nothing() -> None:
    """Where all is done already no process starts: not even how many is looked at."""
    side_by_side(note_process, [], 0, pytest.fail)


def test_a_process_for_each_processor_at_most() -> None:
    """At least one, and none beyond what the machine has."""
    assert 1 <= available_processes() <= (os.cpu_count() or 1)


@pytest.mark.slow
def test_every_record_is_in_the_store(tmp_path: Path) -> None:
    """Four records on two processes are computed once each and elsewhere; this process is told when each is kept."""
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    records, heard = [Noted(name, log, takes=0.1) for name in "abcd"], list[tuple[Record, bool]]()
    InProcesses(2).run(records, store, lambda record: heard.append((record, store.find(record) is not None)))
    assert sorted(name for name, _ in noted(log)) == list("abcd")
    assert os.getpid() not in {process for _, process in noted(log)}
    assert sorted(heard, key=str) == [(record, True) for record in records]


@pytest.mark.slow
def test_what_is_there_is_not_run(tmp_path: Path) -> None:
    """Another process too finds what the store has, and computes nothing."""
    store, record, heard = Store(tmp_path / "store"), Noted("a", tmp_path / "log"), list[Record]()
    store.find_or_run(record)
    InProcesses(1).run([record], store, heard.append)
    assert (heard, noted(record.log)) == ([record], [("a", os.getpid())])


KILLED = """
import sys
from pathlib import Path
from harness.engines.in_processes import side_by_side
from harness.tests.engines.test_in_processes import hold
side_by_side(hold, [Path(name) for name in sys.argv[1:]], 2, print)
"""


@pytest.mark.slow
def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    """After kill -9 of the process that asked both workers let go of what they hold, a minute before their end."""
    jobs = [tmp_path / "one", tmp_path / "two"]
    command = [sys.executable, "-c", KILLED, *map(str, jobs)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as parent:  # what it leaves behind is told there
        while not all(job.with_suffix(".held").exists() for job in jobs) and parent.poll() is None:
            time.sleep(0.02)
        parent.send_signal(signal.SIGKILL)
    assert parent.returncode == -signal.SIGKILL
    for job in jobs:
        with FileLock(job, timeout=20):
            pass


def _be_killed(_job: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_worker_is_one_clear_error() -> None:
    """A process that the system ends, as where memory runs out, is said with what to do."""
    with pytest.raises(HarnessError, match=r"was killed.*fewer --processes"):
        side_by_side(_be_killed, [1], 1, lambda _: None)
