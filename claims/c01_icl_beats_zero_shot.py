"""C1: a pretrained GPT learns in context."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import task_table

CLAIM = Claim(
    id="C1",
    title="ICL beats zero-shot",
    statement="A large pretrained GPT learns in context: with demonstrations in its context (ICL) it answers more "
    "queries right than without any (ZSL).",
    section="Experiments: accuracy of ZSL, FT and ICL",
    prediction="accuracy(ICL) - accuracy(ZSL) > 0",
    decision_rule="Mean over tasks of the paired difference; supported if its corrected interval lies above 0.",
    unit="demonstration set and test example, crossed, within a task",
    family="performance",
    refuted_if="the corrected interval lies below 0",
    control="gold labels drawn at random, so that no setting can be right but by chance",
    paper_effects=(0.236,),
    on_best_sets=True,
    matters={"accuracy": 0.03},
    because="three points of accuracy are less than another demonstration set moves it",
)
ACCURACY = OnTasks("accuracy")
ASKS = (ACCURACY,)


def measure(evidence: Evidence) -> Measured:
    """Compare right answers of ICL and ZSL."""
    zsl, icl = evidence.of(ACCURACY, "zsl"), evidence.of(ACCURACY, "icl")
    random_zsl, random_icl = evidence.of(ACCURACY, "zsl_control"), evidence.of(ACCURACY, "icl_control")
    return Measured(
        parts=(difference("ICL over ZSL", CLAIM.prediction, "accuracy", icl, zsl),),
        control=(difference("ICL over ZSL, random labels", CLAIM.prediction, "accuracy", random_icl, random_zsl),),
        tables=(
            task_table(
                "Accuracy",
                {"ZSL": zsl, "ICL": icl},
                [("SST2, 2.7B", (0.714, 0.950)), ("AGNews, 2.7B", (0.398, 0.803))],
                percent=True,
            ),
        ),
    )


@pytest.mark.accuracy
@pytest.mark.model
def test_icl_beats_zero_shot(judge: Callable[[Claim], None]) -> None:
    """ICL answers more queries right than ZSL."""
    judge(CLAIM)
