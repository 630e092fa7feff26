"""One planted error for each statement of the algebra: the negative controls of the exact claims."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from harness.dual_form.dual import dual_form, shrunk_start, weight_update
from harness.dual_form.identities import Implementation
from harness.dual_form.relaxed_attention import ft_update, icl_update


def _flipped(trained: Any, inputs: Tensor) -> Tensor:
    initial: Tensor = shrunk_start(trained)(inputs)
    return 2 * initial - dual_form(trained, inputs)


def _doubled(trained: Any) -> Tensor:
    return 2 * weight_update(trained)


def _one_dropped(demonstrations: Tensor, projections: Any) -> Tensor:
    return icl_update(demonstrations[..., 1:, :], projections)


def _reversed(tokens: Tensor, projections: Any, update: Any) -> Tensor:
    return -ft_update(tokens, projections, update)


PLANTED: Mapping[str, tuple[str, str, Implementation]] = {
    "dual form": ("dual form", "the error signals' sign turned", Implementation(dual_form=_flipped)),
    "outer products": ("trained weight", "the outer products counted twice", Implementation(weight_update=_doubled)),
    "ICL as an update": (
        "ICL as an update",
        "the first demonstration token left out",
        Implementation(icl_update=_one_dropped),
    ),
    "finetuning as an update": (
        "finetuning as an update",
        "the sign of dW_FT turned",
        Implementation(ft_update=_reversed),
    ),
}
"""By what the identities are about: the one that the error breaks, the error in words, and the functions with it."""
