"""Jobs side by side in processes of their own.

One small step after the other fills one processor and not two: beside it, another record's steps fill the second. What
a process loads, such as a model, it keeps from record to record.
"""

import multiprocessing
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from harness.engines import Job, Said
from harness.engines.worker import begin as begin_process
from harness.errors import HarnessError
from harness.store import Store


@dataclass
class _Process:
    """One process, with what it does and what it has loaded."""

    pool: ProcessPoolExecutor
    job: Future[Said] | None = None
    loaded: Hashable = None

    @property
    def busy(self) -> bool:
        return self.job is not None and not self.job.done()


class InProcesses:
    """An engine of so many fresh processes, which end with the `with` block.

    Where this process dies, killed or not, they stop too: what they had begun is lost, what they had kept is not.
    """

    def __init__(self, processes: int, threads: int = 1, begin: Callable[[str], None] = lambda _: None) -> None:
        """Take how many processes, how many threads each, unless a record names its own, and whom to tell what runs."""
        self.processes = processes
        self.threads = threads
        self.begin = begin
        self._started: list[_Process] = []

    def __enter__(self) -> Self:
        """Start nothing: that is done for the first jobs."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the processes; after an error without waiting for what they had begun."""
        for process in self._started:
            process.pool.shutdown(wait=error is None, cancel_futures=True)
        self._started = []

    @property
    def busy(self) -> bool:
        """Whether a job of its own is not done."""
        return any(process.busy for process in self._started)

    def take(self, jobs: Sequence[Job], store: Store) -> Mapping[int, Future[Said]]:
        """Begin one in each process that has none; a process that was killed is a HarnessError of its job.

        A process that loaded something for its last job (`Record.loads`) goes on with one that needs the same.
        """
        left, taken = dict(enumerate(jobs)), dict[int, Future[Said]]()
        free = (process for process in self._processes() if not process.busy)
        while left and (process := next(free, None)) is not None:
            alike = (place for place, job in left.items() if job[0].loads == process.loaded is not None)
            place = next(alike, next(iter(left)))
            job = left.pop(place)
            self.begin(job[0].words)
            process.job = taken[place] = self._start(process, store, job)
        return taken

    def _processes(self) -> Iterator[_Process]:
        """Yield those that there are, then new ones up to the number that there may be."""
        yield from tuple(self._started)
        context = multiprocessing.get_context("spawn")  # forking a process that has threads can hang
        while len(self._started) < self.processes:
            self._started.append(_Process(ProcessPoolExecutor(1, context, begin_process, (self.threads,))))
            yield self._started[-1]

    def _start(self, process: _Process, store: Store, job: Job) -> Future[Said]:
        started: Future[Said] = Future()
        process.loaded = job[0].loads
        process.pool.submit(run_job, store, job).add_done_callback(partial(self._pass_on, to=started))
        return started

    def _pass_on(self, ended: Future[Said], to: Future[Said]) -> None:
        if ended.cancelled():
            to.cancel()
            return
        error = ended.exception()
        if isinstance(error, BrokenProcessPool):
            killed = HarnessError(
                f"one of {self.processes} processes was killed, as by the system where memory runs out; what was "
                "finished is kept: run again, with fewer --processes",
            )
            killed.__cause__ = error
            error = killed
        if error is None:
            to.set_result(ended.result())
        else:
            to.set_exception(error)


def run_job(store: Store, job: Job) -> Said:
    """Run records, and return what they warned of: what they computed is in the store.

    All but the first are made with it, or being made by another process: they are waited for, and not opened.
    """
    with warnings.catch_warnings(record=True) as found:
        for i, record in enumerate(job):
            if not i or not store.place(record).is_dir():
                store.find_or_run(record)
    return [(warning.category, str(warning.message)) for warning in found]
