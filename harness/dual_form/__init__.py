"""The theory, executable: pure functions on tensors, batched over leading axes, any dtype and device."""

from harness.dual_form.counterexamples import COUNTEREXAMPLES, Counterexample
from harness.dual_form.dual import dual_form, shrunk_start, weight_update
from harness.dual_form.gradient_descent import (
    Batch,
    Descent,
    LinearLayer,
    TrainedLayer,
    backpropagate,
    cross_entropy,
    minibatches,
    squared_error,
    step_weights,
    train,
)
from harness.dual_form.linear_attention import (
    SplitAttention,
    linear_attention,
    outer_sum,
    softmax_attention,
    split_attention,
)
from harness.dual_form.relaxed_attention import (
    Projections,
    apply_weights,
    change_of_outer_sum,
    for_query_heads,
    ft_update,
    icl_update,
    relaxed_attention,
    zero_shot_weights,
)
from harness.dual_form.verification import IDENTITIES, Identity, Verified, verify

__all__ = [
    "COUNTEREXAMPLES",
    "IDENTITIES",
    "Batch",
    "Counterexample",
    "Descent",
    "Identity",
    "LinearLayer",
    "Projections",
    "SplitAttention",
    "TrainedLayer",
    "Verified",
    "apply_weights",
    "backpropagate",
    "change_of_outer_sum",
    "cross_entropy",
    "dual_form",
    "for_query_heads",
    "ft_update",
    "icl_update",
    "linear_attention",
    "minibatches",
    "outer_sum",
    "relaxed_attention",
    "shrunk_start",
    "softmax_attention",
    "split_attention",
    "squared_error",
    "step_weights",
    "train",
    "verify",
    "weight_update",
    "zero_shot_weights",
]
