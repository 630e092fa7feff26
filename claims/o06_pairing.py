"""O6: the similarity is one of this example."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import task_table

CLAIM = Claim(
    id="O6",
    title="The similarity is one of the same example",
    statement="ICL changes an example as finetuning changes that example, more than as it changes another one of the "
    "same class.",
    section="Rival explanation: any update moves all outputs of a class in a common direction",
    prediction="metric(own example) - metric(another of its class) > 0 for SimAOU, SimAM on differences, and Kendall",
    decision_rule="ICL's change of an example against finetuning's of the same example, less that against "
    "finetuning's of another one with the same gold label, five drawn for each. SimAM on the tokens that both have, "
    "counted from the end. Supported if all three corrected intervals lie above 0.",
    unit="demonstration set, draw of the pairs, and test example, crossed, within a task",
    family="rivals of representation and attention",
    refuted_if="a corrected interval lies below 0, and none above",
    control="one draw of the other example against the next one",
    qualifies=("C11", "C12", "C13"),
    presumes=("icl", "ft"),
    matters={"similarity": 0.02},
    because="a tenth of what the paper prints",
)

METRICS = {"SimAOU": ("sim_aou", "ft"), "SimAM on differences": ("sim_am", "own_cut"), "Kendall": ("kendall", "ft")}
ASKS = tuple(OnTasks(measurement) for measurement, _ in METRICS.values())


def measure(evidence: Evidence) -> Measured:
    """Compare the right pairing with a wrong one within the class; one across classes is shown."""
    parts, tables = [], []
    for metric, (measurement, name) in METRICS.items():
        question = OnTasks(measurement)
        own, same = evidence.of(question, name), evidence.of(question, "other_of_class")
        parts.append(difference(metric, CLAIM.prediction, "similarity", own, same))
        shown = {"own": own, "another of its class": same}
        if metric != "Kendall":
            shown["one of another class"] = evidence.of(question, "other_class")
        tables.append(task_table(metric, shown))
    drawn = evidence.of(OnTasks("sim_aou"), "other_of_class")
    one, another = (
        {task: values[:, places] for task, values in drawn.items()} for places in (slice(0, 1), slice(1, 2))
    )
    return Measured(
        parts=tuple(parts),
        control=(difference("SimAOU: another over yet another", CLAIM.prediction, "similarity", one, another),),
        tables=tuple(tables),
    )


@pytest.mark.controls
@pytest.mark.model
def test_other_examples_are_less_similar(judge: Callable[[Claim], None]) -> None:
    """ICL's change is more like FT's of the same example than of another of its class."""
    judge(CLAIM)
