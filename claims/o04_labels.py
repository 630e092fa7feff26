"""O4: the similarity comes from learning the labels."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import FinetunedAt, OnControls
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import between_sets, difference
from harness.judging.exhibits import task_table
from harness.runs.variants import Variant

CLAIM = Claim(
    id="O4",
    title="The similarity comes from learning the labels",
    statement="ICL resembles finetuning because both learn the demonstrations' labels: where the labels are random, "
    "in the context and in finetuning alike, there is nothing right to learn, and the similarity is smaller.",
    section="Rival explanation: Pan et al. 2023, arXiv 2305.09731, recognizing a task is not learning it",
    prediction="metric(gold labels) - metric(random labels) > 0 for SimAOU, SimAM on differences, and Kendall",
    decision_rule="The same demonstrations with their own labels and with labels drawn at random, anew for each "
    "demonstration set. Supported if all three corrected intervals lie above 0.",
    unit="demonstration set with its draw of labels, and test example, crossed, within a task",
    family="rivals of representation and attention",
    refuted_if="a corrected interval lies below 0, and none above: ICL and finetuning are more alike where nothing "
    "can be learned",
    control="labels drawn for every other set against those drawn for the next",
    qualifies=("C11", "C12", "C13"),
    presumes=("icl", "ft"),
    matters={"similarity": 0.02},
    because="a tenth of what the paper prints",
)

LABELS = {"gold": Variant(), "random": Variant(labels="random")}
METRICS = {
    "SimAOU": ("sim_aou", "ft"),
    "SimAM on differences": ("sim_am", "differences"),
    "Kendall": ("kendall", "ft"),
}
ASKS = (
    *(
        OnControls(name, variant)
        for name in (*(measurement for measurement, _ in METRICS.values()), "accuracy")
        for variant in LABELS.values()
    ),
    *map(FinetunedAt, LABELS.values()),
)


def measure(evidence: Evidence) -> Measured:
    """Compare each metric under gold and random labels."""
    found = {
        m: {labels: evidence.of(OnControls(measurement, variant), name) for labels, variant in LABELS.items()}
        for m, (measurement, name) in METRICS.items()
    }
    right = {
        f"{setting.upper()}, {name}": evidence.of(OnControls("accuracy", variant), setting)
        for setting in ("icl", "ft")
        for name, variant in LABELS.items()
    }
    drawn, name = found["SimAOU"]["random"], "SimAOU: random over random labels"
    return Measured(
        parts=tuple(
            difference(f"{m}: gold over random labels", CLAIM.prediction, "similarity", by["gold"], by["random"])
            for m, by in found.items()
        ),
        control=between_sets(name, CLAIM.prediction, "similarity", drawn),
        tables=(
            *(task_table(m, by) for m, by in found.items()),
            task_table("Accuracy against the true labels", right, percent=True),
        ),
        notes=(evidence.learning_rates(LABELS),),
    )


@pytest.mark.controls
@pytest.mark.model
def test_similarity_needs_the_right_labels(judge: Callable[[Claim], None]) -> None:
    """ICL and FT are less alike under labels from which nothing can be learned."""
    judge(CLAIM)
