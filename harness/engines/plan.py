"""What questions need, as records: stated beforehand in waves, and run."""

from collections.abc import Sequence

from harness.engines.chosen import chosen_engine
from harness.engines.forecast import MINUTES, foresee
from harness.engines.schedule import Schedule, run
from harness.engines.shares import share_for_trainings
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
    """Run what the questions need and the store lacks, on the engine that the settings name.

    Raises:
        HarnessError: a record can't be computed, or the engine can't be reached; what was finished before is kept.

    """
    ahead = stated(questions, sources)
    if not ahead:  # no cluster need be there, and what is there need not be looked at again
        return
    progress.expect(sum(record.cost for wave in ahead for record in wave))

    def ended(record: Record) -> None:
        progress.advance(record.cost)

    with chosen_engine(sources.experiment, progress) as engine:
        _prepare(ahead, sources, progress)
        run(_scheduled(questions, sources), engine, ended)


def _scheduled(questions: Sequence[Question], sources: Sources) -> Schedule:
    return Schedule((question.stages(sources) for question in questions), sources.store)


def _prepare(ahead: Sequence[Wave], sources: Sources, progress: Progress) -> None:
    """Check the prompts before any weights are loaded, and say what a long run will take of this machine."""
    records, experiment = [record for wave in ahead for record in wave], sources.experiment
    if any(isinstance(record, Run) for record in records):
        progress.begin(f"preparing {experiment.model.name}")
        experiment.check_prompts(sources.store)
        units = sum(record.cost for record in records)
        if units > MANY and (told := foresee(ahead, experiment)).seconds > 60 * MINUTES:
            progress.say("\n".join(told.lines))
    trainings = [record for record in records if isinstance(record, Training)]
    if trainings and experiment.settings.engine == "local":
        at_once = share_for_trainings(experiment.settings).processes
        progress.say(forecast(trainings, 1 if trainings[0].on_gpu else at_once))
