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
    title="Linear attention approximates attention",
    statement="Standard attention is approximated by a form that is linear in its scores: the paper's, with softmax "
    "and scale dropped, and the charitable one, softmax to first order around equal scores.",
    section="Theory: in-context learning as implicit finetuning (assumed there, never measured)",
    prediction="cos(linear form, real) - cos(mean of values, real) > 0",
    decision_rule="Direction of each head's output at the last token under ICL, against the mean of all values, "
    "which knows nothing of the query and is the softmax's own limit for small scores. Mean over heads and layers an "
    "example, mean over tasks; supported if the corrected intervals of both forms lie above 0. Softmax ignores a "
    "constant added to all scores; so does the first order, and the paper's form does not. The exact split that "
    "softmax does allow is checked beside it.",
    unit="demonstration set and test example, crossed, within a task",
    family="approximation",
    refuted_if="the corrected interval of a form lies below 0, and none above",
    control="both forms with coordinates permuted and signs flipped at random, one against the other",
    matters={"cosine": 0.02},
    because="a cosine that differs by 0.02 turns a vector by a degree or two",
)
RELAXED = OnTasks("relaxed")
ASKS = (RELAXED,)


def measure(evidence: Evidence) -> Measured:
    """Compare the relaxed form's direction with that of the mean of values."""
    relaxed, first, uniform = (evidence.of(RELAXED, name) for name in ("relaxed", "first_order", "uniform"))
    controls = [evidence.of(RELAXED, name) for name in ("first_order_control", "control")]
    best, worst = evidence.of(RELAXED, "relaxed_best_head"), evidence.of(RELAXED, "relaxed_worst_head")
    size, mass, explained = (evidence.of(RELAXED, name) for name in ("log_size", "mass", "explained"))
    first_size, first_explained = (evidence.of(RELAXED, f"first_order_{name}") for name in ("log_size", "explained"))
    return Measured(
        checks=identity_checks("softmax split", evidence.seed),
        parts=(
            difference("softmax and scale dropped", CLAIM.prediction, "cosine", relaxed, uniform),
            difference("softmax to first order", CLAIM.prediction, "cosine", first, uniform),
        ),
        control=(difference("first order over the other, both scrambled", CLAIM.prediction, "cosine", *controls),),
        tables=(
            task_table(
                "Linear forms against real attention at the last token, ICL",
                {
                    "cosine, relaxed": relaxed,
                    "cosine, first order": first,
                    "cosine, mean of values": uniform,
                    "log10 of size ratio, relaxed": size,
                    "first order": first_size,
                    "softmax mass on the prefix": mass,
                    "share of ICL's change": explained,
                    "by the first order": first_explained,
                },
                note="The size ratio is of a form's output to the real one: 2 means a hundred times too large. The "
                "last columns are how much of the change from ZSL's output the demonstrations' exact part explains, "
                "and the first order's own change (1: all of it; below 0: further off than no change).",
            ),
        ),
        curves=(
            layer_curve(
                "Direction of the linear forms by layer",
                "cosine",
                {
                    "relaxed": relaxed,
                    "first order": first,
                    "best head, relaxed": best,
                    "worst head, relaxed": worst,
                    "mean of values": uniform,
                },
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
