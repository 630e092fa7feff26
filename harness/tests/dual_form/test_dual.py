"""C4: after gradient descent, a linear layer is its start plus linear attention over what it learned from."""

from collections.abc import Callable

import torch
from hypothesis import given

from harness.dual_form import Batch, Descent, LinearLayer, dual_form, shrunk_start, squared_error, train, weight_update
from harness.dual_form.cases import TrainingCase
from harness.tests.dual_form.properties import cases_of, holds, property_settings


@property_settings
@given(cases_of("dual form"))
def test_trained_layer_is_start_plus_linear_attention(case: Callable[[], TrainingCase]) -> None:
    """Single and mini-batch, with and without bias, momentum and decay, three losses, any scale, any rank."""
    holds("dual form", case())


def test_dual_form_by_hand() -> None:
    """W_0 = 1, b_0 = 0, (x, y) = (2, 0), rate 1/4: e = -1/2, so W = 0 and b = -1/2; at x = 3 both say -1/2."""
    x = torch.tensor([[2.0]])
    layer = LinearLayer(torch.ones(1, 1), torch.zeros(1))
    trained = train(layer, [Batch(x, torch.zeros(1, 1))], squared_error, Descent(0.25))
    assert trained.error_signals.item() == -0.5
    assert dual_form(trained, torch.tensor([[3.0]])).item() == 3 - 0.5 * (2 * 3) - 0.5


def test_decay_shrinks_weight_and_bias_of_the_start() -> None:
    """Where each step takes half, two steps leave a quarter of W_0 and of b_0."""
    layer, x = LinearLayer(torch.tensor([[8.0]]), torch.tensor([4.0])), torch.zeros(1, 1)
    start = shrunk_start(train(layer, [Batch(x, x)] * 2, squared_error, Descent(0.5, weight_decay=1.0)))
    assert (start.weight.item(), start.bias) == (2.0, torch.tensor([1.0]))


def test_update_has_no_more_rank_than_past_inputs() -> None:
    """After three inputs dW is of rank 3, however wide the layer."""
    generator = torch.Generator().manual_seed(0)
    layer = LinearLayer(torch.randn(8, 8, generator=generator, dtype=torch.float64))
    x, y = torch.randn(2, 3, 8, generator=generator, dtype=torch.float64)
    trained = train(layer, [Batch(x, y)] * 5, squared_error, Descent(0.01))
    assert torch.linalg.matrix_rank(weight_update(trained)) == 3
