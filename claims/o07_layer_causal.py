"""O7: ICL is more like layer-causal gradient descent than like plain finetuning."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import FinetunedAt, OnControls
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import by_coin_of, difference
from harness.judging.exhibits import layer_curve, task_table
from harness.runs.variants import Variant

CLAIM = Claim(
    id="O7",
    title="ICL is more like layer-causal gradient descent",
    statement="Gradient descent in which no layer's update depends on the layers above, as no layer of ICL does, is "
    "more like ICL than the paper's finetuning is.",
    section="Objection of Deutch et al. 2024, arXiv 2311.07772: layer causality",
    prediction="metric(ICL, layer-causal GD) - metric(ICL, FT) > 0 for SimAOU and SimAM on differences",
    decision_rule="Each layer's output is read out through the final normalisation and the unembedding, and its keys "
    "and values step down that loss alone; steps, order and learning rate as in finetuning (the next smaller rate "
    "where it diverges). Supported, which speaks against plain finetuning, if both corrected intervals lie above 0.",
    unit="test example, within its task",
    family="controls",
    refuted_if="the corrected interval of either lies below 0: plain finetuning is the more alike",
    control="a fair coin for each example and layer decides which SimAOU is layer-causal",
    qualifies=("C11", "C12"),
    matters={"cosine": 0.02},
    because="a tenth of what the paper prints",
)

RULES = {"layer-causal GD": Variant(gradient="layer_causal"), "FT": Variant()}
MEASURED = (("sim_aou", "ft"), ("sim_am", "differences"), ("accuracy", "ft"))
ASKS = (
    *(OnControls(measurement, variant) for measurement, _ in MEASURED for variant in RULES.values()),
    *map(FinetunedAt, RULES.values()),
)


def measure(evidence: Evidence) -> Measured:
    """Compare similarity to layer-causal gradient descent with that to finetuning."""
    outputs, maps, right = (
        {rule: evidence.of(OnControls(measurement, variant), name) for rule, variant in RULES.items()}
        for measurement, name in MEASURED
    )
    right["ICL"] = evidence.of(OnControls("accuracy"), "icl")
    one, other = by_coin_of(evidence.seed, "O7", *outputs.values())
    return Measured(
        parts=(
            difference("SimAOU", CLAIM.prediction, "cosine", *outputs.values()),
            difference("SimAM on differences", CLAIM.prediction, "cosine", *maps.values()),
        ),
        control=(difference("SimAOU by a coin", CLAIM.prediction, "cosine", one, other),),
        tables=(
            task_table("SimAOU to", outputs),
            task_table("SimAM on differences from ZSL, to", maps),
            task_table("Accuracy", right, percent=True),
        ),
        curves=(layer_curve("SimAOU by layer", "cosine", outputs),),
        notes=(evidence.learning_rates(RULES),),
    )


@pytest.mark.controls
@pytest.mark.model
def test_layer_causal_descent_is_more_like_icl(judge: Callable[[Claim], None]) -> None:
    """ICL resembles layer-causal gradient descent more than plain finetuning."""
    judge(CLAIM)
