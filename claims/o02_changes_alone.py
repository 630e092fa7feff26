"""O2: the similarity is one of changes, not of what ZSL shows already."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import by_coin_of, difference
from harness.judging.exhibits import task_table
from harness.runs.variants import Variant

CLAIM = Claim(
    id="O2",
    title="ICL and finetuning change attention alike",
    statement="Looked at without what all settings share, ICL and finetuning still move the same way: attention scores "
    "as differences from ZSL, and attention outputs without scaling each to unit length, in the trained model more "
    "than in one with fresh weights.",
    section="Objection of Deutch et al. 2024, arXiv 2311.07772: raw maps are alike because the text is",
    prediction="similarity(changes, trained) - similarity(changes, fresh) > 0",
    decision_rule="SimAM on differences from ZSL, and SimAOU on outputs not scaled to unit length, against the same of "
    "the model with fresh weights, and SimAOU unscaled against the update of another example. Supported if all three "
    "corrected intervals lie above 0.",
    unit="test example, within its task",
    family="controls",
    refuted_if="any corrected interval lies below 0",
    control="a fair coin for each example and layer decides which SimAM is the trained model's",
    qualifies=("C11", "C12"),
    matters={"similarity": 0.02},
    because="a tenth of what the paper prints of the trained model",
)

FRESH = Variant(weights="fresh")
MAPS, FRESH_MAPS = OnControls("sim_am"), OnControls("sim_am", FRESH)
OUTPUTS, FRESH_OUTPUTS = OnControls("sim_aou_unscaled"), OnControls("sim_aou_unscaled", FRESH)
SCALED = OnControls("sim_aou")
ASKS = (MAPS, FRESH_MAPS, OUTPUTS, FRESH_OUTPUTS, SCALED)


def measure(evidence: Evidence) -> Measured:
    """Compare the similarities of changes with those of a fresh model, and of another example."""
    of = evidence.of
    maps, fresh_maps = of(MAPS, "differences"), of(FRESH_MAPS, "differences")
    outputs, fresh_outputs = of(OUTPUTS, "ft"), of(FRESH_OUTPUTS, "ft")
    other_example, noise = of(OUTPUTS, "other_example"), of(OUTPUTS, "uniform")
    one, other = by_coin_of(evidence.seed, "O2", maps, fresh_maps)
    scaled = of(SCALED, "ft")
    return Measured(
        parts=(
            difference("SimAM on differences: over fresh", CLAIM.prediction, "similarity", maps, fresh_maps),
            difference("SimAOU unscaled: over fresh", CLAIM.prediction, "similarity", outputs, fresh_outputs),
            difference("SimAOU unscaled: over another example", CLAIM.prediction, "similarity", outputs, other_example),
        ),
        control=(difference("SimAM by a coin", CLAIM.prediction, "similarity", one, other),),
        tables=(
            task_table("SimAM on differences from ZSL", {"trained": maps, "fresh": fresh_maps}),
            task_table(
                "SimAOU without unit scaling",
                {
                    "trained": outputs,
                    "fresh": fresh_outputs,
                    "another example": other_example,
                    "uniform noise": noise,
                    "with scaling": scaled,
                },
            ),
        ),
    )


@pytest.mark.controls
@pytest.mark.model
def test_changes_alone_are_alike(judge: Callable[[Claim], None]) -> None:
    """ICL's and FT's changes point the same way, more than in a model that learned nothing."""
    judge(CLAIM)
