"""The paper's three levels of comparison: their plain words, and what each rival explanation says of them."""

from harness.judging.reading import Level, Rival, rival
from harness.statistics.results import Outcome

STATED = "as the paper states it"
HARDLY_LEARNS = (
    "can't be asked here: this model hardly learns these tasks from examples, or by being finetuned on them."
)
ANSWERS = {
    Outcome.SUPPORTED: "Where finetuning puts an answer right, learning in context mostly does so too.",
    Outcome.REFUTED: "Where finetuning puts an answer right, learning in context mostly does not.",
    Outcome.NEGLIGIBLE: "Where finetuning puts an answer right, learning in context does so about every second time.",
    Outcome.MIXED: "Where finetuning puts an answer right, learning in context mostly does so too on some tasks, "
    "and mostly does not on others.",
    Outcome.INCONCLUSIVE: "Whether learning in context puts the same answers right as finetuning, this run can't tell.",
    Outcome.NOT_TESTABLE: f"Whether learning in context puts the same answers right as finetuning {HARDLY_LEARNS}",
}
CHANGES = {
    Outcome.SUPPORTED: "Reading examples and being finetuned on them change the inside of the model in similar "
    "ways, more than chance would.",
    Outcome.REFUTED: "Reading examples and being finetuned on them change the inside of the model in ways that are"
    " less alike than chance would make them.",
    Outcome.NEGLIGIBLE: "Reading examples and being finetuned on them change the inside of the model in ways that "
    "are hardly more alike than chance would make them.",
    Outcome.MIXED: "Reading examples and being finetuned on them change the inside of the model in similar ways on"
    " some tasks, and not on others.",
    Outcome.INCONCLUSIVE: "Whether reading examples and being finetuned on them change the inside of the model in "
    "similar ways, this run can't tell.",
    Outcome.NOT_TESTABLE: "Whether reading examples and being finetuned on them change the inside of the model in "
    f"similar ways {HARDLY_LEARNS}",
}
LOOKS = {
    Outcome.SUPPORTED: "A model that reads examples looks at words much as a finetuned one does, more than chance "
    "would make it, or than it did before.",
    Outcome.REFUTED: "A model that reads examples does not look at words as a finetuned one does: chance, or the "
    "model as it was before, comes closer.",
    Outcome.NEGLIGIBLE: "A model that reads examples looks at words hardly more as a finetuned one does than "
    "chance would make it, or than it did before.",
    Outcome.MIXED: "A model that reads examples looks at words as a finetuned one does by one measure or on one "
    "task, and not by another or on another.",
    Outcome.INCONCLUSIVE: "Whether a model that reads examples looks at words as a finetuned one does, this run "
    "can't tell.",
    Outcome.NOT_TESTABLE: f"Whether a model that reads examples looks at words as a finetuned one does {HARDLY_LEARNS}",
}


def _trained(*parts: str) -> Rival:
    untrained = "not specific to trained models"
    return rival("O1", parts, "specific to the trained model", untrained, "not shown to be specific to trained models")


def _labels(*parts: str) -> Rival:
    gone = "smaller where labels are random"
    return rival("O4", parts, gone, "larger where labels are random", "not shown to come from the labels")


def _causal(part: str) -> Rival:
    return rival(
        "O7",
        (part,),
        "closer to FT than to layer-causal descent",
        "closer to layer-causal descent than to FT",
        "whether FT or layer-causal descent is closer to ICL is open",
    )


def _nearest(part: str) -> Rival:
    return rival(
        "Q4",
        (part,),
        "at least half as near to ICL as an update of the same weights can be",
        "less than half as near to ICL as an update of the same weights can be",
        "whether it is half as near to ICL as an update of the same weights can be is open",
    )


def _example(part: str) -> Rival:
    return rival(
        "O6",
        (part,),
        "specific to the example",
        "not specific to the example: it is larger with another one of its class",
        "not shown to be specific to the example",
    )


def _task(part: str) -> Rival:
    return rival(
        "O9",
        (part,),
        "specific to the task",
        "not specific to the task: it is larger after another kind of task",
        "not shown to be specific to the task",
    )


LEVELS = (
    Level(
        "Prediction",
        ("C10",),
        (
            rival(
                "O3",
                (),
                "more than ICL's own accuracy explains",
                "less than ICL's own accuracy explains",
                "not shown to be more than ICL's own accuracy explains",
            ),
            rival(
                "O8",
                (),
                "ICL's whole output distribution is closer to FT's than to ZSL's",
                "ICL's output distribution is closer to ZSL's than to FT's by some measure",
                "whether ICL's whole output distribution is closer to FT's than to ZSL's is open",
            ),
        ),
        STATED,
        ANSWERS,
    ),
    Level(
        "Representation",
        ("C11",),
        (
            _trained("SimAOU"),
            _example("SimAOU"),
            _task("SimAOU"),
            _labels("SimAOU"),
            rival(
                "O5",
                (),
                "ICL depends on the demonstrations' order as finetuning does",
                "ICL depends on the demonstrations' order otherwise than finetuning does",
                "whether ICL depends on the demonstrations' order as finetuning does is open",
            ),
            _causal("SimAOU"),
            _nearest("SimAOU"),
        ),
        STATED,
        CHANGES,
    ),
    Level(
        "Attention",
        ("C12", "C13"),
        (
            _trained("Kendall"),
            rival(
                "O2",
                (),
                "what ICL changes of it is more like what FT changes than in untrained models",
                "what ICL changes of it is less like what FT changes than in untrained models",
                "what ICL changes of it is not shown to be more like what FT changes than in untrained models",
            ),
            _example("Kendall"),
            _task("SimAM"),
            _labels("SimAM", "Kendall"),
            _causal("SimAM"),
            _nearest("SimAM"),
        ),
        STATED,
        LOOKS,
    ),
)
