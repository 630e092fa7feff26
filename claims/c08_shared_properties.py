"""C8: in-context learning and finetuning share their information and their causal order."""

from collections.abc import Callable

import pytest

from harness.evidence.checks import measured_check
from harness.evidence.evidence import Evidence
from harness.evidence.questions import CausalOrder
from harness.judging.claims import Claim, Measured

CLAIM = Claim(
    id="C8",
    title="ICL and finetuning read the same, in the same order, and act on attention",
    statement="ICL and this finetuning share the training information, its causal order, and that both act on "
    "attention: the same tokens are read; what a demonstration leaves depends on no later one; nothing but key and "
    "value projections changes.",
    section="Theory: comparison of in-context learning and finetuning",
    prediction="same token ids; keys, values and weights of a demonstration the same whatever follows it; "
    "no other parameter changed",
    decision_rule="Each statement is exact on the model: tokens, weights and other parameters to the bit, keys and "
    "values to 1e-4 of their largest entry, since kernels sum in another order. Supported if all hold on every task.",
    unit="task",
    family="algebra",
    refuted_if="one statement fails on one task",
    control="the second half's keys and values when the first half of the demonstrations is replaced: they must change",
)
TOLERANCE = 1e-4
ASKS = (CausalOrder(),)


def measure(evidence: Evidence) -> Measured:
    """Collect what was found on every task."""
    found = evidence.causality()
    return Measured(
        checks=(
            measured_check("same token ids", "ICL's demonstration tokens = FT's training tokens", "tokens", found),
            measured_check(
                "keys and values", "the same when the second half is replaced", "keys_values", found, TOLERANCE
            ),
            measured_check(
                "finetuned weights", "the same after half of the steps when later texts change", "weights", found
            ),
            measured_check("other parameters", "unchanged by finetuning", "others", found),
        ),
        control_checks=(
            measured_check(
                "keys and values", "the same when the first half is replaced", "keys_values_control", found, TOLERANCE
            ),
        ),
    )


@pytest.mark.theory
@pytest.mark.model
def test_icl_and_finetuning_share_information_and_order(judge: Callable[[Claim], None]) -> None:
    """ICL and FT read the same tokens, in the same causal order, and FT changes keys and values alone."""
    judge(CLAIM)
