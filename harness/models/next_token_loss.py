"""The cross-entropy of the next token, from last hidden states: logits are never kept, nor made twice.

For states h [token, d_model], the unembedding W [vocabulary, d_model] with bias b, and the tokens y that follow,

    loss = logsumexp(z) - z_y,    z = c tanh((W h + b) / c),    d loss / d h = ((softmax(z) - 1_y) (1 - (z / c)^2)) W,

without tanh where the model does not cap its logits (c infinite). Loss and gradient are worked out together, a few
tokens at a time, in one array of logits: through autograd a vocabulary of 262,144 words would be held four times over.
"""

from typing import Any

import torch
from torch import Tensor

from harness.models.language_model import LanguageModel

AT_ONCE = 1 << 24
"""Logits in memory at most, in float32 64 MB: tokens are taken so many at a time."""


def next_token_losses(model: LanguageModel, states: Tensor, following: Tensor) -> Tensor:
    """Return the cross-entropy of each following token [token], in nats, float32, from states [token, d_model]."""
    unembedding = model.network.get_output_embeddings()
    found: Tensor = _Losses.apply(  # type: ignore[no-untyped-call]  # torch leaves it untyped
        states, unembedding.weight, unembedding.bias, following, model.logit_cap
    )
    return found


class _Losses(torch.autograd.Function):
    """Losses whose gradient by the states is worked out with them, and kept in place of logits."""

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, weight: Tensor, bias: Tensor | None, following: Tensor, cap: float | None
    ) -> Tensor:
        """Return losses [token]."""
        wanted = ctx.needs_input_grad[0]
        losses = states.new_empty(len(states), dtype=torch.float32)
        gradient = torch.empty_like(states) if wanted else None
        number = max(1, AT_ONCE // len(weight))
        for start in range(0, len(states), number):
            part = slice(start, start + number)
            logits = torch.nn.functional.linear(states[part], weight, bias).float()
            slope = _cap(logits, cap)
            chosen = following[part, None]
            z = logits.logsumexp(-1, keepdim=True)
            losses[part] = (z - logits.gather(-1, chosen))[:, 0]
            if gradient is not None:
                logits.sub_(z).exp_().scatter_add_(-1, chosen, -torch.ones_like(z))
                if slope is not None:
                    logits.mul_(slope)
                torch.mm(logits.to(weight.dtype), weight, out=gradient[part])
        ctx.save_for_backward(*(() if gradient is None else (gradient,)))
        return losses

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None, None, None, None]:
        """Return the gradient by the states [token, d_model]; the unembedding is not trained."""
        (gradient,) = ctx.saved_tensors
        return gradient * upstream[0][:, None].to(gradient.dtype), None, None, None, None


def _cap(logits: Tensor, cap: float | None) -> Tensor | None:
    """Cap logits in place, and return the slope there; None where the model caps none."""
    if cap is None:
        return None
    logits.div_(cap).tanh_()
    slope = 1 - logits.square()
    logits.mul_(cap)
    return slope
