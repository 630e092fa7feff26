"""C10: learning in context covers most of what finetuning corrects."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import proportion
from harness.judging.exhibits import task_table

CLAIM = Claim(
    id="C10",
    title="ICL covers most of finetuning's corrections (Rec2FTP)",
    statement="At the level of predictions, ICL behaves like finetuning: of the queries that ZSL gets wrong and FT "
    "right, ICL gets most right too.",
    section="Experiments: recall to finetuning predictions",
    prediction="Rec2FTP - 0.5 > 0",
    decision_rule="Share of ICL's right answers among all queries that FT corrected, pooled over tasks and sets; "
    "supported if its corrected interval lies above one half. Fewer than 10 corrected queries decide nothing.",
    unit="demonstration set, and test example that ZSL gets wrong and FT right",
    family="similarity",
    refuted_if="the corrected interval lies below one half",
    control="ICL's answers replaced by answer words drawn at random",
    paper_effects=(0.3556,),
    presumes=("icl", "ft"),
    on_best_sets=True,
    matters={"fraction": 0.05},
    because="a share of 45 to 55 % is neither most nor few",
)
REC2FTP = OnTasks("rec2ftp")
ASKS = (REC2FTP,)


def measure(evidence: Evidence) -> Measured:
    """Count how often ICL is right where FT corrected ZSL."""
    covered, others = evidence.of(REC2FTP, "rec2ftp"), evidence.of(REC2FTP, "icl_uncorrected")
    corrected = {task: (~np.isnan(cases)).sum(axis=1, keepdims=True) for task, cases in covered.items()}
    return Measured(
        parts=(proportion("Rec2FTP over one half", CLAIM.prediction, "fraction", covered, 0.5),),
        control=(proportion("random answers", CLAIM.prediction, "fraction", evidence.of(REC2FTP, "control"), 0.5),),
        tables=(
            task_table(
                "Rec2FTP, and ICL's right answers on the other queries that ZSL gets wrong",
                {"Rec2FTP": covered, "ICL right, FT wrong too": others},
                [("mean of six tasks, 1.3B", (0.8556, None)), ("mean of six tasks, 2.7B", (0.8939, None))],
                percent=True,
                note="Where both columns are alike, Rec2FTP says only how good ICL is, not that it is like FT.",
            ),
        ),
        notes=tuple(
            f"{task}: FT corrected {', '.join(str(int(n)) for n in counts[:, 0])} of {covered[task].shape[1]} queries"
            for task, counts in corrected.items()
        ),
    )


@pytest.mark.prediction
@pytest.mark.model
def test_icl_covers_what_finetuning_corrects(judge: Callable[[Claim], None]) -> None:
    """ICL is right on most queries that FT corrects."""
    judge(CLAIM)
