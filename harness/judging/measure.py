"""What a claim measured, on the tasks on which what it presupposes holds, of one model or of several together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.evidence.evidence import Evidence
from harness.evidence.presuppositions import distance, not_learned
from harness.evidence.sized import SizedModel, far_from_too_few
from harness.judging.claims import Claim, ClaimModule, Measured


def measure_all(modules: Iterable[ClaimModule], evidence: Evidence) -> Mapping[Claim, Measured]:
    """Return what each claim measured."""
    return {module.claim: measure(module, evidence) for module in modules}


def left_out(claim: Claim, evidence: Evidence) -> Mapping[str, str]:
    """Return the tasks on which what the claim presupposes does not hold, with the reason."""
    return not_learned(evidence.learned(), claim.presumes, evidence.least_gain)


def measure(module: ClaimModule, evidence: Evidence) -> Measured:
    """Return what the claim's `measure` does, on the tasks that it can be tested on.

    The notes say in a line each why not on others. Where it can be tested on none that it is measured on, nothing is
    compared, and `untestable` says why.
    """
    presumed = module.claim.presumes
    if not presumed:
        return _measured(module, evidence)
    without = left_out(module.claim, evidence)
    far = distance(evidence.learned(), presumed, evidence.least_gain)
    said = tuple(f"{task}: not testable: {reason}" for task, reason in without.items())
    kept = evidence.without(without)
    if not kept.tasks or (module.on_controls and not kept.control_tasks):
        return Measured(untestable="; ".join(said), presupposed=far)
    measured = _measured(module, kept)
    return replace(measured, notes=(*measured.notes, *said), presupposed=far)


def _measured(module: ClaimModule, evidence: Evidence) -> Measured:
    """Return what the claim's `measure` does, with each task's best set where it is to stand beside all of them."""
    measured = module.measure(evidence)
    measured = replace(measured, notes=(*measured.notes, *evidence.chaos_notes(module.asks)))
    if not module.claim.on_best_sets:
        return measured
    best = evidence.best_sets()
    return replace(measured, best_sets=best) if best.of > 1 else measured


def measure_of_models(module: ClaimModule, models: Sequence[SizedModel]) -> Measured:
    """Return what a claim about several models measured, each on the tasks that it can be tested on.

    Where nothing is compared, as there are too few models or these have no demonstration set in common, `untestable`
    says why, and what the claim shows of each model stands all the same.
    """
    kept = [model.presuming(module.claim.presumes) for model in models]
    measured = module.measure(kept)
    notes = (*measured.notes, *(f"{m.name}, {t}: not testable: {why}" for m in kept for t, why in m.left_out.items()))
    if measured.parts:
        return replace(measured, notes=notes, untestable="", presupposed=far_from_too_few(kept))
    unpaired = "models reported no demonstration set in common: nothing is paired; take --selection random"
    why = measured.untestable or unpaired
    return replace(measured, control=(), notes=notes, untestable=why, presupposed=far_from_too_few(kept))
