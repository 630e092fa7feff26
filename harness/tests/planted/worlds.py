"""Evidence whose truth is known: every array has a level that is given, or 0, and noise of its own about it.

An array's name says where it is from: measurement, name and what a variant changes ('sim_aou ft fresh'), or problem,
array and attention ('language validation_32 vanilla').
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any

import numpy as np

from harness.evidence.evidence import Evidence
from harness.evidence.measurements import ByTask
from harness.evidence.questions import (
    FinetunedAt,
    Measuring,
    OnControls,
    OnOtherSets,
    OnTasks,
    Question,
    UpdateSizes,
)
from harness.models.gpt.sizes import TINY
from harness.runs.variants import OWN, Variant
from harness.seeds import stream
from harness.trainings.grid import ATTENTIONS, Found
from harness.trainings.training import ProblemName

TASKS = ("a", "b")
EXAMPLES, LAYERS, RUNS, PAIRS, STEPS = 30, 3, 5, 4, 6
NAN = float("nan")
WITHOUT_LAYERS = ("accuracy", "rec2ftp", "distributions")
TRAINED = ("language", "regression", "recall")


@dataclass(frozen=True)
class Compared:
    """Which arrays a claim compares (value, baseline), and which its first table shows."""

    parts: tuple[tuple[str, str], ...]
    control: tuple[tuple[str, str], ...] = ()
    """Empty where a coin for each entry decides which of two arrays comes first."""
    shown: tuple[str, ...] = ()
    tossed: tuple[str, str] = ("", "")
    """The two arrays that the coin is tossed for."""
    cells: tuple[str, ...] = TASKS
    """What a comparison has a cell for."""

    def levels(self, sign: float, control: float = 0.0) -> Mapping[str, float]:
        """Return levels at which every value is `sign` from its baseline, and the control's `control` from its."""
        levels: dict[str, float] = {}
        for size, pairs in ((control, self.control), (sign, self.parts)):
            for value, baseline in reversed(pairs):
                levels[value] = levels.setdefault(baseline, 0.0) + size
        return levels


def of(measurement: str, parts: str, control: str, shown: str) -> Compared:
    """Return the row of a claim on one measurement: 'value-baseline' pairs, and names, separated by spaces."""

    def pairs(text: str) -> tuple[tuple[str, str], ...]:
        named = [[f"{measurement} {name}" for name in pair.split("-")] for pair in text.split()]
        return tuple((value, baseline) for value, baseline in named)

    return Compared(pairs(parts), pairs(control), tuple(f"{measurement} {name}" for name in shown.split()))


def rivals(*parts: tuple[str, str], shown: tuple[str, ...], tossed: tuple[str, str] | None = None) -> Compared:
    """Return the row of a rival explanation: a coin is tossed for its first two arrays, unless others are given."""
    return Compared(parts, shown=shown, tossed=tossed or parts[0])


def trained(*parts: tuple[str, str], tossed: int = 0) -> Compared:
    """Return the row of a claim on trained models, which has no tasks; its tables have a test of their own."""
    return Compared(parts, tossed=parts[tossed], cells=("",))


RANDOM, AOU = "ft-uniform ft-isotropic", "sim_aou ft"
CHANGES, UNSCALED, KENDALL = "sim_am differences", "sim_aou_unscaled ft", "kendall ft"
LENGTHS = [n for n in TINY.language.validation_lengths if n <= TINY.language.length]
AT_LENGTH = f"language validation_{TINY.language.length}"
COMPARED = {
    "C1": of("accuracy", "icl-zsl", "icl_control-zsl_control", "zsl icl"),
    "C2": of("accuracy", "icl-ft ft-zsl", "icl_control-ft_control ft_control-zsl_control", "zsl ft icl"),
    "C9": of("relaxed", "relaxed-uniform", "control-uniform", "relaxed uniform log_size mass explained"),
    "C11": of("sim_aou", RANDOM, "control-isotropic", "ft uniform isotropic other_example"),
    "C12": of("sim_am", "ft-zsl", "control_ft-control_zsl", "ft zsl uniform isotropic differences"),
    "C13": of("kendall", RANDOM, "control-isotropic", "ft uniform isotropic"),
    "Q1": of(
        "updates",
        "cosine_icl-cosine_permuted cosine_icl-cosine_isotropic",
        "cosine_control-cosine_isotropic",
        "cosine_icl cosine_permuted cosine_isotropic",
    ),
    "C14": trained(
        *((f"language validation_{n} vanilla", f"language validation_{n} momentum") for n in LENGTHS), tossed=-1
    ),
    "C15": trained(
        ("regression score vanilla", "regression score momentum"), ("recall score momentum", "recall score vanilla")
    ),
    "Q3": trained(
        (f"{AT_LENGTH} shift", f"{AT_LENGTH} momentum"),
        (f"{AT_LENGTH} uniform", f"{AT_LENGTH} momentum"),
        ("regression score shift", "regression score momentum"),
        ("regression score uniform", "regression score momentum"),
        ("recall score momentum", "recall score shift"),
        ("recall score momentum", "recall score uniform"),
    ),
    "O1": rivals(
        *((name, f"{name} {rival}") for name in (AOU, "sim_am ft", KENDALL) for rival in ("fresh", "shuffled")),
        shown=(AOU, f"{AOU} fresh", f"{AOU} shuffled"),
    ),
    "O2": rivals(
        (CHANGES, f"{CHANGES} fresh"),
        (UNSCALED, f"{UNSCALED} fresh"),
        (UNSCALED, "sim_aou_unscaled other_example"),
        shown=(CHANGES, f"{CHANGES} fresh"),
    ),
    "O4": rivals(
        *((name, f"{name} random") for name in (AOU, CHANGES, KENDALL)),
        shown=(AOU, f"{AOU} random", f"{AOU} flipped"),
    ),
    "O5": rivals(
        *((f"order_spread icl_{what}", f"order_spread ft_{what}") for what in ("answers", "outputs")),
        shown=("order_spread icl_answers", "order_spread ft_answers"),
        tossed=("order_spread icl_outputs", "order_spread ft_outputs"),
    ),
    "O6": rivals(
        (AOU, "sim_aou other_example"),
        (AOU, f"{AOU} True"),
        (CHANGES, f"{CHANGES} True"),
        shown=(AOU, "sim_aou other_example", f"{AOU} True"),
    ),
    "O7": rivals(
        *((f"{name} layer_causal", name) for name in (AOU, CHANGES)),
        shown=(f"{AOU} layer_causal", AOU),
    ),
    "O8": rivals(
        *((f"distributions {kind}_icl_zsl", f"distributions {kind}_icl_ft") for kind in ("answers", "next")),
        ("distributions overlap_icl_ft", "distributions overlap_icl_zsl"),
        shown=("distributions answers_icl_zsl", "distributions answers_icl_ft"),
        tossed=("distributions next_icl_zsl", "distributions next_icl_ft"),
    ),
}


class World(Evidence):
    """Evidence with `levels` of arrays by their names, and what else a test says was found."""

    def __init__(self, levels: Mapping[str, float] | None = None, **found: Any) -> None:
        self.levels, self.found = levels or {}, found
        self.asked: set[Question] = set()
        """What was read."""

    @property
    def seed(self) -> int:
        """Return 0."""
        return 0

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return two."""
        return TASKS

    @property
    def grid(self) -> Any:
        """Return what claims show of the trainings."""
        least_squares = np.full((EXAMPLES, PAIRS), 0.25)
        return SimpleNamespace(size=TINY, described=tuple, least_squares=lambda: least_squares)

    def of(self, question: Measuring, name: str) -> ByTask:
        """Return arrays of two tasks, one demonstration set; of Rec2FTP, ones in the share that is given."""
        self.asked.add(question)
        variant = question.variant if isinstance(question, OnControls) else OWN
        changed = [getattr(variant, f.name) for f in fields(variant) if getattr(variant, f.name) != f.default]
        how = ["tuned"] if isinstance(question, OnControls) and question.tuned else []
        how += [f"behind {question.behind}"] if isinstance(question, OnOtherSets) else []
        words = " ".join(map(str, (question.measurement, name, *changed, *how)))
        return {task: self.array(words, task) for task in self.tasks}

    def learning_rates(self, variants: Mapping[str, Variant], *, tuned: bool = False) -> str:
        """Return the variants' names."""
        self.asked |= {FinetunedAt(variant, tuned) for variant in variants.values()}
        return ", ".join(variants)

    def update_sizes(self, variants: Mapping[str, Variant], *, tuned: bool = False) -> str:
        """Return the variants' names."""
        self.asked |= {UpdateSizes(variant, tuned) for variant in variants.values()}
        return ", ".join(variants)

    def array(self, name: str, cell: str) -> np.ndarray:
        """Return the array of a name: [set or training run, example], layers or pairs behind where it has them."""
        source, part, *_ = name.split()
        if source == "rec2ftp":
            ones = self.levels.get(name, 0.5) * EXAMPLES
            return np.array([[NAN] + [float(i < ones) for i in range(EXAMPLES)]])
        last = () if source in WITHOUT_LAYERS else (LAYERS,)
        if source in TRAINED:
            last = (PAIRS,) if part == "score" else ()
        shape = (RUNS if source in TRAINED else 1, EXAMPLES, *last)
        values = self.levels.get(name, 0.0) + stream(0, name, cell).normal(0, 0.1, shape)
        if source == "recall":
            values[:, :, 0] = NAN  # at the first pair there is nothing to recall
        return np.asarray(values)

    def trained(self, problem: ProblemName) -> Found:
        """Return losses and scores of five training runs of each attention."""
        names = [f"validation_{n}" for n in TINY.language.validation_lengths] if problem == "language" else ["score"]
        return {
            attention: {"losses": np.ones((RUNS, STEPS))}
            | {name: self.array(f"{problem} {name} {attention}", "") for name in names}
            for attention in ATTENTIONS
        }

    def text_tasks(self) -> Mapping[str, ByTask]:
        """Return the accuracies that are given, by attention; none where none are."""
        given = dict(self.found.get("text_tasks", {}))
        return {a: {task: np.full((RUNS, EXAMPLES), share) for task in self.tasks} for a, share in given.items()}

    def base_rate(self) -> Mapping[str, ByTask]:
        """Return an excess over the base rate and its control at the levels that are given, in half of the examples."""
        self.asked.add(OnTasks("accuracy"))
        given = {"excess": 0.0, "control": 0.0, "corrected": 0.7, "uncorrected": 0.4} | dict(
            self.found.get("base_rate", {})
        )
        half = np.where(np.arange(EXAMPLES) % 2, 0.0, NAN)[None]
        noise = {name: stream(0, "base rate", name).normal(0, 0.1, (1, EXAMPLES)) for name in given}
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
