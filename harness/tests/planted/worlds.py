"""Evidence whose truth is known: every array has a level that is given, or 0, and noise of its own about it.

An array's name says where it is from: measurement, name and what a variant changes ('sim_aou ft fresh'), or problem,
array and attention ('language validation_32 vanilla').
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import numpy as np

from harness.evidence.best_sets import BestSets
from harness.evidence.evidence import Evidence
from harness.evidence.measurements import ByTask
from harness.evidence.questions import (
    AcrossSets,
    FinetunedAt,
    Measuring,
    OnControls,
    OnOtherSets,
    OnTasks,
    Question,
    UpdateSizes,
)
from harness.evidence.stand_ins import StandIn
from harness.evidence.supervised import Supervised, Taught
from harness.models.gpt.sizes import TINY
from harness.runs.learning import Learning
from harness.runs.variants import OWN, Variant
from harness.seeds import stream
from harness.tests.planted.compared import LESS, SPREAD, TASKS
from harness.trainings.grid import ATTENTIONS, Found
from harness.trainings.grid import COMPARED as COMPARED_ATTENTIONS
from harness.trainings.training import ProblemName

EXAMPLES, LAYERS, RUNS, STARTS, PAIRS, STEPS = 30, 3, 5, 7, 4, 6
SETS, DRAWS = 4, 2
NAN = float("nan")
WITHOUT_LAYERS = ("accuracy", "rec2ftp", "distributions", "divergences", "supervised")
DRAWN = ("other_of_class", "other_class", "own_cut")
"""Arrays with draws, behind sets."""
TRAINED = ("language", "regression", "recall")


def learning(icl: int = 10, ft: int = 10, broke: int = 0, number: int = 50) -> Learning:
    """Return what so many corrected and broken answers of a number say; shares are of no account."""
    return Learning(number, NAN, NAN, NAN, icl_corrected=icl, icl_broke=broke, ft_corrected=ft, ft_broke=broke)


class World(Evidence):
    """Evidence with `levels` of arrays by their names, and what else a test says was found."""

    def __init__(self, levels: Mapping[str, float] | None = None, **found: Any) -> None:
        self.levels, self.found = levels or {}, found
        self.asked: set[Question] = set()
        """What was read."""
        self._left_out: Collection[str] = ()

    def without(self, tasks: Collection[str]) -> "World":
        """Return the same world without some more of the tasks."""
        world = World(self.levels, **self.found)
        world.asked, world._left_out = self.asked, {*self._left_out, *tasks}
        return world

    @property
    def seed(self) -> int:
        """Return 0."""
        return 0

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return two, but those left out."""
        return tuple(task for task in TASKS if task not in self._left_out)

    @property
    def control_tasks(self) -> tuple[str, ...]:
        """Return those that are given, else both."""
        return tuple(task for task in self.found.get("control_tasks", TASKS) if task not in self._left_out)

    @property
    def model(self) -> str:
        """Return the name that is given, else one that nothing is known of."""
        return str(self.found.get("model", "made up"))

    @property
    def paper_names(self) -> tuple[str, ...]:
        """Return those that are given."""
        return tuple(self.found.get("paper_names", ()))

    @property
    def least_gain(self) -> float:
        """Return two points."""
        return 0.02

    def learned(self) -> Mapping[str, list[Learning]]:
        """Return that ICL and FT learned both tasks under every set, but for what is given."""
        return {task: [learning()] * SETS for task in TASKS} | dict(self.found.get("learned", {}))

    def best_sets(self) -> BestSets:
        """Return that the first of all sets is the best of each task, but for what is given."""
        given = self.found.get("best", {})
        best = {task: given.get(task, 0) for task in self.tasks}
        return BestSets(best, best, self.found.get("reported", SETS), "dev")

    def of_other_kind(self, task: str) -> str | None:
        """Return the other of the two, unless another is given, or none."""
        others: Mapping[str, str] = self.found.get("other_kind", {"a": "b", "b": "a"})
        return others.get(task)

    @property
    def grid(self) -> Any:
        """Return what claims show of the trainings."""
        least_squares = np.full((EXAMPLES, PAIRS), 0.25)
        return SimpleNamespace(size=TINY, described=tuple, least_squares=lambda: least_squares)

    def of(self, question: Measuring, name: str) -> ByTask:
        """Return arrays of the tasks that are asked about; of Rec2FTP, ones in the share that is given."""
        self.asked.add(question)
        variant = question.variant if isinstance(question, OnControls | StandIn) else OWN
        changed = [getattr(variant, f.name) for f in fields(variant) if getattr(variant, f.name) != f.default]
        how = ["tuned"] if isinstance(question, OnControls) and question.tuned else []
        how += [f"behind {question.behind}"] if isinstance(question, OnOtherSets) else []
        how += [question.role, f"behind {question.behind}"] if isinstance(question, StandIn) else []
        words = " ".join(map(str, (question.measurement, name, *changed, *how)))
        on_controls = isinstance(question, OnControls | AcrossSets | StandIn)
        if variant.imitates and self.absent(question):
            return {}
        return {task: self.array(words, task) for task in (self.control_tasks if on_controls else self.tasks)}

    @property
    def encoder(self) -> str:
        """Return none, unless one is given."""
        return str(self.found.get("encoder", ""))

    def supervised(self, question: Supervised) -> Mapping[str, Taught]:
        """Return what is right of the same demonstrations, of 64 labels and of a pool of 100, at their levels."""
        self.asked.add(question)
        if question.features == "embeddings" and not self.encoder:
            return {}
        named = "" if question.features == "n-grams" else " embeddings"

        def of(task: str) -> Taught:
            own, more, pool, control = (
                self.array(f"supervised {part}{named}", task) for part in ("own", "more", "pool", "control")
            )
            return Taught((32.0, 64.0, 100.0), np.stack([own, more, pool]), control)

        return {task: of(task) for task in self.tasks}

    def chaos_notes(self, _questions: Iterable[object]) -> tuple[str, ...]:
        """Return what was left out as rounding decides it: nothing, unless something is given."""
        return tuple(self.found.get("chaos", ()))

    def absent(self, _question: Measuring) -> str:
        """Return why nothing was fitted to ICL: nothing stood in the way, unless a reason is given."""
        return str(self.found.get("absent", ""))

    def fits(self, variant: Variant) -> Mapping[str, list[float]]:
        """Return that a tenth of the loss is left, unless another share is given, by task."""
        self.asked.add(FinetunedAt(variant))
        left = dict(self.found.get("fits", {}))
        return {} if self.found.get("absent") else {task: [left.get(task, 0.1)] for task in self.control_tasks}

    def learning_rates(self, variants: Mapping[str, Variant], *, tuned: bool = False) -> str:
        """Return the variants' names."""
        self.asked |= {FinetunedAt(variant, tuned) for variant in variants.values()}
        return ", ".join(variants)

    def update_sizes(self, variants: Mapping[str, Variant], *, tuned: bool = False) -> str:
        """Return the variants' names."""
        self.asked |= {UpdateSizes(variant, tuned) for variant in variants.values()}
        return ", ".join(variants)

    def array(self, name: str, cell: str) -> np.ndarray:
        """Return the array of a name: [set or training run, example], draws before and layers or pairs behind examples.

        `noise` is its standard deviation, 0.1 where none is given, `draw` the seed that it is drawn by; `alternating`,
        by name, how far every other set is above the next.
        """
        one, less, other = name.partition(LESS)
        if less:
            values = self.array(one, cell)
            drawn = values.mean(axis=1) if one.split()[1] in DRAWN else values
            return np.asarray(drawn - self.array(other, cell).mean(axis=1))
        source, part, *rest = name.split()
        if source == "rec2ftp":
            ones = self.levels.get(name, 0.5) * EXAMPLES
            return np.array([[NAN] + [float((i + s) % EXAMPLES < ones) for i in range(EXAMPLES)] for s in range(SETS)])
        level = self.levels.get(name, 0.0)
        noise, seed = self.found.get("noise", 0.1), self.found.get("draw", 0)
        values = level + stream(seed, name, cell).normal(0, noise, _shape(source, part, *rest))
        pairs = 2 * (len(values) // 2)
        values[:pairs:2] += self.found.get("alternating", {}).get(name, 0.0)
        if source == "recall":
            values[:, :, 0] = NAN  # at the first pair there is nothing to recall
        return np.asarray(values)

    def trained(self, problem: ProblemName) -> Found:
        """Return losses and scores of five training runs of each attention, in context of two attentions seven."""
        names = [f"validation_{n}" for n in TINY.language.validation_lengths] if problem == "language" else ["score"]
        return {
            attention: {"losses": np.ones((_runs(problem, attention), STEPS))}
            | {name: self.array(f"{problem} {name} {attention}", "") for name in names}
            for attention in ATTENTIONS
        }

    def text_tasks(self) -> Mapping[str, ByTask]:
        """Return the accuracies that are given, by attention; none where none are."""
        return self._shares("text_tasks")

    def by_length(self) -> Mapping[str, ByTask]:
        """Return the same of multiple choice, where the option is taken that is likeliest a character."""
        return self._shares("by_length")

    def _shares(self, name: str) -> Mapping[str, ByTask]:
        given = dict(self.found.get(name, {}))
        noise = {a: {t: stream(0, "text tasks", a, t).normal(0, 0.02, (RUNS, EXAMPLES)) for t in TASKS} for a in given}
        return {a: {task: share + noise[a][task] for task in self.tasks} for a, share in given.items()}

    def too_long(self) -> Mapping[str, int]:
        """Return the numbers that are given; none where none are."""
        return dict(self.found.get("too_long", {}))

    def base_rate(self) -> Mapping[str, ByTask]:
        """Return an excess over the base rate and its control at the levels that are given, in half of the examples."""
        self.asked.add(OnTasks("accuracy"))
        given = {"excess": 0.0, "control": 0.0, "corrected": 0.7, "uncorrected": 0.4} | dict(
            self.found.get("base_rate", {})
        )
        half = np.where(np.arange(EXAMPLES) % 2, 0.0, NAN)[None]
        noise = {name: stream(0, "base rate", name).normal(0, 0.1, (SETS, EXAMPLES)) for name in given}
        cells = {name: ("all tasks",) if name in ("excess", "control") else self.tasks for name in given}
        return {name: dict.fromkeys(cells[name], level + noise[name] + half) for name, level in given.items()}

    def causality(self) -> Mapping[str, Mapping[str, float]]:
        """Return no error but those that are given, in the second task alone or everywhere."""
        exact = {"tokens": 0.0, "keys_values": 0.0, "weights": 0.0, "others": 0.0, "keys_values_control": 0.5}
        exact |= self.found.get("everywhere", {})
        return {"a": exact, "b": exact | dict(self.found.get("causality", {}))}

    def regression(self) -> Mapping[str, np.ndarray]:
        """Return ten trained layers that are as the gradient step is, but for the levels that are given."""
        levels = {"explained": 0.99, "cosine": 0.99, "cosine_untrained": 0.0, "loss": 0.5, "loss_gradient_step": 0.5}
        given = levels | dict(self.found.get("regression", {}))
        return {name: level + stream(0, name).normal(0, 0.005, 10) for name, level in given.items()}


def _runs(problem: str, attention: str) -> int:
    """Return the number of training runs."""
    return STARTS if problem != "language" and attention in COMPARED_ATTENTIONS else RUNS


def _shape(source: str, part: str, *rest: str) -> tuple[int, ...]:
    """Return the shape of an array."""
    if source in TRAINED:
        runs = _runs(source, *rest)
        return (runs, EXAMPLES, PAIRS) if part == "score" else (runs, EXAMPLES)
    sets = (1,) if source == SPREAD else (SETS, DRAWS) if part in DRAWN else (SETS,)
    layers = () if source in WITHOUT_LAYERS or "answers" in part else (LAYERS,)
    return (*sets, EXAMPLES, *layers)
