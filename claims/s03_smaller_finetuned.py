"""S3: in context, a model exceeds smaller ones that are finetuned (C3's rival that needs several models)."""

from collections.abc import Callable, Sequence

import pytest

from harness.evidence.questions import OnTasks
from harness.evidence.sized import SizedModel
from harness.judging.claims import MODELS, Claim, Measured
from harness.judging.trends import over_next_smaller, size_table

CLAIM = Claim(
    id="S3",
    title="In context, a model exceeds smaller ones that are finetuned",
    statement="A GPT that reads demonstrations answers more queries right than a smaller GPT that is finetuned on the "
    "same demonstrations.",
    section="Introduction: ICL can exceed smaller models with supervised training (C3, with a GPT for the smaller)",
    prediction="accuracy(ICL of the larger) - accuracy(FT of the next smaller) > 0",
    decision_rule="Of the models of a session by their numbers of parameters, each but the smallest against the next "
    "smaller one, of whatever family: the same demonstration sets and test examples, mean over tasks. Supported if "
    "every corrected interval lies above 0. Models are fixed, as tasks are: the interval is over new sets and examples "
    "for these models.",
    unit="demonstration set and test example, crossed, within a task; models share both",
    family="smaller models",
    refuted_if="a corrected interval lies below 0, and none above",
    control="gold labels drawn at random, so that no model can be right but by chance",
    subject=MODELS,
    matters={"accuracy": 0.03},
    because="three points of accuracy are less than another demonstration set moves it",
)
ACCURACY = OnTasks("accuracy")
ASKS = (ACCURACY,)


def measure(models: Sequence[SizedModel]) -> Measured:
    """Compare each model's answers in context with those of the next smaller one when it is finetuned."""
    settings = "zsl", "ft", "icl", "icl_control", "ft_control"
    zsl, ft, icl, random_icl, random_ft = ({m.name: m.evidence.of(ACCURACY, name) for m in models} for name in settings)
    asked = (CLAIM.prediction, "accuracy", models)
    return Measured(
        parts=over_next_smaller("ICL over FT", *asked, icl, ft),
        control=over_next_smaller("ICL over FT, random labels", *asked, random_icl, random_ft),
        tables=(
            size_table("Accuracy by size, mean over tasks", models, {"ZSL": zsl, "FT": ft, "ICL": icl}, percent=True),
        ),
        untestable="" if len({m.parameters for m in models}) > 1 else "models of two sizes are needed: --model A,B",
    )


@pytest.mark.scale
@pytest.mark.model
def test_icl_exceeds_smaller_models_that_are_finetuned(judge: Callable[[Claim], None]) -> None:
    """A model in context answers more right than the next smaller one that was finetuned."""
    judge(CLAIM)
