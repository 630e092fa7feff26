"""What questions are put to: the runs and trainings of one subject, and the store that they are kept in."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from harness.data import Setting
from harness.models.source import ModelSource
from harness.runs.experiment import Chosen, Experiment
from harness.runs.finetuning import FinetuningRun
from harness.runs.opening import open_experiment
from harness.runs.scoring import RecordingRun
from harness.runs.selection import Selection, Tuning, next_in_question, select, sets_chosen, tune
from harness.runs.steadiness import SteadinessRun, in_doubt
from harness.runs.variants import OWN, Variant
from harness.settings import Settings
from harness.store import MissingEntryError, Store
from harness.trainings.grid import Grid


class Sources:
    """An experiment and a grid of trainings, with what is selected of the store."""

    def __init__(
        self, experiment: Experiment, grid: Grid, store: Store, left_out: AbstractSet[str] = frozenset()
    ) -> None:
        """`left_out`: tasks that nothing is asked about."""
        self.experiment = experiment
        self.grid = grid
        self.store = store
        self.left_out = left_out
        self._selected: dict[str, Selection] = {}
        self._tuned: dict[tuple[str, Variant], Tuning] = {}
        self._without: dict[AbstractSet[str], Sources] = {}

    def without(self, tasks: Collection[str]) -> "Sources":
        """Return the same without some of the tasks, and without those that were left out before."""
        if not tasks:
            return self
        left_out = frozenset(self.left_out) | {*tasks}
        if left_out not in self._without:
            self._without[left_out] = type(self)(self.experiment, self.grid, self.store, left_out)
        return self._without[left_out]

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks that are asked about."""
        return tuple(task for task in self.experiment.tasks if task not in self.left_out)

    @property
    def control_tasks(self) -> tuple[str, ...]:
        """Names of the tasks that controls are run on: of the first ones those that are asked about."""
        first = tuple(self.experiment.tasks)[: self.experiment.settings.control_tasks]
        return tuple(task for task in first if task not in self.left_out)

    def best_set(self, task: str) -> int:
        """Return the demonstration set that learning rates are tried on."""
        return sets_chosen(self.experiment, task, self.store)[0]

    def rate_in_question(self, task: str, _place: int, variant: Variant = OWN) -> SteadinessRun | None:
        """Return what tells whether the learning rate to be taken is steady; None where it is known."""
        return next_in_question(self.experiment, task, self.store, variant)

    def in_doubt(self, run: FinetuningRun) -> bool:
        """Whether it is to be tried how steady a finetuning is (see `harness.runs.steadiness.in_doubt`)."""
        return in_doubt(self.store.read_facts(run))

    def icl(self, task: str, candidate: int) -> RecordingRun:
        """Return the claims' own run of ICL on test examples under a demonstration set."""
        return self.experiment.run(RecordingRun, task, Setting.ICL, candidate)

    def shown(self, task: str, candidate: int) -> int:
        """Return how many demonstrations of a set the context holds beside test queries: fewer where it is full."""
        spans: list[object] = self.store.read_facts(self.icl(task, candidate))["spans"]  # type: ignore[assignment]
        return len(spans)

    def selection(self, task: str) -> Selection:
        """Return what was chosen for a task, worked out once (see `harness.runs.selection.select`)."""
        if task not in self._selected:
            self._selected[task] = select(self.experiment, task, self.store)
        return self._selected[task]

    def rate(self, task: str, variant: Variant) -> float:
        """Return the learning rate that is selected for a variant as the claims' own is (see `selection.tune`)."""
        tuned_for = variant.of_tuning
        return self.selection(task).learning_rate if tuned_for == OWN else self._tuning(task, tuned_for).learning_rate

    def _tuning(self, task: str, variant: Variant) -> Tuning:
        if (task, variant) not in self._tuned:
            self._tuned[task, variant] = tune(self.experiment, task, self.store, variant)
        return self._tuned[task, variant]

    @property
    def chosen(self) -> Mapping[str, Chosen]:
        """What was chosen, of every task: demonstrations of one that is left out may stand in another's context."""
        return {task: self.selection(task) for task in self.experiment.tasks}

    @property
    def eta(self) -> float:
        """Strength of the momentum, chosen among those tried."""
        return self.grid.eta


def open_sources(settings: Settings, models: Path, tasks: Path, model: ModelSource | None = None) -> Sources:
    """Return what the settings name; HarnessError where settings, tasks or model can't be used. No weights are loaded.

    `models` and `tasks` are the catalogues; `model` is one that is located already.
    """
    store = Store(settings.store)
    return Sources(open_experiment(settings, models, tasks, model), Grid(settings, tasks, store), store)


class Provisional(Sources):
    """The same before all is selected: the first of everything stands in for what is not chosen yet.

    Records are then of the right number, kind and cost, and some not of the right name.
    """

    @classmethod
    def of(cls, sources: Sources) -> "Provisional":
        """Return the same of these."""
        return cls(sources.experiment, sources.grid, sources.store, sources.left_out)

    def best_set(self, task: str) -> int:
        """Return the set that was chosen, or the first."""
        return self._sets(task)[0]

    def rate_in_question(self, task: str, place: int, variant: Variant = OWN) -> SteadinessRun | None:
        """Return the run of the rate to be taken, or of the first: of a task one is planned, more are rarely needed."""
        if place:
            return None
        try:
            return super().rate_in_question(task, place, variant)
        except MissingEntryError:
            first = self.experiment.settings.learning_rates[0]
            return self.experiment.steadiness(task, self.best_set(task), first, variant)

    def in_doubt(self, run: FinetuningRun) -> bool:
        """Return whether one that was run is in doubt; few are."""
        try:
            return super().in_doubt(run)
        except MissingEntryError:
            return False

    def shown(self, task: str, candidate: int) -> int:
        """Return how many were shown, or all that were asked for."""
        try:
            return super().shown(task, candidate)
        except MissingEntryError:
            return self.experiment.settings.demonstrations

    def selection(self, task: str) -> Selection:
        """Return what was chosen, or the first sets and rate."""
        settings = self.experiment.settings
        try:
            return super().selection(task)
        except MissingEntryError:
            rate = settings.learning_rates[0]
            return Selection(self._sets(task), rate, (), Tuning(rate, (), ()))

    def _tuning(self, task: str, variant: Variant) -> Tuning:
        try:
            return super()._tuning(task, variant)
        except MissingEntryError:
            return Tuning(self.experiment.settings.learning_rates[0], (), ())

    @property
    def eta(self) -> float:
        """Return the eta that was chosen, or the first."""
        try:
            return self.grid.eta
        except MissingEntryError:
            return self.grid.size.etas[0]

    def _sets(self, task: str) -> tuple[int, ...]:
        try:
            return sets_chosen(self.experiment, task, self.store)
        except MissingEntryError:
            return tuple(range(self.experiment.settings.demonstration_sets))
