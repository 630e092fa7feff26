"""Records side by side in processes of their own.

One small step after the other fills one processor and not two: beside it, another record's steps fill the second. What
a process loads, such as a model, it keeps from record to record.
"""

import multiprocessing
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from graphlib import TopologicalSorter
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.engines import Ended
from harness.engines.worker import begin as begin_process
from harness.errors import HarnessError
from harness.store import Record, Store

Said = list[tuple[type[Warning], str]]


class InProcesses:
    """An engine of so many fresh processes, which end with the `with` block.

    Where this process dies, killed or not, they stop too: what they had begun is lost, what they had kept is not.
    """

    def __init__(self, processes: int, threads: int = 1, begin: Callable[[str], None] = lambda _: None) -> None:
        """Take how many processes, how many threads each, unless a record names its own, and whom to tell what runs."""
        self.processes = processes
        self.threads = threads
        self.begin = begin
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Start nothing: that is done for the first record."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the processes; after an error without waiting for what they had begun."""
        if self._pool is not None:
            self._pool.shutdown(wait=error is None, cancel_futures=True)
            self._pool = None

    def run(self, records: Sequence[Record], store: Store, ended: Ended) -> None:
        """Run them side by side, each once those of them that it rests on are in the store.

        Raises:
            HarnessError: a record can't be computed, or a process was killed.

        """
        jobs, order = _in_order(records, store)
        ready, running = deque[Path](), dict[Future[Said], Path]()
        while order.is_active():
            ready.extend(order.get_ready())
            while ready and len(running) < self.processes:
                job = ready.popleft()
                self.begin(jobs[job][0].words)
                running[self._start(store, jobs[job])] = job
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                self._finish(future)
                for record in jobs[running[future]]:
                    ended(record)
                order.done(running.pop(future))

    def _start(self, store: Store, records: Sequence[Record]) -> Future[Said]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # forking a process that has threads can hang
            self._pool = ProcessPoolExecutor(self.processes, context, begin_process, (self.threads,))
        return self._pool.submit(_run, store, records)

    def _finish(self, future: Future[Said]) -> None:
        try:
            said = future.result()
        except BrokenProcessPool as error:
            raise HarnessError(
                f"one of {self.processes} processes was killed, as by the system where memory runs out; what was "
                "finished is kept: run again, with fewer --processes",
            ) from error
        for category, text in said:
            warnings.warn(text, category, stacklevel=3)


def _in_order(records: Sequence[Record], store: Store) -> tuple[dict[Path, list[Record]], TopologicalSorter[Path]]:
    """Return what is one job, such as what is computed together, and the jobs' order, ready to be asked."""
    job_of = {store.place(record): store.place((*record.together, record)[0]) for record in records}
    jobs: dict[Path, list[Record]] = {}
    rests_on: dict[Path, set[Path]] = {}
    for record in records:
        job = job_of[store.place(record)]
        jobs.setdefault(job, []).append(record)
        needed = map(store.place, record.inputs)
        rests_on.setdefault(job, set()).update(job_of[place] for place in needed if place in job_of)
    order = TopologicalSorter(rests_on)
    order.prepare()
    return jobs, order


def _run(store: Store, records: Sequence[Record]) -> Said:
    """Run records, and return what they warned of: what they computed is in the store.

    All but the first are made with it, or being made by another process: they are waited for, and not opened.
    """
    with warnings.catch_warnings(record=True) as found:
        for i, record in enumerate(records):
            if not i or not store.place(record).is_dir():
                store.find_or_run(record)
    return [(warning.category, str(warning.message)) for warning in found]
