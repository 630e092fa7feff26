"""S2: ICL and finetuning are more alike the larger the model (asked by us, of C11)."""

from collections.abc import Callable, Sequence

import pytest

from harness.evidence.questions import OnTasks
from harness.evidence.sized import SizedModel, too_few
from harness.judging.claims import MODELS, Claim, Measured
from harness.judging.trends import less, not_judged, size_table, trends
from harness.statistics import Comparison

CLAIM = Claim(
    id="S2",
    title="ICL's similarity to finetuning grows with size (SimAOU)",
    statement="The larger a model of one family, the more ICL changes attention outputs in finetuning's direction, "
    "beyond what chance does.",
    section="asked of C11, which the paper shows at two sizes",
    prediction="slope of SimAOU(ICL, FT) - SimAOU(ICL, random update) over log10(parameters) > 0, for each of C11's "
    "three baselines",
    decision_rule="Of each family (architecture) with models of three sizes or more that learned a task: mean over "
    "layers, then the least-squares slope over log10(parameters), for each demonstration set and example, which all "
    "models share; mean over tasks. Supported if the corrected intervals of all baselines lie above 0 in each family. "
    "Models are fixed, as tasks are: the interval is over new sets and examples for these models. Other families are "
    "shown, not judged.",
    unit="demonstration set and test example, crossed, within a task; models share both",
    family="growth",
    refuted_if="a corrected interval lies below 0, and none above",
    control="the sizes given to the models of a family at random, for each demonstration set and example anew",
    subject=MODELS,
    presumes=("icl", "ft"),
    matters={"cosine per tenfold size": 0.02},
    because="over ten times the size that is what C11 takes to be too small at one size, a tenth of what the paper "
    "prints; its own two sizes differ by 0.12 per tenfold",
)
SIM_AOU = OnTasks("sim_aou")
ASKS = (SIM_AOU,)
BASELINES = {"uniform": "uniform noise", "isotropic": "isotropic noise", "random_change": "a random change of its size"}


def measure(models: Sequence[SizedModel]) -> Measured:
    """Compare the slopes of what SimAOU has over each baseline with 0."""
    of = {name: {m.name: m.evidence.of(SIM_AOU, name) for m in models} for name in ("ft", *BASELINES)}
    over = {words: less(of["ft"], of[name]) for name, words in BASELINES.items()}
    prediction = CLAIM.prediction.split(", for")[0]

    def compared(how: str, *, at_random: bool = False) -> list[Comparison]:
        return [
            part
            for words, values in over.items()
            for part in trends(f"FT over {words}{how}", prediction, "cosine", models, values, at_random=at_random)
        ]

    return Measured(
        parts=tuple(compared("")),
        control=tuple(compared(", sizes at random", at_random=True)),
        tables=(
            size_table(
                "SimAOU of ICL's update to FT's by size, mean over tasks",
                models,
                {"FT": of["ft"], **{f"over {words}": values for words, values in over.items()}},
                note="The paper prints .186 at 1.3B and .225 at 2.7B, means of six tasks, and 0.0 for uniform noise.",
            ),
        ),
        notes=tuple(not_judged(models)),
        untestable=too_few(models),
    )


@pytest.mark.scale
@pytest.mark.model
def test_icls_similarity_to_finetuning_grows_with_size(judge: Callable[[Claim], None]) -> None:
    """Within a family, ICL in larger models changes attention outputs more as finetuning does."""
    judge(CLAIM)
