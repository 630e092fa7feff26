"""One small GPT trained from scratch: what decides its numbers, and how it is computed and kept."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.drafts import remove
from harness.errors import HarnessError
from harness.models.gpt.sizes import Size
from harness.store import Entry, Record, Store
from harness.tasks.corpus import load_corpus

if TYPE_CHECKING:
    import torch

    from harness.models.gpt.network import GPT, AttentionChoice

VERSION = 2
"""Raised when training changes, so that none is read from an older store."""

ProblemName = Literal["language", "regression", "recall"]


@dataclass(frozen=True)
class Tokens(Record):
    """A corpus as token streams `training` and `validation` (int32), with its `tokenizer` as JSON."""

    corpus: str
    """The corpus' fingerprint."""
    vocabulary: int
    name: str
    catalogue: Path
    fetched: Path
    """Where the text is from: no part of the key."""

    kind = "tokens"

    @property
    def key(self) -> dict[str, object]:
        """Return the parts of its name in the store."""
        return {"corpus": self.corpus, "vocabulary": self.vocabulary}

    @property
    def words(self) -> str:
        """What runs."""
        return f"tokens of {self.name}"

    def compute(self, _store: Store) -> Entry:
        """Tokenize; HarnessError where the text can't be had, or is no longer what it was."""
        from harness.models.gpt.tokens import make_tokenizer, tokenize  # noqa: PLC0415  # slow import

        corpus = load_corpus(self.name, self.catalogue, self.fetched)
        if corpus.fingerprint != self.corpus:
            raise HarnessError(f"corpus '{self.name}' changed while the claims ran; run them again")
        written = make_tokenizer(corpus.training, self.vocabulary)
        training, validation = (tokenize(written, part) for part in (corpus.training, corpus.validation))
        tensors = {"training": training.tokens, "validation": validation.tokens}
        return Entry(tensors, {"tokenizer": written, "bytes per token": validation.bytes_per_token})


@dataclass(frozen=True)
class Training(Record):
    """One training: everything that decides its numbers."""

    problem: ProblemName
    size: Size
    attention: str
    eta: float | None
    """None for vanilla attention."""
    seed: int
    tokens: Tokens
    """What language models learn."""
    test_seed: int
    """Of the test sequences, the same for all training seeds."""
    device: str
    """As the settings name it: no part of the key."""

    kind = "training"
    cost = 1.0
    """Counted as they are: what one takes is forecast in words."""

    @property
    def key(self) -> dict[str, object]:
        """Return the parts of its name in the store."""
        language = self.problem == "language"
        return {
            "version": VERSION,
            "problem": self.problem,
            "size": asdict(self.size.language if language else self.size.in_context),
            "mixed precision": self.size.mixed_precision,
            "weights kept": language and self.size.text_tasks,
            "attention": [self.attention, self.eta],
            "seed": self.seed,
            "data": self.tokens.corpus if language else self.test_seed,
        }

    @property
    def inputs(self) -> tuple[Tokens, ...]:
        """The text, of language."""
        return (self.tokens,) if self.problem == "language" else ()

    @property
    def words(self) -> str:
        """What runs."""
        return f"training: {self.problem}, {self.attention}, seed {self.seed}"

    @property
    def threads(self) -> int | None:
        """One on the CPU: small models gain nothing from a second, and a second process gains all of it."""
        return None if self.on_gpu else 1

    @property
    def on_gpu(self) -> bool:
        """Where there is one, unless the settings name another device."""
        from harness.models.devices import on_gpu  # noqa: PLC0415  # slow import

        return on_gpu(self.device)

    @property
    def choice(self) -> "AttentionChoice":
        """Return the attention as the network takes it."""
        from harness.models.gpt.network import AttentionChoice  # noqa: PLC0415  # brings torch

        return AttentionChoice(self.attention, self.eta or 0.5)

    def checkpoints(self, store: Store) -> Path:
        """Return the folder of its checkpoints."""
        return store.root / "checkpoints" / store.place(self).name

    def compute(self, store: Store) -> Entry:
        """Train, from the last checkpoint on where one is left.

        Tensors: `losses` [step]; of language `dev` [window] and `validation_<length>` [window], and the weights where
        the size keeps them; of the other problems `score` [sequence, pair].

        Raises:
            HarnessError: the text is shorter than the longest window.

        """
        from harness.models.devices import choose_device  # noqa: PLC0415  # slow import
        from harness.models.gpt.training import train  # noqa: PLC0415

        device = choose_device(self.device)
        checkpoints = store.make_folder("checkpoints", self.checkpoints(store).name)
        started = time.perf_counter()
        size = self.size.language if self.problem == "language" else self.size.in_context
        problem = problem_of(self, store)
        with one_thread(device):
            network = problem.network(size.shape, self.choice).to(device)
            mixed = self.size.mixed_precision
            losses = train(network, problem, size.schedule, checkpoint=checkpoints, mixed_precision=mixed)
            tensors = {"losses": losses, **_evaluate(network, self, store)}
        if self.key["weights kept"]:
            tensors |= {f"weights.{name}": value.cpu().numpy() for name, value in network.state_dict().items()}
        parameters = sum(parameter.numel() for parameter in network.parameters())
        return Entry(tensors, {"seconds": round(time.perf_counter() - started, 1), "parameters": parameters})

    def clean_up(self, store: Store) -> None:
        """Remove its checkpoints."""
        checkpoints = self.checkpoints(store)
        if not checkpoints.parent.is_symlink():
            remove(checkpoints)


def problem_of(training: Training, store: Store) -> Any:
    """Return the problem with the training's seed: a `Text`, `Regression` or `Recall`."""
    from harness.models.gpt.problems import Recall, Regression, Text  # noqa: PLC0415  # slow import

    language, context = training.size.language, training.size.in_context
    if training.problem == "regression":
        return Regression(context.dimension, context.regression_pairs, training.seed)
    if training.problem == "recall":
        return Recall(context.keys, context.values, context.recall_pairs, training.seed)
    tokens = _long_enough(training, store)["training"]
    return Text(tokens, language.length, language.vocabulary, training.seed)


def _long_enough(training: Training, store: Store) -> Mapping[str, np.ndarray]:
    """Return the token streams; refuse a corpus too short for the longest window before anything trains on it."""
    from harness.models.gpt.problems import require_window  # noqa: PLC0415  # brings torch

    language, tokens = training.size.language, store.find_or_run(training.tokens).tensors
    require_window(tokens["training"], language.length)
    for half in np.array_split(tokens["validation"], 2):
        require_window(half, max(language.length, *language.validation_lengths))
    return tokens


def test_problem_of(training: Training, store: Store) -> Any:
    """Return the problem as the test sequences are drawn: alike for all training seeds."""
    return problem_of(replace(training, seed=training.test_seed), store)


@contextmanager
def one_thread(device: "torch.device") -> Iterator[None]:
    """Compute on one thread on the CPU: sums then come in one order, and the other processors go to other trainings."""
    import torch  # noqa: PLC0415  # slow import

    before = torch.get_num_threads()
    torch.set_num_threads(1 if device.type == "cpu" else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _evaluate(network: "GPT", training: Training, store: Store) -> dict[str, np.ndarray]:
    from harness.models.gpt import problems  # noqa: PLC0415  # slow import

    language, sequences = training.size.language, training.size.in_context.sequences
    if training.problem == "regression":
        return {"score": problems.regression_errors(network, test_problem_of(training, store), sequences)}
    if training.problem == "recall":
        return {"score": problems.recall_answers(network, test_problem_of(training, store), sequences)}
    tokens = store.find_or_run(training.tokens).tensors["validation"]
    dev, test = np.array_split(tokens, 2)
    found = {"dev": problems.validation_losses(network, dev, language.length, language.windows)}
    for length in language.validation_lengths:
        found[f"validation_{length}"] = problems.validation_losses(network, test, length, language.windows)
    return found
