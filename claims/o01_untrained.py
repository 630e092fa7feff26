"""O1: the similarities are those of a trained model."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import FinetunedAt, OnControls
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import by_coin_of, difference
from harness.judging.exhibits import task_table
from harness.runs.variants import Variant

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
    matters={"similarity": 0.02},
    because="a tenth of what the paper prints of the trained model",
)

METRICS = {"SimAOU": ("sim_aou", "ft"), "SimAM": ("sim_am", "ft"), "Kendall": ("kendall", "ft")}
SHOWN = {"SimAM to ZSL": ("sim_am", "zsl"), "SimAM on differences from ZSL": ("sim_am", "differences")}
MODELS = {"trained": Variant(), "fresh": Variant(weights="fresh"), "shuffled": Variant(weights="shuffled")}
ASKS = (
    *(OnControls(name, variant) for name, _ in METRICS.values() for variant in MODELS.values()),
    *map(FinetunedAt, MODELS.values()),
)


def measure(evidence: Evidence) -> Measured:
    """Compare the trained model's three metrics with those of two models that learned nothing."""
    shown = {
        what: {model: evidence.of(OnControls(measurement, variant), name) for model, variant in MODELS.items()}
        for what, (measurement, name) in (METRICS | SHOWN).items()
    }
    one, other = by_coin_of(evidence.seed, "O1", shown["SimAOU"]["trained"], shown["SimAOU"]["fresh"])
    return Measured(
        parts=tuple(
            difference(f"{m}: over {rival}", CLAIM.prediction, "similarity", shown[m]["trained"], shown[m][rival])
            for m in METRICS
            for rival in ("fresh", "shuffled")
        ),
        control=(difference("SimAOU by a coin", CLAIM.prediction, "similarity", one, other),),
        tables=tuple(task_table(what, by_model) for what, by_model in shown.items()),
        notes=(evidence.learning_rates(MODELS),),
    )


@pytest.mark.controls
@pytest.mark.model
def test_untrained_models_are_less_similar(judge: Callable[[Claim], None]) -> None:
    """What the metrics find in the trained model they do not find in models that learned nothing."""
    judge(CLAIM)
