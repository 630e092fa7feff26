"""Q3: what momentum attention gains, it gains by averaging the past, not by mixing it in at all."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.training_questions import TrainedGPTs
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import between_sets, difference
from harness.judging.exhibits import Table

CLAIM = Claim(
    id="Q3",
    title="Momentum's gain is momentum's",
    statement="Momentum attention is better than attention with the same total weight on the past and no momentum: a "
    "uniform average of all past values, or the value of the one token before.",
    section="Not in the paper: what C14 and C15 leave open",
    prediction="loss(shift) - loss(momentum) > 0 and loss(uniform) - loss(momentum) > 0",
    decision_rule="As C14 at the training length, and as C15 for both kinds of learning in context, with each control "
    "in vanilla attention's place. At the t-th token both controls weigh the past eta + ... + eta^(t-1) in all, as "
    "momentum does. Supported if all six corrected intervals lie above 0.",
    unit="training run, and window of validation text or test sequence",
    family="momentum",
    refuted_if="any corrected interval lies below 0: a control without momentum does better",
    control="the one-token shift against itself: every other training run against the one after it, another start",
    qualifies=("C14", "C15"),
    subject="GPTs trained with momentum attention",
    matters={"nats a token": 0.004, "error": 0.02, "accuracy": 0.03},
    because="half of what the paper prints of momentum, as C14 and C15 have it",
)
ASKS = (TrainedGPTs(),)


def measure(evidence: Evidence) -> Measured:
    """Compare momentum with each control, on text and in context."""
    length = evidence.grid.size.language.length
    scores = {
        "text": ("nats a token", {a: of[f"validation_{length}"] for a, of in evidence.trained("language").items()}),
        "regression": ("error", {a: np.nanmean(f["score"], 2) for a, f in evidence.trained("regression").items()}),
        "recall": ("accuracy", {a: 1 - np.nanmean(f["score"], 2) for a, f in evidence.trained("recall").items()}),
    }
    predictions = dict(zip(("shift", "uniform"), CLAIM.prediction.split(" and "), strict=True))
    return Measured(
        parts=tuple(
            difference(f"{what}: {rival}", prediction, unit, {"": by[rival]}, {"": by["momentum"][: len(by[rival])]})
            for what, (unit, by) in scores.items()
            for rival, prediction in predictions.items()
        ),
        control=tuple(
            control
            for what, (unit, by) in scores.items()
            if what != "recall"  # the shift gets all right, whatever the start: nothing varies
            for control in between_sets(
                f"{what}: one start over the next", predictions["shift"], unit, {"": by["shift"]}
            )
        ),
        tables=(
            Table(
                "Loss, error, and share of wrong values",
                tuple(scores["text"][1]),
                tuple((what, tuple(float(of.mean()) for of in by.values())) for what, (_, by) in scores.items()),
                note="Means over training runs and texts or sequences; lower is better.",
            ),
        ),
        notes=(
            (
                "Where a control does as well as momentum, C14 and C15 show what any local mixing of values does for a "
                "small model trained briefly, not what momentum does."
            ),
        ),
    )


@pytest.mark.momentum
def test_momentum_beats_other_mixing_of_the_past(judge: Callable[[Claim], None]) -> None:
    """Momentum attention has lower loss than a uniform average and than a one-token shift of equal weight."""
    judge(CLAIM)
