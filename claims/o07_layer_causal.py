"""O7: ICL is more like plain finetuning than it is like layer-causal gradient descent."""

from collections.abc import Callable

import pytest

from claims.replication import COLUMNS, replicated
from harness.evidence.evidence import Evidence
from harness.evidence.questions import FinetunedAt, OnControls, UpdateSizes
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import between_sets, difference
from harness.judging.exhibits import layer_curve, task_table
from harness.runs.variants import Variant

CLAIM = Claim(
    id="O7",
    title="Finetuning is what ICL is like, not layer-causal descent",
    statement="The paper's finetuning is more like ICL than gradient descent in which no layer's update depends on the "
    "layers above, as no layer of ICL does.",
    section="Objection of Deutch et al. 2024, arXiv 2311.07772: layer causality",
    prediction="metric(ICL, FT) - metric(ICL, layer-causal descent) > 0 for SimAOU and SimAM on differences",
    decision_rule="Each layer's output is read out through the final normalisation and the unembedding, and its keys "
    "and values step down that loss alone; same steps and order. Its learning rate is selected as finetuning's is, by "
    "its own accuracy on dev: at finetuning's, as Deutch et al. have it, it may learn nothing. Accuracy and size of "
    "the update are shown beside. Supported if both corrected intervals lie above 0.",
    unit="demonstration set and test example, crossed, within a task",
    family="rivals of process",
    refuted_if="a corrected interval lies below 0, and none above: layer-causal descent is the more alike",
    control="finetuning on every other set against finetuning on the next one, each with its own context",
    qualifies=("C11", "C12"),
    presumes=("icl", "ft"),
    matters={"similarity": 0.02},
    because="a tenth of what the paper prints",
)

RULES = {"FT": Variant(), "layer-causal descent": Variant(gradient="layer_causal")}
MEASURED = (("sim_aou", "ft"), ("sim_am", "differences"), ("accuracy", "ft"))
ASKS = (
    *(OnControls(measurement, variant, tuned=True) for measurement, _ in MEASURED for variant in RULES.values()),
    *(FinetunedAt(variant, tuned=True) for variant in RULES.values()),
    *(UpdateSizes(variant, tuned=True) for variant in RULES.values()),
)


def measure(evidence: Evidence) -> Measured:
    """Compare similarity to finetuning with that to layer-causal gradient descent."""
    outputs, maps, right = (
        {rule: evidence.of(OnControls(measurement, variant, tuned=True), name) for rule, variant in RULES.items()}
        for measurement, name in MEASURED
    )
    right["ICL"] = evidence.of(OnControls("accuracy", tuned=True), "icl")
    return Measured(
        parts=(
            difference("SimAOU", CLAIM.prediction, "similarity", *outputs.values()),
            difference("SimAM on differences", CLAIM.prediction, "similarity", *maps.values()),
        ),
        control=between_sets("SimAOU: one set over the next", CLAIM.prediction, "similarity", outputs["FT"]),
        tables=(
            task_table("SimAOU to", outputs, replicated(evidence, COLUMNS[:2])),
            task_table("SimAM on differences from ZSL, to", maps, replicated(evidence, COLUMNS[3:])),
            task_table("Accuracy", right, percent=True),
        ),
        curves=(layer_curve("SimAOU by layer", "cosine", outputs),),
        notes=(evidence.learning_rates(RULES, tuned=True), evidence.update_sizes(RULES, tuned=True)),
    )


@pytest.mark.controls
@pytest.mark.model
def test_finetuning_is_more_like_icl_than_layer_causal_descent(judge: Callable[[Claim], None]) -> None:
    """ICL resembles plain finetuning more than layer-causal gradient descent."""
    judge(CLAIM)
