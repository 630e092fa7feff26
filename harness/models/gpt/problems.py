"""What small GPTs learn: text, and two kinds of learning in context that small models show.

Linear regression (Garg et al. 2022, arXiv 2208.01066): x_1, y_1, x_2, y_2, ... with y = w . x, and w drawn anew for
each sequence; the network predicts y_k at x_k from the k - 1 pairs before. Associative recall (Arora et al. 2023, arXiv
2312.04927): key, value, key, value, ... with a value for each key drawn anew for each sequence; the network predicts
the value at each key, and counts where that key came before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from harness.errors import HarnessError
from harness.models.gpt.network import GPT, AttentionChoice, language_gpt, vector_gpt
from harness.models.gpt.sizes import Shape
from harness.models.gpt.training import Batch
from harness.seeds import stream


@dataclass(frozen=True)
class Text:
    """Next-token prediction on windows of a token stream, drawn at random; losses in nats a token.

    Raises:
        HarnessError: the stream is shorter than a window.

    """

    tokens: np.ndarray
    length: int
    vocabulary: int
    seed: int

    def __post_init__(self) -> None:
        require_window(self.tokens, self.length)

    def network(self, shape: Shape, choice: AttentionChoice) -> GPT:
        """Return a language model with the seed's weights."""
        return language_gpt(shape, self.vocabulary, choice, _generator(self.seed, "weights"))

    def batch(self, step: int, size: int) -> Batch:
        """Return windows of length + 1 tokens as inputs and targets."""
        starts = stream(self.seed, "batch", step).integers(len(self.tokens) - self.length, size=size)
        return text_batch(self.tokens, starts, self.length)

    def losses(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropy at every position."""
        return cross_entropies(outputs, batch.targets)


@dataclass(frozen=True)
class Regression:
    """In-context linear regression; losses are squared errors over the dimension, 1 for a guess of 0."""

    dimension: int
    pairs: int
    seed: int

    def network(self, shape: Shape, choice: AttentionChoice) -> GPT:
        """Return a network from vectors to one number with the seed's weights."""
        return vector_gpt(shape, self.dimension, 1, choice, _generator(self.seed, "weights"))

    def batch(self, step: int, size: int) -> Batch:
        """Return sequences x_1, (y_1, 0, ..., 0), x_2, ...; what counts are the positions of the x."""
        drawn = stream(self.seed, "batch", step).standard_normal((size, self.pairs + 1, self.dimension))
        inputs, weights = (torch.from_numpy(part.astype(np.float32)) for part in np.split(drawn, [self.pairs], axis=1))
        answers = (inputs * weights).sum(dim=-1)
        sequence = torch.zeros(size, 2 * self.pairs, self.dimension)
        sequence[:, 0::2], sequence[:, 1::2, 0] = inputs, answers
        targets, counts = torch.zeros(size, 2 * self.pairs), torch.zeros(size, 2 * self.pairs, dtype=torch.bool)
        targets[:, 0::2], counts[:, 0::2] = answers, True
        return Batch(sequence, targets, counts)

    def losses(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the squared error at every position."""
        return (outputs[..., 0].float() - batch.targets).square() / self.dimension


@dataclass(frozen=True)
class Recall:
    """Associative recall; losses in nats a value."""

    keys: int
    values: int
    pairs: int
    seed: int

    def network(self, shape: Shape, choice: AttentionChoice) -> GPT:
        """Return a model over key and value tokens with the seed's weights."""
        return language_gpt(shape, self.keys + self.values, choice, _generator(self.seed, "weights"))

    def batch(self, step: int, size: int) -> Batch:
        """Return sequences of pairs; what counts are keys that came before."""
        rng = stream(self.seed, "batch", step)
        keys = torch.from_numpy(rng.integers(self.keys, size=(size, self.pairs)))
        held = torch.from_numpy(rng.integers(self.values, size=(size, self.keys))) + self.keys
        values = held.gather(1, keys)
        before = (keys[:, :, None] == keys[:, None, :]).tril(-1).any(dim=-1)
        sequence, targets = torch.stack([keys, values], -1), torch.stack([values, values], -1)
        counts = torch.stack([before, torch.zeros_like(before)], -1)
        return Batch(sequence.flatten(1), targets.flatten(1), counts.flatten(1))

    def losses(self, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the cross-entropy at every position."""
        return cross_entropies(outputs, batch.targets)


def require_window(tokens: np.ndarray, length: int) -> None:
    """Raise a HarnessError where the tokens hold no window of `length` and the token behind it."""
    if len(tokens) <= length:
        raise HarnessError(
            f"a part of the corpus has {len(tokens)} tokens, and at least {length + 1} are needed for sequences of "
            f"{length}; bring more text with --corpus, or take a smaller --momentum-size",
        )


def text_batch(tokens: np.ndarray, starts: Sequence[int] | np.ndarray, length: int) -> Batch:
    """Return the windows of `length` + 1 tokens that begin at `starts`, as inputs and targets."""
    windows = torch.from_numpy(np.stack([tokens[start : start + length + 1] for start in starts]).astype(np.int64))
    inputs, targets = windows[:, :-1], windows[:, 1:]
    return Batch(inputs, targets, torch.ones_like(inputs, dtype=torch.bool))


def cross_entropies(logits: Tensor, targets: Tensor) -> Float[Tensor, "sequence position"]:
    """Return -log P(target) at every position, in nats."""
    flat = functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none")
    return flat.view(targets.shape)


@torch.inference_mode()
def validation_losses(
    network: GPT, tokens: np.ndarray, length: int, windows: int, batch: int = 16
) -> Float[np.ndarray, " window"]:
    """Return the mean loss of each of `windows` windows of the token stream, evenly spread, in nats a token.

    Windows overlap where the stream is shorter than all of them.

    Raises:
        HarnessError: the stream is shorter than a window.

    """
    require_window(tokens, length)
    device = next(network.parameters()).device
    starts = np.linspace(0, len(tokens) - length - 1, windows).astype(int)
    means = []
    for first in range(0, windows, batch):
        part = text_batch(tokens, starts[first : first + batch], length).to(device)
        means.append(cross_entropies(network(part.inputs), part.targets).mean(dim=1).cpu())
    found: np.ndarray = torch.cat(means).double().numpy()
    return found


@torch.inference_mode()
def regression_errors(network: GPT, problem: Regression, sequences: int) -> Float[np.ndarray, "sequence pair"]:
    """Return the squared error over the dimension at each pair of the test sequences: pair k has k examples before."""
    batch = problem.batch(TEST, sequences).to(next(network.parameters()).device)
    return _at_keys(problem.losses(network(batch.inputs), batch))


@torch.inference_mode()
def recall_answers(network: GPT, problem: Recall, sequences: int) -> Float[np.ndarray, "sequence pair"]:
    """Return whether the value is the likeliest of all, at each pair of the test sequences; NaN for new keys."""
    batch = problem.batch(TEST, sequences).to(next(network.parameters()).device)
    right = (network(batch.inputs).argmax(dim=-1) == batch.targets).float()
    return _at_keys(torch.where(batch.counts, right, torch.nan))


TEST = -1
"""The step that test sequences are drawn as: no training step."""


def least_squares_errors(problem: Regression, sequences: int) -> Float[np.ndarray, "sequence pair"]:
    """Return the squared error over the dimension of least squares (of least norm) on the pairs before each.

    Without noise it is the best there is: exact from as many pairs as dimensions on.
    """
    batch = problem.batch(TEST, sequences)
    inputs, answers = batch.inputs[:, 0::2].double(), batch.targets[:, 0::2].double()
    errors = [answers[:, 0].square()]
    for pair in range(1, problem.pairs):
        weights = torch.linalg.pinv(inputs[:, :pair]) @ answers[:, :pair, None]
        errors.append(((inputs[:, pair, None] @ weights)[:, 0, 0] - answers[:, pair]).square())
    stacked: np.ndarray = torch.stack(errors, dim=1).numpy() / problem.dimension
    return stacked


def _at_keys(positions: Tensor) -> np.ndarray:
    array: np.ndarray = positions[:, 0::2].cpu().double().numpy()
    return array


def _generator(seed: int, *names: str) -> torch.Generator:
    return torch.Generator().manual_seed(int(stream(seed, *names).integers(2**62)))
