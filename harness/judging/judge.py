"""The judge: what the claims of a family measured in, their verdicts out, corrected over the whole family."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.evidence.checks import Check
from harness.judging.claims import Claim, Measured
from harness.judging.kept import find_or_calibrate
from harness.judging.verdicts import ControlResult, Verdict
from harness.statistics import Comparison, judge_family
from harness.statistics.results import Calibration, ClaimResult, Outcome
from harness.store import Store


def judge(
    family: Mapping[Claim, Measured], store: Store, *, alpha: float, seed: int, simulations: int = 0
) -> Mapping[str, Verdict]:
    """Return the verdict of each claim by its id, from the measurements of all claims of one family.

    A verdict does not depend on which claims were selected to run: hand over the whole family. Calibrations, of
    `simulations` simulated runs a point (0: none), are kept in the store and found again.

    Raises:
        HarnessError: a claim has two comparisons of one name, or the store can't be written.

    """
    parts = {claim.id: _sized(claim, measured.parts) for claim, measured in family.items()}
    controls = {claim.id: _sized(claim, measured.control) for claim, measured in family.items()}
    judged, judged_controls = (judge_family(_with_parts(of), alpha) for of in (parts, controls))
    calibrated: dict[str, Calibration] = {}
    for claim in family if simulations else ():
        if claim.id in judged:
            of_claim = parts[claim.id]
            # a claim that measures more or less than usual (another size, one task) has no printed effects to go by
            printed = claim.paper_effects if len(claim.paper_effects) == len(of_claim) else ()
            calibrated[claim.id] = find_or_calibrate(store, claim.id, of_claim, printed, alpha, seed, simulations)
    return {
        claim.id: _verdict(
            claim, measured, judged.get(claim.id), judged_controls.get(claim.id), calibrated.get(claim.id)
        )
        for claim, measured in family.items()
    }


def _sized(claim: Claim, parts: Sequence[Comparison]) -> tuple[Comparison, ...]:
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
    verdict = Verdict(
        claim=claim,
        outcome=_outcome(found, measured),
        reason=_reason(found, measured),
        parts=found.parts if found else (),
        control=ControlResult(claim.control, of_control, passed, measured.control_checks),
        checks=measured.checks,
        tables=measured.tables,
        curves=measured.curves,
        notes=measured.notes,
        calibration=calibration,
    )
    if found and all(check.holds for check in measured.checks):
        verdict = replace(verdict, p_holm=found.p_holm, p_negligible=found.p_negligible, margin=found.margin)
    if verdict.outcome is not Outcome.SUPPORTED:
        return verdict
    return _with_control(verdict, control)


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


def _with_control(verdict: Verdict, control: ClaimResult | None) -> Verdict:
    """Withdraw support that the negative control finds too; it moves the verdict as the claim's own comparisons do."""
    margins = [margin for margin in (verdict.margin, control.margin if control else None) if margin is not None]
    verdict = replace(verdict, margin=min(margins, default=None))
    if verdict.control is None or verdict.control.passed:
        return verdict
    doubt = "the negative control came out supported too, so this test can't tell the claim from its absence"
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=f"{doubt} ({verdict.reason})")
