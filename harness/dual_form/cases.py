"""Random cases of the theory's identities, over stated ranges that include the degenerate ones.

A space maps each field of a choice to the values that it may take. `verification` draws choices at random, tests let
hypothesis choose, and the report prints the same space: one statement of what was covered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from harness.dual_form.gradient_descent import (
    Batch,
    Descent,
    LinearLayer,
    Loss,
    cross_entropy,
    minibatches,
    squared_error,
)
from harness.dual_form.relaxed_attention import Projections

Space = Mapping[str, tuple[Any, ...]]
LAYOUTS = ("generic", "duplicate", "rank one", "zero")
SCALES = (0.01, 1.0, 100.0)

TRAINING: Space = {
    "inputs": tuple(range(1, 9)),
    "outputs": tuple(range(1, 7)),
    "past": tuple(range(9)),
    "batch_size": (1, 2, 3, 8),
    "layout": LAYOUTS,
    "scale": SCALES,
    "learning_rate": (0.0, 0.01, 0.1, 0.5),
    "momentum": (0.0, 0.5, 0.9),
    "shrink": (0.0, 0.01, 0.3),
    "bias": (False, True),
    "loss": ("squared error", "cross-entropy", "network"),
}
ATTENTION: Space = {
    "d_model": tuple(range(1, 13)),
    "d_key": tuple(range(1, 7)),
    "d_value": tuple(range(1, 7)),
    "groups": (1, 2, 3),
    "heads_per_group": (1, 2, 4),
    "demonstrations": tuple(range(13)),
    "tokens": tuple(range(1, 7)),
    "layout": LAYOUTS,
    "scale": SCALES,
    "update_scale": (0.0, 1e-6, 0.01, 1.0),
}
SPLIT: Space = {
    "d_key": tuple(range(1, 17)),
    "d_value": tuple(range(1, 7)),
    "demonstrations": tuple(range(13)),
    "tokens": tuple(range(1, 7)),
    "layout": LAYOUTS,
    "scale": (0.01, 1.0, 10.0, 100.0),
}


@dataclass(frozen=True)
class TrainingChoice:
    """What a case of gradient descent looks like; learning rate and shrink are those of the case, see below."""

    inputs: int
    outputs: int
    past: int
    batch_size: int
    layout: str
    scale: float
    learning_rate: float
    """Learning rate times scale^2 times inputs, so that a step has the same effect at any scale."""
    momentum: float
    shrink: float
    """Share of the weights that one step's weight decay takes: learning rate times weight decay."""
    bias: bool
    loss: str


@dataclass(frozen=True)
class TrainingCase:
    """Two layers side by side, what they learn from, and the inputs that they are asked about afterwards."""

    layer: LinearLayer
    batches: tuple[Batch, ...]
    loss: Loss
    descent: Descent
    queries: Float[Tensor, "2 3 in"]


@dataclass(frozen=True)
class AttentionChoice:
    """What a case of relaxed attention looks like."""

    d_model: int
    d_key: int
    d_value: int
    groups: int
    heads_per_group: int
    demonstrations: int
    tokens: int
    layout: str
    scale: float
    update_scale: float
    """Size of finetuning's update beside that of the projections."""


@dataclass(frozen=True)
class AttentionCase:
    """Two texts through one attention block, with grouped-query attention where heads_per_group > 1."""

    demonstrations: Float[Tensor, "2 demonstration d_model"]
    tokens: Float[Tensor, "2 token d_model"]
    projections: Projections
    update: Projections
    queries: Float[Tensor, "2 head 3 d_key"]


@dataclass(frozen=True)
class SplitChoice:
    """What a case of softmax attention over demonstrations and own tokens looks like."""

    d_key: int
    d_value: int
    demonstrations: int
    tokens: int
    layout: str
    scale: float
    """Size of keys and queries: scores grow as its square, up to about 10^5."""


@dataclass(frozen=True)
class SplitCase:
    """Two heads' keys and values, demonstrations first, and queries to them."""

    values: Float[Tensor, "2 token d_value"]
    keys: Float[Tensor, "2 token d_key"]
    queries: Float[Tensor, "2 3 d_key"]
    demonstrations: int


def draw(space: Space, generator: torch.Generator) -> dict[str, Any]:
    """Draw one value of each field, uniformly."""
    return {name: values[_below(len(values), generator)] for name, values in space.items()}


def describe(space: Space) -> str:
    """Return the ranges as text: 'inputs 1 to 8; scale 0.01, 1, 100; ...'."""
    return "; ".join(f"{name.replace('_', ' ')} {_describe(values)}" for name, values in space.items())


def training_case(choice: TrainingChoice, generator: torch.Generator, dtype: torch.dtype) -> TrainingCase:
    """Draw weights, inputs and targets for a choice."""
    normal = _normal(generator, dtype)
    past = _rows(choice.layout, choice.past, choice.inputs, normal) * choice.scale
    layer = LinearLayer(normal(2, choice.outputs, choice.inputs), normal(2, choice.outputs) if choice.bias else None)
    if choice.loss == "cross-entropy":
        targets = torch.randint(choice.outputs, (2, choice.past), generator=generator, device=generator.device)
    else:
        targets = normal(2, choice.past, choice.outputs)
    losses = {"squared error": squared_error, "cross-entropy": cross_entropy}
    rate = choice.learning_rate / (choice.scale**2 * choice.inputs)
    return TrainingCase(
        layer=layer,
        batches=minibatches(past, targets, choice.batch_size),
        loss=losses.get(choice.loss) or _network_loss(normal(choice.outputs, 5)),
        descent=Descent(rate, choice.momentum, choice.shrink / rate if rate else choice.shrink),
        queries=normal(2, 3, choice.inputs) * choice.scale,
    )


def attention_case(choice: AttentionChoice, generator: torch.Generator, dtype: torch.dtype) -> AttentionCase:
    """Draw tokens, projections, an update of them and queries for a choice."""
    normal = _normal(generator, dtype)
    shapes = (choice.groups, choice.d_value, choice.d_model), (choice.groups, choice.d_key, choice.d_model)
    return AttentionCase(
        demonstrations=_rows(choice.layout, choice.demonstrations, choice.d_model, normal) * choice.scale,
        tokens=_rows(choice.layout, choice.tokens, choice.d_model, normal) * choice.scale,
        projections=Projections(normal(*shapes[0]), normal(*shapes[1])),
        update=Projections(normal(*shapes[0]) * choice.update_scale, normal(*shapes[1]) * choice.update_scale),
        queries=normal(2, choice.groups * choice.heads_per_group, 3, choice.d_key),
    )


def split_case(choice: SplitChoice, generator: torch.Generator, dtype: torch.dtype) -> SplitCase:
    """Draw keys, values and queries for a choice."""
    normal = _normal(generator, dtype)
    tokens = choice.demonstrations + choice.tokens
    return SplitCase(
        values=normal(2, tokens, choice.d_value),
        keys=_rows(choice.layout, tokens, choice.d_key, normal) * choice.scale,
        queries=normal(2, 3, choice.d_key) * choice.scale,
        demonstrations=choice.demonstrations,
    )


def _rows(layout: str, count: int, width: int, normal: Callable[..., Tensor]) -> Tensor:
    """Return [2, count, width]: independent rows, one row over and over, multiples of one row, or zeros."""
    if layout == "duplicate":
        return normal(2, 1, width).expand(2, count, width)
    if layout == "rank one":
        return normal(2, count, 1) * normal(2, 1, width)
    return normal(2, count, width) * (layout != "zero")


def _network_loss(weights: Tensor) -> Loss:
    """Return a loss behind a frozen network, a mean over the batch: anything that autograd can differentiate."""

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        difference = torch.tanh(outputs @ weights) - torch.sin(targets @ weights)
        return difference.abs().pow(1.5).sum(-1).mean(-1)

    return loss


def _normal(generator: torch.Generator, dtype: torch.dtype) -> Callable[..., Tensor]:
    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype, device=generator.device)

    return normal


def _below(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator, device=generator.device))


def _describe(values: tuple[Any, ...]) -> str:
    if len(values) > 4 and values == tuple(range(values[0], values[-1] + 1)):  # noqa: PLR2004 - shorter lists are named
        return f"{values[0]} to {values[-1]}"
    names = {True: "yes", False: "no"}
    return ", ".join(
        names[value] if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
        for value in values
    )
