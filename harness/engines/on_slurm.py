"""Jobs as job arrays of Slurm, by submitit: what is ready at once is submitted at once.

Workers write into the store, which they must see. A job that ended without an answer (killed for memory or time, its
node lost) is submitted once more. What each wrote is kept in the store's `logs`, by record.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from harness.engines import Job, Said
from harness.engines.away import ATTEMPTS, Answer, LostWorkerWarning, compute, installed, of_others, passing
from harness.engines.demand import Demand, Demands
from harness.engines.worker import THREADS
from harness.errors import HarnessError
from harness.store import Store

ROOM = 1000
"""Jobs that it takes at once, as many as Slurm's arrays hold where nobody has set another number."""
MINUTES = 240
"""That a job may take, unless SBATCH_TIMELIMIT says so."""
LOOK = 0.5
"""Seconds between two looks at whether jobs are done."""


@dataclass
class _Submitted:
    """A job that is not done."""

    job: Job
    store: Store
    handle: Any
    """submitit's."""
    future: Future[Said]
    said: Said
    attempt: int = 1


class OnSlurm:
    """An engine of a Slurm cluster. What is not done where the `with` block ends by an error is cancelled."""

    def __init__(self, demands: Demands, begin: Callable[[str], None] = lambda _: None, cluster: str = "slurm") -> None:
        """Take what jobs ask for, whom to tell what runs, and which of submitit's clusters they run on.

        HarnessError where submitit is not installed, or there is no Slurm.
        """
        self.demands = demands
        self.begin = begin
        self.cluster = cluster
        self._submitit: Any = installed("submitit", "slurm")
        self._ending = Event()
        self._waiting: list[_Submitted] = []
        self._open = ExitStack()
        self._folders: dict[Path, Path] = {}
        if cluster == "slurm" and shutil.which("sbatch") is None:
            raise HarnessError(
                "--engine slurm reaches no cluster: this machine has no command 'sbatch'; run it where jobs are "
                "submitted to Slurm, or leave --engine out"
            )

    def __enter__(self) -> Self:
        """Begin to look at jobs."""
        self._looking = Thread(target=self._look, daemon=True)
        self._looking.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Cancel what is not done, and remove what was submitted."""
        self._ending.set()
        self._looking.join()
        for submitted in self._waiting:
            submitted.handle.cancel(check=False)
        self._open.close()

    def take(self, jobs: Sequence[Job], store: Store) -> Mapping[int, Future[Said]]:
        """Submit as many as there is room for, in an array of each kind of machine that is asked for."""
        taken: dict[int, Future[Said]] = {}
        places = range(len(jobs[: ROOM - len(self._waiting)]))
        for demand in dict.fromkeys(self.demands.of(jobs[place]) for place in places):
            alike = [place for place in places if self.demands.of(jobs[place]) == demand]
            handles = self._submit([jobs[place] for place in alike], store, demand)
            for place, handle in zip(alike, handles, strict=True):
                self.begin(jobs[place][0].words)
                taken[place] = Future()
                self._waiting.append(_Submitted(jobs[place], store, handle, taken[place], []))
        return taken

    def _submit(self, jobs: Sequence[Job], store: Store, demand: Demand) -> Sequence[Any]:
        """Return submitit's handles of an array; HarnessError where Slurm refuses it."""
        try:
            executor = self._submitit.AutoExecutor(self._submitted(store), cluster=self.cluster)
            setup = [f"export {name}=${{{name}:-{demand.threads}}}" for name in THREADS]
            executor.update_parameters(
                name="icl-claims",
                timeout_min=MINUTES,
                cpus_per_task=demand.threads,
                mem_gb=demand.memory / 2**30,
                gpus_per_node=demand.gpus or None,
                slurm_setup=setup,
                local_setup=setup,
            )
            with executor.batch():
                handles = [executor.submit(compute, store, job) for job in jobs]
        except (OSError, self._submitit.core.utils.FailedSubmissionError) as error:
            raise HarnessError(f"Slurm took no jobs ({error}); asked for were {len(jobs)} of {demand} each") from error
        return handles

    def _submitted(self, store: Store) -> Path:
        """Return the folder that jobs are handed over in."""
        if store.root not in self._folders:
            self._folders[store.root] = self._open.enter_context(passing(store))
        return self._folders[store.root]

    def _look(self) -> None:
        while not self._ending.wait(LOOK):
            for submitted in [each for each in self._waiting if each.handle.done()]:
                try:
                    self._end(submitted)
                except Exception as error:  # noqa: BLE001  # the future's, whatever it is
                    self._finish(submitted, error)

    def _end(self, submitted: _Submitted) -> None:
        """Keep what the job wrote, and pass on what came of it; one that gave no answer is submitted once more."""
        utils = self._submitit.core.utils
        try:
            answer: Answer = submitted.handle.result()
        except utils.FailedJobError:
            raise
        except utils.UncompletedJobError:
            self._submit_again(submitted)
            return
        finally:
            _keep_log(submitted)
        submitted.said += [*answer.said, *of_others(submitted.job, submitted.store)]
        self._finish(submitted, answer.error)

    def _submit_again(self, submitted: _Submitted) -> None:
        ended = f"'{submitted.job[0].words}' ended without an answer ({submitted.handle.state.lower()})"
        ended = f"the job that computed {ended}; what it wrote is in {_log_of(submitted)}"
        demand = self.demands.of(submitted.job)
        if submitted.attempt == ATTEMPTS:
            raise HarnessError(
                f"{ended}, as {ATTEMPTS - 1} before it did. It had {demand} and {MINUTES} minutes, unless SBATCH_... "
                "variables say otherwise; does its node see the store? What was finished is kept"
            )
        submitted.said.append((LostWorkerWarning, f"{ended}; it is computed again"))
        submitted.attempt += 1
        (submitted.handle,) = self._submit([submitted.job], submitted.store, demand)

    def _finish(self, submitted: _Submitted, error: Exception | None) -> None:
        self._waiting.remove(submitted)
        if error is None:
            submitted.future.set_result(submitted.said)
        else:
            submitted.future.set_exception(error)


def _log_of(submitted: _Submitted) -> Path:
    place = submitted.store.place(submitted.job[0])
    return submitted.store.root / "logs" / place.parent.name / f"{place.name}.log"


def _keep_log(submitted: _Submitted) -> None:
    """Append what the job wrote to its record's log, which begins with what the record is."""
    path = _log_of(submitted)
    submitted.store.make_folder("logs", path.parent.name)
    with path.open("a", encoding="utf-8") as log:
        log.write(f"{submitted.job[0].words}: attempt {submitted.attempt}, job {submitted.handle.job_id}\n")
        for written in (submitted.handle.paths.stdout, submitted.handle.paths.stderr):
            with suppress(OSError):
                log.write(written.read_text(encoding="utf-8", errors="replace"))
