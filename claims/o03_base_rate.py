"""O3: Rec2FTP is more than ICL's own accuracy."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import mean_of
from harness.judging.exhibits import task_table

CLAIM = Claim(
    id="O3",
    title="ICL covers what finetuning corrects more than the rest",
    statement="ICL is right on the queries that finetuning corrects because it corrects as finetuning does, and not "
    "because it is right on most queries.",
    section="Rival explanation of Rec2FTP: its base rate",
    prediction="P(ICL right | ZSL wrong, FT right) - P(ICL right | ZSL wrong, FT wrong) > 0",
    decision_rule="Among the queries that ZSL gets wrong, ICL's share of right answers where FT is right less that "
    "where it is not, within tasks, weighed as Mantel and Haenszel do. Supported if the corrected interval is above 0.",
    unit="demonstration set, and test example that ZSL gets wrong",
    family="rivals of prediction",
    refuted_if="the corrected interval lies below 0",
    control="which queries FT is right on is permuted among those that ZSL gets wrong",
    qualifies=("C10",),
    presumes=("icl", "ft"),
    matters={"accuracy": 0.03},
    because="three points of accuracy are less than another demonstration set moves it",
)
ASKS = (OnTasks("accuracy"),)


def measure(evidence: Evidence) -> Measured:
    """Set Rec2FTP against how often ICL is right where FT corrected nothing."""
    found = evidence.base_rate()
    return Measured(
        parts=(mean_of("excess over the base rate", CLAIM.prediction, "accuracy", found["excess"]),),
        control=(mean_of("corrections permuted", CLAIM.prediction, "accuracy", found["control"]),),
        tables=(
            task_table(
                "ICL's right answers among the queries that ZSL gets wrong",
                {"FT right: Rec2FTP": found["corrected"], "FT wrong: the base rate": found["uncorrected"]},
                [("mean of six tasks, 1.3B", (0.8556, None)), ("mean of six tasks, 2.7B", (0.8939, None))],
                percent=True,
            ),
        ),
    )


@pytest.mark.controls
@pytest.mark.model
def test_rec2ftp_exceeds_its_base_rate(judge: Callable[[Claim], None]) -> None:
    """ICL is right more often where FT corrected ZSL than where it did not."""
    judge(CLAIM)
