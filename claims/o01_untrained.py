"""O1: the similarities are those of a trained model."""

from collections.abc import Callable

import pytest

from claims.untrained import MODELS
from harness.evidence.evidence import Evidence
from harness.evidence.questions import FinetunedAt, OnControls
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import between_sets, difference, less
from harness.judging.exhibits import task_table

CLAIM = Claim(
    id="O1",
    title="The similarity is one that training made",
    statement="Learning in context resembles finetuning because of what the model learned: in the same architecture "
    "with weights drawn anew, but for the trained embeddings, norms and unembedding, or for the norms alone, the two "
    "resemble each other less.",
    section="Objection of Deutch et al. 2024, arXiv 2311.07772: untrained models score as high",
    prediction="specific(trained) - specific(untrained) > 0, specific = metric(own example) - metric(another of its "
    "class)",
    decision_rule="SimAOU and Kendall's tau, each less the same with finetuning's update of another example of the "
    "same class: raw similarities of models whose states fill fewer dimensions can't be compared. Same "
    "demonstrations and learning rate (the next smaller one where finetuning diverges); each demonstration set has "
    "weights of its own draw. Supported if all four corrected intervals lie above 0.",
    unit="draw of the weights with its demonstration set, shared by the tasks, and test example",
    family="rivals of representation and attention",
    refuted_if="a corrected interval lies below 0, and none above: a model that learned nothing is the more similar "
    "one",
    control="every other draw of the untrained weights against the next one",
    qualifies=("C11", "C12", "C13"),
    presumes=("icl", "ft"),
    matters={"similarity": 0.02},
    because="a tenth of what the paper prints of the trained model",
)

METRICS = {"SimAOU": ("sim_aou", "ft"), "Kendall": ("kendall", "ft")}
ASKS = (
    *(OnControls(name, variant) for name, _ in METRICS.values() for variant in MODELS.values()),
    *map(FinetunedAt, MODELS.values()),
)


def measure(evidence: Evidence) -> Measured:
    """Compare what is specific to an example in the trained model with the same in two that learned nothing."""
    raw, specific = {}, {}
    for metric, (measurement, name) in METRICS.items():
        asked = {model: OnControls(measurement, variant) for model, variant in MODELS.items()}
        raw[metric] = {model: evidence.of(question, name) for model, question in asked.items()}
        others = {model: evidence.of(question, "other_of_class") for model, question in asked.items()}
        specific[metric] = {model: less(of, others[model]) for model, of in raw[metric].items()}
    rivals = [model for model in MODELS if model != "trained"]
    drawn, name = specific["SimAOU"]["norms kept"], "SimAOU, norms kept: over the next draw"
    return Measured(
        parts=tuple(
            difference(f"{m}: over {r}", CLAIM.prediction, "similarity", of["trained"], of[r], shared_draws=True)
            for m, of in specific.items()
            for r in rivals
        ),
        control=between_sets(name, CLAIM.prediction, "similarity", drawn, shared_draws=True),
        tables=(
            *(
                task_table(f"{metric}, less that to another example of the class", of)
                for metric, of in specific.items()
            ),
            *(task_table(metric, of) for metric, of in raw.items()),
        ),
        notes=(evidence.learning_rates(MODELS),),
    )


@pytest.mark.controls
@pytest.mark.model
def test_similarity_comes_of_training(judge: Callable[[Claim], None]) -> None:
    """What the metrics find of an example in the trained model they do not find in models that learned nothing."""
    judge(CLAIM)
