"""C2: with few demonstrations, learning in context beats finetuning on them, which beats zero-shot."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import task_table

CLAIM = Claim(
    id="C2",
    title="ICL beats finetuning, finetuning beats zero-shot",
    statement="With few demonstrations, a GPT that reads them in its context (ICL) answers more queries right than "
    "one whose keys and values were finetuned on them (FT), which answers more right than the untouched one (ZSL).",
    section="Experiments: accuracy of ZSL, FT and ICL",
    prediction="accuracy(ICL) - accuracy(FT) > 0 and accuracy(FT) - accuracy(ZSL) > 0",
    decision_rule="Mean over tasks of each paired difference; supported if both corrected intervals lie above 0.",
    unit="demonstration set and test example, crossed, within a task",
    family="performance",
    refuted_if="the corrected interval of either difference lies below 0",
    control="gold labels drawn at random, so that no setting can be right but by chance",
    paper_effects=(0.146, 0.055),
    on_best_sets=True,
    matters={"accuracy": 0.03},
    because="three points of accuracy are less than another demonstration set moves it",
)
ACCURACY = OnTasks("accuracy")
ASKS = (ACCURACY,)


def measure(evidence: Evidence) -> Measured:
    """Compare right answers of ICL and FT, and of FT and ZSL."""
    zsl, icl, ft = (evidence.of(ACCURACY, setting) for setting in ("zsl", "icl", "ft"))
    drawn = {setting: evidence.of(ACCURACY, f"{setting}_control") for setting in ("zsl", "icl", "ft")}
    icl_ft, ft_zsl = CLAIM.prediction.split(" and ")
    return Measured(
        parts=(
            difference("ICL over FT", icl_ft, "accuracy", icl, ft),
            difference("FT over ZSL", ft_zsl, "accuracy", ft, zsl),
        ),
        control=(
            difference("ICL over FT, random labels", icl_ft, "accuracy", drawn["icl"], drawn["ft"]),
            difference("FT over ZSL, random labels", ft_zsl, "accuracy", drawn["ft"], drawn["zsl"]),
        ),
        tables=(
            task_table(
                "Accuracy",
                {"ZSL": zsl, "FT": ft, "ICL": icl},
                [("SST2, 2.7B", (0.714, 0.769, 0.950)), ("AGNews, 2.7B", (0.398, 0.657, 0.803))],
                percent=True,
            ),
        ),
    )


@pytest.mark.accuracy
@pytest.mark.model
def test_icl_beats_finetuning_beats_zero_shot(judge: Callable[[Claim], None]) -> None:
    """ICL answers more queries right than FT, and FT more than ZSL."""
    judge(CLAIM)
