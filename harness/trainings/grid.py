"""The trainings that momentum is judged by: which ones, on what, side by side; each is computed once and kept."""

import time
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.engines.in_processes import available_processes, side_by_side
from harness.models.gpt.sizes import SIZES, Cost, training_cost
from harness.progress import Progress
from harness.seeds import stream
from harness.settings import Settings
from harness.store import Entry, Store
from harness.tasks.corpus import Corpus, load_corpus
from harness.trainings.training import (
    ProblemName,
    Training,
    find_or_train,
    one_thread,
    problem_of,
    run_training,
    test_problem_of,
    token_streams,
)

if TYPE_CHECKING:
    import torch

    from harness.models.gpt.network import GPT

PROBLEMS: tuple[ProblemName, ...] = ("language", "regression", "recall")
ATTENTIONS = ("vanilla", "momentum", "uniform", "shift")
"""The paper's two, and the controls that mix the past with momentum's total weight."""

Found = Mapping[str, Mapping[str, np.ndarray]]
"""By attention, by name: what its trainings left, with the training runs' axis first."""


class Trainings:
    """Finds or runs the trainings of one size on one corpus."""

    def __init__(self, settings: Settings, catalogue: Path, store: Store, progress: Progress) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.store = store
        self.progress = progress
        self.size = SIZES[settings.momentum_size]
        self.seeds = self._seeds("training run", self.size.seeds)

    @cached_property
    def corpus(self) -> Corpus:
        """The text that language models learn."""
        return load_corpus(self.settings.corpus, self.catalogue, self.settings.fetched)

    @cached_property
    def device(self) -> "torch.device":
        """Where training runs: a GPU where there is one, unless the settings name another device."""
        from harness.models.devices import choose_device  # noqa: PLC0415  # slow import

        return choose_device(self.settings.device)

    @cached_property
    def tried(self) -> Mapping[float, float]:
        """Loss of momentum attention by eta, in nats a token, on a seed and a text that are not reported."""
        (seed,) = self._seeds("choice of eta", 1)
        trainings = {eta: self._training("language", "momentum", eta, seed) for eta in self.size.etas}
        self._run(trainings.values())
        return {eta: float(find_or_train(training).tensors["dev"].mean()) for eta, training in trainings.items()}

    @cached_property
    def eta(self) -> float:
        """The eta of least loss among those tried; the smaller of equal ones."""
        return min(self.tried, key=lambda eta: (self.tried[eta], eta))

    def of(self, problem: ProblemName) -> Found:
        """Return what the trainings on a problem left: arrays [training run, ...] by attention and name.

        `losses` [run, step] of every problem; `validation_<length>` [run, window] of language; `score` [run, sequence,
        pair] of the two others: squared error, or 1 for a right value, NaN where there was nothing to recall.
        """
        self._run(self.every())
        found = {}
        for attention in ATTENTIONS:
            entries = [find_or_train(training).tensors for training in self.reported(problem, attention)]
            names = [name for name in entries[0] if not name.startswith("weights.")]
            found[attention] = {name: np.stack([entry[name] for entry in entries]) for name in names}
        return found

    def reported(self, problem: ProblemName, attention: str) -> list[Training]:
        """Return the trainings of one attention on a problem, by training run."""
        eta = None if attention == "vanilla" else self.eta
        return [self._training(problem, attention, eta, seed) for seed in self.seeds]

    def every(self) -> list[Training]:
        """Return all trainings that are reported."""
        return [each for problem in PROBLEMS for attention in ATTENTIONS for each in self.reported(problem, attention)]

    def least_squares(self) -> np.ndarray:
        """Return the error of least squares on the regression's test sequences, [sequence, pair]."""
        training = self._training("regression", "vanilla", None, self.seeds[0])

        def compute() -> Entry:
            from harness.models.gpt.problems import least_squares_errors  # noqa: PLC0415  # brings torch

            return Entry({"score": least_squares_errors(test_problem_of(training), self.size.in_context.sequences)}, {})

        return self.store.find_or_compute("least_squares", training.key, compute).tensors["score"]

    def networks(self, attention: str) -> "Iterable[GPT]":
        """Yield the trained language models of one attention, by training run: for sizes that keep their weights."""
        import torch  # noqa: PLC0415  # slow import

        self._run(self.every())
        for training in self.reported("language", attention):
            network = problem_of(training).network(self.size.language.shape, training.choice)
            kept = find_or_train(training).tensors
            weights = {n.removeprefix("weights."): torch.from_numpy(a) for n, a in kept.items() if n[:8] == "weights."}
            network.load_state_dict(weights)
            yield network.to(self.device).eval()

    def tokenizer(self) -> str:
        """Return the corpus' tokenizer as JSON."""
        return str(self._token_streams().facts["tokenizer"])

    def described(self) -> tuple[str, ...]:
        """Return in words what was trained on what, how eta was chosen, and how long a training took."""
        language, context = self.size.language, self.size.in_context
        tokens = language.schedule.steps * language.schedule.batch * language.length
        losses = ", ".join(f"{eta:g}: {loss:.3f}" for eta, loss in self.tried.items())
        seconds = [find_or_train(t).facts["seconds"] for t in self.every()]
        return (
            (
                f"Size {self.size.name}. Text: {language.shape.layers} layers of width {language.shape.width}, "
                f"{tokens:,} tokens of {self.corpus.name}, {language.length} at a time. In context: "
                f"{context.shape.layers} layers of width {context.shape.width}, {context.schedule.steps:,} steps of "
                f"{context.schedule.batch} sequences. {self.size.seeds} training runs each, from the same weights "
                "and on the same batches whatever the attention."
            ),
            (
                f"Strength: eta {self.eta:g}, the one of least loss on a training run and a text that are not reported "
                f"({losses} nats a token)."
            ),
            f"{len(seconds)} trainings took {sum(map(float, seconds)):.0f} s in all, one thread each.",  # type: ignore[arg-type]
        )

    def forecast(self, missing: Iterable[Training]) -> str:
        """Return in one line what is to be trained and about what it takes."""
        costs = [_cost(training) for training in missing]
        hours = sum(cost.flops for cost in costs) / measured_rate(self.device) / self._processes() / 3600
        spent = f"{60 * hours:.1f} minutes" if hours < 2 else f"{hours:.0f} hours"  # noqa: PLR2004  as one says it
        return (
            f"momentum: {len(costs)} trainings of size '{self.size.name}' are ahead, about {spent} on "
            f"{self._processes()} x {self.device.type}, up to {max(cost.gigabytes for cost in costs):.2g} GB each"
        )

    def _seeds(self, purpose: str, number: int) -> tuple[int, ...]:
        return tuple(int(stream(self.settings.seed, purpose, i).integers(2**31)) for i in range(number))

    def _processes(self) -> int:
        return 1 if self.device.type != "cpu" else self.settings.processes or available_processes()

    def _training(self, problem: ProblemName, attention: str, eta: float | None, seed: int) -> Training:
        return Training(
            problem=problem,
            size=self.size,
            attention=attention,
            eta=eta,
            seed=seed,
            corpus=self.corpus.fingerprint,
            test_seed=self.settings.seed,
            device=self.settings.device,
            store=self.store.root,
        )

    def _require_text(self) -> None:
        """Refuse a corpus that is too short for the longest window, before anything trains on it."""
        from harness.models.gpt.problems import require_window  # noqa: PLC0415  # brings torch

        language = self.size.language
        tokens = self._token_streams().tensors
        require_window(tokens["training"], language.length)
        for half in np.array_split(tokens["validation"], 2):
            require_window(half, max(language.length, *language.validation_lengths))

    def _token_streams(self) -> Entry:
        def make() -> Entry:
            from harness.models.gpt.tokens import make_tokenizer, tokenize  # noqa: PLC0415  # slow import

            written = make_tokenizer(self.corpus.training, self.size.language.vocabulary)
            training, validation = (tokenize(written, part) for part in (self.corpus.training, self.corpus.validation))
            tensors = {"training": training.tokens, "validation": validation.tokens}
            return Entry(tensors, {"tokenizer": written, "bytes per token": validation.bytes_per_token})

        return token_streams(self.corpus.fingerprint, self.size.language.vocabulary, self.store, make)

    def _run(self, trainings: Iterable[Training]) -> None:
        """Run those that the store lacks: side by side on the CPU, one after the other on a GPU."""
        missing = [t for t in trainings if not self.store.path("training", t.key).is_dir()]
        if not missing:
            return
        self._require_text()  # and its tokens, made once, are read by every process
        self.progress.say(self.forecast(missing))
        self.progress.expect(len(missing))
        self.progress.begin(f"training {len(missing)} small models, size {self.size.name}")
        if self.device.type == "cpu":
            side_by_side(run_training, missing, self._processes(), lambda _: self.progress.advance(1))
            return
        for training in missing:
            self.progress.begin(f"training: {training.problem}, {training.attention}, seed {training.seed}")
            run_training(training)
            self.progress.advance(1)


def measured_rate(device: "torch.device") -> float:
    """Return the FLOP a second that training small models reaches on one process of the device, roughly.

    A quarter of what a product of two square matrices reaches: measured for size tiny on two cores.
    """
    import torch  # noqa: PLC0415  # slow import

    side = 256 if device.type == "cpu" else 4096
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    with one_thread(device):
        matrix = torch.ones(side, side, device=device, dtype=dtype)
        times = []
        for _ in range(8):
            started = time.perf_counter()
            float((matrix @ matrix)[0, 0])  # waits for the device
            times.append(time.perf_counter() - started)
    return 2 * side**3 / min(times) / 4


def _cost(training: Training) -> Cost:
    language, context = training.size.language, training.size.in_context
    if training.problem == "language":
        return training_cost(language.shape, language.schedule, language.length, language.vocabulary)
    pairs = context.regression_pairs if training.problem == "regression" else context.recall_pairs
    return training_cost(context.shape, context.schedule, 2 * pairs, context.keys + context.values)
