"""Several models beside each other: what each claim came to on each, and on which claims they disagree."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from harness.judging.claims import MODEL, Claim
from harness.judging.verdicts import Verdict
from harness.statistics.results import Outcome, PartResult

OPPOSITE, DIFFER = "opposite", "differ"
"""What is said of a claim that is supported on one model and refuted on another, and of one that came out otherwise."""


@dataclass(frozen=True)
class Row:
    """A claim on each of the models; None where it was not judged on one."""

    claim: Claim
    verdicts: tuple[Verdict | None, ...]

    @property
    def differ(self) -> str:
        """How models disagree: OPPOSITE, DIFFER, or not at all."""
        outcomes = {verdict.outcome for verdict in self.verdicts if verdict is not None}
        if {Outcome.SUPPORTED, Outcome.REFUTED} <= outcomes:
            return OPPOSITE
        return DIFFER if len(outcomes) > 1 else ""

    @property
    def comparisons(self) -> tuple[tuple[str, tuple[PartResult | None, ...]], ...]:
        """Each comparison with what every model makes of it, in the order in which they come up."""
        by_model = [{part.name: part for part in verdict.parts} if verdict else {} for verdict in self.verdicts]
        names = dict.fromkeys(name for parts in by_model for name in parts)
        return tuple((name, tuple(parts.get(name) for parts in by_model)) for name in names)


def models_of(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Return the subjects of claims about a model, in order of appearance."""
    return tuple(dict.fromkeys(verdict.subject for verdict in verdicts if verdict.claim.subject == MODEL))


def labels(subjects: Sequence[str]) -> Mapping[str, str]:
    """Return what subjects are called in a table: the last part of a path or an owner's name, unless two share it."""
    last = {subject: PurePath(subject).name or subject for subject in subjects}
    shared = [*last.values()]
    return {subject: name if shared.count(name) == 1 else subject for subject, name in last.items()}


def rows(verdicts: Sequence[Verdict]) -> tuple[Row, ...]:
    """Return every claim about a model, in order of appearance; none where there are no two models."""
    models, found = models_of(verdicts), {verdict.key: verdict for verdict in verdicts}
    claims = {verdict.claim.id: verdict.claim for verdict in verdicts if verdict.claim.subject == MODEL}
    if len(models) < 2:  # noqa: PLR2004  # one has nothing beside it
        return ()
    return tuple(Row(claim, tuple(found.get((name, model)) for model in models)) for name, claim in claims.items())


def agreement(table: Sequence[Row]) -> str:
    """Say on how many claims models agree.

    Example: "Of 18 claims that were judged on several models, 12 came out the same on all; 5 differ, and 1 is supported
    on one model and refuted on another."
    """
    several = [row for row in table if sum(verdict is not None for verdict in row.verdicts) > 1]
    if not several:
        return "No claim was judged on two of them."
    opposite, differ = (sum(row.differ == how for row in several) for how in (OPPOSITE, DIFFER))
    same = len(several) - opposite - differ
    claims = "claim that was" if len(several) == 1 else "claims that were"
    said = f"Of {len(several)} {claims} judged on several models, {same} came out the same on all"
    against = f"{opposite} {'is' if opposite == 1 else 'are'} supported on one model and refuted on another"
    differs = f"{differ} differ{'s' if differ == 1 else ''}"
    return f"{said}{_behind([differs] * bool(differ) + [against] * bool(opposite))}."


def _behind(said: Sequence[str]) -> str:
    return f"; {', and '.join(said)}" if said else ""
