"""A linear self-attention layer trained on in-context regression finds the gradient step."""

import pytest
import torch

from harness.dual_form.in_context_regression import LinearSelfAttention, construct, predict
from harness.dual_form.trained_regression import (
    Training,
    best_learning_rate,
    compare,
    draw_tasks,
    gradient_step_layer,
    sensitivities,
    train_layer,
)

START = torch.zeros(1, 3)


def of_seed(seed: int) -> torch.Generator:
    """Return a generator in the state of that seed."""
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def trained() -> LinearSelfAttention:
    """Return a layer trained briefly on three-dimensional regressions."""
    return train_layer(3, 3, of_seed(0), Training(steps=400, tasks_per_step=256, learning_rate=0.02))


def test_training_finds_the_gradient_step(trained: LinearSelfAttention) -> None:
    """After 400 steps predictions differ from the construction's by under 1 % of their size, cosine over 0.99."""
    found = compare(trained, gradient_step_layer(3, 3), draw_tasks(4000, 3, 3, of_seed(1)))
    assert found.prediction_difference < 0.01 * found.prediction_size
    assert found.sensitivity_cosine > 0.99


def test_an_untrained_layer_is_no_gradient_step() -> None:
    """Without training the same comparison tells the layers apart."""
    untrained = train_layer(3, 3, of_seed(0), Training(steps=0))
    found = compare(untrained, gradient_step_layer(3, 3), draw_tasks(4000, 3, 3, of_seed(1)))
    assert found.prediction_difference > 0.5 * found.prediction_size
    assert abs(found.sensitivity_cosine) < 0.9


def test_training_is_decided_by_the_generator() -> None:
    """Equal seeds give equal layers, other seeds others."""
    brief = Training(steps=3, tasks_per_step=4)
    first, again, other = (train_layer(2, 2, of_seed(seed), brief).value for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_layer_compared_with_itself_differs_in_nothing() -> None:
    """The construction beside itself: difference 0, cosine 1, equal losses."""
    layer = gradient_step_layer(3, 3)
    found = compare(layer, layer, draw_tasks(50, 3, 3, of_seed(2)))
    assert (found.prediction_difference, found.loss_trained) == (0, found.loss_constructed)
    assert found.sensitivity_cosine == pytest.approx(1)


def test_a_step_up_the_slope_is_the_opposite() -> None:
    """A step of the opposite sign predicts -p for p: cosine -1, and a difference of 4 p^2."""
    layer, opposite = construct(START, 0.5, 3), construct(START, -0.5, 3)
    found = compare(opposite, layer, draw_tasks(50, 3, 3, of_seed(2)))
    assert found.sensitivity_cosine == pytest.approx(-1)
    assert found.prediction_difference == pytest.approx(4 * found.prediction_size)


def test_sensitivity_is_the_implied_weight() -> None:
    """The construction's prediction is w . x, so its sensitivity is w, the same at any query of the task."""
    tasks = draw_tasks(5, 3, 3, of_seed(3))
    layer = construct(START, 0.5, 3)
    weights = sensitivities(layer, START, tasks)
    torch.testing.assert_close((weights * tasks.queries).sum(-1, keepdim=True), predict(layer, START, tasks))


@pytest.mark.parametrize(("dimension", "context"), [(2, 5), (5, 5)])
def test_best_learning_rate_minimizes_the_loss(dimension: int, context: int) -> None:
    """Over 200,000 tasks the closed form is the least-squares rate E[y p] / E[p^2], within 5 standard errors."""
    tasks = draw_tasks(200_000, dimension, context, of_seed(4))
    start = torch.zeros(1, dimension)
    p = predict(construct(start, 1.0, context), start, tasks).double().flatten()
    y = tasks.answers.double().flatten()
    closed = best_learning_rate(dimension, context)
    residual = (y - closed * p) * p  # its mean is 0 at the best rate
    assert residual.mean().abs() < 5 * residual.std() / len(p) ** 0.5


def test_tasks_are_what_they_say() -> None:
    """Inputs fill [-1, 1] and each answer is the same linear function of its input as the context's targets."""
    tasks = draw_tasks(100, 2, 4, of_seed(5))
    assert 0.99 < tasks.inputs.abs().max() <= 1
    weights = torch.linalg.lstsq(tasks.inputs.double(), tasks.targets.double()).solution
    torch.testing.assert_close(tasks.queries.double() @ weights, tasks.answers.double(), rtol=1e-3, atol=1e-3)
