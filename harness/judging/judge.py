"""The judge: what the claims of a family measured in, their verdicts out, corrected over the whole family."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.evidence.checks import Check
from harness.judging.claims import Claim, Measured
from harness.judging.kept import find_or_calibrate, find_or_judge
from harness.judging.verdicts import ControlResult, Verdict
from harness.statistics import overall
from harness.statistics.results import Calibration, Outcome, PartResult
from harness.store import Store


def judge(
    family: Mapping[Claim, Measured], store: Store, *, alpha: float, seed: int, simulations: int = 0
) -> Mapping[str, Verdict]:
    """Return the verdict of each claim by its id, from the measurements of all claims of one family.

    A verdict does not depend on which claims were selected to run: hand over the whole family. Judged comparisons and
    `simulations` simulated runs a point (0: no calibration) are kept in the store and found again.

    Raises:
        HarnessError: a claim has two comparisons of one name, or the store can't be written.

    """
    parts = {claim.id: measured.parts for claim, measured in family.items()}
    controls = {claim.id: measured.control for claim, measured in family.items()}
    judged = find_or_judge(store, parts, alpha, seed, "judge")
    judged_controls = find_or_judge(store, controls, alpha, seed, "judge a control")
    calibrated: Mapping[str, Calibration] = {}
    if simulations and any(parts.values()):
        printed = {claim.id: claim.paper_effects for claim in family}
        # a claim that measures more or less than usual (another size, one task) has no printed effects to go by
        effects = {c: sizes for c, sizes in printed.items() if sizes and len(sizes) == len(parts[c])}
        calibrated = find_or_calibrate(store, parts, effects, alpha, seed, simulations)
    return {
        claim.id: _verdict(claim, measured, judged[claim.id], judged_controls[claim.id], calibrated.get(claim.id))
        for claim, measured in family.items()
    }


def _verdict(
    claim: Claim,
    measured: Measured,
    parts: tuple[PartResult, ...],
    control: tuple[PartResult, ...],
    calibration: Calibration | None,
) -> Verdict:
    passed = all(part.outcome is not Outcome.SUPPORTED for part in control)
    passed = passed and not any(check.holds for check in measured.control_checks)
    verdict = Verdict(
        claim=claim,
        outcome=_outcome(parts, measured.checks),
        reason=_reason(parts, measured.checks),
        parts=parts,
        control=ControlResult(claim.control, control, passed, measured.control_checks),
        checks=measured.checks,
        tables=measured.tables,
        curves=measured.curves,
        notes=measured.notes,
        calibration=calibration,
    )
    return verdict if passed else _doubted(verdict)


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
