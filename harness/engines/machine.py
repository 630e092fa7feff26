"""The engine of one machine: each record in the process that suits it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from functools import cached_property
from types import TracebackType
from typing import Self

from harness.engines import Engine, Job, Said
from harness.engines.in_process import InProcess
from harness.engines.in_processes import InProcesses
from harness.engines.shares import Share, share_for_models, share_for_trainings
from harness.models.source import numbers_of
from harness.progress import Progress
from harness.runs.experiment import Experiment
from harness.settings import Settings
from harness.store import Record, Store

BYTES_OF = {"float32": 4, "bfloat16": 2, "float16": 2}


def share_of(settings: Settings, numbers: int) -> Share:
    """Return how runs of a model of so many parameters share the machine, on the device and in the type of a run."""
    from harness.models.devices import on_gpu  # noqa: PLC0415  # brings torch

    return share_for_models(settings, numbers * BYTES_OF[settings.dtype], on_gpu=on_gpu(settings.device))


class Machine:
    """Runs what computes on a GPU in this process, and all else side by side in processes, where several fit.

    What needs one thread and no model has processes of its own where a model fits fewer times into memory than there
    are processors. The processes end with the `with` block.
    """

    def __init__(self, experiment: Experiment, progress: Progress) -> None:
        """Take whose model is run, and whom to tell what runs."""
        self.experiment = experiment
        self.progress = progress
        self._open = ExitStack()
        self._engines: dict[Share, InProcesses] = {}
        self._here = InProcess(progress.begin)

    def __enter__(self) -> Self:
        """Start nothing: processes begin with their first record."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the processes."""
        self._open.__exit__(kind, error, at)

    def take(self, jobs: Sequence[Job], store: Store) -> Mapping[int, Future[Said]]:
        """Begin those that are in line first and of one kind of process, and one of those that compute on a GPU.

        Another kind waits until the machine's processors are free. What runs in this process is done on return.
        """
        places = [place for place, job in enumerate(jobs) if not job[0].on_gpu]
        busy = next((engine for engine in self._engines.values() if engine.busy), None)
        taken: dict[int, Future[Said]] = {}
        if places:
            engine = busy or self._engine(jobs[places[0]][0])
            taken |= _taken(engine, jobs, [place for place in places if self._engine(jobs[place][0]) is engine], store)
        on_gpu = [place for place, job in enumerate(jobs) if job[0].on_gpu]
        return taken | _taken(self._here, jobs, on_gpu, store)

    @property
    def for_trainings(self) -> Share:
        """How trainings of small models share the machine."""
        return share_for_trainings(self.experiment.settings)

    @cached_property
    def for_models(self) -> Share:
        """How runs of the model share it; its weights' files must be there."""
        settings = self.experiment.settings
        return share_of(settings, numbers_of(self.experiment.model, settings.store))

    def _engine(self, record: Record) -> Engine:
        if record.threads == 1:
            return self._side_by_side(self.for_trainings)
        apart = self.for_models.processes > 1 or self.experiment.settings.threads
        return self._side_by_side(self.for_models) if apart else self._here

    def _side_by_side(self, share: Share) -> InProcesses:
        if share not in self._engines:
            engine = InProcesses(share.processes, share.threads, self.progress.begin)
            self._engines[share] = self._open.enter_context(engine)
        return self._engines[share]


def _taken(engine: Engine, jobs: Sequence[Job], places: Sequence[int], store: Store) -> dict[int, Future[Said]]:
    """Return what an engine begins of the jobs at these places, by place."""
    return {places[i]: future for i, future in engine.take([jobs[place] for place in places], store).items()}
