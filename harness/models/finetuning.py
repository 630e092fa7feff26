"""Finetuning as the paper does it: SGD, one epoch, one step a demonstration, keys and values only."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn

from harness.models.language_model import LanguageModel, Slice
from harness.models.watching import watching

Losses = Callable[[LanguageModel, Sequence[int]], Iterator[Tensor]]
"""What one text's step goes down, in nats a token: the model's own loss over the text first."""


@dataclass(frozen=True)
class Finetuned:
    """What one finetuning run left behind."""

    weights: dict[str, Tensor]
    """Key and value slices after the last step, by parameter name; empty where the run diverged."""
    losses: tuple[float, ...]
    """Loss of each step before its update, in nats a token."""
    diverged_at: int | None = None
    """Index of the step whose loss or update was not finite, or that collapsed (see `finetune`)."""
    query_vectors: np.ndarray | None = None
    """[layer, token, d_query] scaled query vectors at every training token when it was trained on, start
    tokens included, demonstrations one after the other."""


def finetune(
    model: LanguageModel,
    demonstrations: Sequence[Sequence[int]],
    learning_rate: float,
    *,
    record: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Finetuned:
    """Train keys and values by one SGD step a demonstration, in order, then restore the model's own weights.

    The loss of a step is the mean next-token cross-entropy over the whole text (PAPER section 3). A run is
    diverged, and stopped at once, when a loss is not finite or exceeds the first step's, which the untouched
    model makes, by more than a uniform guess over the vocabulary costs, ln(vocabulary size): what comes after
    only costs time (overflowing arithmetic is slow). So is one whose last update is not finite.

    Raises:
        HarnessError: a demonstration does not fit in memory.

    """
    return descend(model, demonstrations, learning_rate, _whole_text, record=record, progress=progress)


def descend(
    model: LanguageModel,
    demonstrations: Sequence[Sequence[int]],
    learning_rate: float,
    losses_of: Losses,
    *,
    record: bool,
    progress: Callable[[int], None],
) -> Finetuned:
    """Do what `finetune` says, a step going down the sum of the losses that `losses_of` yields for its text.

    Each loss's gradient is taken, its weights stepped and its graph freed before the next is asked for: the losses
    of one text must not share trained weights. Divergence is judged by the first of them.

    Raises:
        HarnessError: a demonstration does not fit in memory.

    """
    slices = model.key_value_slices
    parameters = list({id(s.parameter): s.parameter for s in slices}.values())
    losses: list[float] = []
    with trainable(model, parameters), _training_queries(model, record=record) as recorded:
        for tokens in demonstrations:
            terms = losses_of(model, tokens)
            loss = next(terms)
            losses.append(float(loss.detach()))
            if not goes_on(losses, model):
                return Finetuned({}, tuple(losses), diverged_at=len(losses) - 1)
            for term in chain([loss], terms):
                _step(term, parameters, slices, learning_rate)
            progress(1)
        weights = {s.name: s.of(s.parameter.data).clone() for s in slices}
    if not all(bool(weight.isfinite().all()) for weight in weights.values()):
        return Finetuned({}, tuple(losses), diverged_at=len(losses) - 1)
    queries = np.stack([np.concatenate(layer) for layer in recorded]) if record else None
    return Finetuned(weights, tuple(losses), query_vectors=queries)


def goes_on(losses: Sequence[float], model: LanguageModel) -> bool:
    """Whether finetuning that had these losses so far has not diverged by the last of them (see `finetune`)."""
    uniform_guess = math.log(model.network.config.vocab_size)
    return math.isfinite(losses[0]) and losses[-1] <= losses[0] + uniform_guess  # false of NaN too


@torch.inference_mode()
def starting_queries(model: LanguageModel, demonstrations: Sequence[Sequence[int]]) -> np.ndarray:
    """Return [layer, token, d_query] as `Finetuned.query_vectors`, of the untouched model: no step is taken.

    Raises:
        HarnessError: a demonstration does not fit in memory.

    """
    try:
        with _training_queries(model, record=True) as recorded:
            for text in demonstrations:
                model.network.base_model(input_ids=torch.tensor([text], device=model.device), use_cache=False)
    except torch.OutOfMemoryError as error:
        raise model.does_not_fit("one demonstration at a time") from error
    return np.stack([np.concatenate(layer) for layer in recorded])


def off_by_a_bit(model: LanguageModel, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return what is trained as it is before training, each entry off by its last bit, up or down at random."""
    changed = {}
    for s in model.key_value_slices:
        weight = s.of(s.parameter.data)
        signs = torch.from_numpy(rng.integers(0, 2, weight.shape, dtype=np.int8)).to(weight) * 2 - 1
        changed[s.name] = weight * (1 + torch.finfo(weight.dtype).eps * signs)
    return changed


def _whole_text(model: LanguageModel, tokens: Sequence[int]) -> Iterator[Tensor]:
    ids = torch.tensor([tokens], device=model.device)
    logits = model.network(input_ids=ids, use_cache=False).logits
    yield torch.nn.functional.cross_entropy(logits[0, :-1].float(), ids[0, 1:])


def _step(loss: Tensor, parameters: list[nn.Parameter], slices: list[Slice], learning_rate: float) -> None:
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    gradients = dict(zip(map(id, parameters), found, strict=True))
    with torch.no_grad():
        for s in slices:
            gradient = gradients[id(s.parameter)]
            if gradient is not None:
                s.of(s.parameter).sub_(s.of(gradient), alpha=learning_rate)


@contextmanager
def trainable(model: LanguageModel, parameters: list[nn.Parameter]) -> Iterator[None]:
    """Let only these parameters have gradients, and put their values back at the end."""
    original = [p.detach().clone() for p in parameters]
    model.network.requires_grad_(False)
    for parameter in parameters:
        parameter.requires_grad_(True)
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise model.does_not_fit("finetuning on one demonstration at a time") from error
    finally:
        with torch.no_grad():
            for parameter, value in zip(parameters, original, strict=True):
                parameter.requires_grad_(False).copy_(value)


@contextmanager
def _training_queries(model: LanguageModel, *, record: bool) -> Iterator[list[list[np.ndarray]]]:
    recorded: list[list[np.ndarray]] = [[] for _ in model.attention_modules]

    def keep(layer: int, projected: Tensor) -> None:
        vectors = model.query_of(model.attention_modules[layer], projected[0])
        recorded[layer].append(vectors.detach().float().cpu().numpy())

    with watching(model.projections(model.architecture.query) if record else (), keep):
        yield recorded
