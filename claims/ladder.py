"""The rungs of the ladder, from the top: what each varies about the claims' own finetuning, and what it keeps. Data."""

from functools import partial

from claims.untrained import MODELS
from harness.evidence.questions import OnControls
from harness.evidence.stand_ins import StandIn
from harness.judging.ladders import Scale, Step
from harness.runs.variants import Variant

SHARES = 0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0
DOSES = {
    "SimAOU": (0.03, 0.13, 0.33, 0.53, 0.72, 0.90, 0.99),
    "SimAM": (-0.02, 0.06, 0.20, 0.34, 0.51, 0.75, 0.99),
}
"""By share of descent in the update: of models made so, which `harness/tests/known` makes and measures anew.

Means over the seeds 0 to 5, whose spread is .09 at most; the share is the cosine of the update with descent's.
"""

SCALES = (
    Scale(
        "What changes inside: attention outputs (SimAOU)",
        "sim_aou",
        "cosine",
        doses=tuple(zip(SHARES, DOSES["SimAOU"], strict=True)),
    ),
    Scale(
        "What it looks at: attention scores (SimAM on differences)",
        "sim_am",
        "cosine",
        doses=tuple(zip(SHARES, DOSES["SimAM"], strict=True)),
    ),
    Scale(
        "What it answers: share of the way from zero-shot to ICL",
        "divergences",
        "1 - KL(ICL, this) / KL(ICL, ZSL)",
        from_start="kl_icl_zsl",
    ),
)
SIMILARITY = {"sim_aou": "ft", "sim_am": "differences", "divergences": "kl_icl_ft"}


def by_head(_measurement: str) -> OnControls:
    """Ask about heads apart, whatever the scale's own measurement."""
    return OnControls("sim_am_by_head")


STEPS = (
    Step(
        "ICL, another order",
        "ceiling",
        "the order of the same demonstrations, in the context",
        "everything else",
        partial(StandIn, role="icl", variant=Variant(order=1)),
        SIMILARITY,
    ),
    Step(
        "ICL, another set",
        "ceiling",
        "the demonstrations, in the context",
        "the task",
        partial(StandIn, role="icl", behind=1),
        SIMILARITY,
        "only one demonstration set is reported",
    ),
    Step(
        "fitted to ICL's attention outputs",
        "ceiling",
        "what keys and values are fitted to: ICL on other queries",
        "which weights change",
        partial(OnControls, variant=Variant(update="distilled_outputs")),
        SIMILARITY,
    ),
    Step(
        "fitted to ICL's answers",
        "ceiling",
        "what keys and values are fitted to: ICL's answers to other queries",
        "which weights change",
        partial(OnControls, variant=Variant(update="distilled_answers")),
        SIMILARITY,
    ),
    Step(
        "finetuning, layer-causal",
        "finetuning",
        "each layer learns from a loss of its own",
        "demonstrations, order, steps; its rate is tuned likewise",
        partial(OnControls, variant=Variant(gradient="layer_causal"), tuned=True),
        SIMILARITY,
    ),
    Step("finetuning", "finetuning", "nothing", "everything: the paper's comparison", OnControls, SIMILARITY),
    Step(
        "finetuning, heads that read labels",
        "finetuning",
        "which heads: the tenth whose last token attends most to the demonstrations' labels",
        "everything else",
        by_head,
        {"sim_am": "readers"},
    ),
    Step("finetuning, all other heads", "finetuning", "which heads", "everything else", by_head, {"sim_am": "others"}),
    Step(
        "finetuning, another set",
        "finetuning",
        "the demonstrations finetuned on",
        "the task",
        partial(StandIn, role="ft", behind=1),
        SIMILARITY,
        "only one demonstration set is reported",
    ),
    Step(
        "finetuning, random labels",
        "rival",
        "the labels finetuned on",
        "texts, order, rate",
        partial(StandIn, role="ft", variant=Variant(labels="random")),
        SIMILARITY,
    ),
    Step(
        "finetuning, another example of the class",
        "rival",
        "the example that finetuning's change is read at",
        "demonstrations and class",
        OnControls,
        {"sim_aou": "other_of_class", "sim_am": "other_of_class"},
        "no two examples share a class",
    ),
    Step(
        "finetuning, an example of another class",
        "rival",
        "the example that finetuning's change is read at, and its class",
        "demonstrations",
        OnControls,
        {"sim_aou": "other_class", "sim_am": "other_class"},
        "all examples are of one class",
    ),
    Step(
        "finetuning, ICL after another task",
        "rival",
        "the demonstrations in the context: another kind of task's",
        "those that are finetuned on",
        partial(OnControls, variant=Variant(another_task=True)),
        SIMILARITY,
        "no task of this run has other answer words than the others",
        of_another_kind=True,
    ),
    Step(
        "weights changed at random",
        "floor",
        "the direction of the update",
        "its size, matrix by matrix",
        partial(OnControls, variant=Variant(update="random")),
        SIMILARITY,
    ),
    Step(
        "outputs changed at random",
        "floor",
        "the direction in which outputs change",
        "by how much they do",
        OnControls,
        {"sim_aou": "random_change"},
    ),
    Step("isotropic noise", "floor", "all of the update", "nothing", OnControls, {"sim_aou": "isotropic"}),
    Step("uniform noise (the paper's)", "floor", "all of the update", "nothing", OnControls, {"sim_aou": "uniform"}),
    Step(
        "untrained model, embeddings kept",
        "floor",
        "the weights, drawn at random but for embeddings, norms and unembedding",
        "demonstrations, steps",
        partial(OnControls, variant=MODELS["embeddings kept"]),
        SIMILARITY,
    ),
    Step(
        "untrained model, norms kept",
        "floor",
        "the weights, drawn at random but for the norms",
        "demonstrations, steps",
        partial(OnControls, variant=MODELS["norms kept"]),
        SIMILARITY,
    ),
)
