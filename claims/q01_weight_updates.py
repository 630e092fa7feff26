"""Q1: dW_ICL against dW_FT, the comparison that readers asked the paper's authors for."""

from collections.abc import Callable

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.judging.claims import Claim, Measured
from harness.judging.comparisons import difference
from harness.judging.exhibits import layer_curve, task_table

CLAIM = Claim(
    id="Q1",
    title="The two weight updates are alike",
    statement="The weight update that demonstrations act as (dW_ICL) is like the one that finetuning on them makes "
    "(dW_FT). The paper compares what they do, never the updates themselves.",
    section="Theory: comparison of in-context learning and finetuning (asked by readers, not in the paper)",
    prediction="cos(dW_ICL, dW_FT) - cos(baseline, dW_FT) > 0",
    decision_rule="Frobenius cosine by layer and key-value head, from real activations and a real finetuning run. "
    "Baselines: dW_ICL with each token's value paired with another token's key, and isotropic noise. Mean over heads "
    "and layers an example, mean over tasks, under the first two demonstration sets; supported if both corrected "
    "intervals lie above 0.",
    unit="demonstration set and test example, crossed, within a task",
    family="approximation",
    refuted_if="the corrected interval of either difference lies below 0",
    control="dW_FT with each head's entries permuted and signs flipped at random",
    presumes=("icl", "ft"),
    matters={"cosine": 0.02},
    because="a tenth of the similarity that the paper prints of what the updates do",
)
UPDATES = OnTasks("updates", sets=2)
ASKS = (UPDATES,)


def measure(evidence: Evidence) -> Measured:
    """Compare the cosine of the updates with that of the baselines."""
    icl, permuted, isotropic, control = (
        evidence.of(UPDATES, f"cosine_{name}") for name in ("icl", "permuted", "isotropic", "control")
    )
    overlaps = {name: evidence.of(UPDATES, f"overlap_{name}") for name in ("icl", "permuted", "isotropic")}
    shown = {"dW_ICL": icl, "values and keys permuted": permuted, "isotropic noise": isotropic}
    return Measured(
        parts=(
            difference("dW_ICL over permuted pairs", CLAIM.prediction, "cosine", icl, permuted),
            difference("dW_ICL over isotropic noise", CLAIM.prediction, "cosine", icl, isotropic),
        ),
        control=(difference("scrambled dW_FT over noise", CLAIM.prediction, "cosine", control, isotropic),),
        tables=(
            task_table("Frobenius cosine with dW_FT", shown),
            task_table(
                "Overlap of the four leading singular directions with dW_FT's",
                dict(zip(shown, overlaps.values(), strict=True)),
                note="1: the same subspaces; random ones share 4 / d_head.",
            ),
        ),
        curves=(
            layer_curve(
                "Frobenius cosine with dW_FT by layer",
                "cosine",
                shown,
                frozenset({"values and keys permuted", "isotropic noise"}),
            ),
        ),
    )


@pytest.mark.theory
@pytest.mark.model
def test_weight_updates_are_alike(judge: Callable[[Claim], None]) -> None:
    """dW_ICL points along dW_FT more than its baselines do."""
    judge(CLAIM)
