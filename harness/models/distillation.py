"""Context distillation: keys and values fitted until a prompt without demonstrations does what ICL does.

    argmin over W_K, W_V of every layer: mean over queries of d(ICL(query), ZSL(query; W_K, W_V))

by Adam, d being one of

    answer_losses: KL(p_ICL || p) over the answer words, in nats
    output_losses: 1 - cos(h_ICL, h) of the attention block's output at the last token, mean over layers

The weights of the least dev loss are kept. Context distillation is of Askell et al. (arXiv 2112.00861) and Snell, Klein
and Zhong (arXiv 2209.15189), who fit all weights to whole answers; here it is what the paper's finetuning trains.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.errors import HarnessError
from harness.models.finetuning import trainable
from harness.models.language_model import LanguageModel, Slice
from harness.models.watching import watching
from harness.prompts import Prompts

Found = TypeVar("Found")
Losses = Callable[[LanguageModel, Prompts, Sequence[int], Tensor], Tensor]
"""d of some of the prompts' queries, [query], of what was wanted of all of them."""


@dataclass(frozen=True)
class Imitated:
    """Queries, and what ICL made of each: logits of the answer words [query, answer], or [query, layer, d_model]."""

    prompts: Prompts
    wanted: Tensor


@dataclass(frozen=True)
class Course:
    """The steps of a fit: each goes down the mean loss of a batch of training queries, given by their indices.

    Every learning rate is tried for the first `trial` steps; the one of the least dev loss then goes on to the end.
    """

    batches: Sequence[Sequence[int]]
    rates: Sequence[float]
    """Of Adam, ascending: ties go to the smaller."""
    trial: int
    every: int
    """Steps from one look at dev to the next; the last of the trial and of all have one too."""


@dataclass(frozen=True)
class Distilled:
    """What a fit left."""

    weights: dict[str, Tensor]
    """Key and value slices by parameter name, those of the least dev loss, in float32."""
    learning_rate: float
    losses: tuple[float, ...]
    """Mean loss of each step's batch before its update."""
    dev_losses: Mapping[int, float]
    """Mean loss on dev by number of steps taken; after 0 it is that of the untouched weights."""
    tried: Mapping[float, float]
    """Least dev loss of each learning rate's trial."""

    @property
    def best_step(self) -> int:
        """Steps that were taken to the weights that are kept."""
        return min(self.dev_losses, key=lambda step: (self.dev_losses[step], step))


def distil(
    model: LanguageModel, losses_of: Losses, train: Imitated, dev: Imitated, course: Course, at_once: int = 8
) -> Distilled:
    """Fit keys and values to what ICL made of the training queries, then restore the model's own weights.

    A learning rate whose loss is no longer finite ends there, with the best weights that it had. At most `at_once`
    queries are held in memory together, whatever a batch has; out of memory that is halved, down to 1.

    Raises:
        HarnessError: the untouched model's loss is not finite, or one query does not fit in memory.

    """
    parameters = list({id(s.parameter): s.parameter for s in model.key_value_slices}.values())
    imitation = _Imitation(model, losses_of, train, dev, parameters, at_once)
    with trainable(model, parameters):
        first = imitation.dev_loss()
        if not math.isfinite(first):
            raise HarnessError(
                f"the distance of the untouched model from ICL is {first}, expected a number: the weights may be "
                "damaged, or --dtype too small (try float32)",
            )
        fits = {rate: _Fit(imitation, course, rate, {0: first}) for rate in course.rates}
        for fit in fits.values():
            fit.go_on(min(course.trial, len(course.batches)))
        tried = {rate: fit.least for rate, fit in fits.items()}
        best = min(tried, key=lambda rate: (tried[rate], rate))
        fits[best].go_on(len(course.batches))
    found = fits[best]
    return Distilled(found.best, best, tuple(found.losses), found.dev_losses, tried)


def answer_losses(model: LanguageModel, prompts: Prompts, which: Sequence[int], wanted: Tensor) -> Tensor:
    """Return KL(p_ICL || p) over the answer words, [query], in nats; `wanted` are ICL's logits [query, answer]."""
    hidden, _ = _last_tokens(model, prompts, which)
    unembed, answers = model.network.get_output_embeddings(), list(prompts.answer_tokens)
    bias = None if unembed.bias is None else unembed.bias[answers]
    found = model.capped(functional.linear(hidden, unembed.weight[answers], bias)).float().log_softmax(-1)
    expected = wanted[list(which)].to(found).log_softmax(-1)
    return functional.kl_div(found, expected, log_target=True, reduction="none").sum(-1)


def output_losses(model: LanguageModel, prompts: Prompts, which: Sequence[int], wanted: Tensor) -> Tensor:
    """Return 1 - cos(h_ICL, h), mean over layers, [query]; `wanted` are ICL's outputs [query, layer, d_model]."""
    _, outputs = _last_tokens(model, prompts, which)
    found = outputs.float()
    return 1 - functional.cosine_similarity(found, wanted[list(which)].to(found), dim=-1).mean(-1)


def _last_tokens(model: LanguageModel, prompts: Prompts, which: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Run zero-shot prompts, padded on the right, where causal attention keeps padding out.

    Returns the last token's states behind the final norm [query, d_model], and its attention blocks' outputs [query,
    layer, d_model].
    """
    texts = [(prompts.start_token, *prompts.queries[i]) for i in which]
    longest, outputs = max(map(len, texts)), list[Tensor]()
    ids = torch.tensor([[*text, *[text[-1]] * (longest - len(text))] for text in texts], device=model.device)
    last = torch.tensor([len(text) - 1 for text in texts], device=model.device)
    rows = torch.arange(len(texts), device=model.device)
    with watching(model.attention_outputs, lambda _, output: outputs.append(output[rows, last])):
        hidden = model.network.base_model(input_ids=ids, use_cache=False).last_hidden_state
    return hidden[rows, last], torch.stack(outputs, dim=1)


@dataclass
class _Imitation:
    """What every learning rate has in common."""

    model: LanguageModel
    losses_of: Losses
    train: Imitated
    dev: Imitated
    parameters: list[nn.Parameter]
    at_once: int

    @cached_property
    def slices(self) -> list[Slice]:
        return self.model.key_value_slices

    def loss_and_gradients(self, batch: Sequence[int]) -> tuple[float, list[Tensor]]:
        """Return the mean loss of a batch of training queries, and its gradient slice by slice, in float32."""
        return self._halving(lambda: self._loss_and_gradients(batch))

    def _loss_and_gradients(self, batch: Sequence[int]) -> tuple[float, list[Tensor]]:
        total, sums = 0.0, [torch.zeros_like(s.of(s.parameter), dtype=torch.float32) for s in self.slices]
        for part in self._parts(batch):
            loss = self.losses_of(self.model, self.train.prompts, part, self.train.wanted).sum() / len(batch)
            found = torch.autograd.grad(loss, self.parameters)
            gradients = dict(zip(map(id, self.parameters), found, strict=True))
            for s, so_far in zip(self.slices, sums, strict=True):
                so_far.add_(s.of(gradients[id(s.parameter)]))
            total += float(loss.detach())
        return total, sums

    def dev_loss(self) -> float:
        """Return the mean loss on dev."""
        return self._halving(self._dev_loss)

    @torch.no_grad()
    def _dev_loss(self) -> float:
        queries = self.dev.prompts.queries
        order = sorted(range(len(queries)), key=lambda i: len(queries[i]))  # least padding
        losses = [self.losses_of(self.model, self.dev.prompts, p, self.dev.wanted) for p in self._parts(order)]
        return float(torch.cat(losses).double().mean())

    def _parts(self, queries: Sequence[int]) -> list[Sequence[int]]:
        return [queries[i : i + self.at_once] for i in range(0, len(queries), self.at_once)]

    def _halving(self, run: Callable[[], Found]) -> Found:
        while True:
            try:
                return run()
            except torch.OutOfMemoryError as error:
                if self.at_once == 1:
                    raise self.model.does_not_fit("distilling from one query at a time") from error
                self.at_once //= 2


@dataclass
class _Fit:
    """One learning rate's way. Its weights are its own, in float32, and stand in the network while it goes on."""

    imitation: _Imitation
    course: Course
    learning_rate: float
    dev_losses: dict[int, float]
    losses: list[float] = field(default_factory=list)
    ended: bool = False

    def __post_init__(self) -> None:
        self.weights = {s.name: s.of(s.parameter.data).float().clone() for s in self.imitation.slices}
        self.best = self._copy()
        self.adam = torch.optim.Adam(self.weights.values(), lr=self.learning_rate)

    @property
    def least(self) -> float:
        return min(self.dev_losses.values())

    def go_on(self, until: int) -> None:
        """Take the steps up to `until`, looking at dev on the way."""
        self._put_in()
        for step in range(len(self.losses), until):
            if self.ended:
                return
            loss, gradients = self.imitation.loss_and_gradients(self.course.batches[step])
            if not math.isfinite(loss):
                self.ended = True
                return
            self.losses.append(loss)
            for weight, gradient in zip(self.weights.values(), gradients, strict=True):
                weight.grad = gradient
            self.adam.step()
            self._put_in()
            if (step + 1) % self.course.every == 0 or step + 1 == until:
                self._look(step + 1)

    def _look(self, step: int) -> None:
        found = self.imitation.dev_loss()
        self.ended = not math.isfinite(found)
        if self.ended:
            return
        if found < self.least:
            self.best = self._copy()
        self.dev_losses[step] = found

    def _copy(self) -> dict[str, Tensor]:
        return {name: weight.clone() for name, weight in self.weights.items()}

    @torch.no_grad()
    def _put_in(self) -> None:
        for s in self.imitation.slices:
            s.of(s.parameter).copy_(self.weights[s.name])
