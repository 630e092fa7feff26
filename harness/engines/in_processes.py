"""Jobs side by side in processes of their own.

One small step after the other fills one processor and not two: beside it, another record's steps fill the second. What
a process loads, such as a model, it keeps from record to record.
"""

import multiprocessing
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from types import TracebackType
from typing import Self

from harness.engines import Job, Said
from harness.engines.worker import begin as begin_process
from harness.errors import HarnessError
from harness.store import Store


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
        self._running: list[Future[Said]] = []

    def __enter__(self) -> Self:
        """Start nothing: that is done for the first job."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the processes; after an error without waiting for what they had begun."""
        if self._pool is not None:
            self._pool.shutdown(wait=error is None, cancel_futures=True)
            self._pool = None

    @property
    def busy(self) -> bool:
        """Whether a job of its own is not done."""
        self._running = [future for future in self._running if not future.done()]
        return bool(self._running)

    def take(self, jobs: Sequence[Job], store: Store) -> Mapping[int, Future[Said]]:
        """Begin one in each process that has none; a process that was killed is a HarnessError of its job."""
        room = self.processes - len(self._running) if self.busy else self.processes
        taken = {}
        for place, job in enumerate(jobs[:room]):
            self.begin(job[0].words)
            taken[place] = self._start(store, job)
        self._running += taken.values()
        return taken

    def _start(self, store: Store, job: Job) -> Future[Said]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # forking a process that has threads can hang
            self._pool = ProcessPoolExecutor(self.processes, context, begin_process, (self.threads,))
        started: Future[Said] = Future()
        self._pool.submit(run_job, store, job).add_done_callback(partial(self._pass_on, to=started))
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
