"""The judge: what the claims of a family measured in, their verdicts out, corrected over the whole family."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.evidence.checks import Check
from harness.judging.claims import Claim, Measured
from harness.judging.kept import find_or_calibrate
from harness.judging.verdicts import ControlResult, OnBestSets, Verdict
from harness.statistics import Comparison, judge_family
from harness.statistics.judgement import FARTHEST
from harness.statistics.results import Calibration, ClaimResult, Outcome, PartResult
from harness.store import Store


def judge(
    family: Mapping[Claim, Measured], store: Store, *, alpha: float, seed: int, simulations: int = 0
) -> Mapping[str, Verdict]:
    """Return the verdict of each claim by its id, from the measurements of all claims of one family.

    A verdict does not depend on which claims were selected to run: hand over the whole family. What can't be tested is
    no question of the family, and corrects none. Calibrations, of `simulations` simulated runs a point (0: none), are
    kept in the store and found again.

    Raises:
        HarnessError: a claim has two comparisons of one name, or the store can't be written.

    """
    tried = {claim: measured for claim, measured in family.items() if not measured.untestable}
    parts = {claim.id: sized(claim, measured.parts) for claim, measured in tried.items()}
    controls = {claim.id: sized(claim, measured.control) for claim, measured in tried.items()}
    judged, judged_controls = (judge_family(_with_parts(of), alpha) for of in (parts, controls))
    calibrated: dict[str, Calibration] = {}
    for claim in family if simulations else ():
        if claim.id in judged:
            of_claim = parts[claim.id]
            # a claim that measures more or less than usual (another size, one task) has no printed effects to go by
            printed = claim.paper_effects if len(claim.paper_effects) == len(of_claim) else ()
            calibrated[claim.id] = find_or_calibrate(store, claim.id, of_claim, printed, alpha, seed, simulations)
    verdicts = {
        claim.id: _verdict(
            claim, measured, judged.get(claim.id), judged_controls.get(claim.id), calibrated.get(claim.id)
        )
        for claim, measured in family.items()
    }
    beside = {claim.id: _on_best_sets(claim, measured, parts[claim.id], alpha) for claim, measured in tried.items()}
    return {claim_id: replace(of, on_best_sets=beside.get(claim_id)) for claim_id, of in verdicts.items()}


def _on_best_sets(claim: Claim, measured: Measured, parts: Sequence[Comparison], alpha: float) -> OnBestSets | None:
    """Judge comparisons on each task's best set alone, with no other claim; None where they are not asked for."""
    best = measured.best_sets
    if best is None or not parts:
        return None
    found = judge_family({claim.id: [part.of_sets(best.places) for part in parts]}, alpha)[claim.id]
    return OnBestSets(found.outcome, found.parts, best.numbers, best.of, best.selected_on)


def sized(claim: Claim, parts: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return comparisons with the smallest effect that matters, which the claim fixes for their unit."""
    return tuple(part if part.matters else replace(part, matters=claim.matters.get(part.unit, 0.0)) for part in parts)


def _with_parts(family: Mapping[str, Sequence[Comparison]]) -> Mapping[str, Sequence[Comparison]]:
    return {claim: parts for claim, parts in family.items() if parts}


def _verdict(
    claim: Claim,
    measured: Measured,
    found: ClaimResult | None,
    control: ClaimResult | None,
    calibration: Calibration | None,
) -> Verdict:
    of_control = control.parts if control else ()
    passed = all(part.outcome is not Outcome.SUPPORTED for part in of_control)
    passed = passed and not any(check.holds for check in measured.control_checks)
    outcome = _outcome(found, measured)
    tried = bool(of_control or measured.control_checks)
    verdict = Verdict(
        claim=claim,
        outcome=outcome,
        reason=_reason(found, measured),
        parts=found.parts if found else (),
        control=ControlResult(claim.control, of_control, passed, measured.control_checks) if tried else None,
        checks=measured.checks,
        tables=measured.tables,
        curves=measured.curves,
        notes=measured.notes,
        calibration=calibration,
        presupposed=measured.presupposed,
    )
    if found and all(check.holds for check in measured.checks):
        verdict = replace(verdict, p_holm=found.p_holm, p_negligible=found.p_negligible, margin=found.margin)
    return _with_control(verdict) if outcome is Outcome.SUPPORTED else verdict


def _outcome(found: ClaimResult | None, measured: Measured) -> Outcome:
    """Return REFUTED where an exact check fails; where all hold, the comparisons decide, if there are any."""
    if measured.untestable:
        return Outcome.NOT_TESTABLE
    if not all(check.holds for check in measured.checks):
        return Outcome.REFUTED
    if found:
        return found.outcome
    return Outcome.SUPPORTED if measured.checks else Outcome.INCONCLUSIVE


def _reason(found: ClaimResult | None, measured: Measured) -> str:
    if measured.untestable:
        return measured.untestable
    checks: Sequence[Check] = measured.checks
    broken = [f"{c.name} fails: an error of {c.worst:.3g} times what is allowed" for c in checks if not c.holds]
    cases = sum(check.cases for check in checks)
    held = [f"all {cases} cases hold"] if checks and not broken else []
    nothing = [] if found or checks else ["nothing was compared"]
    return "; ".join([*broken, *held, *nothing, *([found.reason] if found else [])])


def _with_control(verdict: Verdict) -> Verdict:
    """Withdraw support that the negative control finds too.

    A control that passes or fails another time changes the verdict as the claim's own comparisons do: the nearer of the
    two is the margin. Where a planted error went unseen no data decide, and there is none.
    """
    control = verdict.control
    if control is None:
        return verdict
    known = [margin for margin in (verdict.margin, _margin(control.parts)) if margin is not None]
    unseen = any(check.holds for check in control.checks)
    verdict = replace(verdict, margin=None if unseen else min(known, default=None))
    if control.passed:
        return verdict
    doubt = "the negative control came out supported too, so this test can't tell the claim from its absence"
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=f"{doubt} ({verdict.reason})")


def _margin(control: Sequence[PartResult]) -> float | None:
    """Return how far a control is from another answer, in standard errors: one comparison that gains support fails it.

    One that has failed passes when all that are supported lose it. None where no comparison has a standard error.
    """
    supported = [part for part in control if part.outcome is Outcome.SUPPORTED]
    far = max(map(_distance, supported)) if supported else min(map(_distance, control), default=math.inf)
    return min(far, FARTHEST) if math.isfinite(far) else None


def _distance(part: PartResult) -> float:
    """Return how far a comparison's interval is from the edge of support, in standard errors; infinite if unknown."""
    found = part.estimate
    inside = min(found.low + part.matters, part.matters - found.high) if part.alike else found.low
    if part.outcome is Outcome.NEGLIGIBLE:  # it must grow beyond what matters, too
        inside = min(inside, found.high - part.matters)
    away = max(0.0, inside if part.outcome is Outcome.SUPPORTED else -inside)
    known = found.standard_error > 0 and part.outcome is not Outcome.MIXED and math.isfinite(away)
    return away / found.standard_error if known else math.inf
