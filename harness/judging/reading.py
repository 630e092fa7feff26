"""The overall reading: one sentence for each level of claims, made from the verdicts by a fixed rule.

It begins with what became of the level's own claims: all supported, any refuted, or undecided. Then comes what each
rival explanation says of them, judged on the comparisons that belong to the level. Nothing else goes in.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Reading:
    """What the verdicts about a subject say at a level."""

    level: str
    subject: str
    sentence: str


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
    """Return, subject by subject, a sentence for every level whose claims were all judged about it."""
    found: dict[str, dict[str, Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome is not Outcome.ERROR:
            found.setdefault(verdict.subject, {})[verdict.claim.id] = verdict
    return tuple(
        Reading(level.name, subject, _sentence(level, by_id))
        for subject, by_id in found.items()
        for level in levels
        if all(claim in by_id for claim in level.claims)
    )


def _sentence(level: Level, verdicts: Mapping[str, Verdict]) -> str:
    found = ", ".join(f"{claim} {verdicts[claim].outcome.lower()}" for claim in level.claims)
    outcomes = {verdicts[claim].outcome for claim in level.claims}
    own = "undecided"
    if outcomes == {Outcome.SUPPORTED}:
        own = f"supported {level.stated}"
    elif Outcome.REFUTED in outcomes:
        own = f"refuted {level.stated}"
    elif Outcome.MIXED in outcomes:
        own = "mixed"
    elif Outcome.NEGLIGIBLE in outcomes:
        own = "too small to matter"
    elif Outcome.NOT_TESTABLE in outcomes:
        own = "not testable here"
    said = [_words(rival, verdicts[rival.claim]) for rival in level.rivals if rival.claim in verdicts]
    return "; ".join([f"{own} ({found})", *(said or ["rival explanations were not tested"])]) + "."


def _words(rival: Rival, verdict: Verdict) -> str:
    parts = [part for part in verdict.parts if not rival.parts or part.name.startswith(rival.parts)]
    return f"{rival.words[_outcome(parts, verdict)]} ({rival.claim})"


def _outcome(parts: Sequence[PartResult], verdict: Verdict) -> Outcome:
    """Return what the parts say; support that the control has too is none, a refutation stays."""
    found = weakest([part.outcome for part in parts])
    if verdict.outcome is Outcome.NOT_TESTABLE:
        return verdict.outcome
    withdrawn = verdict.control is not None and not verdict.control.passed
    return Outcome.INCONCLUSIVE if withdrawn and found is Outcome.SUPPORTED else found


def weakest(outcomes: Collection[Outcome]) -> Outcome:
    """Return what several comparisons say together, which is what the weakest of them says."""
    found = {*outcomes}
    if Outcome.MIXED in found or {Outcome.SUPPORTED, Outcome.REFUTED} <= found:
        return Outcome.MIXED
    for outcome in (Outcome.REFUTED, Outcome.INCONCLUSIVE, Outcome.NEGLIGIBLE, Outcome.SUPPORTED):
        if outcome in found:
            return outcome
    return Outcome.INCONCLUSIVE


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
