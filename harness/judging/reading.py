"""The overall reading: for each level of claims a plain sentence and its terms, made from the verdicts by a fixed rule.

The plain sentence is the level's own for the weakest outcome of its claims. The terms say that outcome and the claims
that it is of, and then what each rival explanation says of them, judged on the comparisons that belong to the level.
Nothing else goes in.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from harness.judging.verdicts import Verdict
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
    """Claims that are read together, and what else could explain them."""

    name: str
    claims: tuple[str, ...]
    rivals: tuple[Rival, ...]
    stated: str = "as stated"
    """What follows 'supported' and 'refuted' of its own claims."""
    plain: Mapping[Outcome, str] = field(default_factory=dict)
    """What it says in words that ask for no knowledge of the field, by the weakest outcome of its own claims."""


@dataclass(frozen=True)
class Reading:
    """What the verdicts about a subject say at a level."""

    level: str
    subject: str
    plain: str
    """A sentence for everyone; empty where the level has none."""
    terms: str
    """The same with the claims that it rests on, and what else could explain them."""


_WEAKEST_FIRST = (
    Outcome.MIXED,
    Outcome.REFUTED,
    Outcome.NOT_TESTABLE,
    Outcome.INCONCLUSIVE,
    Outcome.NEGLIGIBLE,
    Outcome.SUPPORTED,
)
_WORDS = {
    Outcome.MIXED: "mixed",
    Outcome.NOT_TESTABLE: "not testable here",
    Outcome.INCONCLUSIVE: "undecided",
    Outcome.NEGLIGIBLE: "too small to matter",
}
_OTHERWISE = {
    Outcome.NEGLIGIBLE: "the difference is too small to matter",
    Outcome.MIXED: "tasks or measures disagree",
    Outcome.NOT_TESTABLE: "not testable here",
}


def rival(claim: str, parts: tuple[str, ...], supported: str, refuted: str, undecided: str) -> Rival:
    """Return a rival explanation with its words for each outcome."""
    words = {Outcome.SUPPORTED: supported, Outcome.REFUTED: refuted, Outcome.INCONCLUSIVE: undecided}
    return Rival(claim, parts, words | {outcome: f"{undecided}: {why}" for outcome, why in _OTHERWISE.items()})


def readings(verdicts: Sequence[Verdict], levels: Sequence[Level]) -> tuple[Reading, ...]:
    """Return, subject by subject, what every level says whose claims were all judged about it."""
    found: dict[str, dict[str, Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome is not Outcome.ERROR:
            found.setdefault(verdict.subject, {})[verdict.claim.id] = verdict
    return tuple(
        _read(level, subject, by_id)
        for subject, by_id in found.items()
        for level in levels
        if all(claim in by_id for claim in level.claims)
    )


def _read(level: Level, subject: str, verdicts: Mapping[str, Verdict]) -> Reading:
    found = ", ".join(f"{claim} {verdicts[claim].outcome.lower()}" for claim in level.claims)
    outcome = weakest([verdicts[claim].outcome for claim in level.claims])
    own = _WORDS.get(outcome, f"{outcome.lower()} {level.stated}")
    said = [_words(rival, verdicts[rival.claim]) for rival in level.rivals if rival.claim in verdicts]
    terms = "; ".join([f"{own} ({found})", *(said or ["rival explanations were not tested"])]) + "."
    return Reading(level.name, subject, level.plain.get(outcome, ""), terms)


def _words(rival: Rival, verdict: Verdict) -> str:
    parts = [part for part in verdict.parts if not rival.parts or part.name.startswith(rival.parts)]
    return f"{rival.words[_outcome(parts, verdict)]} ({rival.claim})"


def _outcome(parts: Sequence[PartResult], verdict: Verdict) -> Outcome:
    """Return what the parts say; support that the control has too is none, a refutation stays."""
    if verdict.outcome is Outcome.NOT_TESTABLE:
        return verdict.outcome
    found = weakest([part.outcome for part in parts])
    withdrawn = verdict.control is not None and not verdict.control.passed
    return Outcome.INCONCLUSIVE if withdrawn and found is Outcome.SUPPORTED else found


def weakest(outcomes: Collection[Outcome]) -> Outcome:
    """Return what several comparisons, or claims, say together, which is what the weakest of them says.

    MIXED before all where one is supported and another refuted; INCONCLUSIVE where there is none.
    """
    found = {*outcomes}
    if {Outcome.SUPPORTED, Outcome.REFUTED} <= found:
        return Outcome.MIXED
    return next((outcome for outcome in _WEAKEST_FIRST if outcome in found), Outcome.INCONCLUSIVE)


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
