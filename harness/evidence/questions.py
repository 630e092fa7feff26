"""What a claim may ask for, each question stated as the records that answer it.

A question yields its records in stages, each known once those before it are in the store. To ask is to run nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from harness.data import Setting
from harness.evidence.measurements import MEASUREMENTS
from harness.evidence.measuring import Measurement, Source
from harness.evidence.reported import drawn_sets, in_a_ring, sets_of
from harness.evidence.selecting import Stages, selecting, selecting_rates
from harness.evidence.sources import Sources
from harness.runs.cells import OrdersOfSets
from harness.runs.facts import CellFacts
from harness.runs.finetuning import FinetuningRun
from harness.runs.layout import PromptLayout
from harness.runs.scoring import AccuracyRun
from harness.runs.steadiness import SteadinessRun, steadiness_beside
from harness.runs.update_size import UpdateSizeRun
from harness.runs.variants import OWN, Variant
from harness.store import Record


class Question(Protocol):
    """Something that a claim may ask for."""

    def stages(self, sources: Sources) -> Stages:
        """Yield the records of each stage."""


class Measuring(ABC):
    """A measurement: what is selected comes first, then what is measured."""

    measurement: str
    """Its name in `harness.evidence.measurements`."""

    @abstractmethod
    def records(self, sources: Sources) -> Mapping[str, list[Measurement]]:
        """Return the measurements of each task, by reported demonstration set."""

    def stages(self, sources: Sources) -> Stages:
        """Select, then measure, then try again what is in doubt."""
        yield from self._selecting(sources)
        finetuned = [run for of_task in self._finetuned_beside(sources).values() for run in of_task.values()]
        yield [*(record for of_task in self.records(sources).values() for record in of_task), *finetuned]
        again = [run for of_task in self.tried_again(sources).values() for run in of_task.values()]
        if again:
            yield again

    def _selecting(self, sources: Sources) -> Stages:
        return selecting(sources)

    def finetunings(self, _sources: Sources) -> Mapping[str, list[FinetuningRun]]:
        """Return what was finetuned for it, by task and reported set; by itself nothing but the claims' own."""
        return {}

    def tried_again(self, sources: Sources) -> Mapping[str, Mapping[int, SteadinessRun]]:
        """Return what tells of its finetunings whether they are steady, by task and the set's place.

        The first is tried, and each whose loss gives cause to doubt it (see `harness.runs.steadiness`). Of the claims'
        own the run as a whole says it.
        """
        return {
            task: {p: steadiness_beside(run) for p, run in of.items() if not p or sources.in_doubt(run)}
            for task, of in self._finetuned_beside(sources).items()
        }

    def _finetuned_beside(self, sources: Sources) -> Mapping[str, Mapping[int, FinetuningRun]]:
        """Return the finetunings that are not the claims' own, by task and the set's place."""
        return {
            task: {p: run for p, run in enumerate(runs) if run.fitting is not None}
            for task, runs in self.finetunings(sources).items()
        }


@dataclass(frozen=True)
class OnTasks(Measuring):
    """A measurement on all tasks and test examples, under every reported demonstration set, or the first `sets`."""

    measurement: str
    sets: int | None = None

    def records(self, sources: Sources) -> Mapping[str, list[Measurement]]:
        """Return the measurements of each task, by reported demonstration set."""
        sets = {task: sets_of(sources, task)[: self.sets] for task in sources.tasks}
        return {task: [self._record(sources, task, c) for c in of_task] for task, of_task in sets.items()}

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
class OnOtherSets(Measuring):
    """A measurement of ICL with one reported demonstration set and FT on another, on all tasks and test examples.

    ICL's are the reported sets in their order; FT's is the one that comes `behind` places after it, round in a ring.
    None where no other set is reported: such a task has no records.
    """

    measurement: str
    behind: int = 1

    def records(self, sources: Sources) -> Mapping[str, list[Measurement]]:
        """Return the measurements of each task, by demonstration set in the context."""
        return {task: found for task in sources.tasks if (found := self._records(sources, task))}

    def _records(self, sources: Sources, task: str) -> list[Measurement]:
        experiment, chosen, sets = sources.experiment, sources.selection(task), sets_of(sources, task)
        return [
            Measurement(
                self.measurement,
                experiment.run(FinetuningRun, task, None, read, chosen.learning_rate),
                experiment.across(task, chosen, shown, read),
                context=shown,
            )
            for shown, read in in_a_ring(sets, self.behind)
            if shown != read
        ]


@dataclass(frozen=True)
class OnControls(Measuring):
    """A measurement under a variant, on the first examples of the first tasks.

    Finetuning is at the claims' own learning rate, or where it is `tuned`, at the one that is selected for the variant
    as the claims' own is for theirs: on the same examples and set, by its accuracy (`harness.runs.selection.tune`).
    Weights that are drawn are drawn anew for each set, and are the same in all tasks.

    """

    measurement: str
    variant: Variant = OWN
    tuned: bool = False

    def _selecting(self, sources: Sources) -> Stages:
        return selecting_rates(sources, self.variant, tuned=self.tuned)

    def finetunings(self, sources: Sources) -> Mapping[str, list[FinetuningRun]]:
        """Return the variant's; weights that are changed in another way have no steps to be steady."""
        if self.variant.update != "finetuned":
            return {}
        return _finetunings(sources, self.variant, tuned=self.tuned)

    def records(self, sources: Sources) -> Mapping[str, list[Measurement]]:
        """Return the measurements of each control task, by reported demonstration set."""
        sets = {task: drawn_sets(sources, task, self.variant) for task in sources.control_tasks}
        return {task: [self._record(sources, task, *of) for of in drawn] for task, drawn in sets.items() if drawn}

    def _record(self, sources: Sources, task: str, candidate: int, variant: Variant) -> Measurement:
        experiment, chosen = sources.experiment, sources.chosen
        rate = _rate(sources, task, variant, tuned=self.tuned)
        cell = experiment.cell(task, chosen, candidate, variant, rate)
        made_on: Mapping[str, Source] = {
            "cell": cell,
            "cell from start": experiment.from_start(cell),
            "cell and reading": experiment.and_reading(task, chosen, cell, candidate, variant),
            "next_tokens": experiment.next_tokens(task, chosen, candidate, variant, rate),
        }
        of = experiment.beside(FinetuningRun, task, chosen, candidate, variant)
        of = of if rate is None else replace(of, learning_rate=rate)
        return Measurement(self.measurement, of, made_on[MEASUREMENTS[self.measurement][0]])


@dataclass(frozen=True)
class AcrossSets(Measuring):
    """A measurement across the reported demonstration sets, on the first examples of the first tasks: one a task."""

    measurement: str

    def records(self, sources: Sources) -> Mapping[str, list[Measurement]]:
        """Return the measurement of each control task, under the run of its best set."""
        return {task: [self._record(sources, task)] for task in sources.control_tasks}

    def _record(self, sources: Sources, task: str) -> Measurement:
        experiment, chosen, sets = sources.experiment, sources.chosen, sets_of(sources, task)
        of = experiment.beside(FinetuningRun, task, chosen, sets[0], OWN)
        made_on: Mapping[str, Source] = {
            "orders of sets": OrdersOfSets(tuple(experiment.orders(task, chosen, c) for c in sets)),
        }
        return Measurement(self.measurement, of, made_on[MEASUREMENTS[self.measurement][0]])


@dataclass(frozen=True)
class FinetunedAt:
    """How a variant was finetuned: its learning rate, smaller where the claims' diverged."""

    variant: Variant
    tuned: bool = False

    def stages(self, sources: Sources) -> Stages:
        """Select, then finetune."""
        yield from selecting_rates(sources, self.variant, tuned=self.tuned)
        yield [run for runs in self.records(sources).values() for run in runs if run.fitting is not None]

    def records(self, sources: Sources) -> Mapping[str, list[FinetuningRun]]:
        """Return the finetunings of each control task, by reported demonstration set."""
        return _finetunings(sources, self.variant, tuned=self.tuned)


@dataclass(frozen=True)
class UpdateSizes:
    """How large the updates are that a variant's finetuning makes (see `harness.runs.update_size.UpdateSizeRun`)."""

    variant: Variant
    tuned: bool = False

    def stages(self, sources: Sources) -> Stages:
        """Select, then compare the weights."""
        yield from selecting_rates(sources, self.variant, tuned=self.tuned)
        yield [run for runs in self.records(sources).values() for run in runs]

    def records(self, sources: Sources) -> Mapping[str, list[UpdateSizeRun]]:
        """Return the comparisons of each control task, by reported demonstration set."""
        found = _finetunings(sources, self.variant, tuned=self.tuned)
        return {task: [run.becoming(UpdateSizeRun) for run in runs] for task, runs in found.items()}


class Learned:
    """What ZSL, ICL and FT answer on what is selected on, on every task and under every reported demonstration set."""

    def stages(self, sources: Sources) -> Stages:
        """Select, then answer: only ZSL, and of sets beyond the first FT, were not among what was selected by."""
        yield from selecting(sources)
        yield [run for sets in self.records(sources).values() for runs in sets for run in runs.values()]

    def records(self, sources: Sources) -> Mapping[str, list[Mapping[Setting, AccuracyRun]]]:
        """Return the runs of each task, by reported demonstration set, by setting."""
        answers = sources.experiment.answers
        return {t: [answers(t, sources.selection(t), c) for c in sets_of(sources, t)] for t in sources.tasks}


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
        """Select, then gather, then try again what is in doubt."""
        yield from selecting(sources)
        finetuned = [run for of_task in self._finetuned(sources).values() for run in of_task.values()]
        yield [*self.records(sources).values(), *self.layouts(sources).values(), *finetuned]
        doubted = [run for of_task in self.other_sets(sources).values() for run in of_task.values()]
        if doubted:
            yield doubted

    def layouts(self, sources: Sources) -> Mapping[str, Record]:
        """Return each task's tokens."""
        experiment = sources.experiment
        return {task: PromptLayout(experiment.model, experiment.tasks[task]) for task in sources.tasks}

    def other_sets(self, sources: Sources) -> Mapping[str, Mapping[int, SteadinessRun]]:
        """Return what tells whether finetuning is steady on reported sets but the best, of those that are in doubt."""
        again = sources.experiment.on_reported
        return {
            task: {c: again(SteadinessRun, task, sources.selection(task), c) for c in runs if sources.in_doubt(runs[c])}
            for task, runs in self._finetuned(sources).items()
        }

    def _finetuned(self, sources: Sources) -> Mapping[str, Mapping[int, FinetuningRun]]:
        """Return the claims' own finetunings, by task and reported set, but those on the best."""
        chosen = {task: sources.selection(task) for task in sources.tasks}
        own = sources.experiment.own_cell
        return {t: {c: own(t, of, c).finetuned for c in of.candidates[1:]} for t, of in chosen.items()}

    def runs(self, sources: Sources) -> Mapping[str, list[Record]]:
        """Return each task's own runs on the sets that are reported."""
        chosen = {task: sources.selection(task) for task in sources.tasks}
        own = sources.experiment.own_cell
        return {t: [run for c in of.candidates for run in own(t, of, c).inputs] for t, of in chosen.items()}

    def records(self, sources: Sources) -> Mapping[str, CellFacts]:
        """Return the facts of each task's best cell."""
        found = {}
        for task in sources.tasks:
            chosen = sources.selection(task)
            found[task] = CellFacts(sources.experiment.own_cell(task, chosen, chosen.candidates[0]))
        return found


def _rate(sources: Sources, task: str, variant: Variant, *, tuned: bool) -> float | None:
    """Return the learning rate that is selected for a variant; None where it is not, or where it finds its own."""
    return sources.rate(task, variant) if tuned and variant.imitates is None else None


def _finetunings(sources: Sources, variant: Variant, *, tuned: bool) -> Mapping[str, list[FinetuningRun]]:
    """Return a variant's finetunings of each control task, by reported demonstration set."""
    found = {}
    for task in sources.control_tasks:
        rate = _rate(sources, task, variant, tuned=tuned)
        cells = [sources.experiment.cell(task, sources.chosen, *of, rate) for of in drawn_sets(sources, task, variant)]
        found[task] = [cell.finetuned for cell in cells]
    return found
