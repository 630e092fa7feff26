"""What questions need and the store lacks: which of it can be computed now, and what that makes possible.

A question's stages are known one after the other: learning rates are tried on the demonstration set that was best. Each
question goes on to its next stage as soon as the store has all of this one's, whatever the others wait for.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from harness.engines import Engine, Job, Said
from harness.store import Record, Store

Stages = Iterator[Sequence[Record]]


@dataclass
class _Node:
    """A job that is not done."""

    job: list[Record] = field(default_factory=list)
    waits_for: set[Path] = field(default_factory=set)
    """Places of the records that it rests on and that are not there yet."""
    is_taken: bool = False

    @property
    def turn(self) -> tuple[bool, float]:
        """Where it stands in line: the longest first, and what needs one thread alone where nothing else can run."""
        return self.job[0].threads == 1, -sum(record.cost for record in self.job)


@dataclass
class _Asking:
    """A question at one of its stages."""

    stages: Stages
    waits_for: set[Path] = field(default_factory=set)


class Schedule:
    """A graph of what is lacking, which grows as stages become known. It computes nothing."""

    def __init__(self, questions: Iterable[Stages], store: Store) -> None:
        """Ask for the first stages."""
        self.store = store
        self._asking = [_Asking(stages) for stages in questions]
        self._nodes: dict[Path, _Node] = {}
        """What is not done, by the place of each of its records."""
        self._latest: dict[Path, _Node] = {}
        """By the place of the first record that is computed together with it, what was planned last of a group."""
        self._settled: set[Path] = set()
        """Where nothing is to be done any more, or all is planned that is."""
        self._ask()

    @property
    def ready(self) -> list[Job]:
        """Return the jobs that rest on what is there and that nobody took, in the order to take them."""
        open_nodes = {id(node): node for node in self._nodes.values() if not (node.waits_for or node.is_taken)}
        return [node.job for node in sorted(open_nodes.values(), key=lambda node: node.turn)]

    def take(self, job: Job) -> None:
        """Note that a job is being computed."""
        self._nodes[self.store.place(job[0])].is_taken = True

    def end(self, job: Job) -> None:
        """Note that the store has a job's records, and ask for the stages that this makes known."""
        places = {self.store.place(record) for record in job}
        for place in places:
            del self._nodes[place]
        for node in self._nodes.values():
            node.waits_for -= places
        for asking in self._asking:
            asking.waits_for -= places
        self._ask()

    def _ask(self) -> None:
        for asking in self._asking:
            while not asking.waits_for and (stage := next(asking.stages, None)) is not None:
                asking.waits_for = {place for goal in stage if (place := self._goal(goal)) in self._nodes}
        self._asking = [asking for asking in self._asking if asking.waits_for]

    def _goal(self, goal: Record) -> Path:
        """Plan what the store lacks of a goal, and return its place. What is damaged is lacking."""
        place = self.store.place(goal)
        if place not in self._settled and not self.store.holds(goal):
            self._plan(goal, place)
        self._settled.add(place)
        return place

    def _plan(self, record: Record, place: Path) -> None:
        """Plan a record, what it is computed with, and what they rest on and the store has nothing of.

        That is not opened: whoever computes from it does.
        """
        self._settled.add(place)
        group = self.store.place((*record.together, record)[0])
        if group not in self._latest or self._latest[group].is_taken:
            self._latest[group] = _Node()
        node = self._nodes[place] = self._latest[group]
        node.job.append(record)
        for needed in record.inputs:
            if self._is_lacking(there := self.store.place(needed)):
                self._plan(needed, there)
            if there in self._nodes:
                node.waits_for.add(there)
        for member in record.together:
            if self._is_lacking(there := self.store.place(member)):
                self._plan(member, there)

    def _is_lacking(self, place: Path) -> bool:
        return place not in self._settled and not place.is_dir()


def run(schedule: Schedule, engine: Engine, ended: Callable[[Record], None]) -> None:
    """Have an engine compute all of it, and call back as each record is in the store.

    The first error stops the rest, and is raised.
    """
    running: dict[Future[Said], Job] = {}
    while (ready := schedule.ready) or running:
        for place, future in engine.take(ready, schedule.store).items():
            schedule.take(ready[place])
            running[future] = ready[place]
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            for category, text in future.result():
                warnings.warn(text, category, stacklevel=2)
            job = running.pop(future)
            for record in job:
                ended(record)
            schedule.end(job)
