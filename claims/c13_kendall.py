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
    prediction="tau(ICL, FT) - tau(ICL, baseline) > 0",
    decision_rule="Baselines: the paper's noise; the same inner products without any finetuning, which shows what of "
    "it is of the texts alone; and FT's attention with its tokens permuted within each demonstration. Mean over "
    "layers an example, mean over tasks of the paired differences; supported if all three corrected intervals lie "
    "above 0.",
    unit="demonstration set and test example, crossed, within a task",
    family="similarity",
    refuted_if="the corrected interval of a difference lies below 0, and none above",
    control="FT's attention with its training tokens permuted, anew for each example and layer",
    presumes=("icl", "ft"),
    on_best_sets=True,
    matters={"tau": 0.02},
    because="a tenth of what the paper prints",
)
KENDALL = OnTasks("kendall")
ASKS = (KENDALL,)


def measure(evidence: Evidence) -> Measured:
    """Compare Kendall's tau to FT with that to noise."""
    names = ("ft", "unfinetuned", "uniform", "isotropic", "control", "within")
    ft, unfinetuned, uniform, isotropic, control, within = (evidence.of(KENDALL, name) for name in names)
    shown = {"FT": ft, "not finetuned": unfinetuned, "uniform noise": uniform}
    return Measured(
        parts=(
            difference("FT over uniform noise (the paper's)", CLAIM.prediction, "tau", ft, uniform),
            difference("FT over no finetuning", CLAIM.prediction, "tau", ft, unfinetuned),
            difference("FT over tokens permuted within demonstrations", CLAIM.prediction, "tau", ft, within),
        ),
        control=(difference("permuted tokens over isotropic noise", CLAIM.prediction, "tau", control, isotropic),),
        tables=(
            task_table(
                "Kendall's tau of ICL's attention to demonstration tokens with",
                {**shown, "permuted within": within},
                [
                    ("mean of six tasks, 1.3B", (0.193, None, 0.0, None)),
                    ("mean of six tasks, 2.7B", (0.214, None, 0.0, None)),
                ],
            ),
        ),
        curves=(layer_curve("Kendall's tau by layer", "tau", shown, frozenset({"not finetuned", "uniform noise"})),),
    )


@pytest.mark.attention
@pytest.mark.model
def test_icl_and_finetuning_order_training_tokens_alike(judge: Callable[[Claim], None]) -> None:
    """ICL's and FT's attention to the training tokens are ordered more alike than chance."""
    judge(CLAIM)
