"""What a claim may ask for, each question stated as the records that answer it.

A question yields its records in stages, each known once those before it are in the store. To ask is to run nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.data import Setting
from harness.evidence.measurements import MEASUREMENTS
from harness.evidence.measuring import Measurement, Source
from harness.evidence.sources import Sources
from harness.runs.cells import OrdersOfSets
from harness.runs.facts import CellFacts
from harness.runs.finetuning import FinetuningRun
from harness.runs.layout import PromptLayout
from harness.runs.steadiness import SteadinessRun
from harness.runs.variants import OWN, Variant
from harness.store import Record
from harness.trainings.linear_attention import LinearAttentionLayers
from harness.trainings.text_tasks import TextTask

Stages = Iterator[Sequence[Record]]


class Question(Protocol):
    """Something that a claim may ask for."""

    def stages(self, sources: Sources) -> Stages:
        """Yield the records of each stage."""


def selecting(sources: Sources) -> Stages:
    """Yield what demonstration sets are selected by, what learning rates are, and whether the best of these is steady.

    Where it is not, whether the next is, and so on.
    """
    yield [run for task in sources.tasks for run in sources.experiment.sets_tried(task)]
    yield [run for t in sources.tasks for run in sources.experiment.rates_tried(t, sources.best_set(t))]
    for place, _ in enumerate(sources.experiment.settings.learning_rates):
        if not (in_question := [run for t in sources.tasks if (run := sources.rate_in_question(t, place)) is not None]):
            return
        yield in_question


class _Measuring(ABC):
    """A measurement: what is selected comes first, then what is measured."""

    @abstractmethod
    def records(self, sources: Sources) -> Mapping[str, list[Measurement]]:
        """Return the measurements of each task, by reported demonstration set."""

    def stages(self, sources: Sources) -> Stages:
        """Select, then measure."""
        yield from selecting(sources)
        yield [record for of_task in self.records(sources).values() for record in of_task]


@dataclass(frozen=True)
class OnTasks(_Measuring):
    """A measurement on all tasks and test examples."""

    measurement: str

    def records(self, sources: Sources) -> Mapping[str, list[Measurement]]:
        """Return the measurements of each task, by reported demonstration set."""
        return {task: [self._record(sources, task, c) for c in _sets(sources, task)] for task in sources.tasks}

    def _record(self, sources: Sources, task: str, candidate: int) -> Measurement:
        experiment, chosen = sources.experiment, sources.selection(task)
        cell = experiment.own_cell(task, chosen, candidate)
        made_on: Mapping[str, Source] = {
            "cell": cell,
            "cell from start": experiment.from_start(cell),
            "parts": experiment.parts(task, candidate),
            "updates": experiment.updates(task, chosen, candidate),
        }
        of = experiment.run(FinetuningRun, task, None, candidate, chosen.learning_rate)
        return Measurement(self.measurement, of, made_on[MEASUREMENTS[self.measurement][0]])


@dataclass(frozen=True)
class OnControls(_Measuring):
    """A measurement under a variant, on the first examples of the first tasks."""

    measurement: str
    variant: Variant = OWN

    def records(self, sources: Sources) -> Mapping[str, list[Measurement]]:
        """Return the measurements of each control task, by reported demonstration set."""
        return {task: [self._record(sources, task, c) for c in _sets(sources, task)] for task in sources.control_tasks}

    def _record(self, sources: Sources, task: str, candidate: int) -> Measurement:
        experiment, chosen = sources.experiment, sources.chosen
        cell = experiment.cell(task, chosen, candidate, self.variant)
        made_on: Mapping[str, Source] = {
            "cell": cell,
            "cell from start": experiment.from_start(cell),
            "orders": experiment.orders(task, chosen, candidate),
            "next_tokens": experiment.next_tokens(task, chosen, candidate),
        }
        of = experiment.beside(FinetuningRun, task, chosen, candidate, self.variant)
        return Measurement(self.measurement, of, made_on[MEASUREMENTS[self.measurement][0]])


@dataclass(frozen=True)
class AcrossSets(_Measuring):
    """A measurement across the reported demonstration sets, on the first examples of the first tasks: one a task."""

    measurement: str

    def records(self, sources: Sources) -> Mapping[str, list[Measurement]]:
        """Return the measurement of each control task, under the run of its best set."""
        return {task: [self._record(sources, task)] for task in sources.control_tasks}

    def _record(self, sources: Sources, task: str) -> Measurement:
        experiment, chosen, sets = sources.experiment, sources.chosen, _sets(sources, task)
        of = experiment.beside(FinetuningRun, task, chosen, sets[0], OWN)
        made_on: Mapping[str, Source] = {
            "orders of sets": OrdersOfSets(tuple(experiment.orders(task, chosen, c) for c in sets)),
        }
        return Measurement(self.measurement, of, made_on[MEASUREMENTS[self.measurement][0]])


@dataclass(frozen=True)
class FinetunedAt:
    """How a variant was finetuned: its learning rate, smaller where the claims' diverged, and whether it is steady."""

    variant: Variant

    def stages(self, sources: Sources) -> Stages:
        """Select, then finetune, and finetune once more."""
        yield from selecting(sources)
        beside = [run for runs in self.records(sources).values() for run in runs if run.fitting is not None]
        yield [*beside, *map(self.steadiness, beside)]

    @staticmethod
    def steadiness(run: FinetuningRun) -> SteadinessRun:
        """Return what tells whether a finetuning beside the claims' own is steady."""
        return run.becoming(SteadinessRun, setting=Setting.FT)

    def records(self, sources: Sources) -> Mapping[str, list[FinetuningRun]]:
        """Return the finetunings of each control task, by reported demonstration set."""
        cell, chosen = sources.experiment.cell, sources.chosen
        return {
            t: [cell(t, chosen, c, self.variant).finetuned for c in _sets(sources, t)] for t in sources.control_tasks
        }


class CausalOrder:
    """What ICL and finetuning share, on every task (see `harness.runs.theory.CausalityRun`)."""

    def stages(self, sources: Sources) -> Stages:
        """Select, then replace one half of the demonstrations and the other."""
        yield from selecting(sources)
        yield list(self.records(sources).values())

    def records(self, sources: Sources) -> Mapping[str, Record]:
        """Return the run of each task, under its best demonstration set."""
        return {task: sources.experiment.causality(task, sources.selection(task)) for task in sources.tasks}


class HowItRan:
    """What a report says of every task."""

    def stages(self, sources: Sources) -> Stages:
        """Select, then gather."""
        yield from selecting(sources)
        others = [run for of_task in self.other_sets(sources).values() for run in of_task.values()]
        yield [*self.records(sources).values(), *self.layouts(sources).values(), *others]

    def layouts(self, sources: Sources) -> Mapping[str, Record]:
        """Return each task's tokens."""
        experiment = sources.experiment
        return {task: PromptLayout(experiment.model, experiment.tasks[task]) for task in sources.tasks}

    def other_sets(self, sources: Sources) -> Mapping[str, Mapping[int, SteadinessRun]]:
        """Return what tells of each task's reported demonstration sets, but the best, whether finetuning is steady."""
        found = {}
        for task in sources.tasks:
            chosen = sources.selection(task)
            rate = chosen.learning_rate
            found[task] = {c: sources.experiment.steadiness(task, c, rate) for c in chosen.candidates[1:]}
        return found

    def records(self, sources: Sources) -> Mapping[str, Record]:
        """Return the facts of each task's best cell."""
        found = {}
        for task in sources.tasks:
            chosen = sources.selection(task)
            found[task] = CellFacts(sources.experiment.own_cell(task, chosen, chosen.candidates[0]))
        return found


class TrainedLayers:
    """Linear attention layers trained on in-context regression."""

    def stages(self, sources: Sources) -> Stages:
        """Train them."""
        yield [self.record(sources)]

    def record(self, sources: Sources) -> Record:
        """Return the one record."""
        return LinearAttentionLayers(sources.experiment.settings.seed)


class TrainedGPTs:
    """The grid of trainings: every problem, attention and training run, and the yardstick of regression."""

    def stages(self, sources: Sources) -> Stages:
        """Choose the strength, then train."""
        yield list(sources.grid.tries.values())
        yield [*sources.grid.every(sources.eta), sources.grid.yardstick]


class TextTasks:
    """The text tasks put to the language models of the grid; nothing at sizes that are too small to answer."""

    attentions = ("vanilla", "momentum")

    def stages(self, sources: Sources) -> Stages:
        """Choose the strength, then train and ask."""
        if sources.grid.size.text_tasks:
            yield list(sources.grid.tries.values())
            yield [record for of_attention in self.records(sources).values() for record in of_attention.values()]

    def records(self, sources: Sources) -> Mapping[str, Mapping[str, TextTask]]:
        """Return what is asked, by attention and task; empty where the size is too small."""
        if not sources.grid.size.text_tasks:
            return {}
        settings, tasks = sources.experiment.settings, sources.experiment.tasks
        asked = (settings.demonstrations, settings.seed, settings.queries)
        trained = {a: tuple(sources.grid.reported("language", a, sources.eta)) for a in self.attentions}
        return {a: {name: TextTask(of, task, *asked) for name, task in tasks.items()} for a, of in trained.items()}


def _sets(sources: Sources, task: str) -> Sequence[int]:
    return sources.selection(task).candidates
