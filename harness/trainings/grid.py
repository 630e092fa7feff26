"""The trainings that claims rest on: which ones, on what; stated, then read from the store."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.models.gpt.sizes import SIZES, Size
from harness.seeds import stream
from harness.settings import Settings
from harness.store import Entry, Record, Store
from harness.tasks.corpus import Corpus, load_corpus
from harness.trainings.training import ProblemName, Tokens, Training, problem_of, test_problem_of

if TYPE_CHECKING:
    import torch

    from harness.models.gpt.network import GPT

PROBLEMS: tuple[ProblemName, ...] = ("language", "regression", "recall")
COMPARED = ("vanilla", "momentum")
ATTENTIONS = (*COMPARED, "uniform", "shift")
"""The two that are compared, and the controls that mix the past with momentum's total weight."""

Found = Mapping[str, Mapping[str, np.ndarray]]
"""By attention, by name: what its trainings left, with the training runs' axis first."""


@dataclass(frozen=True)
class LeastSquares(Record):
    """The error of least squares on a regression's test sequences, `score` [sequence, pair]."""

    of: Training

    kind = "least_squares"

    @property
    def key(self) -> Mapping[str, object]:
        """The training's: it names the sequences."""
        return self.of.key

    @property
    def words(self) -> str:
        """What runs."""
        return "least squares"

    def compute(self, store: Store) -> Entry:
        """Solve them all."""
        from harness.models.gpt.problems import least_squares_errors  # noqa: PLC0415  # brings torch

        sequences = self.of.size.in_context.sequences
        return Entry({"score": least_squares_errors(test_problem_of(self.of, store), sequences)}, {})


class Grid:
    """The trainings of one size on one corpus, on every problem with every attention."""

    def __init__(self, settings: Settings, catalogue: Path, store: Store) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.store = store
        self.size: Size = SIZES[settings.momentum_size]

    @cached_property
    def corpus(self) -> Corpus:
        """The text that language models learn."""
        return load_corpus(self.settings.corpus, self.catalogue, self.settings.fetched)

    @cached_property
    def tokens(self) -> Tokens:
        """The text, tokenized."""
        settings, vocabulary = self.settings, self.size.language.vocabulary
        return Tokens(self.corpus.fingerprint, vocabulary, settings.corpus, self.catalogue, settings.fetched)

    @cached_property
    def device(self) -> "torch.device":
        """Where training runs: a GPU where there is one, unless the settings name another device."""
        from harness.models.devices import choose_device  # noqa: PLC0415  # slow import

        return choose_device(self.settings.device)

    @property
    def tries(self) -> Mapping[float, Training]:
        """Trainings of momentum attention by eta, on a seed and a text that are not reported."""
        (seed,) = self._seeds("choice of eta", 1)
        return {eta: self.training("language", "momentum", eta, seed) for eta in self.size.etas}

    @cached_property
    def tried(self) -> Mapping[float, float]:
        """Their losses, in nats a token."""
        return {eta: float(self.store.read(training).tensors["dev"].mean()) for eta, training in self.tries.items()}

    @cached_property
    def eta(self) -> float:
        """The eta of least loss among those tried; the smaller of equal ones."""
        return min(self.tried, key=lambda eta: (self.tried[eta], eta))

    def of(self, problem: ProblemName) -> Found:
        """Return what the trainings on a problem left: arrays [training run, ...] by attention and name.

        `losses` [run, step] of every problem; `validation_<length>` [run, window] of language; `score` [run, sequence,
        pair] of the two others: squared error, or 1 for a right value, NaN where there was nothing to recall. Runs are
        in the same order for all attentions, and more of some (see `starts`).
        """
        found = {}
        for attention in ATTENTIONS:
            entries = [self.store.read(training).tensors for training in self.reported(problem, attention, self.eta)]
            names = [name for name in entries[0] if not name.startswith("weights.")]
            found[attention] = {name: np.stack([entry[name] for entry in entries]) for name in names}
        return found

    def reported(self, problem: ProblemName, attention: str, eta: float) -> list[Training]:
        """Return the trainings of one attention on a problem, by training run."""
        strength = None if attention == "vanilla" else eta
        return [self.training(problem, attention, strength, seed) for seed in self.starts(problem, attention)]

    def starts(self, problem: ProblemName, attention: str) -> tuple[int, ...]:
        """Return the seeds of an attention's training runs: the first ones are the same for all attentions."""
        more = problem != "language" and attention in COMPARED
        return self._seeds("training run", self.size.starts_in_context if more else self.size.seeds)

    def every(self, eta: float) -> list[Training]:
        """Return all trainings that are reported."""
        return [each for p in PROBLEMS for attention in ATTENTIONS for each in self.reported(p, attention, eta)]

    @property
    def yardstick(self) -> LeastSquares:
        """Least squares on the regression's test sequences."""
        return LeastSquares(self.training("regression", "vanilla", None, self.starts("regression", "vanilla")[0]))

    def least_squares(self) -> np.ndarray:
        """Return the error of least squares on the regression's test sequences, [sequence, pair]."""
        return self.store.read(self.yardstick).tensors["score"]

    def described(self) -> tuple[str, ...]:
        """Return in words what was trained on what, how eta was chosen, and how long a training took."""
        language, context = self.size.language, self.size.in_context
        tokens = language.schedule.steps * language.schedule.batch * language.length
        losses = ", ".join(f"{eta:g}: {loss:.3f}" for eta, loss in self.tried.items())
        seconds = [self.store.read(training).facts["seconds"] for training in self.every(self.eta)]
        return (
            (
                f"Size {self.size.name}. Text: {language.shape.layers} layers of width {language.shape.width}, "
                f"{tokens:,} tokens of {self.corpus.name}, {language.length} at a time. In context: "
                f"{context.shape.layers} layers of width {context.shape.width}, {context.schedule.steps:,} steps of "
                f"{context.schedule.batch} sequences. {self.size.seeds} training runs each, in context "
                f"{self.size.starts_in_context} of the two attentions that are compared, from the same weights and on "
                "the same batches whatever the attention."
            ),
            (
                f"Strength: eta {self.eta:g}, the one of least loss on a training run and a text that are not reported "
                f"({losses} nats a token)."
            ),
            f"{len(seconds)} trainings took {sum(map(float, seconds)):.0f} s in all, one thread each.",  # type: ignore[arg-type]
        )

    def training(self, problem: ProblemName, attention: str, eta: float | None, seed: int) -> Training:
        """Return one training of this size on this corpus."""
        settings = self.settings
        return Training(problem, self.size, attention, eta, seed, self.tokens, settings.seed, settings.device)

    def _seeds(self, purpose: str, number: int) -> tuple[int, ...]:
        return tuple(int(stream(self.settings.seed, purpose, i).integers(2**31)) for i in range(number))


def networks(trainings: list[Training], store: Store) -> "Iterator[GPT]":
    """Yield the trained language models: of sizes that keep their weights."""
    import torch  # noqa: PLC0415  # slow import

    from harness.models.devices import choose_device  # noqa: PLC0415

    for training in trainings:
        network = problem_of(training, store).network(training.size.language.shape, training.choice)
        kept = store.find_or_run(training).tensors
        weights = {n.removeprefix("weights."): torch.from_numpy(a) for n, a in kept.items() if n[:8] == "weights."}
        network.load_state_dict(weights)
        yield network.to(choose_device(training.device)).eval()
