"""What questions need, as records: stated beforehand in waves, and run."""

from collections.abc import Sequence

from harness.engines.forecast import MINUTES, foresee
from harness.engines.machine import Machine
from harness.engines.schedule import Schedule, run
from harness.evidence.questions import Question
from harness.evidence.sources import Provisional, Sources
from harness.progress import Progress
from harness.runs.run import Run
from harness.store import Record
from harness.trainings.forecast import forecast
from harness.trainings.training import Training

Wave = Sequence[Record]
"""Records that rest on nothing but earlier waves."""
MANY = 500
"""Zero-shot queries below which a run is not foretold, whatever the model: that is measured, too."""


def stated(questions: Sequence[Question], sources: Sources) -> list[Wave]:
    """Return what the store lacks before any is run: where a choice is not made yet, the first of what it is among."""
    schedule, waves = _scheduled(questions, Provisional.of(sources)), list[Wave]()
    while jobs := schedule.ready:
        waves.append([record for job in jobs for record in job])
        for job in jobs:
            schedule.take(job)
        for job in jobs:
            schedule.end(job)
    return waves


def run_plan(questions: Sequence[Question], sources: Sources, progress: Progress) -> None:
    """Run what the questions need and the store lacks, as `harness.engines.machine.Machine` does.

    Raises:
        HarnessError: a record can't be computed; what was finished before is kept.

    """
    ahead = stated(questions, sources)
    progress.expect(sum(record.cost for wave in ahead for record in wave))

    def ended(record: Record) -> None:
        progress.advance(record.cost)

    with Machine(sources.experiment, progress) as machine:
        _prepare(ahead, sources, machine, progress)
        run(_scheduled(questions, sources), machine, ended)


def _scheduled(questions: Sequence[Question], sources: Sources) -> Schedule:
    return Schedule((question.stages(sources) for question in questions), sources.store)


def _prepare(ahead: Sequence[Wave], sources: Sources, machine: Machine, progress: Progress) -> None:
    """Check the prompts before any weights are loaded, and say what a long run will take."""
    records, experiment = [record for wave in ahead for record in wave], sources.experiment
    if any(isinstance(record, Run) for record in records):
        progress.begin(f"preparing {experiment.model.name}")
        experiment.check_prompts(sources.store)
        units = sum(record.cost for record in records)
        if units > MANY and (told := foresee(ahead, experiment)).seconds > 60 * MINUTES:
            progress.say("\n".join(told.lines))
    trainings = [record for record in records if isinstance(record, Training)]
    if trainings:
        progress.say(forecast(trainings, 1 if trainings[0].on_gpu else machine.for_trainings.processes))
