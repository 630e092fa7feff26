"""A linear self-attention layer trained on in-context regression, held beside the construction of one gradient step.

Source: von Oswald et al. 2023, arXiv 2212.07677, section 3: x uniform on [-1, 1]^d, y = w . x with w standard normal,
W_0 = 0, as many pairs in the context as dimensions unless said otherwise.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

from harness.dual_form.in_context_regression import LinearSelfAttention, RegressionTasks, construct, predict


@dataclass(frozen=True)
class Training:
    """How the layer is trained: Adam with a cosine schedule down to 0, from small random matrices.

    All four matrices train, unmerged. On one thread 2,000 steps take about 3 s at d = 5 and 5 s at d = 10.
    """

    steps: int = 2000
    tasks_per_step: int = 512
    learning_rate: float = 0.01
    spread: float = 0.2
    """Standard deviation of the entries at the start, times sqrt(d_token); not 0, where every gradient is 0."""


@dataclass(frozen=True)
class Comparison:
    """A trained layer beside the construction, on held-out tasks."""

    prediction_difference: float
    """Mean of (trained prediction - construction's)^2; compare with `prediction_size`."""
    prediction_size: float
    """Mean of (construction's prediction)^2."""
    sensitivity_cosine: float
    """Mean over tasks of the cosine between the two layers' d y^ / d x at the query."""
    loss_trained: float
    """Mean of (trained prediction - answer)^2."""
    loss_constructed: float


def draw_tasks(count: int, dimension: int, context: int, generator: torch.Generator) -> RegressionTasks:
    """Draw regressions with one query each: x uniform on [-1, 1]^d, y = w . x, w standard normal."""
    weights = torch.randn(count, dimension, 1, generator=generator, device=generator.device)
    inputs = torch.rand(count, context + 1, dimension, generator=generator, device=generator.device) * 2 - 1
    targets = inputs @ weights
    return RegressionTasks(inputs[:, :-1], targets[:, :-1], inputs[:, -1:], targets[:, -1:])


def best_learning_rate(dimension: int, context: int) -> float:
    """Return the learning rate at which one step from 0 has the least expected loss on the tasks of `draw_tasks`.

    The prediction is lr w^T S x with S = 1/N sum_i x_i x_i^T, so lr = E[y p] / E[p^2] for p at lr 1, which is
    s d / E tr S^2 with s = E x^2 = 1/3 and E x^4 = 1/5. From E tr S^2 = d (1/5 + (d - 1) s^2 + (N - 1) s^2) / N,

        lr = N s / (1/5 + (d + N - 2) s^2).
    """
    return context / 3 / (1 / 5 + (dimension + context - 2) / 9)


def gradient_step_layer(dimension: int, context: int, device: torch.device | None = None) -> LinearSelfAttention:
    """Return the construction that training should find: one step from W_0 = 0 at the best learning rate."""
    return construct(torch.zeros(1, dimension, device=device), best_learning_rate(dimension, context), context)


def train_layer(
    dimension: int, context: int, generator: torch.Generator, training: Training | None = None
) -> LinearSelfAttention:
    """Train W_Q, W_K, W_V and P on fresh tasks each step to predict the query's answer in squared error.

    Everything random comes from the generator: the same one in the same state gives the same layer.
    """
    how = training or Training()
    size = dimension + 1
    matrices = torch.randn(4, size, size, generator=generator, device=generator.device) * how.spread / size**0.5
    matrices.requires_grad_()
    start = torch.zeros(1, dimension, device=generator.device)
    optimizer = torch.optim.Adam([matrices], lr=how.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, how.steps)
    for _ in range(how.steps):
        tasks = draw_tasks(how.tasks_per_step, dimension, context, generator)
        loss = (predict(LinearSelfAttention(*matrices), start, tasks) - tasks.answers).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return LinearSelfAttention(*matrices.detach())


def sensitivities(
    layer: LinearSelfAttention, start: Float[Tensor, "1 d_in"], tasks: RegressionTasks
) -> Float[Tensor, "*task query d_in"]:
    """Return d y^ / d x at each query, by autograd: von Oswald et al.'s sensitivity of a prediction."""
    queries = tasks.queries.detach().requires_grad_()
    predictions = predict(layer, start, replace(tasks, queries=queries))
    (gradient,) = torch.autograd.grad(predictions.sum(), queries)
    return gradient


def compare(trained: LinearSelfAttention, constructed: LinearSelfAttention, tasks: RegressionTasks) -> Comparison:
    """Compare a trained layer with the construction on held-out tasks with scalar answers, W_0 = 0."""
    start = torch.zeros_like(tasks.queries[(0,) * (tasks.queries.ndim - 2)][:1])
    ours, theirs = predict(trained, start, tasks), predict(constructed, start, tasks)
    cosines = cosine_similarity(sensitivities(trained, start, tasks), sensitivities(constructed, start, tasks), dim=-1)
    return Comparison(
        prediction_difference=(ours - theirs).square().mean().item(),
        prediction_size=theirs.square().mean().item(),
        sensitivity_cosine=cosines.mean().item(),
        loss_trained=(ours - tasks.answers).square().mean().item(),
        loss_constructed=(theirs - tasks.answers).square().mean().item(),
    )
