"""O5: ICL depends on the demonstrations' order as finetuning does."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import AcrossSets
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import task_table

SIZE = 0.22
CLAIM = Claim(
    id="O5",
    title="ICL depends on order as finetuning does",
    statement="The same demonstrations in another order change how ICL moves attention outputs about as much as how "
    "finetuning moves them, measured by what another set of demonstrations changes.",
    section="Objection of Shen, Mishra, Khashabi 2023, arXiv 2310.08540: sensitivity to order",
    prediction="|log(orders / sets)(ICL) - log(orders / sets)(FT)| < 0.22",
    decision_rule="Mean distance (1 - cosine) of the changes of attention outputs between orders of one set, over "
    "that between sets, less what any context does to them. An equivalence test: supported if the whole corrected "
    "interval of the difference of logarithms lies within what matters, refuted if it lies beyond, on either side.",
    unit="test example, within its task, over the sets and orders that were run",
    family="rivals of process",
    refuted_if="the corrected interval lies beyond what matters: one of the two depends on order more than the other",
    control="the same less 0.66 on one side, three times what matters: no equivalence is left",
    qualifies=("C8", "C11"),
    presumes=("icl", "ft"),
    matters={"log ratio": SIZE},
    because="a quarter more or less of the spread",
)
SPREAD = AcrossSets("orders_and_sets")
ASKS = (SPREAD,)


def measure(evidence: Evidence) -> Measured:
    """Compare the spread over orders, in units of that over sets, under ICL and FT."""
    icl, ft = (evidence.of(SPREAD, f"{setting}_outputs_ratio") for setting in ("icl", "ft"))
    apart = {task: values + 3 * SIZE for task, values in ft.items()}
    shown = {
        f"{setting.upper()}, {what}": evidence.of(SPREAD, f"{setting}_outputs_{what}")
        for setting in ("icl", "ft")
        for what in ("orders", "sets")
    }
    answers = {
        f"{setting.upper()}, {what}": evidence.of(SPREAD, f"{setting}_answers_{what}")
        for setting in ("icl", "ft")
        for what in ("orders", "sets")
    }
    return Measured(
        parts=(difference("attention outputs", CLAIM.prediction, "log ratio", icl, ft, alike=SIZE),),
        control=(difference("shifted", CLAIM.prediction, "log ratio", icl, apart, alike=SIZE),),
        tables=(
            task_table("Spread of attention outputs' changes between orders, and between sets", shown),
            task_table("Answers that differ between orders, and between sets", answers, percent=True),
            task_table("Logarithm of orders over sets, attention outputs", {"ICL": icl, "FT": ft}),
        ),
    )


@pytest.mark.controls
@pytest.mark.model
def test_icl_depends_on_order_as_finetuning_does(judge: Callable[[Claim], None]) -> None:
    """Another order of the demonstrations changes ICL and FT about as much."""
    judge(CLAIM)
