"""What a job asks of whatever machine is to compute it."""

from collections.abc import Callable
from dataclasses import dataclass

from harness.engines import Job
from harness.engines.shares import BESIDE, COPIES


@dataclass(frozen=True)
class Demand:
    """What a job is to be given: threads, which decide the last digits of its numbers, main memory, and GPUs."""

    threads: int
    memory: int
    """Bytes."""
    gpus: int = 0

    def __str__(self) -> str:
        gpu = f", {self.gpus} GPU" if self.gpus else ""
        return f"{self.threads} {'processor' if self.threads == 1 else 'processors'}, {self.memory / 1e9:.1f} GB{gpu}"


@dataclass(frozen=True)
class Demands:
    """What jobs ask for: a record's own number of threads, or the run's; memory for the model, unless it needs none."""

    threads: int
    weights: Callable[[], int]
    """Bytes of the model's."""

    def of(self, job: Job) -> Demand:
        """Return a job's; of a GPU a whole one, and main memory for the weights on their way to it."""
        record = job[0]
        if record.on_gpu:
            return Demand(self.threads, BESIDE + self.weights(), 1)
        if record.threads == 1:
            return Demand(1, BESIDE)
        return Demand(record.threads or self.threads, BESIDE + COPIES * self.weights())
