"""O6: the similarity is one of this example and this task."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import by_coin_of, difference
from harness.judging.exhibits import task_table
from harness.runs.variants import Variant

CLAIM = Claim(
    id="O6",
    title="The similarity is one of the same example and demonstrations",
    statement="ICL changes an example's attention outputs as finetuning changes those of that example, more than those "
    "of another; and more after the task's own demonstrations than after another task's.",
    section="Rival explanation: any text in the context, and any update, move outputs in a common direction",
    prediction="SimAOU(own) - SimAOU(wrongly paired) > 0",
    decision_rule="SimAOU to FT's update of the same example less that to another example's; and SimAOU and SimAM on "
    "differences after the task's own demonstrations less those after the next task's, finetuning being its own. "
    "Supported if all three corrected intervals lie above 0.",
    unit="test example, within its task",
    family="controls",
    refuted_if="any corrected interval lies below 0",
    control="a fair coin for each example and layer decides which SimAOU is the example's own",
    qualifies=("C11", "C12"),
    matters={"cosine": 0.02},
    because="a tenth of what the paper prints",
)

ANOTHER = Variant(another_task=True)
OUTPUTS, OTHER_OUTPUTS = OnControls("sim_aou"), OnControls("sim_aou", ANOTHER)
MAPS, OTHER_MAPS = OnControls("sim_am"), OnControls("sim_am", ANOTHER)
ASKS = (OUTPUTS, OTHER_OUTPUTS, MAPS, OTHER_MAPS)


def measure(evidence: Evidence) -> Measured:
    """Compare the right pairing with two wrong ones."""
    own, other_example = evidence.of(OUTPUTS, "ft"), evidence.of(OUTPUTS, "other_example")
    maps, other_maps = evidence.of(MAPS, "differences"), evidence.of(OTHER_MAPS, "differences")
    other_task = evidence.of(OTHER_OUTPUTS, "ft")
    one, other = by_coin_of(evidence.seed, "O6", own, other_example)
    parts = [difference("SimAOU: over another example", CLAIM.prediction, "cosine", own, other_example)]
    outputs, changes = {"own": own, "another example": other_example}, {"own": maps}
    if len(evidence.tasks) > 1:
        parts += [
            difference("SimAOU: over another task", CLAIM.prediction, "cosine", own, other_task),
            difference("SimAM on differences: over another task", CLAIM.prediction, "cosine", maps, other_maps),
        ]
        outputs["another task"], changes["another task"] = other_task, other_maps
    return Measured(
        parts=tuple(parts),
        control=(difference("by a coin", CLAIM.prediction, "cosine", one, other),),
        tables=(task_table("SimAOU", outputs), task_table("SimAM on differences from ZSL", changes)),
        notes=() if len(evidence.tasks) > 1 else ("One task was run: there is none to take demonstrations from.",),
    )


@pytest.mark.controls
@pytest.mark.model
def test_wrong_pairs_are_less_similar(judge: Callable[[Claim], None]) -> None:
    """ICL's update is more like FT's of the same example and task than of others."""
    judge(CLAIM)
