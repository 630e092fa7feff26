"""O8: ICL and finetuning change the output distribution alike, beyond the likeliest answer."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import task_table
from harness.runs.variants import Variant

CLAIM = Claim(
    id="O8",
    title="ICL and finetuning change the whole output distribution alike",
    statement="Behind a query, what ICL expects is closer to what the finetuned model expects than to what the "
    "untouched one does: over the answer words, over the whole vocabulary, and among the likeliest tokens.",
    section="Objection of Shen, Mishra, Khashabi 2023, arXiv 2310.08540: output distributions differ",
    prediction="distance(ICL, ZSL) - distance(ICL, FT) > 0",
    decision_rule="Total variation over the answer words, and over the next token, and 1 - the share of the ten "
    "likeliest next tokens in common. Supported if all three corrected intervals lie above 0.",
    unit="demonstration set and test example, crossed, within a task",
    family="rivals of prediction",
    refuted_if="any corrected interval lies below 0: ICL's distribution is closer to ZSL's",
    control="in finetuning's place a random update of its size, matrix by matrix: weights that changed as much and "
    "learned nothing",
    qualifies=("C10",),
    presumes=("icl", "ft"),
    matters={"probability": 0.02, "fraction": 0.02},
    because="two points of probability, or of the ten likeliest tokens",
)
DISTRIBUTIONS = OnControls("distributions")
RANDOM_UPDATE = OnControls("distributions", Variant(update="random"))
ASKS = (DISTRIBUTIONS, RANDOM_UPDATE)


def measure(evidence: Evidence) -> Measured:
    """Compare the distance from ICL's distribution to FT's with that to ZSL's."""
    kinds = {"answer words": "answers", "next token": "next"}
    distance = {
        what: {s: evidence.of(DISTRIBUTIONS, f"{kind}_icl_{s}") for s in ("zsl", "ft")} for what, kind in kinds.items()
    }
    overlap = {s: evidence.of(DISTRIBUTIONS, f"overlap_icl_{s}") for s in ("zsl", "ft")}
    untouched, random = (evidence.of(RANDOM_UPDATE, f"next_icl_{s}") for s in ("zsl", "ft"))
    return Measured(
        parts=(
            *(difference(what, CLAIM.prediction, "probability", by["zsl"], by["ft"]) for what, by in distance.items()),
            difference("ten likeliest tokens", CLAIM.prediction, "fraction", overlap["ft"], overlap["zsl"]),
        ),
        control=(difference("next token: a random update", CLAIM.prediction, "probability", untouched, random),),
        tables=(
            *(
                task_table(f"Total variation, {what}: ICL's distribution to", {"ZSL": by["zsl"], "FT": by["ft"]})
                for what, by in distance.items()
            ),
            task_table(
                "Next token",
                {
                    "top ten shared with ZSL": overlap["zsl"],
                    "top ten shared with FT": overlap["ft"],
                    "cosine of log-probability changes": evidence.of(DISTRIBUTIONS, "agreement"),
                },
            ),
        ),
    )


@pytest.mark.controls
@pytest.mark.model
def test_output_distributions_change_alike(judge: Callable[[Claim], None]) -> None:
    """ICL's output distribution is closer to FT's than to ZSL's."""
    judge(CLAIM)
