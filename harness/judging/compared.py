"""Two runs beside each other: which verdicts differ, by more than the first's margin or not, and how far effects moved.

For runs that differ in what should not matter, such as the precision or the processor; what should differ is for the
reader to say.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.judging.expectation import Expected, expectation_of, failure
from harness.judging.verdicts import Verdict
from harness.statistics.results import Outcome


@dataclass(frozen=True)
class Pair:
    """A claim's verdict about one subject in two runs."""

    claim: str
    subject: str
    first: Outcome | None
    """None where the run has no such verdict."""
    second: Outcome | None
    margin: float | None
    """Of the first: how far it was from any other outcome, in standard errors."""
    moved: float
    """How far the comparison's effect moved that moved furthest, in standard errors of the first; NaN where no
    comparison of the two has one."""
    why: str
    """Why the change is more than rounding makes (see `harness.judging.expectation.failure`); empty where it is not."""

    @property
    def alone(self) -> bool:
        """Whether one of the runs has no such verdict, as a run of a subset has not."""
        return self.first is None or self.second is None


def compare(first: Sequence[Verdict], second: Sequence[Verdict]) -> list[Pair]:
    """Return the verdicts of two runs in pairs, in the order of the first, then what the second alone has."""
    expected = expectation_of({}, first)
    others = {verdict.key: verdict for verdict in second}
    pairs = [_pair(verdict, expected.of(verdict), others.pop(verdict.key, None)) for verdict in first]
    alone = [Pair(v.claim.id, v.subject, None, v.outcome, None, math.nan, "") for v in others.values()]
    return pairs + alone


def _pair(one: Verdict, expected: Expected | None, other: Verdict | None) -> Pair:
    if other is None or expected is None:
        return Pair(one.claim.id, one.subject, one.outcome, None, one.margin, math.nan, "")
    moved = max(_moves(one, other), default=math.nan)
    why = failure(other, expected)
    return Pair(one.claim.id, one.subject, one.outcome, other.outcome, one.margin, moved, why)


def _moves(one: Verdict, other: Verdict) -> Iterator[float]:
    """Yield how far each comparison's effect moved, in its standard errors."""
    effects: Mapping[str, float] = {part.name: part.estimate.effect for part in other.parts}
    for part in one.parts:
        error, effect = part.estimate.standard_error, effects.get(part.name, math.nan)
        if error > 0 and math.isfinite(effect):
            yield abs(effect - part.estimate.effect) / error


def said(pairs: Sequence[Pair]) -> list[str]:
    """Return the pairs in lines: a table, and how many differ."""
    rows = [("claim", "first", "second", "effect moved", "margin", "")]
    for pair in pairs:
        moved = f"{pair.moved:.2g} SE" if math.isfinite(pair.moved) else ""
        margin = "" if pair.margin is None else f"{pair.margin:.2g} SE"
        alone = "in one run alone" if pair.alone else ""
        rows.append((pair.claim, pair.first or "", pair.second or "", moved, margin, pair.why or alone))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    table = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    both = [pair for pair in pairs if not pair.alone]
    different = sum(pair.first is not pair.second for pair in both)
    beyond = sum(bool(pair.why) for pair in pairs)
    return [*table, f"{different} of {len(both)} verdicts of both differ, {beyond} by more than the first's margin"]
