"""C6: demonstrations act as a weight update."""

from collections.abc import Callable

import pytest

from harness.evidence.checks import identity_checks, planted_check
from harness.evidence.evidence import Evidence
from harness.judging.claims import Claim, Measured

CLAIM = Claim(
    id="C6",
    title="Demonstrations act as a weight update",
    statement="Relaxed attention (softmax and scale dropped) over demonstrations and query equals (W_ZSL + dW_ICL) "
    "q: demonstrations act as an update of a linear layer's weights.",
    section="Theory: in-context learning as implicit finetuning",
    prediction="F~_ICL(q) = (W_ZSL + dW_ICL) q to rounding, in every case",
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
        checks=identity_checks("ICL as an update", seed), control_checks=(planted_check("ICL as an update", seed),)
    )


@pytest.mark.theory
@pytest.mark.dual_form
def test_demonstrations_act_as_a_weight_update(judge: Callable[[Claim], None]) -> None:
    """Relaxed attention over demonstrations and query is a weight update applied to q."""
    judge(CLAIM)
