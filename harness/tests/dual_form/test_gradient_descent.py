"""A linear layer under gradient descent: torch's own training, and what its error signals weigh in the end."""

from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.dual_form import (
    Batch,
    Descent,
    LinearLayer,
    cross_entropy,
    minibatches,
    squared_error,
    step_weights,
    train,
)
from harness.dual_form.cases import TrainingCase
from harness.errors import HarnessError
from harness.tests.dual_form.exact import exact_cases
from harness.tests.dual_form.properties import (
    cases_of,
    gradient_accumulates_to_outer_sum,
    holds,
    property_settings,
    training_is_torchs,
)

EIGHTHS = st.integers(0, 8).map(lambda n: n / 8)


def test_losses_by_hand() -> None:
    """Errors 1 and 2 cost 1/2 + 2; equal logits for two classes cost ln 2 an example."""
    outputs = torch.tensor([[[1.0, 2.0]]])
    assert squared_error(outputs, torch.zeros(1, 1, 2)).tolist() == [2.5]
    assert cross_entropy(torch.zeros(1, 3, 2), torch.tensor([[0, 1, 0]])).item() == pytest.approx(3 * 0.6931471806)


def test_minibatches_keep_order_and_drop_nothing() -> None:
    """Five inputs in batches of two are 2 + 2 + 1, in the order given."""
    inputs = torch.arange(5.0)[:, None]
    batches = minibatches(inputs, inputs, 2)
    assert [batch.inputs[:, 0].tolist() for batch in batches] == [[0, 1], [2, 3], [4]]


@property_settings
@given(exact_cases())
def test_training_is_that_of_torch(case: Callable[[], TrainingCase]) -> None:
    """Where float64 is exact, weights and outputs equal those of torch.nn.Linear under torch.optim.SGD, bit for bit."""
    training_is_torchs(case())


@property_settings
@given(exact_cases(fewest=1))
def test_accumulated_gradient_is_a_sum_of_outer_products(case: Callable[[], TrainingCase]) -> None:
    """Back-propagation's .grad over several batches is sum_i dL/d out_i (x) x_i, bit for bit."""
    gradient_accumulates_to_outer_sum(case())


@property_settings
@given(cases_of("accumulated gradient"))
def test_gradient_is_a_sum_of_outer_products_for_any_loss(case: Callable[[], TrainingCase]) -> None:
    """The same to rounding for squared error, cross-entropy and a loss behind a network, at any scale."""
    holds("accumulated gradient", case())


@property_settings
@given(cases_of("trained weight"))
def test_trained_weight_is_start_plus_outer_products(case: Callable[[], TrainingCase]) -> None:
    """After any run the weight is phi W_0 plus the outer products of error signals and past inputs."""
    holds("trained weight", case())


@property_settings
@given(EIGHTHS, EIGHTHS, st.integers(0, 6))
def test_step_weights_are_the_closed_form(r1: float, r2: float, steps: int) -> None:
    """With roots r1 and r2, c_k = (r1^(k+1) - r2^(k+1)) / (r1 - r2), or (k+1) r^k for a double root; exactly."""
    left = step_weights(Descent(1.0, momentum=r1 * r2, weight_decay=(1 - r1) * (1 - r2)), steps)
    a, b = Fraction(r1), Fraction(r2)

    def closed(k: int) -> Fraction:
        return (a ** (k + 1) - b ** (k + 1)) / (a - b) if a != b else (k + 1) * a**k

    assert list(map(Fraction, left.steps)) == [closed(steps - 1 - t) for t in range(steps)]
    assert Fraction(left.kept) == (closed(steps) - a * b * closed(steps - 1) if steps else 1)


@property_settings
@given(EIGHTHS, EIGHTHS, st.integers(2, 6))
def test_step_weights_follow_their_recurrence(momentum: float, decay: float, steps: int) -> None:
    """c_{k+1} = (1 + m - s) c_k - m c_{k-1}, also where the roots are complex; exactly."""
    c = list(map(Fraction, reversed(step_weights(Descent(1.0, momentum, decay), steps).steps)))
    m, s = Fraction(momentum), Fraction(decay)
    assert [c[0], c[1]] == [1, 1 + m - s]
    assert all(c[k + 1] == (1 + m - s) * c[k] - m * c[k - 1] for k in range(1, steps - 1))


def test_momentum_and_decay_by_hand() -> None:
    """Momentum 1/2 alone weighs three steps 7/4, 3/2, 1; decay that takes half keeps 1/8 and weighs 1/4, 1/2, 1."""
    assert step_weights(Descent(0.1, momentum=0.5), 3).steps == (1.75, 1.5, 1.0)
    decayed = step_weights(Descent(1.0, weight_decay=0.5), 3)
    assert (decayed.kept, decayed.steps) == (0.125, (0.25, 0.5, 1.0))


def test_learning_rate_zero_changes_nothing() -> None:
    """At learning rate 0 the layer stays and every error signal is 0, decay or not."""
    layer, x = LinearLayer(torch.tensor([[2.0]])), torch.ones(1, 1)
    trained = train(layer, [Batch(x, x)] * 3, squared_error, Descent(0.0, 0.9, 0.5))
    assert torch.equal(trained.final.weight, layer.weight)
    assert not trained.error_signals.any()


def test_training_leaves_the_initial_layer_alone() -> None:
    """The start is kept as it was: training works on a copy."""
    layer, x = LinearLayer(torch.tensor([[2.0]]), torch.tensor([1.0])), torch.ones(1, 1)
    train(layer, [Batch(x, x)], squared_error, Descent(0.5))
    assert (layer.weight.item(), layer.bias) == (2.0, torch.tensor([1.0]))


def test_no_batch_leaves_no_past_input() -> None:
    """Zero demonstrations: nothing learned, and an empty past of the right shape."""
    trained = train(LinearLayer(torch.zeros(4, 3, 2)), [], squared_error, Descent(0.5))
    assert (trained.inputs.shape, trained.error_signals.shape) == ((4, 0, 2), (4, 0, 3))


@pytest.mark.parametrize("settings", [(-0.1,), (0.1, -0.5), (0.1, 0.5, -1.0)])
def test_negative_settings_are_refused(settings: tuple[float, ...]) -> None:
    """A negative learning rate, momentum or decay is a slip of the pen."""
    with pytest.raises(HarnessError, match="no negative number"):
        Descent(*settings)


def test_empty_batches_are_refused() -> None:
    """Batches of zero inputs would never end."""
    with pytest.raises(HarnessError, match="batches of 0"):
        minibatches(torch.ones(2, 1), torch.ones(2, 1), 0)
