"""The theory's identities as checks: both sides computed in floating point, and how far apart they may be.

The bound is Higham's (Accuracy and Stability of Numerical Algorithms, section 3.1). A computed sum of products is the
sum over its terms of (term) * (product of at most n factors 1 + d, |d| <= u), u = eps / 2, in whatever order it is
added up; so it misses the exact value by at most n u / (1 - n u) times the sum of the terms' absolute values, the
`size`. Two sides with at most n roundings a term are therefore within

    bound = eps * n * size        (n is counted with one to spare, for the 1 - n u)

of each other, whatever cancels. Underflow adds at most n times the smallest normal number. Each check counts its n.
The implementations are an argument, so that a test can plant wrong ones.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.dual_form.cases import AttentionCase, SplitCase, TrainingCase
from harness.dual_form.dual import dual_form, weight_update
from harness.dual_form.gradient_descent import Gradients, LinearLayer, TrainedLayer, backpropagate, train
from harness.dual_form.linear_attention import SplitAttention, outer_sum, softmax_attention, split_attention
from harness.dual_form.relaxed_attention import (
    Projections,
    apply_weights,
    ft_update,
    icl_update,
    relaxed_attention,
    zero_shot_weights,
)


@dataclass(frozen=True)
class Discrepancy:
    """How far the two sides of an identity are apart in one case; 0 where there is nothing to compare."""

    relative_error: float
    """Largest |left - right| / size over the entries."""
    ratio: float
    """Largest |left - right| / bound: the identity holds to rounding where this is at most 1. Infinite on NaN."""


@dataclass(frozen=True)
class Implementation:
    """The functions whose identities are checked."""

    train: Callable[..., TrainedLayer] = train
    dual_form: Callable[..., Tensor] = dual_form
    weight_update: Callable[..., Tensor] = weight_update
    backpropagate: Callable[..., Gradients] = backpropagate
    outer_sum: Callable[..., Tensor] = outer_sum
    relaxed_attention: Callable[..., Tensor] = relaxed_attention
    zero_shot_weights: Callable[..., Tensor] = zero_shot_weights
    icl_update: Callable[..., Tensor] = icl_update
    ft_update: Callable[..., Tensor] = ft_update
    apply_weights: Callable[..., Tensor] = apply_weights
    softmax_attention: Callable[..., Tensor] = softmax_attention
    split_attention: Callable[..., SplitAttention] = split_attention


RIGHT = Implementation()


def discrepancy(left: Tensor, right: Tensor, size: Tensor, roundings: int) -> Discrepancy:
    """Compare two results entry by entry against eps * roundings * size."""
    precision = torch.finfo(left.dtype)
    return _against(left, right, size, precision.eps * roundings * size + roundings * precision.tiny)


def trained_equals_dual(case: TrainingCase, of: Implementation = RIGHT) -> Discrepancy:
    """Dual form: the layer that torch.optim.SGD trained = phi * start + linear attention over past inputs.

    Both sides are sums over the same paths from W_0 and from each step's gradient through the steps after it, so
    size = `_absolute_paths` applied to |x|. Roundings a path: at most 6 a step (decay 2, momentum 2, step 2), one
    for each past input summed, in + 1 for the product with x, 4 for joining the parts. The loss does not enter:
    both sides take the same computed gradients.
    """
    trained = of.train(case.layer, case.batches, case.loss, case.descent)
    size = _absolute_paths(case, trained)(case.queries.abs())
    roundings = _training_roundings(case, trained) + case.queries.shape[-1] + 5
    return discrepancy(trained.final(case.queries), of.dual_form(trained, case.queries), size, roundings)


def update_is_outer_sum(case: TrainingCase, of: Implementation = RIGHT) -> Discrepancy:
    """Outer products, over a training run: trained weight = phi W_0 + sum_i e_i (x) x'_i.

    Size and roundings as the dual form's, without x.
    """
    trained = of.train(case.layer, case.batches, case.loss, case.descent)
    right = trained.kept * case.layer.weight + of.weight_update(trained)
    size = _absolute_paths(case, trained).weight
    return discrepancy(trained.final.weight, right, size, _training_roundings(case, trained) + 3)


def gradient_is_outer_sum(case: TrainingCase, of: Implementation = RIGHT) -> Discrepancy:
    """Outer products, at fixed weights: autograd's gradient accumulated over batches = sum_i dL/d out_i (x) x_i.

    Size sum_i |dL/d out_i| (x) |x_i|; roundings 1 for the product and 1 for each summand.
    """
    gradients = [of.backpropagate(case.layer, batch, case.loss) for batch in case.batches]
    if not gradients:
        return Discrepancy(0.0, 0.0)
    signals = torch.cat([gradient.outputs for gradient in gradients], dim=-2)
    inputs = torch.cat([batch.inputs for batch in case.batches], dim=-2)
    accumulated = torch.stack([gradient.weight for gradient in gradients]).sum(0)
    right = of.outer_sum(signals, inputs)
    return discrepancy(accumulated, right, outer_sum(signals.abs(), inputs.abs()), inputs.shape[-2] + 2)


def icl_is_weight_update(case: AttentionCase, of: Implementation = RIGHT) -> Discrepancy:
    """ICL as an update: relaxed attention over [demonstrations; own tokens] = (W_ZSL + dW_ICL) q.

    Size: relaxed attention of the absolute values. Roundings: d_model each for value and key, d_key for the
    product with q, one a token, 2 for joining the parts.
    """
    everything = torch.cat([case.demonstrations, case.tokens], dim=-2)
    left = of.relaxed_attention(everything, case.projections, case.queries)
    weights = of.zero_shot_weights(case.tokens, case.projections) + of.icl_update(case.demonstrations, case.projections)
    size = relaxed_attention(everything.abs(), _absolute(case.projections), case.queries.abs())
    return discrepancy(left, of.apply_weights(weights, case.queries), size, _attention_roundings(case, everything))


def ft_is_weight_update(case: AttentionCase, of: Implementation = RIGHT) -> Discrepancy:
    """Finetuning as an update: relaxed attention of the finetuned head = (W_ZSL + dW_FT) q.

    Size: relaxed attention of the absolute values, with |W| + |dW| for the finetuned projections. Roundings as
    for ICL's update, and 4 for adding updates.
    """
    left = of.relaxed_attention(case.tokens, case.projections.plus(case.update), case.queries)
    weights = of.zero_shot_weights(case.tokens, case.projections)
    weights = weights + of.ft_update(case.tokens, case.projections, case.update)
    absolute = _absolute(case.projections).plus(_absolute(case.update))
    size = relaxed_attention(case.tokens.abs(), absolute, case.queries.abs())
    return discrepancy(left, of.apply_weights(weights, case.queries), size, _attention_roundings(case, case.tokens) + 4)


def softmax_splits(case: SplitCase, of: Implementation = RIGHT) -> Discrepancy:
    """Softmax split: Attn([demonstrations; own]) = (1 - a) Attn(own) + a Attn(demonstrations), with softmax.

    A score is known to D = eps (d_key + 5) scale |k| . |q|: d_key + 1 roundings for the product, 2 each for taking off
    the largest score and for log-sum-exp, which are no larger than twice the score. Scores that are off by D change
    a softmax weight by a factor of at most e^(2 D), on either side, so the bound is (e^(4 D) - 1 + eps n) size, with
    size = attention over |values| and n = tokens + 12 for exponentials, sums, the sigmoid and the joining.
    """
    left = of.softmax_attention(case.values, case.keys, case.queries)
    right = of.split_attention(case.values, case.keys, case.queries, case.demonstrations).joined
    eps = torch.finfo(left.dtype).eps
    tokens, d_key = case.keys.shape[-2:]
    scores = (case.queries.abs() @ case.keys.abs().mT) * d_key**-0.5
    off = eps * (d_key + 5) * scores.amax(-1, keepdim=True)
    size = softmax_attention(case.values.abs(), case.keys, case.queries)
    bound = (torch.expm1(4 * off) + eps * (tokens + 12)) * size
    return _against(left, right, size, bound + tokens * torch.finfo(left.dtype).tiny)


def _against(left: Tensor, right: Tensor, size: Tensor, bound: Tensor) -> Discrepancy:
    error = (left - right).abs()
    if left.numel() == 0:
        return Discrepancy(0.0, 0.0)
    relative = torch.where(error == 0, 0, error / size)
    ratio = torch.where(error == 0, 0, error / bound)
    worst = (entries.nan_to_num(nan=torch.inf, posinf=torch.inf).max().item() for entries in (relative, ratio))
    return Discrepancy(*worst)


def _absolute_paths(case: TrainingCase, trained: TrainedLayer) -> LinearLayer:
    """Return the layer that `Descent`'s recursion gives with every term's absolute value: the size of W_T and b_T."""
    descent, layer = case.descent, case.layer
    shrink = descent.learning_rate * descent.weight_decay
    weight = layer.weight.abs()
    bias = torch.zeros_like(weight[..., 0]) if layer.bias is None else layer.bias.abs()
    weight_step, bias_step = torch.zeros_like(weight), torch.zeros_like(bias)
    for gradient, batch in zip(trained.output_gradients, case.batches, strict=True):
        signals = descent.learning_rate * gradient.abs()
        weight_step = descent.momentum * weight_step + shrink * weight + outer_sum(signals, batch.inputs.abs())
        bias_step = descent.momentum * bias_step + shrink * bias + signals.sum(-2)
        weight, bias = weight + weight_step, bias + bias_step
    return LinearLayer(weight, None if layer.bias is None else bias)


def _training_roundings(case: TrainingCase, trained: TrainedLayer) -> int:
    return 6 * len(case.batches) + trained.inputs.shape[-2]


def _attention_roundings(case: AttentionCase, tokens: Tensor) -> int:
    return 2 * tokens.shape[-1] + case.queries.shape[-1] + tokens.shape[-2] + 3


def _absolute(projections: Projections) -> Projections:
    return Projections(projections.value.abs(), projections.key.abs())
