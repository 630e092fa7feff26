"""Wrong variants of the theory's functions, for test_planted_errors.py to plant."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from harness.dual_form import (
    Descent,
    LinearLayer,
    Projections,
    SplitAttention,
    TrainedLayer,
    outer_sum,
    shrunk_start,
    softmax_attention,
    split_attention,
    train,
    weight_update,
)
from harness.dual_form.identities import Implementation
from harness.dual_form.in_context_regression import LinearSelfAttention, construct
from harness.tests.dual_form.regressions import gradient_step

Signals = Callable[[TrainedLayer, Descent], Tensor]


def with_signals(change: Signals) -> Implementation:
    """Return an implementation whose training keeps wrong error signals."""

    def wrong(layer: LinearLayer, batches: Sequence[Any], loss: Any, descent: Descent) -> TrainedLayer:
        trained = train(layer, batches, loss, descent)
        return replace(trained, error_signals=change(trained, descent)) if batches else trained

    return Implementation(train=wrong)


def reweighted(weights: Callable[[Descent, int], Sequence[float]]) -> Implementation:
    """Return an implementation that weighs each step's gradient so."""

    def change(trained: TrainedLayer, descent: Descent) -> Tensor:
        factors = weights(descent, len(trained.output_gradients))
        pairs = zip(factors, trained.output_gradients, strict=True)
        return torch.cat([-descent.learning_rate * c * g for c, g in pairs], dim=-2)

    return with_signals(change)


def trained_with(change: Callable[[Descent], Descent]) -> Implementation:
    """Return an implementation that trains with other settings than it was given."""
    return Implementation(train=lambda layer, batches, loss, descent: train(layer, batches, loss, change(descent)))


def without_shrinking(layer: LinearLayer, batches: Sequence[Any], loss: Any, descent: Descent) -> TrainedLayer:
    """Train rightly, and claim that all of the start is left."""
    return replace(train(layer, batches, loss, descent), kept=1.0)


def bias_forgotten(trained: TrainedLayer, inputs: Tensor) -> Tensor:
    """Leave out what training added to the bias."""
    return shrunk_start(trained)(inputs) + inputs @ weight_update(trained).mT


def update_of(change: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Implementation:
    """Return an implementation whose dW_ICL is the outer sum of changed values and keys."""

    def wrong(demonstrations: Tensor, projections: Projections) -> Tensor:
        return outer_sum(*change(projections.values(demonstrations), projections.keys(demonstrations)))

    return Implementation(icl_update=wrong)


def recency(values: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
    """Weigh later demonstrations more, as a decaying memory would."""
    return values * torch.arange(1, values.shape[-2] + 1)[:, None], keys


def relaxed_with_softmax(tokens: Tensor, projections: Projections, queries: Tensor) -> Tensor:
    """Keep the softmax that should have been dropped; one query head a group."""
    heads = queries.shape[-3] // len(projections.key)
    values, keys = (t.repeat_interleave(heads, -3) for t in (projections.values(tokens), projections.keys(tokens)))
    return softmax_attention(values, keys, queries)


def dealt_round(function: Callable[..., Tensor], *given: Any) -> Tensor:
    """Give query head h key-value head h % groups instead of h // (heads / groups)."""
    *first, queries = given
    groups = len(first[1].key) if len(first) > 1 else first[0].shape[-3]
    order = torch.arange(queries.shape[-3]).view(-1, groups).T.flatten()
    return function(*first, queries[..., order, :, :])[..., order.argsort(), :, :]


def mass_of(change: Callable[[SplitAttention], Tensor], scale: float | None = None) -> Implementation:
    """Return an implementation whose split has a wrong mass."""

    def wrong(values: Tensor, keys: Tensor, queries: Tensor, demonstrations: int) -> SplitAttention:
        split = split_attention(values, keys, queries, demonstrations)
        return replace(split, mass=change(split_attention(values, keys, queries, demonstrations, scale)))

    return Implementation(split_attention=wrong)


def mass_by_count(values: Tensor, keys: Tensor, queries: Tensor, demonstrations: int) -> SplitAttention:
    """Take the share of tokens for the share of softmax mass."""
    split = split_attention(values, keys, queries, demonstrations)
    return replace(split, mass=torch.full_like(split.mass, demonstrations / keys.shape[-2]))


def mass_from_exponentials(values: Tensor, keys: Tensor, queries: Tensor, demonstrations: int) -> SplitAttention:
    """Compare sums of exponentials instead of their logarithms: right until one overflows."""
    weights = ((queries * keys.shape[-1] ** -0.5) @ keys.mT).exp()
    mass = weights[..., :demonstrations].sum(-1) / weights.sum(-1)
    return replace(split_attention(values, keys, queries, demonstrations), mass=mass)


def constructed(**change: Callable[[Tensor], Tensor]) -> Callable[..., LinearSelfAttention]:
    """Return a construction with one matrix changed."""

    def wrong(start: Tensor, learning_rate: float, context: int) -> LinearSelfAttention:
        right = construct(start, learning_rate, context)
        return replace(right, **{name: function(getattr(right, name)) for name, function in change.items()})

    return wrong


def whole_token(selection: Tensor) -> Tensor:
    """Take the whole token where only its x part belongs."""
    return torch.eye(len(selection), dtype=selection.dtype)


def ascending(start: Tensor, tasks: Any, learning_rate: float) -> Tensor:
    """Step up the slope."""
    return gradient_step(start, tasks, -learning_rate)


def dual_of(change: Callable[[TrainedLayer, Tensor], Tensor]) -> Implementation:
    """Return an implementation with a wrong dual form."""
    return Implementation(dual_form=change)
