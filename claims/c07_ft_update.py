"""C7: finetuning keys and values is a weight update of the same form."""

from collections.abc import Callable

import pytest

from harness.evidence.checks import identity_checks, planted_check
from harness.evidence.evidence import Evidence
from harness.judging.claims import Claim, Measured

CLAIM = Claim(
    id="C7",
    title="Finetuning keys and values is a weight update of the same form",
    statement="Relaxed attention of a model whose keys and values were finetuned equals (W_ZSL + dW_FT) q.",
    section="Theory: comparison of in-context learning and finetuning",
    prediction="F~_FT(q) = (W_ZSL + dW_FT) q to rounding, in every case",
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
        checks=identity_checks("finetuning as an update", seed),
        control_checks=(planted_check("finetuning as an update", seed),),
    )


@pytest.mark.theory
@pytest.mark.dual_form
def test_finetuning_is_a_weight_update(judge: Callable[[Claim], None]) -> None:
    """Relaxed attention of a finetuned head is a weight update applied to q."""
    judge(CLAIM)
