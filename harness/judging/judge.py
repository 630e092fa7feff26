"""From claims and evidence to verdicts, corrected over each claim's whole family whichever claims run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from harness.evidence.checks import Check
from harness.evidence.evidence import Evidence
from harness.judging.claims import ClaimModule
from harness.judging.kept import find_or_judge
from harness.judging.verdicts import ControlResult, Verdict
from harness.statistics import Comparison, overall
from harness.statistics.results import Calibration, Outcome, PartResult

Judged = Mapping[str, tuple[PartResult, ...]]
"""The judged comparisons of each claim of a family."""


class Judge:
    """Judges claims on one body of evidence.

    A verdict does not depend on which other claims were selected to run: the p values of all claims of the
    family are computed for it.
    """

    def __init__(self, evidence: Evidence, claims: Mapping[str, ClaimModule], alpha: float, seed: int) -> None:
        self.evidence = evidence
        self.claims = claims
        self.alpha = alpha
        self.seed = seed
        self._measured = cache(lambda claim_id: claims[claim_id].measure(evidence))
        self._judged = cache(self._judge)
        self._calibrated = cache(self._calibrate)

    def verdict(self, claim_id: str) -> Verdict:
        """Return the claim's verdict."""
        claim = self.claims[claim_id].claim
        parts, controls = self._judged(claim.family)
        measured = self._measured(claim_id)
        passed = all(part.outcome is not Outcome.SUPPORTED for part in controls[claim_id])
        passed = passed and not any(check.holds for check in measured.control_checks)
        verdict = Verdict(
            claim=claim,
            outcome=_outcome(parts[claim_id], measured.checks),
            reason=_reason(parts[claim_id], measured.checks),
            parts=parts[claim_id],
            control=ControlResult(claim.control, controls[claim_id], passed, measured.control_checks),
            checks=measured.checks,
            tables=measured.tables,
            curves=measured.curves,
            notes=measured.notes,
            calibration=self._calibrated(claim.family).get(claim_id),
        )
        return verdict if passed else _doubted(verdict)

    def _judge(self, family: str) -> tuple[Judged, Judged]:
        """Judge all parts of the family's claims, and apart from them all its controls."""
        parts = self._parts(family)
        controls = {claim_id: self._measured(claim_id).control for claim_id in parts}
        return (
            find_or_judge(self.evidence.runner.runs.store, parts, self.alpha, self.seed, "judge"),
            find_or_judge(self.evidence.runner.runs.store, controls, self.alpha, self.seed, "judge a control"),
        )

    def _parts(self, family: str) -> Mapping[str, tuple[Comparison, ...]]:
        members = [claim_id for claim_id, module in self.claims.items() if module.claim.family == family]
        return {claim_id: self._measured(claim_id).parts for claim_id in members}

    def _calibrate(self, family: str) -> Mapping[str, Calibration]:
        """Simulate the family's decision rules on its own data: without an effect, and with the paper's."""
        runs, parts = self.evidence.runner.settings.simulations, self._parts(family)
        if not runs or not any(parts.values()):
            return {}
        printed = {claim_id: self.claims[claim_id].claim.paper_effects for claim_id in parts}
        # a claim that measures more or less than usual (another size, one task) has no printed effects to go by
        effects = {c: sizes for c, sizes in printed.items() if sizes and len(sizes) == len(parts[c])}
        return self.evidence.calibrated(parts, effects, self.alpha, runs)


def _outcome(parts: Sequence[PartResult], checks: Sequence[Check]) -> Outcome:
    """Return REFUTED where an exact check fails; where all hold, the comparisons decide, if there are any."""
    if not all(check.holds for check in checks):
        return Outcome.REFUTED
    return overall(parts) if parts or not checks else Outcome.SUPPORTED


def _reason(parts: Sequence[PartResult], checks: Sequence[Check]) -> str:
    broken = [f"{c.name} fails: an error of {c.worst:.3g} times what is allowed" for c in checks if not c.holds]
    cases = sum(check.cases for check in checks)
    held = [f"all {cases} cases hold"] if checks and not broken else []
    return "; ".join([*broken, *held, *(f"{part.name}: {part.reason}" for part in parts)])


def _doubted(verdict: Verdict) -> Verdict:
    """Withdraw support that the negative control finds too."""
    if verdict.outcome is not Outcome.SUPPORTED:
        return verdict
    doubt = "the negative control came out supported too, so this test can't tell the claim from its absence"
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=f"{doubt} ({verdict.reason})")
