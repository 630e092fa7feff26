"""One linear self-attention layer that does exactly one step of gradient descent on what is in its context."""

import torch
from hypothesis import given

from harness.dual_form.in_context_regression import RegressionTasks, construct, predict
from harness.tests.dual_form.properties import property_settings
from harness.tests.dual_form.regressions import (
    Regression,
    construction_is_a_gradient_step,
    gradient_step,
    regressions,
)


@property_settings
@given(regressions())
def test_construction_is_one_gradient_step(case: Regression) -> None:
    """Von Oswald et al.'s layer predicts W x with W one explicit gradient step from W_0, whatever the context."""
    construction_is_a_gradient_step(case)


def test_construction_by_hand() -> None:
    """W_0 = 1, contexts (1, 3) and (2, 2), rate 1/2: residuals 2 and 0, W = 1 + 1/4 (2 * 1) = 3/2, at x = 4: 6."""
    start = torch.ones(1, 1)
    tasks = RegressionTasks(*(torch.tensor(rows) for rows in ([[1.0], [2.0]], [[3.0], [2.0]], [[4.0]], [[0.0]])))
    assert gradient_step(start, tasks, 0.5).item() == 1.5
    assert predict(construct(start, 0.5, context=2), start, tasks).item() == 6


def test_query_keeps_its_own_part() -> None:
    """The layer writes to the y part alone: the x part of the query token passes as it is."""
    layer = construct(torch.ones(1, 2), 0.5, context=1)
    token = torch.tensor([[4.0, 5.0, -9.0]])
    assert torch.equal(layer(torch.tensor([[1.0, 2.0, 3.0]]), token)[:, :2], token[:, :2])


def test_empty_context_leaves_the_start() -> None:
    """Without demonstrations the prediction is W_0 x."""
    start, none = torch.tensor([[2.0]]), torch.zeros(0, 1)
    tasks = RegressionTasks(none, none, torch.tensor([[3.0]]), torch.zeros(1, 1))
    assert predict(construct(start, 0.5, context=0), start, tasks).item() == 6
    assert torch.equal(gradient_step(start, tasks, 0.5), start)
