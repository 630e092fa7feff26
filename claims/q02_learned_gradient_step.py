"""Q2: a linear attention layer that is trained on in-context regression learns to do a gradient step."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.training_questions import TrainedLayers
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import task_table

CLAIM = Claim(
    id="Q2",
    title="Training finds the gradient step (von Oswald et al.)",
    statement="One linear self-attention layer can be set so that it does exactly one gradient step on in-context "
    "linear regression, and training from scratch finds that solution.",
    section="Later work: von Oswald et al. 2022, arXiv 2212.07677",
    prediction="explained share - 0.9 > 0 and cos(trained, step) - cos(untrained, step) > 0",
    decision_rule="Ten layers (5 dimensions, 5 demonstrations), each trained from its own start: the share of the "
    "gradient step's squared predictions that the trained layer's explain, against 90 %, and the cosine of the two "
    "sensitivities dy/dx, against the untrained layer's. Supported if both corrected intervals lie above 0.",
    unit="training run",
    family="regression",
    refuted_if="the corrected interval of either lies below 0",
    control="every other untrained layer's sensitivities against the next one's",
    subject="linear attention layers",
    matters={"fraction": 0.02, "cosine": 0.02},
    because="two points of the squared predictions that are explained",
)
ASKS = (TrainedLayers(),)


def measure(evidence: Evidence) -> Measured:
    """Compare trained layers with the construction, over training runs."""
    found = {name: {"d = 5": values[None]} for name, values in evidence.regression().items()}
    wanted = {"d = 5": 0 * found["explained"]["d = 5"] + 0.9}
    untrained = found["cosine_untrained"]
    one, another = ({name: values[:, start::2] for name, values in untrained.items()} for start in (0, 1))
    share, cosine = CLAIM.prediction.split(" and ")
    control = difference("untrained over another untrained", cosine, "cosine", one, another)
    return Measured(
        parts=(
            difference("explained share over 90 %", share, "fraction", found["explained"], wanted),
            difference("sensitivity, trained over untrained", cosine, "cosine", found["cosine"], untrained),
        ),
        control=(replace(control, minimum_units=len(one["d = 5"][0])),),
        tables=(
            task_table(
                "Trained layer beside the gradient step",
                {
                    "explained share": found["explained"],
                    "cosine of sensitivities": found["cosine"],
                    "untrained": untrained,
                    "loss": found["loss"],
                    "loss of the step": found["loss_gradient_step"],
                },
            ),
        ),
    )


@pytest.mark.theory
def test_training_finds_the_gradient_step(judge: Callable[[Claim], None]) -> None:
    """A trained linear attention layer predicts as one gradient step does."""
    judge(CLAIM)
