"""Several finetunings in one pass: a batch with a row each, which share every weight but their own keys and values.

A step on one short text reads all weights for a few products each; with a row a learning rate, or a demonstration set,
one reading serves them all. Row r's loss depends on row r's keys and values alone, so the gradient of the summed losses
holds each row's own. What a row does is what `harness.models.finetuning.finetune` does, to which tests hold it; its
last digits may depend on how many rows there are.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from harness.models.finetuning import Finetuned, goes_on
from harness.models.language_model import LanguageModel, Slice
from harness.models.next_token_loss import next_token_losses
from harness.models.sites import Places
from harness.models.watching import watching

AT_ONCE = 1 << 30
"""Bytes that keys and values of a pass may have: 13 rows of the default model have less, one of 2.7B has more."""
COPIES = 3
"""How often a step holds them: before it, after it, and their gradient."""


@dataclass(frozen=True)
class Row:
    """One finetuning among several."""

    texts: Sequence[Sequence[int]]
    """Token ids, a step each, in order."""
    learning_rate: float
    start: Mapping[str, Tensor] | None = None
    """Key and value slices that it starts from, by name; None for the model's own."""


def finetune_rows(model: LanguageModel, rows: Sequence[Row], *, record: bool = False) -> list[Finetuned]:
    """Return what `finetune` returns of each row's texts and learning rate; a row that diverges leaves the others.

    Raises:
        HarnessError: one text a row does not fit in memory.

    """
    going = _Going(model, rows, record=record)
    try:
        with _own_projections(model, going.weights):
            for step in range(max(len(row.texts) for row in rows)):
                if going.end(step):
                    going.step(step)
            going.end(math.inf)
    except torch.OutOfMemoryError as error:
        raise model.does_not_fit(f"finetuning of {len(rows)} models in one pass") from error
    return [going.ended[number] for number in range(len(rows))]


def rows_at_once(model: LanguageModel) -> int:
    """Return how many rows one pass is to have at most: as many as have keys and values, and gradients, of AT_ONCE.

    The same on every machine, since a row's last digits may depend on it.
    """
    one = sum(s.of(s.parameter).numel() * s.parameter.element_size() for s in model.key_value_slices)
    return max(1, AT_ONCE // (COPIES * one))


class _Going:
    """The rows that have neither ended nor diverged."""

    def __init__(self, model: LanguageModel, rows: Sequence[Row], *, record: bool) -> None:
        self.model = model
        self.rows = rows
        self.record = record
        self.numbers = list(range(len(rows)))
        """Of the rows that go on, in their order in the batch."""
        self.weights = {s.name: _stacked(s, rows) for s in model.key_value_slices}
        """Their keys and values [row, ...], by name of the slice; the same dictionary all the time."""
        self.losses: list[list[float]] = [[] for _ in rows]
        self.queries: list[list[list[np.ndarray]]] = [[[] for _ in model.attention_modules] for _ in rows]
        """By row, layer and step: [token, d_query]."""
        self.ended: dict[int, Finetuned] = {}

    def step(self, step: int) -> None:
        """Have each row take its step on its text, or leave where its loss says that it diverged."""
        texts = [self.rows[number].texts[step] for number in self.numbers]
        with self._recording([len(text) for text in texts]):
            losses = _losses(self.model, texts)
        good = []
        for place, (number, loss) in enumerate(zip(self.numbers, losses.detach().tolist(), strict=True)):
            self.losses[number].append(loss)
            if goes_on(self.losses[number], self.model):
                good.append(place)
            else:
                self._diverge(number)
        if not good:
            self.numbers = []
            return
        names = list(self.weights)
        gradients = torch.autograd.grad(losses[good].sum(), [self.weights[name] for name in names], allow_unused=True)
        rates = torch.tensor([self.rows[self.numbers[place]].learning_rate for place in good])
        kept = slice(None) if len(good) == len(self.numbers) else good  # all of them: as they are, without a copy
        with torch.no_grad():
            for name, gradient in zip(names, gradients, strict=True):
                self._descend(name, gradient, kept, rates)
        self.numbers = [self.numbers[place] for place in good]

    def _descend(self, name: str, gradient: Tensor | None, good: slice | list[int], rates: Tensor) -> None:
        weight = self.weights[name].detach()[good]
        if gradient is not None:  # in half precision the product is rounded before it is taken off, as `alpha` is not
            by_row = rates.to(weight.device).view(-1, *[1] * (weight.ndim - 1))
            weight = (weight.float() - by_row * gradient[good].float()).to(weight.dtype)
        self.weights[name] = weight.requires_grad_(True)

    def end(self, step: float) -> bool:
        """Let rows go that have no text for a step; return whether any goes on."""
        left = [place for place, number in enumerate(self.numbers) if len(self.rows[number].texts) > step]
        for place in {*range(len(self.numbers))} - {*left}:
            self._finish(self.numbers[place], place)
        if len(left) < len(self.numbers):
            self.weights.update({name: w.detach()[left].requires_grad_(True) for name, w in self.weights.items()})
            self.numbers = [self.numbers[place] for place in left]
        return bool(self.numbers)

    def _finish(self, number: int, place: int) -> None:
        weights = {name: weight.detach()[place].clone() for name, weight in self.weights.items()}
        if not all(bool(weight.isfinite().all()) for weight in weights.values()):
            self._diverge(number)
            return
        queries = np.stack([np.concatenate(layer) for layer in self.queries[number]]) if self.record else None
        self.ended[number] = Finetuned(weights, tuple(self.losses[number]), query_vectors=queries)

    def _diverge(self, number: int) -> None:
        losses = tuple(self.losses[number])
        self.ended[number] = Finetuned({}, losses, diverged_at=len(losses) - 1)

    @contextmanager
    def _recording(self, lengths: Sequence[int]) -> Iterator[None]:
        model = self.model

        def keep(layer: int, projected: Tensor) -> None:
            module = model.attention_modules[layer]
            for number, of_row, length in zip(self.numbers, projected.detach(), lengths, strict=True):
                vectors = model.query_of(module, of_row[:length])
                self.queries[number][layer].append(vectors.float().cpu().numpy())

        with watching(model.projections(model.architecture.query) if self.record else (), keep):
            yield


def _stacked(s: Slice, rows: Sequence[Row]) -> Tensor:
    own = s.of(s.parameter.detach())
    return torch.stack([own if row.start is None else row.start[s.name] for row in rows]).requires_grad_(True)


def _losses(model: LanguageModel, texts: Sequence[Sequence[int]]) -> Tensor:
    """Return each row's mean next-token cross-entropy over its text [row], in nats a token; texts are padded behind."""
    longest = max(map(len, texts))
    ids = torch.tensor([[*text, *[text[-1]] * (longest - len(text))] for text in texts], device=model.device)
    lengths = torch.tensor([len(text) - 1 for text in texts], device=model.device)
    states = model.network.base_model(input_ids=ids, use_cache=False).last_hidden_state
    real = torch.arange(longest - 1, device=model.device) < lengths[:, None]  # [row, token]
    found = next_token_losses(model, states[:, :-1][real], ids[:, 1:][real])
    row = torch.repeat_interleave(torch.arange(len(texts), device=model.device), lengths)
    return torch.zeros(len(texts), device=model.device).index_add(0, row, found) / lengths


@contextmanager
def _own_projections(model: LanguageModel, weights: Mapping[str, Tensor]) -> Iterator[None]:
    """Have every key and value projection use row r's weights for row r of its input."""
    by_module: dict[nn.Module, list[Slice]] = {}
    for s in model.key_value_slices:
        by_module.setdefault(model.network.get_submodule(s.name.rpartition(".")[0]), []).append(s)
    try:
        for module, slices in by_module.items():
            module.forward = partial(_project, module.forward, slices, weights)
        yield
    finally:
        for module in by_module:
            del module.forward  # the class's own forward shows again


def _project(
    whole: Callable[[Tensor], Tensor], slices: Sequence[Slice], weights: Mapping[str, Tensor], states: Tensor
) -> Tensor:
    """Return the projection [row, token, out] of states [row, token, in], each row's slices by its own weights."""
    own: dict[Places, Tensor] = {}
    for s in sorted(slices, key=lambda s: -s.parameter.ndim):  # a weight before its bias
        weight = weights[s.name]  # [row, ...], of several blocks [row, block, ...]
        if s.parameter.ndim == 1:
            own[s.places] = own[s.places] + weight.flatten(1)[:, None]
        elif s.axis == 0:
            own[s.places] = states @ weight.reshape(len(weight), -1, states.shape[-1]).transpose(-1, -2)
        else:
            own[s.places] = states @ weight.flatten(2)
    outputs = slices[0].parameter.shape[slices[0].axis]
    if [*own] == [Places(1, 0, outputs)]:
        return own[Places(1, 0, outputs)]
    projected = whole(states).clone()
    for places, part in own.items():
        view = places.of(projected)
        view.copy_(part.view_as(view))
    return projected
