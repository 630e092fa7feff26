"""O9: the similarity is one of this task."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import between_sets, difference
from harness.judging.exhibits import task_table
from harness.runs.variants import Variant

CLAIM = Claim(
    id="O9",
    title="The similarity is one of the same task",
    statement="ICL changes attention as finetuning on the task does because of the task in its context: after the "
    "demonstrations of a task of another kind, with other answer words, it does so less.",
    section="Rival explanation: any demonstrations in the context move outputs in a common direction",
    prediction="metric(own task's demonstrations) - metric(another kind of task's) > 0 for SimAOU and SimAM on "
    "differences",
    decision_rule="ICL after the task's own demonstrations, and after those of the next task that shares no answer "
    "word with it; finetuning is the task's own in both. Supported if both corrected intervals lie above 0.",
    unit="demonstration set and test example, crossed, within a task",
    family="rivals of representation and attention",
    refuted_if="a corrected interval lies below 0, and none above",
    control="another task's demonstrations under every other set against those under the next one",
    qualifies=("C11", "C12"),
    presumes=("icl", "ft"),
    matters={"similarity": 0.02},
    because="a tenth of what the paper prints",
)

ANOTHER = Variant(another_task=True)
METRICS = {"SimAOU": ("sim_aou", "ft"), "SimAM on differences": ("sim_am", "differences")}
ASKS = tuple(OnControls(measurement, v) for measurement, _ in METRICS.values() for v in (Variant(), ANOTHER))


def measure(evidence: Evidence) -> Measured:
    """Compare ICL after the task's own demonstrations with ICL after those of a task of another kind."""
    others = {task: evidence.of_other_kind(task) for task in evidence.control_tasks}
    alone = [task for task, other in others.items() if other is None]
    if len(alone) == len(others):
        return Measured(untestable="no task of this run has other answer words than the others: name one with --tasks")
    kept = evidence.without(alone)
    own, other = (
        {metric: kept.of(OnControls(measurement, v), name) for metric, (measurement, name) in METRICS.items()}
        for v in (Variant(), ANOTHER)
    )
    name = "SimAOU: another task's, one set's over the next one's"
    return Measured(
        parts=tuple(difference(m, CLAIM.prediction, "similarity", own[m], other[m]) for m in METRICS),
        control=between_sets(name, CLAIM.prediction, "similarity", other["SimAOU"]),
        tables=tuple(task_table(m, {"own task": own[m], "another kind of task": other[m]}) for m in METRICS),
        notes=tuple(f"{task}: the other task is {other}" for task, other in others.items() if other),
    )


@pytest.mark.controls
@pytest.mark.model
def test_other_tasks_are_less_similar(judge: Callable[[Claim], None]) -> None:
    """ICL's change is more like FT's after the task's own demonstrations than after those of another kind of task."""
    judge(CLAIM)
