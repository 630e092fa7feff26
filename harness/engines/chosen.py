"""Which engine a run's settings name."""

from contextlib import AbstractContextManager

from harness.engines import Engine
from harness.engines.demand import Demands
from harness.engines.machine import BYTES_OF, Machine
from harness.models.source import numbers_of
from harness.progress import Progress
from harness.runs.experiment import Experiment


def chosen_engine(experiment: Experiment, progress: Progress) -> AbstractContextManager[Engine]:
    """Return the engine, to be entered; HarnessError where what it rests on is not there."""
    settings = experiment.settings
    demands = Demands(
        settings.threads or 1,
        lambda: numbers_of(experiment.model, settings.store) * BYTES_OF[settings.dtype],
    )
    if settings.engine == "ray":
        from harness.engines.on_ray import OnRay  # noqa: PLC0415  # an extra

        return OnRay(demands, progress.begin)
    if settings.engine == "slurm":
        from harness.engines.on_slurm import OnSlurm  # noqa: PLC0415  # an extra

        return OnSlurm(demands, progress.begin)
    return Machine(experiment, progress)
