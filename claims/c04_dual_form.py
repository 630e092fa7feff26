"""C4: a linear layer trained by gradient descent is linear attention."""

from collections.abc import Callable

import pytest

from harness.evidence.checks import identity_checks, planted_check
from harness.evidence.evidence import Evidence
from harness.judging.claims import Claim, Measured

CLAIM = Claim(
    id="C4",
    title="A linear layer trained by gradient descent is linear attention",
    statement="A linear layer trained by gradient descent has a dual form as linear attention: its output is the "
    "initial layer's plus linear attention over past inputs, with error signals as values and past inputs "
    "as keys.",
    section="Theory: dual form of attention and gradient descent",
    prediction="F(x) = W_0 x + LinearAttn(E, X', x) to rounding, in every case",
    decision_rule="Both sides are computed on random cases, degenerate ones too, in float64 and float32; supported "
    "if no case differs by more than rounding can, a bound worked out from precision and sizes.",
    unit="random case",
    family="algebra",
    refuted_if="one case differs by more than rounding can",
    control="the same cases with an error planted in one side",
    subject="algebra",
)


def measure(evidence: Evidence) -> Measured:
    """Try the identity on random cases, and again with a planted error."""
    seed = evidence.seed
    return Measured(checks=identity_checks("dual form", seed), control_checks=(planted_check("dual form", seed),))


@pytest.mark.theory
@pytest.mark.dual_form
def test_trained_layer_is_linear_attention(judge: Callable[[Claim], None]) -> None:
    """A layer trained by gradient descent equals its dual form."""
    judge(CLAIM)
