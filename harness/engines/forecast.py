"""What a plan will take, roughly, said before it is run: records, time, memory, disk. No weights are read.

Work is the plan's own (`Record.cost`, in zero-shot queries), a query's is the model's numbers times its tokens, and the
machine is measured for a fraction of a second. The time is meant to be right within a factor of two: costs were found
on one model and two cores, four letters are taken for a token, and measuring, judging and what costs nothing in plans
come on top, as does whatever else the machine does.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.data import Task
from harness.engines.machine import BYTES_OF, share_of
from harness.engines.shares import Share, share_for_trainings
from harness.errors import HarnessError
from harness.models.catalogue import HubModel
from harness.models.folder import ModelFolder
from harness.models.source import weights_folder
from harness.runs.experiment import Experiment
from harness.runs.finetuning import FinetuningRun
from harness.runs.run import Run
from harness.runs.scoring import RecordingRun
from harness.settings import Settings
from harness.store import Record
from harness.trainings.forecast import seconds_of
from harness.trainings.training import Training

if TYPE_CHECKING:
    import torch

    from harness.models.size import ModelSize

LETTERS = 4.0
"""Of English that a token holds, about."""
ANSWER = 2
"""Tokens that answer word and separator add to a demonstration."""
REACHED = 0.5
"""Of the rate of a product of matrices, what a run of a model reaches."""
MEASURED = 0.3
"""Seconds for which the machine is measured: its mean rate, so that what others compute now counts."""
MINUTES = 3.0
"""From how much on a run is foretold."""


@dataclass(frozen=True)
class Forecast:
    """What records that are to be run will take."""

    kinds: Mapping[str, int]
    """How many records of each kind."""
    waves: int
    seconds: float
    """Of runs of the model."""
    training_seconds: float
    """Of trainings of GPTs in pairs."""
    share: Share
    """Processes for runs of the model."""
    bytes_each: int
    """Memory of one of them at most."""
    disk: int
    """Bytes that the store will hold more."""

    @property
    def lines(self) -> Iterator[str]:
        """Say it: a line for what runs, one for what it takes, and one for trainings where there are any."""
        kinds = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in sorted(self.kinds.items()))
        yield f"ahead: {sum(self.kinds.values())} records in {self.waves} waves ({kinds or 'none'})"
        yield (
            f"roughly {spent(self.seconds)} in {self.share.processes} x {self.share.threads} threads, "
            f"{in_gigabytes(self.bytes_each)} of memory a process, {in_gigabytes(self.disk)} more in the store"
        )
        if self.training_seconds:
            yield f"and {spent(self.training_seconds)} for trainings of GPTs in pairs"


def spent(seconds: float) -> str:
    """Return a time as one says it of what is known within a factor of two."""
    for unit, length, most in (("minutes", 60, 100), ("hours", 3600, 72)):
        if seconds < most * length:
            return f"{seconds / length:.0f} {unit}" if seconds >= length else "less than a minute"
    return f"{seconds / 86_400:,.0f} days"


def in_gigabytes(size: float) -> str:
    """Return bytes in GB, with a decimal where there are few."""
    return f"{size / 1e9:.1f} GB" if size < 1e10 else f"{size / 1e9:.0f} GB"  # noqa: PLR2004


def forecast(
    waves: Sequence[Sequence[Record]], experiment: Experiment, size: "ModelSize", share: Share, context: int
) -> Forecast:
    """Return what the waves will take of a model of this size and context; measures the machine."""
    settings, records = experiment.settings, [record for wave in waves for record in wave]
    seconds = flops_of(records, experiment, size) / rate(settings, size.width, share) / share.processes
    trainings = [record for record in records if isinstance(record, Training)]
    training = seconds_of(trainings, share_for_trainings(settings).processes) if trainings else 0.0
    itemsize, texts = BYTES_OF[settings.dtype], [tokens_of(task) for task in experiment.tasks.values()]
    longest = max(texts)
    prefix = min(context, round(settings.demonstrations * (longest + ANSWER)))
    return Forecast(
        kinds=Counter(record.kind for record in records),
        waves=len(waves),
        seconds=seconds,
        training_seconds=training,
        share=share,
        bytes_each=size.peak(itemsize, prefix=prefix, text=round(longest)),
        disk=round(sum(bytes_of(r, size, itemsize, prefix) for r in records if isinstance(r, Run))),
    )


def foresee(waves: Sequence[Sequence[Record]], experiment: Experiment) -> Forecast:
    """Return what the waves will take of the experiment's model, as its configuration or the catalogue says its size.

    Raises:
        HarnessError: the model is not here yet, and the catalogue says no size of it.

    """
    from harness.models.fitting import configuration_of, configuration_to_be, context_of  # noqa: PLC0415  # brings torch
    from harness.models.size import size_of  # noqa: PLC0415

    source, settings = experiment.model, experiment.settings
    folder = ModelFolder(weights_folder(source, settings.store), source.name)
    if folder.path.is_dir():
        config = configuration_of(folder)
    elif isinstance(source.row, HubModel) and source.row.shape:
        config = configuration_to_be(dict(source.row.shape))
    else:
        raise HarnessError(
            f"model '{source.name}' is not here yet, and nothing says how large it is: "
            f"python -m harness fetch --model {source.name}"
        )
    size = size_of(config)
    return forecast(waves, experiment, size, share_of(settings, size.parameters), context_of(folder, config))


def tokens_of(task: Task) -> float:
    """Return about how many tokens a query of the task has, on average over its test part."""
    letters = [len(task.template) + sum(map(len, example.texts.values())) for example in task.test]
    return sum(letters) / len(letters) / LETTERS


def flops_of(records: Sequence[Record], experiment: Experiment, size: "ModelSize") -> float:
    """Return the operations of the runs among the records: their cost in zero-shot queries of their task."""
    query = {name: size.query_flops(tokens_of(task)) for name, task in experiment.tasks.items()}
    return sum(record.cost * query[record.task.name] for record in records if isinstance(record, Run))


def bytes_of(run: Run, size: "ModelSize", itemsize: int, prefix: int) -> float:
    """Return about what a run leaves in the store: what finetuning trained, and what is recorded of tokens."""
    if isinstance(run, FinetuningRun):
        return size.trained * itemsize + 4 * size.layers * size.width * prefix
    if not isinstance(run, RecordingRun):
        return 0
    query = tokens_of(run.task)
    return 4 * run.number * size.layers * (2 * size.width + size.heads * query + prefix)


def rate(settings: Settings, width: int, share: Share) -> float:
    """Return the operations a second that one process reaches, from products as wide as the model's."""
    import torch  # noqa: PLC0415  # slow import

    from harness.models.devices import choose_device  # noqa: PLC0415

    device, before = choose_device(settings.device), torch.get_num_threads()
    torch.set_num_threads(share.threads)
    try:
        return REACHED * _product_rate(width, device, getattr(torch, settings.dtype))
    finally:
        torch.set_num_threads(before)


def _product_rate(width: int, device: "torch.device", dtype: "torch.dtype") -> float:
    import torch  # noqa: PLC0415  # slow import

    rows = 256
    left, right = (torch.ones(n, width, device=device, dtype=dtype) for n in (rows, width))
    done, started = 0, time.perf_counter()
    while not done or time.perf_counter() - started < MEASURED:
        float((left @ right)[0, 0])  # waits for the device
        done += 1
    return 2 * rows * width * width * done / (time.perf_counter() - started)
