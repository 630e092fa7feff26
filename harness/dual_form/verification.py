"""The theory's identities verified on random cases, in single and double precision: what the report shows of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from harness.dual_form import identities
from harness.dual_form.cases import (
    ATTENTION,
    SPLIT,
    TRAINING,
    AttentionChoice,
    Space,
    SplitChoice,
    TrainingChoice,
    attention_case,
    describe,
    draw,
    split_case,
    training_case,
)
from harness.dual_form.identities import Discrepancy, Implementation
from harness.errors import HarnessError

PRECISIONS = (torch.float64, torch.float32)


@dataclass(frozen=True)
class Identity:
    """An identity of the theory, with the space of cases that it is checked on."""

    name: str
    about: str
    """What it states; two identities may state the same of two things."""
    equation: str
    space: Space
    make_case: Callable[[dict[str, Any], torch.Generator, torch.dtype], Any]
    check: Callable[..., Discrepancy]
    """(case, implementation) -> discrepancy; the implementation defaults to the right one."""


@dataclass(frozen=True)
class Precision:
    """The worst that was seen in one floating-point type."""

    dtype: str
    cases: int
    largest_relative_error: float
    """|left - right| relative to the sum of the terms' absolute values."""
    largest_ratio: float
    """|left - right| relative to its a-priori bound (harness/dual_form/identities.py)."""


@dataclass(frozen=True)
class Verified:
    """An identity after randomized cases. It holds to rounding where no error exceeds its bound."""

    name: str
    equation: str
    ranges: str
    precisions: tuple[Precision, ...]

    @property
    def cases(self) -> int:
        """How many cases were run, over all precisions."""
        return sum(precision.cases for precision in self.precisions)

    @property
    def largest_ratio(self) -> float:
        """Largest error relative to its bound, over all precisions."""
        return max(precision.largest_ratio for precision in self.precisions)

    @property
    def holds(self) -> bool:
        """Whether every error stayed within its bound."""
        return self.largest_ratio <= 1


def _training(choice: dict[str, Any], generator: torch.Generator, dtype: torch.dtype) -> Any:
    return training_case(TrainingChoice(**choice), generator, dtype)


def _attention(choice: dict[str, Any], generator: torch.Generator, dtype: torch.dtype) -> Any:
    return attention_case(AttentionChoice(**choice), generator, dtype)


def _split(choice: dict[str, Any], generator: torch.Generator, dtype: torch.dtype) -> Any:
    return split_case(SplitChoice(**choice), generator, dtype)


IDENTITIES = (
    Identity(
        "dual form",
        "dual form",
        "F(x) = phi W_0 x + sum_i e_i (x'_i . x)",
        TRAINING,
        _training,
        identities.trained_equals_dual,
    ),
    Identity(
        "trained weight",
        "outer products",
        "W = phi W_0 + sum_i e_i (x) x'_i",
        TRAINING,
        _training,
        identities.update_is_outer_sum,
    ),
    Identity(
        "accumulated gradient",
        "outer products",
        "dL/dW = sum_i dL/d out_i (x) x_i",
        TRAINING,
        _training,
        identities.gradient_is_outer_sum,
    ),
    Identity(
        "ICL as an update",
        "ICL as an update",
        "F~_ICL(q) = (W_ZSL + dW_ICL) q",
        ATTENTION,
        _attention,
        identities.icl_is_weight_update,
    ),
    Identity(
        "finetuning as an update",
        "finetuning as an update",
        "F~_FT(q) = (W_ZSL + dW_FT) q",
        ATTENTION,
        _attention,
        identities.ft_is_weight_update,
    ),
    Identity(
        "softmax split",
        "softmax split",
        "Attn([X'; X], q) = (1 - a) Attn(X, q) + a Attn(X', q)",
        SPLIT,
        _split,
        identities.softmax_splits,
    ),
)


def verify(
    identity: Identity, cases: int, generator: torch.Generator, of: Implementation = identities.RIGHT
) -> Verified:
    """Check an identity on so many random cases of its space, each in float64 and in float32.

    Raises HarnessError on fewer cases than 1: no case would verify anything.
    """
    if cases < 1:
        raise HarnessError(f"{identity.name} was to be verified on {cases} cases, expected at least 1: ask for more.")
    found: dict[torch.dtype, list[Discrepancy]] = {dtype: [] for dtype in PRECISIONS}
    for _ in range(cases):
        choice = draw(identity.space, generator)
        for dtype, seen in found.items():
            seen.append(identity.check(identity.make_case(choice, generator, dtype), of))
    precisions = tuple(
        Precision(
            dtype=str(dtype).removeprefix("torch."),
            cases=len(seen),
            largest_relative_error=max(one.relative_error for one in seen),
            largest_ratio=max(one.ratio for one in seen),
        )
        for dtype, seen in found.items()
    )
    return Verified(identity.name, identity.equation, describe(identity.space), precisions)
