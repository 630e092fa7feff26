"""The one judge: comparisons of a whole family in, outcomes with reasons out.

Each claim's outcome is the first that fits of MIXED, NEGLIGIBLE, SUPPORTED or REFUTED, INCONCLUSIVE
(`harness.statistics.decisions` has the rule). What a claim presupposes, and errors, are decided before.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from harness.errors import HarnessError
from harness.statistics.comparison import Comparison
from harness.statistics.decisions import ClaimTests, Tested, TestedPart, disagree, tested
from harness.statistics.holm import Corrected, holm
from harness.statistics.results import ClaimResult, Estimate, Outcome, PartResult, TaskResult

_POWER = 0.8
FARTHEST = 10.0
"""Standard errors: no margin is larger."""
_STEPS = np.linspace(-FARTHEST, FARTHEST, 401)
_NO_TEST = Corrected(math.nan, 1.0, rejected=False)


def judge_family(family: Mapping[str, Sequence[Comparison]], alpha: float) -> Mapping[str, ClaimResult]:
    """Judge all claims of a family together; key = claim id.

    Holm's correction at `alpha` runs over the claims, not over their comparisons: once over what is for or against
    them, once over whether those are negligible whose comparisons all fix what matters. Raises HarnessError where a
    claim has no comparison, or two of one name.
    """
    for claim, parts in family.items():
        names = [part.name for part in parts]
        if not names or len(set(names)) < len(names):
            given = f"the comparisons {names}" if names else "no comparison"
            raise HarnessError(f"{claim} was given {given}, expected one or more of distinct names: mend its measure.")
    tests = {claim: ClaimTests(tuple(map(_tests, parts))) for claim, parts in family.items()}
    decided = holm({claim: float(found.difference[0]) for claim, found in tests.items()}, alpha)
    sized = [claim for claim, parts in family.items() if all(part.matters and not part.alike for part in parts)]
    equal = holm({claim: float(tests[claim].negligible[0]) for claim in sized}, alpha)
    return {c: _judge(parts, tests[c], alpha, decided[c], equal.get(c, _NO_TEST)) for c, parts in family.items()}


def _tests(part: Comparison) -> TestedPart:
    return tested(part, [cell[None] for cell in part.cells])


def _judge(
    parts: Sequence[Comparison], found: ClaimTests, alpha: float, decided: Corrected, equal: Corrected
) -> ClaimResult:
    levels = (alpha, 1 - decided.level, 1 - equal.level)
    results = tuple(_part(part, tests, len(parts), levels) for part, tests in zip(parts, found.parts, strict=True))
    return ClaimResult(
        outcome=Outcome(str(found.outcomes(*levels)[0])),
        parts=results,
        reason="; ".join(f"{part.name}: {part.reason}" for part in results),
        p_value=float(found.difference[0]),
        p_holm=decided.p_adjusted,
        p_negligible=equal.p_adjusted,
        margin=margin(found, levels),
    )


def _part(part: Comparison, tests: TestedPart, parts: int, levels: tuple[float, float, float]) -> PartResult:
    """Judge a comparison; its interval is at the level of the test that its outcome is of."""
    alpha, decided, equivalence = levels
    outcome = _outcome(tests, parts, levels)
    level = 1 - (equivalence if outcome is Outcome.NEGLIGIBLE else decided)
    estimate = estimated(part, tests.whole, level)
    by_task = _by_task(part, tests, 1 - alpha / (parts * max(len(tests.tasks), 1)))
    return PartResult(
        name=part.name,
        prediction=part.prediction,
        estimate=estimate,
        outcome=outcome,
        reason=_reason(part, estimate, outcome, by_task),
        smallest_detectable=smallest_detectable(estimate),
        unit=part.unit,
        matters=part.matters,
        alike=part.alike,
        by_task=by_task,
        without=_without(part, level),
    )


def _outcome(tests: TestedPart, parts: int, levels: tuple[float, float, float]) -> Outcome:
    """Return what a comparison says by itself; against the claim it is corrected over the claim's comparisons."""
    alpha, level, equivalence = levels
    whole = tests.whole
    if bool(disagree(tests, alpha, parts)):
        return Outcome.MIXED
    if 2 * whole.negligible[0] <= equivalence:
        return Outcome.NEGLIGIBLE
    if 2 * whole.holds[0] <= level:
        return Outcome.SUPPORTED
    return Outcome.REFUTED if 2 * parts * whole.fails[0] <= level else Outcome.INCONCLUSIVE


def estimated(part: Comparison, tests: Tested, level: float) -> Estimate:
    """Return the effect with its interval at `level`; too few cases, or none that vary: NaN, and `degenerate` why."""
    found, why = tests.located.moments, part.shortage
    low, high = (float(end[0]) for end in tests.located.interval(level))
    if not why and math.isnan(low):
        why = f"all {part.units} examples that count have the value {found.effect[0]:.3g}: nothing varies"
    error = math.sqrt(float(found.variance[0]))
    if why:
        low = high = error = math.nan
    return Estimate(
        effect=float(found.effect[0]),
        low=low,
        high=high,
        level=level,
        p_value=1.0 if why else float(tests.located.two_sided()[0]),
        n=part.units,
        sets=part.sets,
        draws=part.draws,
        standard_error=error,
        freedom=float(found.freedom[0]),
        degenerate=why,
    )


def smallest_detectable(found: Estimate) -> float:
    """Return the effect that would be found with 80 % power: (c + z_0.8) SE, c SE half the interval's width.

    For a normal interval at level 1 - alpha this is (z_{1 - alpha/2} + z_0.8) SE; taking c from the interval
    keeps Student's wider c where sets are few. NaN where there is no estimate.
    """
    return (found.high - found.low) / 2 + float(stats.norm.ppf(_POWER)) * found.standard_error


def _by_task(part: Comparison, tests: TestedPart, level: float) -> tuple[TaskResult, ...]:
    """Return each task alone, at a level that is corrected over tasks and comparisons."""
    found = zip(part.tasks, tests.tasks, strict=False)  # no tests of tasks where there is one
    return tuple(_task(name, task, level) for name, task in found)


def _without(part: Comparison, level: float) -> tuple[TaskResult, ...]:
    """Return the comparison with each task left out."""
    places = range(len(part.tasks)) if len(part.tasks) > 1 else ()
    found = []
    for left_out in places:
        rest = part.of_tasks([i for i in places if i != left_out])
        found.append(_task(part.tasks[left_out], _tests(rest).whole, level))
    return tuple(found)


def _task(name: str, tests: Tested, level: float) -> TaskResult:
    low, high = (math.nan if tests.short else float(end[0]) for end in tests.located.interval(level))
    outcome = Outcome.INCONCLUSIVE
    if 2 * tests.negligible[0] <= 1 - level:
        outcome = Outcome.NEGLIGIBLE
    elif 2 * tests.holds[0] <= 1 - level:
        outcome = Outcome.SUPPORTED
    elif 2 * tests.fails[0] <= 1 - level:
        outcome = Outcome.REFUTED
    return TaskResult(name, float(tests.located.moments.effect[0]), low, high, level, outcome)


def margin(found: ClaimTests, levels: tuple[float, float, float]) -> float | None:
    """Return by how many of its standard errors a comparison must move for another outcome; one alone, or all.

    At most `FARTHEST`. None where no comparison has a standard error: nobody knows what moves it.
    """
    errors = [math.sqrt(float(part.whole.located.moments.variance[0])) for part in found.parts]
    if not any(errors):
        return None
    before, nearest = found.outcomes(*levels)[0], FARTHEST
    for moving in [*({i} for i in range(len(errors))), set(range(len(errors)))]:
        steps = [_STEPS * (error if i in moving else 0.0) for i, error in enumerate(errors)]
        moved = ClaimTests(tuple(p.shifted(by) for p, by in zip(found.parts, steps, strict=True)))
        changed = np.abs(_STEPS[moved.outcomes(*levels) != before])
        nearest = min(nearest, float(changed.min(initial=FARTHEST)))
    return nearest


def _reason(part: Comparison, found: Estimate, outcome: Outcome, by_task: Sequence[TaskResult]) -> str:
    if found.degenerate:
        return found.degenerate
    sets = f", {found.sets} sets" if found.sets > 1 else ""
    draws = f", {found.draws} draws" if found.draws > 1 else ""
    interval = (
        f"effect {found.effect:.3g}, and its {100 * found.level:.4g} % interval "
        f"[{found.low:.3g}, {found.high:.3g}] (n = {found.n}{sets}{draws})"
    )
    within = f"lies within {part.matters:g} of 0, the smallest effect that matters"
    said = {
        Outcome.MIXED: f"is of tasks that disagree: {_sides(by_task)}",
        Outcome.NEGLIGIBLE: within,
        Outcome.SUPPORTED: within if part.alike else "lies above 0",
        Outcome.REFUTED: f"lies beyond {part.matters:g}, which matters" if part.alike else "lies below 0",
    }
    return f"{interval} {said[outcome] if outcome in said else _undecided(part, found)}"


def _undecided(part: Comparison, found: Estimate) -> str:
    detectable = f"an effect of {smallest_detectable(found):.2g} would be found with 80 % power"
    if part.alike:
        return f"holds effects below {part.matters:g} and beyond; {detectable}"
    if found.low <= 0 <= found.high:
        return f"holds 0; {detectable}"
    return f"leaves 0 out, but not at the level that counts among several comparisons; {detectable}"


def _sides(by_task: Sequence[TaskResult]) -> str:
    said = {Outcome.SUPPORTED: "for it", Outcome.REFUTED: "against it", Outcome.NEGLIGIBLE: "too small to matter"}
    return ", ".join(f"{t.task} {t.effect:+.3g} {said[t.outcome]}" for t in by_task if t.outcome in said)
