"""The overall reading: one sentence for each of the paper's three levels, made from the verdicts by a fixed rule.

It begins with what became of the paper's own claims at that level: all supported, any refuted, or undecided. Then comes
what each rival explanation says of them, judged on the comparisons that belong to the level. Nothing else goes in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.judging.verdicts import Verdict
from harness.statistics import overall
from harness.statistics.results import Outcome, PartResult


@dataclass(frozen=True)
class Rival:
    """A rival explanation, and what its outcome says of a level."""

    claim: str
    parts: tuple[str, ...]
    """Beginnings of the names of the comparisons that belong to the level; none given, all belong."""
    words: Mapping[Outcome, str]


@dataclass(frozen=True)
class Level:
    """One of the paper's levels of comparison."""

    name: str
    claims: tuple[str, ...]
    rivals: tuple[Rival, ...]


def _rival(claim: str, parts: tuple[str, ...], supported: str, refuted: str, undecided: str) -> Rival:
    words = (supported, refuted, undecided)
    return Rival(
        claim, parts, dict(zip((Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE), words, strict=True))
    )


def _trained(*parts: str) -> Rival:
    untrained = "not specific to trained models"
    return _rival("O1", parts, "specific to the trained model", untrained, "not shown to be specific to trained models")


def _labels(*parts: str) -> Rival:
    gone = "smaller where labels are random"
    return _rival("O4", parts, gone, "larger where labels are random", "not shown to come from the labels")


def _causal(part: str) -> Rival:
    closer = "layer-causal gradient descent is closer to ICL"
    return _rival(
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
            _rival(
                "O3",
                (),
                "more than ICL's own accuracy explains",
                "less than ICL's own accuracy explains",
                "not shown to be more than ICL's own accuracy explains",
            ),
            _rival(
                "O8",
                (),
                "ICL's whole output distribution is closer to FT's than to ZSL's",
                "ICL's output distribution is closer to ZSL's than to FT's by some measure",
                "whether ICL's whole output distribution is closer to FT's than to ZSL's is open",
            ),
        ),
    ),
    Level(
        "Representation",
        ("C11",),
        (
            _trained("SimAOU"),
            _rival(
                "O6",
                ("SimAOU",),
                "specific to the example and its demonstrations",
                "not specific to the example and its demonstrations",
                "not shown to be specific to the example and its demonstrations",
            ),
            _labels("SimAOU"),
            _rival(
                "O5",
                (),
                "ICL depends on the demonstrations' order more than finetuning",
                "ICL depends on the demonstrations' order less than finetuning by some measure",
                "whether ICL depends on the demonstrations' order as finetuning does is open",
            ),
            _causal("SimAOU"),
        ),
    ),
    Level(
        "Attention",
        ("C12", "C13"),
        (
            _trained("SimAM", "Kendall"),
            _rival(
                "O2",
                ("SimAM",),
                "what ICL changes of attention is more alike to what FT changes than in a fresh model",
                "what ICL changes of attention is less alike to what FT changes than in a fresh model",
                "what ICL changes of attention is not shown to be more alike to what FT changes than in a fresh model",
            ),
            _labels("SimAM", "Kendall"),
            _causal("SimAM"),
        ),
    ),
)


def readings(verdicts: Sequence[Verdict]) -> tuple[tuple[str, str], ...]:
    """Return (level, sentence) for every level whose claims were all judged."""
    by_id = {verdict.claim.id: verdict for verdict in verdicts if verdict.outcome is not Outcome.ERROR}
    return tuple((level.name, _sentence(level, by_id)) for level in LEVELS if all(c in by_id for c in level.claims))


def _sentence(level: Level, verdicts: Mapping[str, Verdict]) -> str:
    found = ", ".join(f"{claim} {verdicts[claim].outcome.lower()}" for claim in level.claims)
    outcomes = {verdicts[claim].outcome for claim in level.claims}
    paper = "undecided"
    if outcomes == {Outcome.SUPPORTED}:
        paper = "supported as the paper states it"
    elif Outcome.REFUTED in outcomes:
        paper = "refuted as the paper states it"
    said = [_words(rival, verdicts[rival.claim]) for rival in level.rivals if rival.claim in verdicts]
    return "; ".join([f"{paper} ({found})", *(said or ["rival explanations were not tested"])]) + "."


def _words(rival: Rival, verdict: Verdict) -> str:
    parts = [part for part in verdict.parts if not rival.parts or part.name.startswith(rival.parts)]
    return f"{rival.words[_outcome(parts, verdict)]} ({rival.claim})"


def _outcome(parts: Sequence[PartResult], verdict: Verdict) -> Outcome:
    """Return what the parts say; support that the control has too is none, a refutation stays."""
    found = overall(parts) if parts else Outcome.INCONCLUSIVE
    withdrawn = verdict.control is not None and not verdict.control.passed
    return Outcome.INCONCLUSIVE if withdrawn and found is Outcome.SUPPORTED else found


def in_reading_order(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Return verdicts by the letter and number of their ids, each rival explanation behind the claims it speaks of."""
    ids = {verdict.claim.id for verdict in verdicts}

    def place(verdict: Verdict) -> tuple[str, int, str, int]:
        letter, number = _split(verdict.claim.id)
        qualified = [_split(claim) for claim in verdict.claim.qualifies if claim in ids]
        return (*max(qualified), letter, number) if qualified else (letter, number, "", 0)

    return tuple(sorted(verdicts, key=place))


def _split(claim: str) -> tuple[str, int]:
    return claim[0], int(claim[1:])
