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
        stated = {store.place(record): record for record in records}
        rests_on = {place: map(store.place, record.inputs) for place, record in stated.items()}
        order = TopologicalSorter({place: [p for p in places if p in stated] for place, places in rests_on.items()})
        order.prepare()
        ready, running = deque[Path](), dict[Future[Said], Path]()
        while order.is_active():
            ready.extend(order.get_ready())
            while ready and len(running) < self.processes:
                place = ready.popleft()
                self.begin(stated[place].words)
                running[self._start(store, stated[place])] = place
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                self._finish(future)
                ended(stated[running[future]])
                order.done(running.pop(future))

    def _start(self, store: Store, record: Record) -> Future[Said]:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # forking a process that has threads can hang
            self._pool = ProcessPoolExecutor(self.processes, context, begin_process, (self.threads,))
        return self._pool.submit(_run, store, record)

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


def _run(store: Store, record: Record) -> Said:
    """Run a record, and return what it warned of: what it computed is in the store."""
    with warnings.catch_warnings(record=True) as found:
        store.find_or_run(record)
    return [(warning.category, str(warning.message)) for warning in found]
