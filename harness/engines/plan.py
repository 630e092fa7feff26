"""What questions need, as records in waves; and running them.

A question's stages are known one after the other: learning rates are tried on the demonstration set that was best. Of a
stage's records only those that the store lacks are run, and what they rest on before them.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import zip_longest
from pathlib import Path

from harness.engines.in_process import InProcess
from harness.engines.in_processes import InProcesses, available_processes
from harness.evidence.questions import Question
from harness.evidence.sources import Provisional, Sources
from harness.progress import Progress
from harness.runs.run import Run
from harness.store import Record, Store
from harness.trainings.forecast import forecast
from harness.trainings.training import Training

Wave = Sequence[Record]
"""Records that rest on nothing but earlier waves."""


def waves(questions: Sequence[Question], sources: Sources) -> Iterator[Wave]:
    """Yield what the store lacks, wave by wave: run each before the next is asked for."""
    planned: set[Path] = set()
    for stage in zip_longest(*(question.stages(sources) for question in questions), fillvalue=()):
        for wave in _levels([record for records in stage for record in records], sources.store, planned):
            planned |= {sources.store.place(record) for record in wave}
            yield wave


def stated(questions: Sequence[Question], sources: Sources) -> list[Wave]:
    """Return all waves before any is run: where a choice is not made yet, the first of what it is among stands in."""
    return list(waves(questions, Provisional(sources.experiment, sources.grid, sources.store, sources.left_out)))


def run_plan(questions: Sequence[Question], sources: Sources, progress: Progress) -> None:
    """Run what the questions need and the store lacks.

    Records of one thread run side by side in processes, all others in this one.

    Raises:
        HarnessError: a record can't be computed; what was finished before is kept.

    """
    progress.expect(sum(record.cost for wave in stated(questions, sources) for record in wave))
    settings, store = sources.experiment.settings, sources.store
    processes = settings.processes or available_processes()
    checked = False
    for wave in waves(questions, sources):
        if not checked and any(isinstance(record, Run) for record in wave):
            progress.begin(f"preparing {sources.experiment.model.name}")
            sources.experiment.check_prompts(store)
            checked = True
        _run_wave(wave, store, progress, processes)


def _run_wave(wave: Wave, store: Store, progress: Progress, processes: int) -> None:
    def ended(record: Record) -> None:
        progress.advance(record.cost)

    small = [record for record in wave if record.threads == 1]
    trainings = [record for record in wave if isinstance(record, Training)]
    if trainings:
        progress.say(forecast(trainings, processes if small else 1))
        progress.begin(f"training {len(trainings)} small models, size {trainings[0].size.name}")
    InProcesses(processes).run(small, store, ended)
    InProcess(progress.begin).run([record for record in wave if record.threads != 1], store, ended)


def _levels(goals: Sequence[Record], store: Store, planned: AbstractSet[Path]) -> Sequence[Wave]:
    """Return what the store lacks of the goals and of all that those rest on, inputs first, each once.

    What earlier stages planned counts as there, run or not, and a goal that is damaged as lacking. What a goal rests
    on is looked at only where the goal itself is lacking, and not opened: whoever computes from it does.
    """
    distinct = {store.place(goal): goal for goal in goals}
    lacking = {path for path, goal in distinct.items() if path not in planned and store.find(goal) is None}
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
        return depth[path]

    for goal in distinct.values():
        placed(goal)
    return found
