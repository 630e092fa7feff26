"""C5: the update is a sum of outer products."""

from collections.abc import Callable

import pytest

from harness.evidence.checks import identity_checks, planted_check
from harness.evidence.evidence import Evidence
from harness.judging.claims import Claim, Measured

CLAIM = Claim(
    id="C5",
    title="The update is a sum of outer products",
    statement="Back-propagation's update of a linear layer is the sum of outer products of past inputs and their "
    "error signals.",
    section="Theory: dual form of attention and gradient descent",
    prediction="dW = sum_i e_i (x) x'_i to rounding, in every case",
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
    return Measured(
        checks=identity_checks("outer products", seed), control_checks=(planted_check("outer products", seed),)
    )


@pytest.mark.theory
@pytest.mark.dual_form
def test_update_is_a_sum_of_outer_products(judge: Callable[[Claim], None]) -> None:
    """The accumulated gradient and the trained weight are sums of outer products."""
    judge(CLAIM)
