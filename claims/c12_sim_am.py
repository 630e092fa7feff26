"""C12: the attention weights of learning in context are closer to finetuning's than to zero-shot's."""

from collections.abc import Callable

import pytest

from claims.replication import replicated
from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls, OnTasks
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference, difference_if_any
from harness.judging.exhibits import layer_curve, task_table
from harness.runs.variants import Variant

CLAIM = Claim(
    id="C12",
    title="ICL attends as the finetuned model does (SimAM)",
    statement="At the level of attention, ICL's attention over the query's own tokens is closer to the finetuned "
    "model's than to the untouched model's.",
    section="Experiments: similarity of attention maps",
    prediction="SimAM(ICL, FT) - SimAM(ICL, ZSL) > 0",
    decision_rule="Mean over heads and layers an example, mean over tasks of the paired difference; supported if its "
    "corrected interval lies above 0.",
    unit="demonstration set and test example, crossed, within a task",
    family="similarity",
    refuted_if="the corrected interval lies below 0",
    control="in finetuning's place a random update of its size, matrix by matrix: weights that changed as much and "
    "learned nothing",
    paper_effects=(0.079,),
    presumes=("icl", "ft"),
    on_best_sets=True,
    matters={"cosine": 0.02},
    because="a quarter of what the paper prints",
)
SIM_AM = OnTasks("sim_am")
RANDOM_UPDATE = OnControls("sim_am", Variant(update="random"))
ASKS = (SIM_AM, RANDOM_UPDATE)


def measure(evidence: Evidence) -> Measured:
    """Compare SimAM to FT with SimAM to ZSL."""
    names = ("ft", "zsl", "uniform", "isotropic", "differences")
    ft, zsl, uniform, isotropic, differences = (evidence.of(SIM_AM, name) for name in names)
    random, untouched = (evidence.of(RANDOM_UPDATE, name) for name in ("ft", "zsl"))
    shown = {"FT": ft, "ZSL": zsl, "uniform noise": uniform, "isotropic noise": isotropic}
    return Measured(
        parts=(difference("similarity to FT over that to ZSL", CLAIM.prediction, "cosine", ft, zsl),),
        control=difference_if_any("a random update over ZSL", CLAIM.prediction, "cosine", random, untouched),
        tables=(
            task_table(
                "SimAM of ICL's attention scores to",
                {**shown, "FT, on differences from ZSL": differences},
                [
                    ("mean of six tasks, 1.3B", (0.442, 0.338, None, None, None)),
                    ("mean of six tasks, 2.7B", (0.434, 0.355, None, None, None)),
                    *replicated(evidence, (None, None, None, None, "SimAM on differences")),
                ],
                note="The last column compares what ICL and FT change about ZSL's scores, as Deutch et al. ask.",
            ),
        ),
        curves=(layer_curve("SimAM by layer", "cosine", shown, frozenset({"uniform noise", "isotropic noise"})),),
    )


@pytest.mark.attention
@pytest.mark.model
def test_icl_attends_like_the_finetuned_model(judge: Callable[[Claim], None]) -> None:
    """ICL's attention scores over the query are closer to FT's than to ZSL's."""
    judge(CLAIM)
