"""C11: learning in context changes attention outputs in finetuning's direction."""

from collections.abc import Callable

import pytest

from claims.replication import replicated
from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import layer_curve, task_table

CLAIM = Claim(
    id="C11",
    title="ICL moves attention outputs as finetuning does (SimAOU)",
    statement="At the level of representations, ICL changes the attention outputs at the last token in the "
    "direction in which finetuning changes them.",
    section="Experiments: similarity of attention output updates",
    prediction="SimAOU(ICL, FT) - SimAOU(ICL, random update) > 0, for uniform and for isotropic noise in the update's "
    "place, and for outputs that changed at random by as much as FT's",
    decision_rule="Mean over layers an example, mean over tasks of the paired differences; supported if all three "
    "corrected intervals lie above 0. The last is the strictest: two changes of one output share it, and so have a "
    "similarity above 0 even where they share nothing else.",
    unit="demonstration set and test example, crossed, within a task",
    family="similarity",
    refuted_if="a corrected interval lies below 0, and none above",
    control="FT's update with coordinates permuted and signs flipped at random, anew for each example and layer: "
    "its size without its direction",
    paper_effects=(0.186, 0.186),
    presumes=("icl", "ft"),
    on_best_sets=True,
    matters={"cosine": 0.02},
    because="a tenth of what the paper prints",
)
SIM_AOU = OnTasks("sim_aou")
ASKS = (SIM_AOU,)


def measure(evidence: Evidence) -> Measured:
    """Compare SimAOU of FT's update with that of random updates."""
    ft, uniform, isotropic, change, control, other = (
        evidence.of(SIM_AOU, name)
        for name in ("ft", "uniform", "isotropic", "random_change", "control", "other_example")
    )
    shown = {"FT": ft, "uniform noise": uniform, "isotropic noise": isotropic, "a random change": change}
    prediction = CLAIM.prediction.split(", for")[0]
    return Measured(
        parts=(
            difference("FT over uniform noise (the paper's)", prediction, "cosine", ft, uniform),
            difference("FT over isotropic noise", prediction, "cosine", ft, isotropic),
            difference("FT over a random change of its size", prediction, "cosine", ft, change),
        ),
        control=(difference("scrambled update over isotropic noise", prediction, "cosine", control, isotropic),),
        tables=(
            task_table(
                "SimAOU of ICL's update to",
                {**shown, "FT of another example": other},
                [
                    ("mean of six tasks, 1.3B", (0.186, 0.0, None, None, None)),
                    ("mean of six tasks, 2.7B", (0.225, 0.0, None, None, None)),
                    *replicated(evidence, ("SimAOU", "uniform noise", None, None, None)),
                ],
                note="The last column pairs ICL's update of one example with FT's of the next: what is left there "
                "is not about the example.",
            ),
        ),
        curves=(layer_curve("SimAOU by layer", "cosine", shown, frozenset(shown) - {"FT"}),),
    )


@pytest.mark.representation
@pytest.mark.model
def test_icl_changes_attention_outputs_as_finetuning_does(judge: Callable[[Claim], None]) -> None:
    """ICL's change of attention outputs points along FT's more than along random updates."""
    judge(CLAIM)
