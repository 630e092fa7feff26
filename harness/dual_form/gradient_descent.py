"""A linear layer under stochastic gradient descent, with the error signal of every past input kept.

Inputs are rows: F(x) = W x + b, W [out, in], b [out]. Leading axes are independent layers trained side by side.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from harness.errors import HarnessError

Loss = Callable[[Tensor, Tensor], Tensor]
"""(outputs [*batch, example, out], targets [*batch, example, ...]) -> [*batch]: one number a layer."""


@dataclass(frozen=True)
class LinearLayer:
    """F(x) = W x + b, or W x without a bias."""

    weight: Float[Tensor, "*batch out in"]
    bias: Float[Tensor, "*batch out"] | None = None

    def __call__(self, inputs: Float[Tensor, "*batch example in"]) -> Float[Tensor, "*batch example out"]:
        """Apply the layer to each row."""
        outputs = inputs @ self.weight.mT
        return outputs if self.bias is None else outputs + self.bias.unsqueeze(-2)


@dataclass(frozen=True)
class Batch:
    """What one gradient step is computed from."""

    inputs: Float[Tensor, "*batch example in"]
    targets: Tensor
    """[*batch, example, ...], as the loss wants them."""


@dataclass(frozen=True)
class Descent:
    """Settings of torch.optim.SGD, without dampening and without Nesterov's variant.

    With gradient g_t, momentum m, weight decay w, learning rate lr, and B_0 = 0:

        B_t = m B_{t-1} + g_t + w W_{t-1},    W_t = W_{t-1} - lr B_t.

    Raises HarnessError on a negative setting.
    """

    learning_rate: float
    momentum: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        """Refuse negative settings."""
        if min(self.learning_rate, self.momentum, self.weight_decay) < 0:
            raise HarnessError(f"{self} was given, expected no negative number: gradient descent goes down the slope.")


@dataclass(frozen=True)
class StepWeights:
    """How much of the start and of each step's gradient is left after the last step."""

    kept: float
    """phi: the factor on W_0 and b_0; 1 without weight decay."""
    steps: tuple[float, ...]
    """c of each step, the first step first: what it did at once is weighted by this in the end."""


@dataclass(frozen=True)
class TrainedLayer:
    """A layer after gradient descent, with all that its dual form needs.

    final = phi * initial + sum_i e_i (x) x'_i (weight), phi * initial + sum_i e_i (bias); i runs over past inputs.
    """

    initial: LinearLayer
    final: LinearLayer
    inputs: Float[Tensor, "*batch past in"]
    """x'_i, in the order in which they were learned from."""
    error_signals: Float[Tensor, "*batch past out"]
    """e_i = -lr c_t dL_t / d out_i for an input of step t, as it counts after the last step."""
    kept: float
    """phi: what weight decay left of the initial weights and bias."""
    output_gradients: tuple[Float[Tensor, "*batch _ out"], ...]
    """dL_t / d out_i of each step t, before any weighting."""


@dataclass(frozen=True)
class Gradients:
    """One backward pass through a linear layer."""

    outputs: Float[Tensor, "*batch example out"]
    weight: Float[Tensor, "*batch out in"]
    bias: Float[Tensor, "*batch out"] | None


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return 1/2 sum_i |out_i - y_i|^2; targets [*batch, example, out]."""
    return (outputs - targets).square().sum((-2, -1)) / 2


def cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return -sum_i log softmax(out_i)[y_i]; targets are indices [*batch, example]."""
    chosen = outputs.log_softmax(-1).gather(-1, targets.unsqueeze(-1))
    return -chosen.sum((-2, -1))


def minibatches(inputs: Tensor, targets: Tensor, size: int) -> tuple[Batch, ...]:
    """Cut [*batch, past, in] and its targets into batches of `size`, in order; the last may be smaller.

    The targets have the same leading axes. No input gives no batch. Raises HarnessError on a size below 1.
    """
    if size < 1:
        raise HarnessError(
            f"batches of {size} inputs were asked for, expected at least 1: take 1 for one step an input."
        )
    axis = inputs.ndim - 2
    starts = range(0, inputs.shape[axis], size)
    lengths = [min(size, inputs.shape[axis] - start) for start in starts]
    cuts = [(inputs.narrow(axis, s, n), targets.narrow(axis, s, n)) for s, n in zip(starts, lengths, strict=True)]
    return tuple(Batch(x, y) for x, y in cuts)


def backpropagate(layer: LinearLayer, batch: Batch, loss: Loss) -> Gradients:
    """Return autograd's gradients of the loss with respect to outputs, weight and bias.

    What comes behind the layer is part of the loss, be it a whole network.
    """
    weight = layer.weight.detach().requires_grad_()
    bias = None if layer.bias is None else layer.bias.detach().requires_grad_()
    outputs = LinearLayer(weight, bias)(batch.inputs)
    leaves = [outputs, weight] if bias is None else [outputs, weight, bias]
    found = torch.autograd.grad(loss(outputs, batch.targets).sum(), leaves)
    return Gradients(found[0], found[1], None if bias is None else found[2])


def step_weights(descent: Descent, steps: int) -> StepWeights:
    """Return what is left of the start and of each step's gradient after so many steps.

    The recursion of `Descent` is linear in W_0 and the gradients, so W_T = phi_T W_0 - lr sum_t c_{T-t} g_t. With
    s = lr w (the share of the weights that one step's decay takes) and r1, r2 the roots of r^2 - (1 + m - s) r + m,

        c_k = sum_{j=0..k} r1^j r2^(k-j) = (r1^(k+1) - r2^(k+1)) / (r1 - r2),    phi_k = c_k - m c_{k-1}:

    c_k = 1 for plain descent, (1 - m^(k+1)) / (1 - m) with momentum alone, phi_k = c_k = (1 - s)^k with weight
    decay alone. Evaluated by stepping (W, -lr B), because the quotient loses all digits where r1 is near r2.
    """
    shrink = descent.learning_rate * descent.weight_decay
    start, step = (1.0, 0.0), (1.0, 1.0)  # (W, -lr B) before the first step, and just after a step by 1
    factors = []
    for _ in range(steps):
        factors.append(step[0])
        start, step = (_without_gradient(state, descent.momentum, shrink) for state in (start, step))
    return StepWeights(kept=start[0], steps=tuple(reversed(factors)))


def train(layer: LinearLayer, batches: Sequence[Batch], loss: Loss, descent: Descent) -> TrainedLayer:
    """Take one step of torch.optim.SGD a batch on autograd's gradients, and keep each input's error signal.

    Weight decay shrinks the bias as well as the weight, as torch.optim.SGD does with all it is given.
    No batch, or learning rate 0, leaves the layer as it was.
    """
    weight = layer.weight.detach().clone()
    bias = None if layer.bias is None else layer.bias.detach().clone()
    final = LinearLayer(weight, bias)
    optimizer = torch.optim.SGD(
        [weight] if bias is None else [weight, bias],
        lr=descent.learning_rate,
        momentum=descent.momentum,
        weight_decay=descent.weight_decay,
    )
    output_gradients = []
    for batch in batches:
        gradients = backpropagate(final, batch, loss)
        output_gradients.append(gradients.outputs)
        weight.grad = gradients.weight
        if bias is not None:
            bias.grad = gradients.bias
        optimizer.step()
    left = step_weights(descent, len(output_gradients))
    none = layer.weight[..., :0]  # [*batch, out, 0]: so that no batch gives no past input
    signals = [-descent.learning_rate * c * g for c, g in zip(left.steps, output_gradients, strict=True)]
    return TrainedLayer(
        initial=layer,
        final=final,
        inputs=torch.cat([layer.weight[..., :0, :], *(batch.inputs for batch in batches)], dim=-2),
        error_signals=torch.cat([none.mT, *signals], dim=-2),
        kept=left.kept,
        output_gradients=tuple(output_gradients),
    )


def _without_gradient(state: tuple[float, float], momentum: float, shrink: float) -> tuple[float, float]:
    weight, velocity = state
    velocity = momentum * velocity - shrink * weight
    return weight + velocity, velocity
