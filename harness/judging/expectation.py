"""Expected verdicts of one run, kept in a file: what turns the claims into a regression test.

A verdict at its edge changes with the processor, and fails no run for it: how near it was is kept with it. Whether a
claim can be tested at all is decided by other numbers than its comparisons, and has a distance of its own.
"""

import json
import math
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness import targets
from harness.errors import HarnessError
from harness.files import parse_json, read_text
from harness.judging.verdicts import Verdict
from harness.statistics.results import Outcome, PartResult

FORMAT_VERSION = 3
"""Raised with the rule that verdicts and margins are made by: what another expects is refused."""
LEAST_MARGIN = 1.0
"""Standard errors: a verdict that was so far from any other, or further, may not change."""


@dataclass(frozen=True)
class ExpectedPart:
    """What was found of one comparison."""

    effect: float | None
    n: int
    moves: float
    """How far other kernels (one thread, not two) move the effect on the same examples; 0 where nobody measured it."""


@dataclass(frozen=True)
class Expected:
    """A claim's verdict about one subject."""

    outcome: Outcome
    margin: float | None
    """How far it was from any other outcome, in standard errors (see `harness.statistics.judgement.margin`); None where
    that can't be measured."""
    presupposed: float | None
    """How far it was from being NOT TESTABLE, or from being so no more, likewise."""
    parts: Mapping[str, ExpectedPart]

    def presupposes(self, outcome: Outcome) -> bool:
        """Whether what the claim presupposes decides between this and another outcome, and not its comparisons."""
        return Outcome.NOT_TESTABLE in {self.outcome, outcome}

    def distance(self, outcome: Outcome) -> float | None:
        """Return how far it was from another outcome; None where that can't be measured."""
        return self.presupposed if self.presupposes(outcome) else self.margin


@dataclass(frozen=True)
class Expectation:
    """The verdicts, by claim and subject, under the settings that they were found with."""

    settings: Mapping[str, object]
    verdicts: Mapping[str, Mapping[str, Expected]]
    format_version: int = FORMAT_VERSION

    def of(self, verdict: Verdict) -> Expected | None:
        """Return what was expected of the verdict's claim about its subject; None where nothing was."""
        return self.verdicts.get(verdict.claim.id, {}).get(verdict.subject)

    @property
    def models(self) -> tuple[object, ...]:
        """Names of the models that it was found with."""
        named = self.settings.get("model", ())
        return tuple(named) if isinstance(named, list | tuple) else (named,)

    def differences(self, settings: Mapping[str, object]) -> list[str]:
        """Return in words which settings of a run are not those of the expectation.

        One that was found with several models holds for a run of one of them: no verdict depends on the others.
        """
        return [
            f"{name} is {settings.get(name)!r}, not {self.settings.get(name)!r}"
            for name in differing(settings, self.settings)
            if not (name == "model" and settings.get(name) in self.models)
        ]

    def missing(
        self, selected: Collection[str], existing: Collection[str], judged: Collection[tuple[str, str]]
    ) -> list[str]:
        """Return in words which expected verdicts a run lacks.

        Those of claims that were `selected` and not `judged`; and where all claims that exist were selected, those of
        claims that exist no more.
        """
        whole = set(existing) <= set(selected)
        said = []
        for claim, by_subject in self.verdicts.items():
            for subject, expected in by_subject.items():
                what = f"{claim} about {subject}: {expected.outcome} was expected, and"
                if claim in selected and (claim, subject) not in judged:
                    said.append(f"{what} there is no verdict")
                elif whole and claim not in existing:
                    said.append(f"{what} there is no such claim any more")
        return said


def differing(settings: Mapping[str, object], others: Mapping[str, object]) -> list[str]:
    """Return the names of the settings of two runs that differ, or that one of them has alone."""
    return sorted(name for name in {*settings, *others} if settings.get(name) != others.get(name))


def expectation_of(
    settings: Mapping[str, object], verdicts: Iterable[Verdict], beside: Sequence[Sequence[Verdict]] = ()
) -> Expectation:
    """Return what a run's verdicts make later runs expect.

    `beside` holds the verdicts of runs of the same settings with other kernels: how far they move effects is kept.
    """
    found: dict[str, dict[str, Expected]] = {}
    for verdict in verdicts:
        others = [part for run in beside for other in run if other.key == verdict.key for part in other.parts]
        parts = {
            part.name: ExpectedPart(
                _known(part.estimate.effect),
                part.estimate.n,
                _spread([part, *(other for other in others if other.name == part.name)]),
            )
            for part in verdict.parts
        }
        expected = Expected(verdict.outcome, verdict.margin, verdict.presupposed, parts)
        found.setdefault(verdict.claim.id, {})[verdict.subject] = expected
    return Expectation(settings, found)


def failure(verdict: Verdict, expected: Expected) -> str:
    """Return why a verdict fails the run that it was expected of; empty where it does not.

    An ERROR does, and support that turns into refutation or back. Any other change does where the distance that it had
    to cross was LEAST_MARGIN or more, or can't be measured: the margin; where one of the two is NOT TESTABLE, how far
    what the claim presupposes was from the number that decides it, as no margin of its comparisons excuses that.
    """
    if verdict.outcome is Outcome.ERROR:
        return f"expected {expected.outcome}, and it could not be judged"
    if verdict.outcome is expected.outcome:
        return ""
    if {verdict.outcome, expected.outcome} == {Outcome.SUPPORTED, Outcome.REFUTED}:
        return f"expected {expected.outcome}"
    return _too_far(verdict, expected)


def _too_far(verdict: Verdict, expected: Expected) -> str:
    """Return why a change is more than rounding makes; empty where it is not."""
    far, presupposed = expected.distance(verdict.outcome), expected.presupposes(verdict.outcome)
    if _broken(verdict) or (far is None and not presupposed):
        return f"expected {expected.outcome}, which no rounding changes"
    if far is None:
        return f"expected {expected.outcome}, and how near to its edge what it presupposes was is not known"
    edge = "what decides whether it can be tested" if presupposed else "any other verdict"
    return (
        f"expected {expected.outcome}, which was {far:.2g} standard errors from {edge}" if far >= LEAST_MARGIN else ""
    )


def changes(verdict: Verdict, expected: Expected) -> tuple[str, ...]:
    """Return in words what differs from what was expected and fails no run.

    A verdict that changed at its edge; comparisons that came or went; effects that moved further than other kernels
    move them, and numbers of cases that are others.
    """
    if verdict.outcome is Outcome.ERROR:
        return ()
    said = []
    if verdict.outcome is not expected.outcome and not failure(verdict, expected):
        said.append(
            f"{expected.outcome} was expected, {expected.distance(verdict.outcome):.2g} standard errors from its edge, "
            f"and {verdict.outcome} came out"
        )
    now = {part.name: part for part in verdict.parts}
    said += [f"'{name}' was expected, and was not compared" for name in expected.parts if name not in now]
    said += [f"'{name}' was compared, and was not expected" for name in now if name not in expected.parts]
    moved = {name: _moved(now[name], before) for name, before in expected.parts.items() if name in now}
    return (*said, *(f"'{name}': {what}" for name, what in moved.items() if what))


def read_expectation(path: Path) -> Expectation:
    """Read an expectation file.

    Raises:
        HarnessError: it is missing or not of the form that `write_expectation` gives it.

    """
    try:
        text = read_text(path)
        _require_format(parse_json(text, exact=True))  # pydantic takes NaN, and the last of two keys that are one
        expectation = TypeAdapter(Expectation).validate_json(text)
    except (OSError, ValueError) as error:  # pydantic's is a ValueError
        reason = str(error)
        if isinstance(error, ValidationError):
            wrong = error.errors()[0]
            reason = f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}".removeprefix(": ")
        raise HarnessError(
            f"the expectation file '{path}' can't be used ({reason}); expected JSON as `python -m harness expect` "
            "writes it from a report",
        ) from error
    return expectation


def _require_format(data: object) -> None:
    """Raise ValueError on an expectation of another form: its outcomes and margins were made by another rule."""
    version = data.get("format_version") if isinstance(data, dict) else None
    if isinstance(data, dict) and version != FORMAT_VERSION:
        raise ValueError(f"its format_version is {version!r:.40}, and this suite reads {FORMAT_VERSION}")


def write_expectation(path: Path, expectation: Expectation) -> None:
    """Write an expectation file."""
    targets.write({path: as_json(expectation).encode()})


def as_json(expectation: Expectation) -> str:
    """Return the text of an expectation file."""
    return json.dumps(asdict(expectation), indent=1, allow_nan=False) + "\n"


def _broken(verdict: Verdict) -> bool:
    """Whether an exact statement has decided: one that should hold fails, or holds with an error planted in it."""
    planted = verdict.control.checks if verdict.control else ()
    return not all(check.holds for check in verdict.checks) or any(check.holds for check in planted)


def _moved(part: PartResult, before: ExpectedPart) -> str:
    """Say an effect that moved further than other kernels move it, and another number of cases; empty for neither."""
    now, n, said = _known(part.estimate.effect), part.estimate.n, []
    if now is None or before.effect is None:
        if now != before.effect:
            said.append(f"effect {now}, not {before.effect}")
    elif (far := abs(now - before.effect)) > before.moves:
        moved = f"moved by {far:.2g}, other kernels move it by {before.moves:.2g}"
        said.append(f"effect {now:.3g}, not {before.effect:.3g} ({moved})")
    if n != before.n:
        said.append(f"n = {n}, not {before.n}")
    return ", ".join(said)


def _known(effect: float) -> float | None:
    return effect if math.isfinite(effect) else None


def _spread(parts: Sequence[PartResult]) -> float:
    effects = [part.estimate.effect for part in parts if math.isfinite(part.estimate.effect)]
    return min(max(effects) - min(effects), sys.float_info.max) if effects else 0.0
