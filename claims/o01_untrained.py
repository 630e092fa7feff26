"""O1: the similarities are those of a trained model."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import by_coin_of, difference
from harness.judging.exhibits import task_table
from harness.runs.control_runs import Variant

CLAIM = Claim(
    id="O1",
    title="Untrained models are less similar",
    statement="Learning in context resembles finetuning because of what the model learned: the same architecture with "
    "fresh weights, or with its own weights shuffled within each matrix, resembles it less.",
    section="Objection of Deutch et al. 2024, arXiv 2311.07772: untrained models score as high",
    prediction="metric(trained) - metric(untrained) > 0 for SimAOU, SimAM and Kendall",
    decision_rule="SimAOU, SimAM to FT, and Kendall's tau on the same examples, with the trained model's "
    "demonstrations and learning rate (the next smaller one where finetuning diverges). Supported if all six corrected "
    "intervals lie above 0.",
    unit="test example, within its task",
    family="controls",
    refuted_if="any corrected interval lies below 0: a model that learned nothing is the more similar one",
    control="a fair coin for each example and layer decides which SimAOU is the trained model's",
    qualifies=("C11", "C12", "C13"),
)

METRICS = {"SimAOU": "sim_aou", "SimAM": "sim_am", "Kendall": "kendall"}
MODELS = {"trained": Variant(), "fresh": Variant(weights="fresh"), "shuffled": Variant(weights="shuffled")}


def measure(evidence: Evidence) -> Measured:
    """Compare the trained model's three metrics with those of two models that learned nothing."""
    of = evidence.controls.of
    found = {model: {m: of(name, "ft", variant) for m, name in METRICS.items()} for model, variant in MODELS.items()}
    others = {"SimAM to ZSL": ("sim_am", "zsl"), "SimAM on differences from ZSL": ("sim_am", "differences")}
    shown = {what: {model: of(*names, variant) for model, variant in MODELS.items()} for what, names in others.items()}
    shown = {m: {model: metrics[m] for model, metrics in found.items()} for m in METRICS} | shown
    one, other = by_coin_of(evidence, "O1", found["trained"]["SimAOU"], found["fresh"]["SimAOU"])
    return Measured(
        parts=tuple(
            difference(f"{m}: over {rival}", CLAIM.prediction, "similarity", found["trained"][m], found[rival][m])
            for m in METRICS
            for rival in ("fresh", "shuffled")
        ),
        control=(difference("SimAOU by a coin", CLAIM.prediction, "similarity", one, other),),
        tables=tuple(task_table(what, by_model) for what, by_model in shown.items()),
        notes=(evidence.controls.learning_rates(MODELS),),
    )


@pytest.mark.controls
@pytest.mark.model
def test_untrained_models_are_less_similar(judge: Callable[[Claim], None]) -> None:
    """What the metrics find in the trained model they do not find in models that learned nothing."""
    judge(CLAIM)
