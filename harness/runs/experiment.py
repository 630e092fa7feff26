"""The runs of one model on the tasks that the settings name: stated, not run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.data import Setting, Task
from harness.models.encoder import Encoder
from harness.models.source import ModelSource
from harness.prompts import draw_demonstrations, first_examples
from harness.runs.cells import (
    CellAndLabelReading,
    CellFromStart,
    CellRuns,
    ComparedUpdates,
    NextTokens,
    PartsRuns,
    SeveralCells,
)
from harness.runs.distillation import Distillation
from harness.runs.finetuning import FinetuningRun, StartingQueriesRun
from harness.runs.label_reading import LabelReadingRun
from harness.runs.loaded import load_builder
from harness.runs.run import AnyRun, Demonstrations
from harness.runs.scoring import AccuracyRun, RecordingRun
from harness.runs.steadiness import SteadinessRun
from harness.runs.theory import CausalityRun, PartsRun, UpdatesRun
from harness.runs.variants import OWN, Variant
from harness.settings import Protocol, Settings
from harness.store import Store


@dataclass(frozen=True)
class Chosen:
    """What was selected for a task: demonstration sets to report, best first, and a learning rate."""

    candidates: tuple[int, ...]
    learning_rate: float


@dataclass(frozen=True)
class Experiment:
    """One model, its tasks, and the settings that say which runs there are of them."""

    settings: Settings
    model: ModelSource
    tasks: Mapping[str, Task]
    encoder: Encoder | None = None
    own_tasks: Mapping[str, Task] | None = None
    """What models that the suite trains itself are asked, multiple choice among it; None for `tasks`."""

    @property
    def selection_part(self) -> str:
        """Part of a task that demonstration sets and learning rates are selected on."""
        return "test" if self.settings.protocol is Protocol.PAPER else "dev"

    def number(self, part: str, task: str) -> int:
        """Return how many examples of a task's part are used; of small ones all, under the paper's protocol alone."""
        return self.number_of(self.tasks[task], part)

    def number_of(self, task: Task, part: str) -> int:
        """Return the same of a task that may be none of the model's."""
        settings = self.settings
        asked = settings.queries if part == "test" else settings.dev_queries
        there = len(getattr(task, part)) or asked  # none is too few, whatever the protocol
        return min(asked, there) if settings.protocol is Protocol.PAPER else asked

    @property
    def control_number(self) -> int:
        """Test examples that runs beside the claims' own are scored on: the first of theirs."""
        return min(self.settings.control_queries, self.settings.queries)

    def run(
        self,
        kind: type[AnyRun],
        task: str,
        setting: Setting | None = None,
        candidate: int | None = None,
        rate: float | None = None,
        part: str = "test",
    ) -> AnyRun:
        """Return a run of the claims' own."""
        settings = self.settings
        drawn = None if candidate is None else Demonstrations(settings.demonstrations, settings.seed, candidate)
        random = settings.selection == "random" and settings.demonstration_sets > 1
        return kind(
            model=self.model,
            task=self.tasks[task],
            part=part,
            number=self.number(part, task),
            setting=setting,
            demonstrations=drawn,
            learning_rate=rate,
            sets=tuple(range(settings.demonstration_sets)) if random else (),
            dtype=settings.dtype,
            device=settings.device,
            batch_size=settings.batch_size,
        )

    def beside(
        self, kind: type[AnyRun], task: str, chosen: Mapping[str, Chosen], candidate: int, variant: Variant
    ) -> AnyRun:
        """Return a run beside the claims' own: on the first examples, at the learning rate selected for them.

        What is fitted to ICL has a rate of its own, which it finds itself.
        """
        context = None
        if variant.another_task:
            other = self.next_task(task)
            context = self.beside(FinetuningRun, other, chosen, chosen[other].candidates[0], Variant())
        fitted = variant.imitates is not None
        rate = None if fitted else chosen[task].learning_rate
        return self.run(kind, task, None, candidate, rate).becoming(
            kind,
            number=self.control_number,
            variant=variant,
            fitting=self.number("test", task),
            rates=() if fitted else self.settings.learning_rates,
            distillation=Distillation(dev=self.settings.dev_queries) if fitted else None,
            context=context,
        )

    def next_task(self, task: str) -> str:
        """Return the task whose demonstrations stand in where another's are asked for.

        The next one with other answer words, round in a ring; the next one where all have the same.
        """
        return self.task_of_other_kind(task) or self._behind(task)[0]

    def task_of_other_kind(self, task: str) -> str | None:
        """Return the next task that shares no answer word with this one; None where there is none."""
        answers = {*self.tasks[task].answers}
        return next((other for other in self._behind(task) if not answers & {*self.tasks[other].answers}), None)

    def _behind(self, task: str) -> list[str]:
        names = list(self.tasks)
        place = names.index(task) + 1
        return [*names[place:], *names[:place]]

    def own_cell(self, task: str, chosen: Chosen, candidate: int) -> CellRuns:
        """Return the runs of the claims' own cell."""
        rate = chosen.learning_rate
        return CellRuns(
            zsl=self.run(RecordingRun, task, Setting.ZSL),
            icl=self.run(RecordingRun, task, Setting.ICL, candidate),
            ft=self.run(RecordingRun, task, Setting.FT, candidate, rate),
            finetuned=self.run(FinetuningRun, task, None, candidate, rate),
            number=self.number("test", task),
        )

    def across(self, task: str, chosen: Chosen, candidate: int, trained: int) -> CellRuns:
        """Return the claims' own runs of ICL with one demonstration set and of finetuning on another.

        Raises:
            ValueError: the sets are the same.

        """
        if candidate == trained:
            message = f"demonstration set {trained} stands in the context and is finetuned on: expected two sets"
            raise ValueError(message)
        other = self.own_cell(task, chosen, trained)
        return replace(self.own_cell(task, chosen, candidate), ft=other.ft, finetuned=other.finetuned)

    def cell(
        self, task: str, chosen: Mapping[str, Chosen], candidate: int, variant: Variant, rate: float | None = None
    ) -> CellRuns:
        """Return the runs of a variant's cell: the claims' own where the variant changes nothing.

        Finetuning that the variant changes takes the learning rate `rate`; None is the claims' own.
        """
        runs = replace(self.own_cell(task, chosen[task], candidate), number=self.control_number)
        if variant.weights != "trained":
            zsl = self.beside(RecordingRun, task, chosen, 0, variant.of_zero_shot)
            runs = replace(runs, zsl=replace(zsl, setting=Setting.ZSL))
        if variant.changes_icl:
            icl = self.beside(RecordingRun, task, chosen, candidate, variant.of_context)
            runs = replace(runs, icl=replace(icl, setting=Setting.ICL))
        if variant.changes_ft:
            ft = self.beside(RecordingRun, task, chosen, candidate, variant.of_finetuning)
            ft = ft if rate is None else replace(ft, learning_rate=rate)
            finetuned = ft.becoming(FinetuningRun)
            runs = replace(runs, ft=replace(ft, setting=Setting.FT), finetuned=finetuned)
        return runs

    def from_start(self, cell: CellRuns) -> CellFromStart:
        """Return the cell with the query vectors that its finetuning starts from: at any rate, by any descent."""
        of = cell.finetuned
        variant, drawn = replace(of.variant, gradient="whole"), of.demonstrations
        assert drawn is not None, "finetuning is on demonstrations"
        if variant == OWN:
            return CellFromStart(cell, self.run(StartingQueriesRun, of.task.name, None, drawn.candidate))
        return CellFromStart(cell, of.becoming(StartingQueriesRun, learning_rate=None, rates=(), variant=variant))

    def and_reading(
        self, task: str, chosen: Mapping[str, Chosen], cell: CellRuns, candidate: int, variant: Variant
    ) -> CellAndLabelReading:
        """Return a variant's cell with how much heads read labels under its ICL, on the cell's own examples."""
        of = self.beside(LabelReadingRun, task, chosen, candidate, variant.of_context)
        return CellAndLabelReading(cell, replace(of, setting=Setting.ICL, learning_rate=None, rates=()))

    def orders(self, task: str, chosen: Mapping[str, Chosen], candidate: int) -> SeveralCells:
        """Return cells that differ in the order of their demonstrations."""
        orders = range(self.settings.orders)
        return SeveralCells(tuple(self.cell(task, chosen, candidate, Variant(order=i)) for i in orders))

    def next_tokens(
        self, task: str, chosen: Mapping[str, Chosen], candidate: int, variant: Variant = OWN, rate: float | None = None
    ) -> NextTokens:
        """Return a variant's cell with the logits of what its settings expect next."""
        of = self.beside(FinetuningRun, task, chosen, candidate, variant.of_context)
        return NextTokens(self.cell(task, chosen, candidate, variant, rate), of)

    def parts(self, task: str, candidate: int) -> PartsRuns:
        """Return attention taken apart."""
        icl = self.run(PartsRun, task, Setting.ICL, candidate)
        return PartsRuns(self.run(PartsRun, task, Setting.ZSL), icl)

    def updates(self, task: str, chosen: Chosen, candidate: int) -> ComparedUpdates:
        """Return the comparison of the weight updates."""
        return ComparedUpdates(self.run(UpdatesRun, task, None, candidate, chosen.learning_rate))

    def causality(self, task: str, chosen: Chosen) -> CausalityRun:
        """Return the causal order of ICL and finetuning under the best demonstration set."""
        return self.run(CausalityRun, task, None, chosen.candidates[0], chosen.learning_rate)

    def sets_tried(self, task: str) -> list[AccuracyRun]:
        """Return ICL with each demonstration set, on what is selected on; drawn at random, with those reported."""
        settings, part = self.settings, self.selection_part
        sets = range(settings.candidate_sets if settings.selection == "best" else settings.demonstration_sets)
        return [self.run(AccuracyRun, task, Setting.ICL, candidate, None, part) for candidate in sets]

    def rates_tried(self, task: str, candidate: int, variant: Variant = OWN) -> list[AccuracyRun]:
        """Return FT on a demonstration set at each learning rate, on what is selected on."""
        return [self.tried(AccuracyRun, task, candidate, rate, variant) for rate in self.settings.learning_rates]

    def steadiness(self, task: str, candidate: int, rate: float, variant: Variant = OWN) -> SteadinessRun:
        """Return the finetuning at a learning rate tried, once more from weights off by their last bit."""
        return self.tried(SteadinessRun, task, candidate, rate, variant)

    def tried(self, kind: type[AnyRun], task: str, candidate: int, rate: float, variant: Variant = OWN) -> AnyRun:
        """Return FT at a learning rate tried, and at no other, on what is selected on."""
        run = self.run(kind, task, Setting.FT, candidate, rate, self.selection_part)
        run = replace(run, tried_with=self.settings.learning_rates)
        return run if variant == OWN else replace(run, variant=variant, fitting=run.number)

    def on_reported(self, kind: type[AnyRun], task: str, chosen: Chosen, candidate: int) -> AnyRun:
        """Return FT on a reported demonstration set, at the rate that was chosen, on what is selected on.

        Beyond the first set, on which the rate was tried, with the weights that are kept for test examples.
        """
        run = self.tried(kind, task, candidate, chosen.learning_rate)
        if candidate == chosen.candidates[0]:
            return run
        return replace(run, kept=self.own_cell(task, chosen, candidate).finetuned)

    def answers(self, task: str, chosen: Chosen, candidate: int) -> Mapping[Setting, AccuracyRun]:
        """Return what each setting answers on what is selected on, under a demonstration set."""
        part = self.selection_part
        return {
            Setting.ZSL: self.run(AccuracyRun, task, Setting.ZSL, part=part),
            Setting.ICL: self.run(AccuracyRun, task, Setting.ICL, candidate, part=part),
            Setting.FT: self.on_reported(AccuracyRun, task, chosen, candidate),
        }

    def check_prompts(self, store: Store) -> None:
        """Build every task's prompts, before any weights load; HarnessError where one can't be."""
        builder = load_builder(self.model, store.root)
        for name, task in self.tasks.items():
            drawn = draw_demonstrations(task, self.settings.demonstrations, self.settings.seed, 0)
            builder.build(task, drawn, first_examples(task, "test", self.number("test", name)))
