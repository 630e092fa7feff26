"""The one judge: comparisons of a whole family in, outcomes with reasons out."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import stats

from harness.errors import HarnessError
from harness.statistics.comparison import Comparison
from harness.statistics.estimation import RESAMPLES, estimate, p_value
from harness.statistics.holm import Corrected, holm
from harness.statistics.results import Estimate, Outcome, PartResult

_POWER = 0.8


def judge_family(
    family: Mapping[str, Sequence[Comparison]],
    alpha: float,
    rng_of: Callable[[str], np.random.Generator],
    resamples: int = RESAMPLES,
) -> Mapping[str, tuple[PartResult, ...]]:
    """Judge all comparisons of a family of claims together; key = claim id, results in the order given.

    The p values of all parts of all claims go through Holm's correction at `alpha` at once. A part is
    SUPPORTED iff Holm rejects 'no effect' and the corrected interval lies above 0, REFUTED iff Holm rejects
    and the interval lies below 0, else INCONCLUSIVE, with a reason in numbers. Each part draws from a
    generator of its own, `rng_of("claim/part")`, called anew for its p value and for its interval: what
    else is in the family changes no draw. Raises HarnessError where a claim has two parts of one name.
    """
    parts = {f"{claim}/{part.name}": part for claim, given in family.items() for part in given}
    if len(parts) < sum(len(given) for given in family.values()):
        names = {claim: [part.name for part in given] for claim, given in family.items()}
        raise HarnessError(f"a claim was given two parts of one name, expected distinct names: rename in {names}")
    p_values = {key: p_value(part, rng_of(key), resamples) for key, part in parts.items()}
    corrections = holm(p_values, alpha)
    results = {}
    for key, part in parts.items():
        corrected = corrections[key]
        found = estimate(part, corrected.level, rng_of(key), p_values[key], resamples)
        results[key] = _judge(part, found, corrected)
    return {claim: tuple(results[f"{claim}/{part.name}"] for part in given) for claim, given in family.items()}


def overall(parts: Sequence[PartResult]) -> Outcome:
    """Return a claim's outcome: SUPPORTED if all parts are, REFUTED if any is, else INCONCLUSIVE.

    Raises HarnessError on no parts: nothing can't support a claim.
    """
    outcomes = {part.outcome for part in parts}
    if not outcomes:
        raise HarnessError("a claim was given no parts, expected at least one: hand the judge a comparison.")
    if outcomes == {Outcome.SUPPORTED}:
        return Outcome.SUPPORTED
    return Outcome.REFUTED if Outcome.REFUTED in outcomes else Outcome.INCONCLUSIVE


def smallest_detectable(found: Estimate) -> float:
    """Return the effect that would be found with 80 % power: (c + z_0.8) SE, c SE half the interval's width.

    For a normal interval at level 1 - alpha this is (z_{1 - alpha/2} + z_0.8) SE; taking c from the interval
    keeps Student's wider c where seeds are few. NaN where there is no estimate.
    """
    return (found.high - found.low) / 2 + float(stats.norm.ppf(_POWER)) * found.standard_error


def _judge(part: Comparison, found: Estimate, corrected: Corrected) -> PartResult:
    outcome = Outcome.INCONCLUSIVE
    if corrected.rejected and found.low > 0:
        outcome = Outcome.SUPPORTED
    elif corrected.rejected and found.high < 0:
        outcome = Outcome.REFUTED
    return PartResult(
        name=part.name,
        prediction=part.prediction,
        estimate=found,
        p_holm=corrected.p_adjusted,
        outcome=outcome,
        reason=_reason(found, corrected, outcome),
        smallest_detectable=smallest_detectable(found),
        unit=part.unit,
    )


def _reason(found: Estimate, corrected: Corrected, outcome: Outcome) -> str:
    if found.degenerate or math.isnan(found.low):
        return found.degenerate
    interval = (
        f"effect {found.effect:.3g}, and its {100 * found.level:.4g} % interval "
        f"[{found.low:.3g}, {found.high:.3g}] (n = {found.n})"
    )
    detectable = f"an effect of {smallest_detectable(found):.2g} would be found with 80 % power"
    if outcome is Outcome.SUPPORTED:
        return f"{interval} lies above 0"
    if outcome is Outcome.REFUTED:
        return f"{interval} lies below 0"
    if found.low <= 0 <= found.high:
        return f"{interval} holds 0; {detectable}"
    return f"{interval} leaves 0 out, but the corrected p value is {corrected.p_adjusted:.2g}; {detectable}"
