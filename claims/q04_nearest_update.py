"""Q4: finetuning shares with ICL at least half of what an update of the same weights can."""

from collections.abc import Callable

import pytest

from claims.ladder import SCALES, STEPS
from harness.evidence.evidence import Evidence
from harness.evidence.questions import FinetunedAt, OnControls, UpdateSizes
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference, on_sets_of, scaled
from harness.judging.exhibits import task_table
from harness.judging.ladders import asked, ladder
from harness.runs.variants import Variant

CLAIM = Claim(
    id="Q4",
    title="Finetuning is half as near to ICL as an update of these weights can be",
    statement="Of the likeness to ICL that some change of the finetuned weights can reach, finetuning on the "
    "demonstrations reaches at least half.",
    section="Not in the paper: how high its similarities can be",
    prediction="metric(ICL, FT) - 1/2 metric(ICL, nearest update) > 0 for SimAOU and SimAM on differences",
    decision_rule="The nearest update is of the same keys and values, fitted to ICL's attention outputs on other "
    "queries, and stopped on dev (context distillation); it reads no demonstrations and no answers. Mean over layers "
    "an example; a task on which more than half of the loss on dev is left has no ceiling, and is left out; supported "
    "if both corrected intervals lie above 0. Half is fixed beforehand: below it the better part "
    "of what ICL changes is something that finetuning does not.",
    unit="demonstration set and test example, crossed, within a task",
    family="scale",
    refuted_if="a corrected interval lies below 0, and none above",
    control="in finetuning's place a random update of its size, matrix by matrix",
    qualifies=("C11", "C12", "C13"),
    presumes=("icl", "ft"),
    matters={"similarity": 0.02},
    because="a tenth of what the paper prints",
)
NEAREST = Variant(update="distilled_outputs")
RANDOM = Variant(update="random")
FITTED = 0.5
"""Share of the loss on dev that may be left where a fit is to count as near: it is a ceiling only if it is fitted."""
METRICS = {"SimAOU": ("sim_aou", "ft"), "SimAM on differences": ("sim_am", "differences")}
ASKS = (
    *(OnControls(m, v) for m, _ in METRICS.values() for v in (Variant(), NEAREST, RANDOM)),
    *map(UpdateSizes, (Variant(), NEAREST)),
    FinetunedAt(NEAREST),
    *asked(STEPS, SCALES),
)


def measure(evidence: Evidence) -> Measured:
    """Compare finetuning's likeness with half of the nearest update's, on the sets that this was fitted on."""
    found, near = {}, [task for task, left in evidence.fits(NEAREST).items() if max(left) <= FITTED]
    for metric, (measurement, name) in METRICS.items():
        nearest, ft, random = (evidence.of(OnControls(measurement, v), name) for v in (NEAREST, Variant(), RANDOM))
        shown = {"FT": ft, "nearest update": nearest, "random update": random}
        fitted = {task: of for task, of in nearest.items() if task in near}
        found[metric] = {what: on_sets_of(values, fitted) for what, values in shown.items()}
    ladders = tuple(ladder(evidence, scale, STEPS) for scale in SCALES)
    if not found["SimAOU"]["nearest update"]:
        why = evidence.absent(OnControls("sim_aou", NEAREST)) or "no update came near to ICL on dev: it is no ceiling"
        return Measured(untestable=why, ladders=ladders)
    half = {metric: scaled(of["nearest update"], 0.5) for metric, of in found.items()}
    return Measured(
        parts=tuple(difference(m, CLAIM.prediction, "similarity", of["FT"], half[m]) for m, of in found.items()),
        control=tuple(
            difference(f"{m}: random update", CLAIM.prediction, "similarity", of["random update"], half[m])
            for m, of in found.items()
        ),
        tables=tuple(task_table(f"{m} to", of) for m, of in found.items()),
        ladders=ladders,
        notes=(evidence.update_sizes({"FT": Variant(), "nearest update": NEAREST}),),
    )


@pytest.mark.controls
@pytest.mark.model
def test_finetuning_is_half_of_the_way_to_the_nearest_update(judge: Callable[[Claim], None]) -> None:
    """ICL's change is at least half as like finetuning's as an update of the same weights can be."""
    judge(CLAIM)
