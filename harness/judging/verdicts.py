"""What a claim measured, and the verdict on it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.evidence.checks import Check
from harness.judging.claims import Claim
from harness.judging.exhibits import Curve, Table
from harness.statistics.results import Calibration, Outcome, PartResult


@dataclass(frozen=True)
class ControlResult:
    """The same rule applied to data in which the claim is false by construction."""

    description: str
    parts: tuple[PartResult, ...]
    passed: bool
    """True where no part came out supported and no check held."""
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class OnBestSets:
    """The same comparisons on one demonstration set a task, the best by ICL's accuracy; no verdict rests on them.

    Judged by the claim's own rule, and corrected over no other claim. With one set they speak of new examples for these
    demonstrations alone.
    """

    outcome: Outcome
    parts: tuple[PartResult, ...]
    numbers: Mapping[str, int]
    """By task, the set's number in the order in which sets are drawn, from 0."""
    of: int
    """Sets that it is the best of."""
    selected_on: str
    """The part of a task that it is the best on: 'dev', or 'test' where it is the reported one."""


@dataclass(frozen=True)
class Verdict:
    """A claim judged about one subject: all that the report shows of it."""

    claim: Claim
    outcome: Outcome
    reason: str
    parts: tuple[PartResult, ...]
    control: ControlResult | None
    tables: tuple[Table, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    expected: Outcome | None = None
    checks: tuple[Check, ...] = ()
    calibration: Calibration | None = None
    """None where the claim has no comparisons, or none was asked for."""
    subject: str = ""
    """What it was judged about: the model's name, or the claim's own subject."""
    changes: tuple[str, ...] = ()
    """What differs from the expected verdict, in words, and fails no run."""
    p_holm: float = math.nan
    """Two-sided, for the claim or against it, corrected over its family; NaN where an exact statement decides."""
    p_negligible: float = math.nan
    """Of the equivalence test, corrected likewise; NaN where no smallest effect that matters is fixed."""
    margin: float | None = None
    """How far it is from any other outcome, in standard errors of what must move for it; None where that is unknown."""
    presupposed: float | None = None
    """How far it is from being NOT TESTABLE, or from being so no more, in standard errors of what is presupposed; None
    where that is unknown."""
    on_best_sets: OnBestSets | None = None
    """What stands beside it and decides nothing; None where the claim has no such thing, or there is one set."""

    @property
    def key(self) -> tuple[str, str]:
        """The claim's id and the subject: no two verdicts of a run share both."""
        return self.claim.id, self.subject

    @property
    def exact(self) -> bool:
        """Whether it rests on exact statements alone, as an identity's does: no data could have made it another."""
        return bool(self.checks) and not self.parts
