"""O2: the similarity is one of changes, not of what ZSL shows already."""

from collections.abc import Callable

import pytest

from claims.untrained import MODELS
from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import between_sets, difference, less
from harness.judging.exhibits import task_table

CLAIM = Claim(
    id="O2",
    title="ICL and finetuning change attention alike",
    statement="Looked at without what all settings share, ICL and finetuning still move an example's attention scores "
    "the same way, and more so in the trained model than in ones that learned nothing.",
    section="Objection of Deutch et al. 2024, arXiv 2311.07772: raw maps are alike because the text is",
    prediction="specific(trained) - specific(untrained) > 0, specific = SimAM(own) - SimAM(another of its class), "
    "both of differences from ZSL",
    decision_rule="SimAM on differences from ZSL, less the same to finetuning's change of another example of the "
    "class, on the tokens that both have counted from the end. Against the models of O1. Supported if both corrected "
    "intervals lie above 0.",
    unit="draw of the weights with its demonstration set, shared by the tasks, and test example",
    family="rivals of representation and attention",
    refuted_if="a corrected interval lies below 0, and none above",
    control="every other draw of the untrained weights against the next one",
    qualifies=("C12",),
    presumes=("icl", "ft"),
    matters={"similarity": 0.02},
    because="a tenth of what Deutch et al. find of the trained model",
)

ASKS = tuple(OnControls("sim_am", variant) for variant in MODELS.values())


def measure(evidence: Evidence) -> Measured:
    """Compare what is specific to an example's change of attention with the same in models that learned nothing."""
    asked = {model: OnControls("sim_am", variant) for model, variant in MODELS.items()}
    drawn = {model: evidence.of(question, "own_cut") for model, question in asked.items()}
    own = {model: {task: values.mean(axis=1) for task, values in of.items()} for model, of in drawn.items()}
    specific = {m: less(own[m], evidence.of(question, "other_of_class")) for m, question in asked.items()}
    name = "norms kept: over the next draw"
    return Measured(
        parts=tuple(
            difference(f"over {r}", CLAIM.prediction, "similarity", specific["trained"], specific[r], shared_draws=True)
            for r in MODELS
            if r != "trained"
        ),
        control=between_sets(name, CLAIM.prediction, "similarity", specific["norms kept"], shared_draws=True),
        tables=(
            task_table("SimAM on differences, less that to another example of the class", specific),
            task_table("SimAM on differences from ZSL", {m: evidence.of(q, "differences") for m, q in asked.items()}),
        ),
    )


@pytest.mark.controls
@pytest.mark.model
def test_changes_alone_are_alike(judge: Callable[[Claim], None]) -> None:
    """ICL's and FT's changes of attention point the same way, more than in a model that learned nothing."""
    judge(CLAIM)
