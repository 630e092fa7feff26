"""S1: what in-context learning gains grows with the model's size (asked by us, of C1)."""

from collections.abc import Callable, Sequence

import pytest

from harness.evidence.questions import OnTasks
from harness.evidence.sized import SizedModel, too_few
from harness.judging.claims import MODELS, Claim, Measured
from harness.judging.trends import less, not_judged, size_table, trends

CLAIM = Claim(
    id="S1",
    title="ICL's gain over zero-shot grows with size",
    statement="The larger a model of one family, the more of its answers demonstrations put right: what ICL gains in "
    "accuracy over ZSL grows with the number of parameters.",
    section="asked of C1, which the paper shows at two sizes",
    prediction="slope of accuracy(ICL) - accuracy(ZSL) over log10(parameters) > 0",
    decision_rule="Of each family (architecture) with models of three sizes or more: the least-squares slope over "
    "log10(parameters), for each demonstration set and example, which all models share; mean over tasks. Supported if "
    "each family's corrected interval lies above 0. Models are fixed, as tasks are: the interval is over new sets and "
    "examples for these models. Other families are shown, not judged.",
    unit="demonstration set and test example, crossed, within a task; models share both",
    family="growth",
    refuted_if="a family's corrected interval lies below 0",
    control="the sizes given to the models of a family at random, for each demonstration set and example anew",
    subject=MODELS,
    matters={"accuracy per tenfold size": 0.03},
    because="over ten times the size that is less than another demonstration set moves the gain at one size",
)
ACCURACY = OnTasks("accuracy")
ASKS = (ACCURACY,)


def measure(models: Sequence[SizedModel]) -> Measured:
    """Compare the slopes of ICL's gain with 0."""
    zsl, icl = ({m.name: m.evidence.of(ACCURACY, name) for m in models} for name in ("zsl", "icl"))
    gain = less(icl, zsl)
    asked = (CLAIM.prediction, "accuracy", models, gain)
    return Measured(
        parts=trends("ICL's gain", *asked),
        control=trends("ICL's gain, sizes at random", *asked, at_random=True),
        tables=(
            size_table(
                "Accuracy by size, mean over tasks", models, {"ZSL": zsl, "ICL": icl, "gain": gain}, percent=True
            ),
        ),
        notes=tuple(not_judged(models)),
        untestable=too_few(models),
    )


@pytest.mark.scale
@pytest.mark.model
def test_icls_gain_grows_with_size(judge: Callable[[Claim], None]) -> None:
    """Within a family, larger models gain more from demonstrations."""
    judge(CLAIM)
