"""C14: momentum attention lowers the perplexity of language models."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.training_questions import TrainedGPTs
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import between_sets, difference
from harness.judging.exhibits import Table, loss_curve, run_curve

CLAIM = Claim(
    id="C14",
    title="Momentum attention lowers perplexity",
    statement="A GPT trained from scratch with momentum attention, Attn(V, K, q_t) + sum_{i<t} eta^(t-i) v_i, models "
    "text better than one with vanilla attention.",
    section="Momentum-based attention: language modelling",
    prediction="loss(vanilla) - loss(momentum) > 0",
    decision_rule="Pairs of trainings from the same weights on the same batches, five starts: the difference in "
    "validation loss at the training length, at half and at a quarter of it (as the paper's 1,024, 512 and 256). "
    "Training run and text are two levels. Supported if all three corrected intervals lie above 0. Twice the training "
    "length is shown and decides nothing.",
    unit="training run, and window of validation text",
    family="momentum",
    refuted_if="the corrected interval lies below 0 at any of the three lengths",
    control="vanilla attention against itself: every other training run against the one after it, another start",
    subject="GPTs trained with momentum attention",
    matters={"nats a token": 0.004},
    because="half of what the paper prints",
)
ASKS = (TrainedGPTs(),)


def measure(evidence: Evidence) -> Measured:
    """Compare validation losses at the training length and below, attention by attention."""
    found, size = evidence.trained("language"), evidence.grid.size.language
    losses = {n: {name: arrays[f"validation_{n}"] for name, arrays in found.items()} for n in size.validation_lengths}
    parts = tuple(
        difference(f"length {n}", CLAIM.prediction, "nats a token", {"text": of["vanilla"]}, {"text": of["momentum"]})
        for n, of in losses.items()
        if n <= size.length
    )
    gains = np.stack([(of["vanilla"] - of["momentum"]).mean(axis=1) for of in losses.values()], axis=1)
    vanilla = {"text": losses[size.length]["vanilla"]}
    perplexity = {n: {name: float(np.exp(values.mean())) for name, values in of.items()} for n, of in losses.items()}
    return Measured(
        parts=parts,
        control=between_sets("vanilla: one start over the next", CLAIM.prediction, "nats a token", vanilla),
        tables=(
            Table(
                "Perplexity by length, mean over training runs",
                tuple(found),
                (
                    *((f"{n} tokens", tuple(of.values())) for n, of in perplexity.items()),
                    ("paper: 350M, 1,024 tokens", (15.14, 15.02, None, None)),
                ),
                decimals=2,
                note="Ours is a token of another vocabulary than the paper's: compare columns, not with its row. "
                "'uniform' and 'shift' are Q3's controls.",
            ),
        ),
        curves=(
            loss_curve("Training loss", "nats a token", found),
            run_curve(
                "What momentum gains, by length of the validation text",
                "nats a token",
                {"vanilla - momentum": {"gain": gains}},
                size.validation_lengths,
                "tokens",
            ),
        ),
        notes=evidence.grid.described(),
    )


@pytest.mark.momentum
def test_momentum_attention_lowers_perplexity(judge: Callable[[Claim], None]) -> None:
    """Trained on the same batches, momentum attention has the lower validation loss."""
    judge(CLAIM)
