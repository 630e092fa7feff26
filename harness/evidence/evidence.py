"""What claims read: the answers to their questions, out of the store. Nothing is started here."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

import numpy as np

from harness.data import Setting
from harness.evidence.best_sets import BestSets, best_sets
from harness.evidence.measurements import ByTask
from harness.evidence.questions import CausalOrder, FinetunedAt, Learned, Measuring, OnTasks, UpdateSizes
from harness.evidence.reported import left_out
from harness.evidence.sources import Sources
from harness.evidence.supervised import Supervised, Taught, taught
from harness.evidence.training_questions import TextTasks, TrainedLayers
from harness.metrics import rec2ftp
from harness.metrics.base_rate import excess_over_base_rate
from harness.runs.finetuning import FinetuningRun
from harness.runs.learning import Learning, learning_of
from harness.runs.steadiness import SteadinessRun, steadiness_of
from harness.runs.variants import OWN, Variant
from harness.seeds import stream
from harness.trainings.grid import Found, Grid
from harness.trainings.training import ProblemName


class Evidence:
    """The answers to what was asked; HarnessError where it was not planned, and so is not in the store."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._arrays = lru_cache(maxsize=None)(self._read)
        self._chaotic = lru_cache(maxsize=None)(self._find_chaotic)
        self._learning = lru_cache(maxsize=None)(self._read_learning)

    def without(self, tasks: Collection[str]) -> "Evidence":
        """Return the same without some of the tasks, and without those that were left out before."""
        return Evidence(self.sources.without(tasks)) if tasks else self

    @property
    def seed(self) -> int:
        """Seed of every random stream."""
        return self.sources.experiment.settings.seed

    @property
    def least_gain(self) -> float:
        """Accuracy on dev that a setting must gain over ZSL to have learned a task."""
        return self.sources.experiment.settings.least_gain

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks."""
        return self.sources.tasks

    @property
    def model(self) -> str:
        """Name of the model that is asked."""
        return self.sources.experiment.model.name

    @property
    def paper_names(self) -> tuple[str, ...]:
        """What the paper calls those of the tasks that are its own."""
        named = (self.sources.experiment.tasks[task].paper_name for task in self.tasks)
        return tuple(name for name in named if name)

    @property
    def control_tasks(self) -> tuple[str, ...]:
        """Names of the tasks that rivals are run on."""
        return self.sources.control_tasks

    def best_sets(self) -> BestSets:
        """Return which reported demonstration set of each task is the best: by what every selection rests on."""
        chosen = {task: self.sources.selection(task) for task in self.tasks}
        return best_sets(chosen, self.sources.experiment.selection_part)

    def of_other_kind(self, task: str) -> str | None:
        """Return the task whose demonstrations stand in for this one's: None where none has other answer words."""
        return self.sources.experiment.task_of_other_kind(task)

    @property
    def grid(self) -> Grid:
        """The trainings: their size, what was tried, how they were made."""
        return self.sources.grid

    def of(self, question: Measuring, name: str) -> ByTask:
        """Return array `name` of a measurement (see `harness.evidence.measurements`), demonstration sets first.

        Across sets there is one row. Of a set on which rounding decides what finetuning leaves all is NaN.
        """
        found = {task: np.stack([found[name] for found in sets]) for task, sets in self._arrays(question).items()}
        for task, places in self._chaotic(question).items():
            found[task] = found[task].astype(np.float64)
            found[task][list(places)] = np.nan
        return found

    def chaos_notes(self, questions: Iterable[object]) -> tuple[str, ...]:
        """Say of each finetuning that was asked for, and is chaotic, that its set counts for nothing."""
        measuring = [question for question in questions if isinstance(question, Measuring)]
        found = [places for question in measuring for places in self._chaotic(question).items()]
        return tuple(dict.fromkeys(self._chaos_note(task, run) for task, runs in found for run in runs.values()))

    def _chaos_note(self, task: str, run: SteadinessRun) -> str:
        assert run.demonstrations is not None, "finetuning is on demonstrations"
        moved = steadiness_of(self.sources.store.read(run)).words
        return (
            f"{task}: finetuning on demonstration set {run.demonstrations.candidate}, {run.variant.words}, is chaotic "
            f"(weights off by their last bit move answers by {moved}): another processor would give other figures, and "
            "the set is left out."
        )

    def _find_chaotic(self, question: Measuring) -> Mapping[str, Mapping[int, SteadinessRun]]:
        """Return the runs by which rounding decides what was finetuned, by task and the set's place."""
        found, read = question.tried_again(self.sources), self.sources.store.read
        chaotic = {t: {p: run for p, run in of.items() if steadiness_of(read(run)).chaotic} for t, of in found.items()}
        return {task: places for task, places in chaotic.items() if places}

    def _read(self, question: Measuring) -> Mapping[str, list[Mapping[str, np.ndarray]]]:
        records, store = question.records(self.sources), self.sources.store
        return {task: [store.read(record).tensors for record in of_task] for task, of_task in records.items()}

    def absent(self, question: Measuring) -> str:
        """Return why a question has no answer on the control tasks, where its variant says; empty where it does not."""
        variant = getattr(question, "variant", OWN)
        found = {task: left_out(self.sources, task, variant) for task in self.control_tasks}
        return "; ".join(dict.fromkeys(reason for reason in found.values() if reason))

    def fits(self, variant: Variant) -> Mapping[str, list[float]]:
        """Return what share of the loss on dev is left where weights are fitted to ICL, by task and demonstration set.

        0 where they imitate ICL in full, 1 where nothing came of it.
        """
        runs = FinetunedAt(variant).records(self.sources)
        return {task: [_left_of_loss(self.sources.store.read_facts(run)) for run in of] for task, of in runs.items()}

    def learning_rates(self, variants: Mapping[str, Variant], *, tuned: bool = False) -> str:
        """Say in words at which learning rates each variant was finetuned: a smaller one where the claims' diverged.

        Or, where each was `tuned`, the one that was selected for it.
        """
        said = []
        for name, variant in variants.items():
            for task, runs in FinetunedAt(variant, tuned).records(self.sources).items():
                rates = [f"{self._finetuned_at(run):g}" for run in runs]
                said.append(f"{name}, {task}: {', '.join(dict.fromkeys(rates))}")
        each = ", each selected on its own accuracy" if tuned else ""
        return f"Learning rates of finetuning{each}: {'; '.join(said)}."

    def update_sizes(self, variants: Mapping[str, Variant], *, tuned: bool = False) -> str:
        """Say in words how large the update of each variant's finetuning is, by task and reported demonstration set."""
        said = []
        for name, variant in variants.items():
            for task, runs in UpdateSizes(variant, tuned).records(self.sources).items():
                means = [float(self.sources.store.read(run).tensors["relative"].mean()) for run in runs]
                said.append(f"{name}, {task}: {', '.join(f'{mean:.2g}' for mean in means)}")
        return f"Size of the update, |dW| / |W|, mean over key and value matrices: {'; '.join(said)}."

    def learned(self) -> Mapping[str, list[Learning]]:
        """Return whether ICL and FT learned anything, on what is selected on, by task and reported demonstration set.

        Raises:
            HarnessError: finetuning diverged on a set.

        """
        return self._learning()

    def _read_learning(self) -> Mapping[str, list[Learning]]:
        store, order = self.sources.store, (Setting.ZSL, Setting.ICL, Setting.FT)
        asked = Learned().records(self.sources)
        return {
            task: [learning_of(*(store.read(runs[s]) for s in order)) for runs in sets] for task, sets in asked.items()
        }

    def _finetuned_at(self, run: FinetuningRun) -> object:
        return run.learning_rate if run.fitting is None else self.sources.store.read_facts(run)["learning_rate"]

    def causality(self) -> Mapping[str, Mapping[str, float]]:
        """Return what ICL and finetuning share on every task (see `harness.runs.theory.CausalityRun`)."""
        runs = CausalOrder().records(self.sources)
        found = {task: self.sources.store.read(run).facts for task, run in runs.items()}
        return {task: {name: float(value) for name, value in of.items()} for task, of in found.items()}  # type: ignore[arg-type]

    def regression(self) -> Mapping[str, np.ndarray]:
        """Return what training on in-context regression found (see `LinearAttentionLayers`)."""
        return self.sources.store.read(TrainedLayers().record(self.sources)).tensors

    def base_rate(self) -> Mapping[str, ByTask]:
        """Return Rec2FTP and its base rate: how often ICL is right where ZSL is wrong, and FT right or wrong.

        `corrected` and `uncorrected` [seed, example] by task; `excess` [seed, example] of all tasks joined, whose
        mean is the difference within tasks (see `harness.metrics.base_rate`), and `control`, the same with FT's
        right answers permuted among the examples that ZSL gets wrong.
        """
        right = {s: self.of(OnTasks("accuracy"), s) for s in ("zsl", "icl", "ft")}
        zsl, icl, ft = ({t: v > 0 for t, v in right[s].items()} for s in ("zsl", "icl", "ft"))
        rng = stream(self.seed, "base rate")
        shuffled = {task: ft[task].copy() for task in ft}
        for task, rows in shuffled.items():
            for row, wrong in zip(rows, ~zsl[task], strict=True):
                row[wrong] = rng.permutation(row[wrong])
        sets = range(len(next(iter(zsl.values()))))

        def excess(of_ft: ByTask) -> ByTask:
            by_set = [excess_over_base_rate(*([v[i] for v in of.values()] for of in (zsl, icl, of_ft))) for i in sets]
            return {"all tasks": np.stack(by_set)}

        return {
            "corrected": {task: rec2ftp(zsl[task], icl[task], ft[task]) for task in zsl},
            "uncorrected": {task: rec2ftp(zsl[task], icl[task], ~ft[task]) for task in zsl},
            "excess": excess(ft),
            "control": excess(shuffled),
        }

    def supervised(self, question: Supervised) -> Mapping[str, Taught]:
        """Return what supervised models get right beside ICL, by task; nothing where none of the kind is asked for."""
        return {task: taught(runs, self.sources) for task, runs in question.records(self.sources).items()}

    @property
    def encoder(self) -> str:
        """Name of the encoder on whose embeddings models are trained; empty where none is asked for."""
        return self.sources.experiment.settings.encoder or ""

    def trained(self, problem: ProblemName) -> Found:
        """Return what the trainings on a problem left, by attention (see `harness.trainings.grid.Grid.of`)."""
        return self.grid.of(problem)

    def text_tasks(self) -> Mapping[str, ByTask]:
        """Return right answers [training run, example] of the language models we trained, by attention and task.

        Empty at sizes whose models are too small to answer (`Size.text_tasks`).
        """
        return self._answers("right")

    def by_length(self) -> Mapping[str, ByTask]:
        """Return the same of multiple choice alone, where the option is taken that is likeliest a character."""
        return self._answers("right_by_length")

    def too_long(self) -> Mapping[str, int]:
        """Return how many test examples of a task were left out because they are long, where any were."""
        asked, store = TextTasks().records(self.sources), self.sources.store
        found = {task: int(str(store.read_facts(r)["left_out"])) for by in asked.values() for task, r in by.items()}
        return {task: number for task, number in found.items() if number}

    def _answers(self, name: str) -> Mapping[str, ByTask]:
        asked, store = TextTasks().records(self.sources), self.sources.store
        found = {a: {task: store.read(r).tensors for task, r in by.items()} for a, by in asked.items()}
        return {a: {t: tensors[name] for t, tensors in by.items() if name in tensors} for a, by in found.items()}


def _left_of_loss(facts: Mapping[str, object]) -> float:
    losses: Mapping[str, float] = facts["dev_losses"]  # type: ignore[assignment]
    return min(losses.values()) / losses["0"]
