"""O5: ICL depends on the demonstrations' order as finetuning does."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import by_coin_of, difference
from harness.judging.exhibits import task_table

CLAIM = Claim(
    id="O5",
    title="ICL is more sensitive to order than finetuning",
    statement="The same demonstrations in another order change what ICL answers and how it changes attention outputs "
    "more than they change what finetuning does: the two do not learn alike.",
    section="Objection of Shen, Mishra, Khashabi 2023, arXiv 2310.08540: sensitivity to order",
    prediction="spread over orders(ICL) - spread over orders(FT) > 0",
    decision_rule="Over pairs of orders: the share of changed answers, and 1 - cosine of the changes of attention "
    "outputs. Supported, which speaks against likeness, if both corrected intervals lie above 0.",
    unit="test example, within its task",
    family="controls",
    refuted_if="the corrected interval of either lies below 0: finetuning depends on order the more",
    control="a fair coin for each example and layer decides which spread is ICL's",
    qualifies=("C8", "C11"),
    matters={"accuracy": 0.03, "cosine": 0.02},
    because="less than another demonstration set moves answers or outputs",
)
SPREAD = OnControls("order_spread")
ASKS = (SPREAD,)


def measure(evidence: Evidence) -> Measured:
    """Compare the spread over orders under ICL and FT."""
    answers, outputs = (
        {s: evidence.of(SPREAD, f"{s}_{what}") for s in ("icl", "ft")} for what in ("answers", "outputs")
    )
    one, other = by_coin_of(evidence.seed, "O5", outputs["icl"], outputs["ft"])
    return Measured(
        parts=(
            difference("answers changed", CLAIM.prediction, "accuracy", answers["icl"], answers["ft"]),
            difference("attention outputs", CLAIM.prediction, "cosine", outputs["icl"], outputs["ft"]),
        ),
        control=(difference("attention outputs by a coin", CLAIM.prediction, "cosine", one, other),),
        tables=(
            task_table("Answers changed by another order", {"ICL": answers["icl"], "FT": answers["ft"]}, percent=True),
            task_table("Spread of attention outputs' changes", {"ICL": outputs["icl"], "FT": outputs["ft"]}),
        ),
    )


@pytest.mark.controls
@pytest.mark.model
def test_icl_depends_more_on_order(judge: Callable[[Claim], None]) -> None:
    """Another order of the demonstrations changes ICL more than FT."""
    judge(CLAIM)
