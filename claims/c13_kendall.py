"""C13: learning in context and finetuning order their attention to the training tokens alike."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import layer_curve, task_table

CLAIM = Claim(
    id="C13",
    title="ICL and finetuning order training tokens alike (Kendall)",
    statement="ICL's attention to the demonstrations' tokens and the finetuned model's attention to the tokens it was "
    "trained on put these tokens in a similar order.",
    section="Experiments: attention to training tokens",
    prediction="tau(ICL, FT) - tau(ICL, noise) > 0, for uniform and for isotropic noise",
    decision_rule="Mean over layers an example, mean over tasks of the paired differences; supported if both "
    "corrected intervals lie above 0.",
    unit="test example, within its task",
    family="similarity",
    refuted_if="the corrected interval of either difference lies below 0",
    control="FT's attention with its training tokens permuted, anew for each example and layer",
    paper_effects=(0.193, 0.193),
    matters={"tau": 0.02},
    because="a tenth of what the paper prints",
)
KENDALL = OnTasks("kendall")
ASKS = (KENDALL,)


def measure(evidence: Evidence) -> Measured:
    """Compare Kendall's tau to FT with that to noise."""
    ft, uniform, isotropic, control = (evidence.of(KENDALL, name) for name in ("ft", "uniform", "isotropic", "control"))
    shown = {"FT": ft, "uniform noise": uniform, "isotropic noise": isotropic}
    prediction = CLAIM.prediction.split(", for")[0]
    return Measured(
        parts=(
            difference("FT over uniform noise (the paper's)", prediction, "tau", ft, uniform),
            difference("FT over isotropic noise", prediction, "tau", ft, isotropic),
        ),
        control=(difference("permuted tokens over isotropic noise", prediction, "tau", control, isotropic),),
        tables=(
            task_table(
                "Kendall's tau of ICL's attention to demonstration tokens with",
                shown,
                [
                    ("mean of six tasks, 1.3B", (0.193, 0.0, None)),
                    ("mean of six tasks, 2.7B", (0.214, 0.0, None)),
                ],
            ),
        ),
        curves=(layer_curve("Kendall's tau by layer", "tau", shown, frozenset({"uniform noise", "isotropic noise"})),),
    )


@pytest.mark.attention
@pytest.mark.model
def test_icl_and_finetuning_order_training_tokens_alike(judge: Callable[[Claim], None]) -> None:
    """ICL's and FT's attention to the training tokens are ordered more alike than chance."""
    judge(CLAIM)
