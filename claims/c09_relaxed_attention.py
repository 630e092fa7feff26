"""C9: standard attention is approximated by the relaxed linear form."""

from collections.abc import Callable

import pytest

from harness.evidence.checks import identity_checks
from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import layer_curve, task_table

CLAIM = Claim(
    id="C9",
    title="Attention without softmax and scale approximates attention",
    statement="Standard attention is approximated by its relaxed linear form, with softmax and scale dropped.",
    section="Theory: in-context learning as implicit finetuning (assumed there, never measured)",
    prediction="cos(relaxed, real) - cos(mean of values, real) > 0",
    decision_rule="Direction of each head's output at the last token under ICL, against the mean of all values, which "
    "knows nothing of the query and is the softmax's own limit for small scores. Mean over heads and layers an "
    "example, mean over tasks; supported if its corrected interval lies above 0. The exact split "
    "that softmax does allow is checked beside it.",
    unit="test example, within its task",
    family="approximation",
    refuted_if="the corrected interval lies below 0",
    control="the relaxed output with coordinates permuted and signs flipped at random",
    matters={"cosine": 0.02},
    because="a cosine that differs by 0.02 turns a vector by a degree or two",
)
RELAXED = OnTasks("relaxed")
ASKS = (RELAXED,)


def measure(evidence: Evidence) -> Measured:
    """Compare the relaxed form's direction with that of the mean of values."""
    relaxed, uniform, control = (evidence.of(RELAXED, name) for name in ("relaxed", "uniform", "control"))
    best, worst = evidence.of(RELAXED, "relaxed_best_head"), evidence.of(RELAXED, "relaxed_worst_head")
    size, mass, explained = (evidence.of(RELAXED, name) for name in ("log_size", "mass", "explained"))
    return Measured(
        checks=identity_checks("softmax split", evidence.seed),
        parts=(difference("relaxed form over mean of values", CLAIM.prediction, "cosine", relaxed, uniform),),
        control=(difference("scrambled form over mean of values", CLAIM.prediction, "cosine", control, uniform),),
        tables=(
            task_table(
                "Relaxed against real attention at the last token, ICL",
                {
                    "cosine, relaxed": relaxed,
                    "cosine, mean of values": uniform,
                    "log10 of size ratio": size,
                    "softmax mass on the prefix": mass,
                    "share of ICL's change": explained,
                },
                note="The size ratio is of the relaxed output to the real one: 2 means a hundred times too large. The "
                "last column is how much of the change from ZSL's output the demonstrations' exact part explains "
                "(1: all of it; below 0: further off than no change).",
            ),
        ),
        curves=(
            layer_curve(
                "Direction of the relaxed form by layer",
                "cosine",
                {"relaxed": relaxed, "best head": best, "worst head": worst, "mean of values": uniform},
                frozenset({"mean of values"}),
            ),
            layer_curve(
                "What demonstrations do to attention, exactly, by layer",
                "share",
                {"softmax mass": mass, "share of ICL's change": explained},
            ),
        ),
    )


@pytest.mark.theory
@pytest.mark.model
def test_relaxed_attention_approximates_attention(judge: Callable[[Claim], None]) -> None:
    """The relaxed form points along the real attention output more than the mean of values does."""
    judge(CLAIM)
