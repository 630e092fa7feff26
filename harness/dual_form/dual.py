"""The dual form of gradient descent: a trained linear layer is its start plus linear attention."""

from jaxtyping import Float
from torch import Tensor

from harness.dual_form.gradient_descent import LinearLayer, TrainedLayer
from harness.dual_form.linear_attention import linear_attention, outer_sum


def shrunk_start(trained: TrainedLayer) -> LinearLayer:
    """Return what weight decay left of the initial layer, phi W_0 and phi b_0; all of it where there is none."""
    initial = trained.initial
    return LinearLayer(trained.kept * initial.weight, None if initial.bias is None else trained.kept * initial.bias)


def weight_update(trained: TrainedLayer) -> Float[Tensor, "*batch out in"]:
    """Return dW = sum_i e_i (x) x'_i, so that the trained weight is phi W_0 + dW.

    Source: PAPER section 2, dual form.
    """
    return outer_sum(trained.error_signals, trained.inputs)


def dual_form(trained: TrainedLayer, inputs: Float[Tensor, "*batch example in"]) -> Float[Tensor, "*batch example out"]:
    """Return the trained layer's output without its trained weights, through linear attention.

        F(x) = phi W_0 x + LinearAttn(E, X', x) = phi W_0 x + sum_i e_i (x'_i . x)

    Error signals are values, past inputs keys, x the query. With a bias, phi b_0 + sum_i e_i is added: the same
    attention with a 1 appended to every past input and to x. phi is 1 without weight decay.
    Source: PAPER section 2, dual form; phi and the weights in e_i are those of `step_weights`.
    """
    start = shrunk_start(trained)(inputs)
    attention = linear_attention(trained.error_signals, trained.inputs, inputs)
    if trained.initial.bias is None:
        return start + attention
    return start + attention + trained.error_signals.sum(-2, keepdim=True)
