"""Records side by side: a process each.

Small models gain nothing from a second thread, and a second process gains all of it.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import wait
from typing import TypeVar

from harness.engines import Ended
from harness.errors import HarnessError
from harness.store import Record, Store

Job = TypeVar("Job")


class InProcesses:
    """An engine of so many fresh processes; each record computes on the threads that it names."""

    def __init__(self, processes: int) -> None:
        self.processes = processes

    def run(self, records: Sequence[Record], store: Store, ended: Ended) -> None:
        """Run them side by side; raises a HarnessError where a process is killed."""
        side_by_side(partial(_run, store), records, self.processes, ended)


def _run(store: Store, record: Record) -> None:
    store.find_or_run(record)  # nothing is sent back: it is in the store


def available_processes() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def side_by_side(
    function: Callable[[Job], None], jobs: Sequence[Job], processes: int, finished: Callable[[Job], None]
) -> None:
    """Call the function on every job in so many fresh processes; `finished` is told of each, in this process.

    Function and jobs are sent by name and by value, so both must be importable and plain data; what a job finds out
    it keeps itself. The first error stops what has not begun, and is raised. Where this process dies, killed or not,
    its workers stop too: what they had begun is lost, what they had kept is not.
    """
    if not jobs:
        return
    context = multiprocessing.get_context("spawn")  # forking a process that has threads can hang
    pool = ProcessPoolExecutor(min(processes, len(jobs)), context, initializer=_die_with_parent)
    try:  # no `with`: its end takes back what an error cancels
        running = {pool.submit(function, job): job for job in jobs}
        for future in as_completed(running):
            future.result()
            finished(running[future])
    except BaseException as error:
        pool.shutdown(wait=False, cancel_futures=True)
        if isinstance(error, BrokenProcessPool):
            raise HarnessError(
                f"one of {processes} processes was killed, as by the system where memory runs out; what was finished "
                "is kept: run again, with fewer --processes",
            ) from error
        raise
    pool.shutdown()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_exit, args=(parent.sentinel,), daemon=True).start()


def _wait_and_exit(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
