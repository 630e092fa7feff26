"""What the theory does not say, each with a counterexample small enough to work by hand, and kept."""

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.dual_form.dual import dual_form, weight_update
from harness.dual_form.gradient_descent import Batch, Descent, LinearLayer, squared_error, train
from harness.dual_form.linear_attention import linear_attention, softmax_attention
from harness.dual_form.relaxed_attention import Projections, icl_update


@dataclass(frozen=True)
class Counterexample:
    """A false statement with the numbers that refute it."""

    false_statement: str
    numbers: tuple[tuple[str, float], ...]
    """What each quantity is, and its value as computed by this package."""
    gap: float
    """Size of a difference that would be 0 if the statement were true."""


def softmax_is_not_relaxed() -> Counterexample:
    """Softmax attention is no matrix times q: neither (W_ZSL + dW_ICL) q nor any other.

    One demonstration k' = ln 3, v' = 1 and one own token k = 0, v = 0, all in one dimension with scale 1. Softmax
    attention is 3^q / (3^q + 1): 3/4 at q = 1 and 9/10 at q = 2, where a matrix would give twice 3/4. The relaxed
    form gives q ln 3.
    """
    keys, values = _column(torch.tensor(3.0, dtype=torch.float64).log().item(), 0.0), _column(1.0, 0.0)
    one, two = (softmax_attention(values, keys, _column(q), scale=1.0).item() for q in (1.0, 2.0))
    relaxed = linear_attention(values, keys, _column(1.0)).item()
    numbers = (("softmax attention at q = 1", one), ("at q = 2", two), ("relaxed attention at q = 1", relaxed))
    return Counterexample("softmax attention equals the relaxed form", numbers, gap=abs(two - 2 * one))


def descent_depends_on_order() -> Counterexample:
    """One step of gradient descent a demonstration depends on their order; dW_ICL does not.

    Demonstrations (x, y) = (1, 1) and (1, 0), W_0 = 0, learning rate 1/2, squared error. Taking 1 first:
    0 -> 1/2 -> 1/4. Taking 0 first: 0 -> 0 -> 1/2. With tokens (x, y), W_K = (1, 0) and W_V = (0, 1), dW_ICL is
    1 * 1 + 0 * 1 = 1 in either order.
    """
    demonstrations = torch.tensor([[1.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    projections = Projections(*torch.tensor([[[[0.0, 1.0]]], [[[1.0, 0.0]]]], dtype=torch.float64))
    trained, implicit = [], []
    for tokens in (demonstrations, demonstrations.flip(0)):
        batches = [Batch(token[None, :1], token[None, 1:]) for token in tokens]
        layer = train(LinearLayer(_column(0.0)), batches, squared_error, Descent(0.5))
        trained.append(weight_update(layer).item())
        implicit.append(icl_update(tokens, projections).item())
    names = "dW by descent, 1 first", "dW by descent, 0 first", "dW_ICL, 1 first", "dW_ICL, 0 first"
    statement = "gradient descent, one demonstration a step, ignores their order as dW_ICL does"
    numbers = tuple(zip(names, trained + implicit, strict=True))
    return Counterexample(statement, numbers, gap=abs(trained[0] - trained[1]))


def nonlinearity_breaks_dual_form() -> Counterexample:
    """Behind a nonlinearity, what training changes is not linear attention over past inputs.

    relu(W x) with W_0 = 1 learns (x, y) = (1, 0) in one step of rate 1/2: error signal -1/2, W = 1/2. At x = 1 the
    output changes by relu(1/2) - relu(1) = -1/2, at x = -1 by relu(-1/2) - relu(-1) = 0. Linear attention is odd in
    its query whatever its values, so its two changes would cancel: here it says -1/2 and 1/2. Before the relu, the
    dual form holds as ever.
    """

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return squared_error(outputs.relu(), targets)

    start = LinearLayer(_column(1.0))
    trained = train(start, [Batch(_column(1.0), _column(0.0))], loss, Descent(0.5))
    numbers, changes = [], []
    for x in (_column(1.0), _column(-1.0)):
        change = (trained.final(x).relu() - start(x).relu()).item()
        attention = (dual_form(trained, x) - start(x)).item()
        numbers += [(f"change at x = {x.item():g}", change), (f"linear attention at x = {x.item():g}", attention)]
        changes.append(change)
    statement = "the dual form holds for a layer with a nonlinearity behind it"
    return Counterexample(statement, tuple(numbers), gap=abs(sum(changes)))


COUNTEREXAMPLES = (softmax_is_not_relaxed, descent_depends_on_order, nonlinearity_breaks_dual_form)


def _column(*entries: float) -> Tensor:
    return torch.tensor(entries, dtype=torch.float64)[:, None]
