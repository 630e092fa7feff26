"""What questions need, as records in waves; and running them.

A question's stages are known one after the other: learning rates are tried on the demonstration set that was best. Of a
stage's records only those that the store lacks are run, and what they rest on before them.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import zip_longest
from pathlib import Path

from harness.engines.forecast import MINUTES, foresee
from harness.engines.machine import Machine
from harness.evidence.questions import Question
from harness.evidence.sources import Provisional, Sources
from harness.progress import Progress
from harness.runs.run import Run
from harness.store import Record, Store
from harness.trainings.forecast import forecast
from harness.trainings.training import Training

Wave = Sequence[Record]
"""Records that rest on nothing but earlier waves."""
MANY = 500
"""Zero-shot queries below which a run is not foretold, whatever the model: that is measured, too."""


def stages(questions: Sequence[Question], sources: Sources) -> Iterator[Sequence[Wave]]:
    """Yield what the store lacks, stage by stage, each in waves: run it before the next is asked for."""
    planned: set[Path] = set()
    for stage in zip_longest(*(question.stages(sources) for question in questions), fillvalue=()):
        waves = _levels([record for records in stage for record in records], sources.store, planned)
        planned |= {sources.store.place(record) for wave in waves for record in wave}
        yield waves


def stated(questions: Sequence[Question], sources: Sources) -> list[Wave]:
    """Return all waves before any is run: where a choice is not made yet, the first of what it is among stands in."""
    provisional = Provisional(sources.experiment, sources.grid, sources.store, sources.left_out)
    return [wave for waves in stages(questions, provisional) for wave in waves]


def run_plan(questions: Sequence[Question], sources: Sources, progress: Progress) -> None:
    """Run what the questions need and the store lacks, each stage as `harness.engines.machine.Machine` does.

    Raises:
        HarnessError: a record can't be computed; what was finished before is kept.

    """
    ahead = stated(questions, sources)
    units = sum(record.cost for wave in ahead for record in wave)
    progress.expect(units)
    experiment, store = sources.experiment, sources.store

    def ended(record: Record) -> None:
        progress.advance(record.cost)

    checked = False
    with Machine(experiment, progress) as machine:
        for waves in stages(questions, sources):
            records = [record for wave in waves for record in sorted(wave, key=_is_small)]
            if not checked and any(isinstance(record, Run) for record in records):
                progress.begin(f"preparing {experiment.model.name}")
                experiment.check_prompts(store)
                checked = True
                if units > MANY and (told := foresee(ahead, experiment)).seconds > 60 * MINUTES:
                    progress.say("\n".join(told.lines))
            _say_trainings(records, machine, progress)
            machine.run(records, store, ended)


def _is_small(record: Record) -> bool:
    return record.threads == 1


def _say_trainings(records: Sequence[Record], machine: Machine, progress: Progress) -> None:
    trainings = [record for record in records if isinstance(record, Training)]
    if trainings:
        small = any(map(_is_small, trainings))
        progress.say(forecast(trainings, machine.for_trainings.processes if small else 1))


def _levels(goals: Sequence[Record], store: Store, planned: AbstractSet[Path]) -> Sequence[Wave]:
    """Return what the store lacks of the goals and of all that those rest on, inputs first, each once.

    What earlier stages planned counts as there, run or not, and a goal that is damaged as lacking. What a goal rests
    on is looked at only where the goal itself is lacking, and not opened: whoever computes from it does.
    """
    distinct = {store.place(goal): goal for goal in goals}
    lacking = {path for path, goal in distinct.items() if path not in planned and not store.holds(goal)}
    depth: dict[Path, int] = {}
    found: list[list[Record]] = []

    def placed(record: Record) -> int:
        path = store.place(record)
        if path not in depth:
            there = path in planned or (path.is_dir() and path not in lacking)
            depth[path] = 0 if there else 1 + max(map(placed, record.inputs), default=0)
            if not there:
                found.extend([] for _ in range(depth[path] - len(found)))
                found[depth[path] - 1].append(record)
                for member in record.together:
                    placed(member)
        return depth[path]

    for goal in distinct.values():
        placed(goal)
    return found
