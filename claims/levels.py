"""The paper's three levels of comparison, and what each rival explanation says of them."""

from harness.judging.reading import Level, Rival, rival

STATED = "as the paper states it"


def _trained(*parts: str) -> Rival:
    untrained = "not specific to trained models"
    return rival("O1", parts, "specific to the trained model", untrained, "not shown to be specific to trained models")


def _labels(*parts: str) -> Rival:
    gone = "smaller where labels are random"
    return rival("O4", parts, gone, "larger where labels are random", "not shown to come from the labels")


def _causal(part: str) -> Rival:
    closer = "layer-causal gradient descent is closer to ICL"
    return rival(
        "O7",
        (part,),
        closer,
        "layer-causal gradient descent is no closer to ICL",
        "whether layer-causal gradient descent is closer to ICL is open",
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
    ),
    Level(
        "Representation",
        ("C11",),
        (
            _trained("SimAOU"),
            rival(
                "O6",
                ("SimAOU",),
                "specific to the example and its demonstrations",
                "not specific to the example and its demonstrations",
                "not shown to be specific to the example and its demonstrations",
            ),
            _labels("SimAOU"),
            rival(
                "O5",
                (),
                "ICL depends on the demonstrations' order more than finetuning",
                "ICL depends on the demonstrations' order less than finetuning by some measure",
                "whether ICL depends on the demonstrations' order as finetuning does is open",
            ),
            _causal("SimAOU"),
        ),
        STATED,
    ),
    Level(
        "Attention",
        ("C12", "C13"),
        (
            _trained("SimAM", "Kendall"),
            rival(
                "O2",
                ("SimAM",),
                "what ICL changes of attention is more alike to what FT changes than in a fresh model",
                "what ICL changes of attention is less alike to what FT changes than in a fresh model",
                "what ICL changes of attention is not shown to be more alike to what FT changes than in a fresh model",
            ),
            _labels("SimAM", "Kendall"),
            _causal("SimAM"),
        ),
        STATED,
    ),
)
