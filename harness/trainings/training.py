"""One small GPT trained from scratch: what decides its numbers, and how it is computed and kept."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.errors import HarnessError
from harness.models.gpt.sizes import Size
from harness.store import Entry, Store

if TYPE_CHECKING:
    import torch

    from harness.models.gpt.network import GPT, AttentionChoice

VERSION = 1
"""Raised when training changes, so that none is read from an older store."""

ProblemName = Literal["language", "regression", "recall"]


@dataclass(frozen=True)
class Training:
    """One training: everything that decides its numbers, and where they go."""

    problem: ProblemName
    size: Size
    attention: str
    eta: float | None
    """None for vanilla attention."""
    seed: int
    corpus: str
    """The corpus' fingerprint."""
    test_seed: int
    """Of the test sequences, the same for all training seeds."""
    device: str
    """As the settings name it: no part of the key."""
    store: Path

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
            "data": self.corpus if language else self.test_seed,
        }

    @property
    def choice(self) -> "AttentionChoice":
        """Return the attention as the network takes it."""
        from harness.models.gpt.network import AttentionChoice  # noqa: PLC0415  # brings torch

        return AttentionChoice(self.attention, self.eta or 0.5)

    @property
    def checkpoints(self) -> Path:
        """Return the folder of its checkpoints."""
        store = Store(self.store)
        return store.root / "checkpoints" / store.path("training", self.key).name


def token_streams(corpus: str, vocabulary: int, store: Store, make: Callable[[], Entry] | None = None) -> Entry:
    """Return the corpus' token streams `training` and `validation` (int32), and its `tokenizer` as JSON.

    Raises:
        HarnessError: the store lacks them, and `make` is not there to make them.

    """

    def missing() -> Entry:
        raise HarnessError(f"the store at {store.root} lacks the tokens of corpus {corpus[:12]}; run the claims again")

    return store.find_or_compute("tokens", {"corpus": corpus, "vocabulary": vocabulary}, make or missing)


def run_training(training: Training) -> None:
    """Train and keep, where the store does not have it: nothing is sent back to the process that asked."""
    find_or_train(training)


def find_or_train(training: Training) -> Entry:
    """Return what the training left; what the store lacks is trained, from its last checkpoint on where one is left.

    Tensors: `losses` [step]; of language `dev` [window] and `validation_<length>` [window], and the weights where the
    size keeps them; of the other problems `score` [sequence, pair].
    """
    entry = Store(training.store).find_or_compute("training", training.key, lambda: _compute(training))
    shutil.rmtree(training.checkpoints, ignore_errors=True)
    return entry


def problem_of(training: Training) -> Any:
    """Return the problem with the training's seed: a `Text`, `Regression` or `Recall`."""
    from harness.models.gpt.problems import Recall, Regression, Text  # noqa: PLC0415  # slow import

    language, context = training.size.language, training.size.in_context
    if training.problem == "regression":
        return Regression(context.dimension, context.regression_pairs, training.seed)
    if training.problem == "recall":
        return Recall(context.keys, context.values, context.recall_pairs, training.seed)
    tokens = token_streams(training.corpus, language.vocabulary, Store(training.store)).tensors["training"]
    return Text(tokens, language.length, language.vocabulary, training.seed)


def test_problem_of(training: Training) -> Any:
    """Return the problem as the test sequences are drawn: alike for all training seeds."""
    return problem_of(replace(training, seed=training.test_seed))


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


def _compute(training: Training) -> Entry:
    from harness.models.devices import choose_device  # noqa: PLC0415  # slow import
    from harness.models.gpt.training import train  # noqa: PLC0415

    device = choose_device(training.device)
    started = time.perf_counter()
    size = training.size.language if training.problem == "language" else training.size.in_context
    problem = problem_of(training)
    with one_thread(device):
        network = problem.network(size.shape, training.choice).to(device)
        losses = train(
            network,
            problem,
            size.schedule,
            checkpoint=training.checkpoints,
            mixed_precision=training.size.mixed_precision,
        )
        tensors = {"losses": losses, **_evaluate(network, training)}
    if training.key["weights kept"]:
        tensors |= {f"weights.{name}": value.cpu().numpy() for name, value in network.state_dict().items()}
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Entry(tensors, {"seconds": round(time.perf_counter() - started, 1), "parameters": parameters})


def _evaluate(network: "GPT", training: Training) -> dict[str, np.ndarray]:
    from harness.models.gpt import problems  # noqa: PLC0415  # slow import

    language, sequences = training.size.language, training.size.in_context.sequences
    if training.problem == "regression":
        return {"score": problems.regression_errors(network, test_problem_of(training), sequences)}
    if training.problem == "recall":
        return {"score": problems.recall_answers(network, test_problem_of(training), sequences)}
    tokens = token_streams(training.corpus, language.vocabulary, Store(training.store)).tensors["validation"]
    dev, test = np.array_split(tokens, 2)
    found = {"dev": problems.validation_losses(network, dev, language.length, language.windows)}
    for length in language.validation_lengths:
        found[f"validation_{length}"] = problems.validation_losses(network, test, length, language.windows)
    return found
