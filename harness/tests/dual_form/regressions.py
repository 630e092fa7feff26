"""Cases of in-context regression, and the property that the construction has on all of them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor

from harness.dual_form.cases import SCALES
from harness.dual_form.identities import discrepancy
from harness.dual_form.in_context_regression import (
    LinearSelfAttention,
    RegressionTasks,
    construct,
    predict,
)
from harness.dual_form.linear_attention import outer_sum
from harness.tests.dual_form.properties import DTYPES, SEEDS, within_bound


@dataclass(frozen=True)
class Regression:
    """Three tasks with two queries each, a start and a learning rate."""

    start: Tensor
    tasks: RegressionTasks
    learning_rate: float


def regression(
    seed: int, dtype: torch.dtype, sizes: tuple[int, int, int], scale: float, rate: float, rank: int
) -> Regression:
    """Return tasks of (d_in, d_out, context), whose inputs have at most the given rank; rank 0 is all zeros."""
    d_in, d_out, context = sizes
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype)

    inputs = normal(3, context, rank) @ normal(3, rank, d_in) * scale
    tasks = RegressionTasks(inputs, normal(3, context, d_out), normal(3, 2, d_in) * scale, normal(3, 2, d_out))
    return Regression(normal(d_out, d_in), tasks, rate / scale**2)


def regressions() -> st.SearchStrategy[Regression]:
    """Return the strategy of all cases: up to 8 dimensions in, 3 out, 12 pairs; rate 0 and rank 0 too."""
    sizes = st.tuples(st.integers(1, 8), st.integers(1, 3), st.integers(0, 12))
    rates = st.sampled_from([0.0, 0.1, 1.0])
    return st.builds(regression, SEEDS, DTYPES, sizes, st.sampled_from(SCALES), rates, st.integers(0, 8))


def gradient_step(start: Tensor, tasks: RegressionTasks, learning_rate: float) -> Tensor:
    """Return W_0 + lr / N sum_i (y_i - W_0 x_i) (x) x_i: one explicit step on L = 1 / 2N sum_i |W x_i - y_i|^2.

    N is the context's length. An empty context leaves W_0.
    """
    residuals = tasks.targets - tasks.inputs @ start.mT
    context = max(1, tasks.inputs.shape[-2])
    return start + learning_rate / context * outer_sum(residuals, tasks.inputs)


def construction_is_a_gradient_step(
    case: Regression,
    construct: Callable[..., LinearSelfAttention] = construct,
    gradient_step: Callable[..., Tensor] = gradient_step,
) -> None:
    """Predict W x, with W after one explicit step, to rounding.

    Size: the same with absolute values, and 2 |W_0| |x| for the start that enters through token and residual.
    Roundings: one a coordinate of a token for each of W_K, W_V, W_Q, P and k . q, one a pair, d_in for the explicit
    product, 8 for scaling and joining.
    """
    tasks, d_in, context = case.tasks, case.start.shape[1], case.tasks.inputs.shape[1]
    layer = construct(case.start, case.learning_rate, context)
    left = predict(layer, case.start, tasks)
    right = tasks.queries @ gradient_step(case.start, tasks, case.learning_rate).mT
    absolute = RegressionTasks(tasks.inputs.abs(), -tasks.targets.abs(), tasks.queries.abs(), tasks.answers)
    grown = gradient_step(case.start.abs(), absolute, -case.learning_rate)
    size = tasks.queries.abs() @ (grown + case.start.abs()).mT
    within_bound(discrepancy(left, right, size, 5 * (d_in + case.start.shape[0]) + context + d_in + 8))
