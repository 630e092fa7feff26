"""Holm's correction of p values, and the confidence levels that agree with its decisions."""

from collections.abc import Mapping
from dataclasses import dataclass

from statsmodels.stats.multitest import multipletests

from harness.errors import HarnessError


@dataclass(frozen=True)
class Corrected:
    """What Holm's procedure says of one hypothesis."""

    p_adjusted: float
    level: float
    """Confidence level whose interval agrees with the decision."""
    rejected: bool


def holm(p_values: Mapping[str, float], alpha: float) -> Mapping[str, Corrected]:
    """Return Holm's adjusted p values, decisions and matching confidence levels, by name.

    The k-th smallest p among m is compared with alpha / (m - k + 1), from the smallest up to the first that
    is larger. The interval of a rejected hypothesis is taken at the level 1 - alpha / (m - k + 1) that it
    passed (equal p values pass the sternest of theirs), that of the others at 1 - alpha / (m - r), r the
    number rejected: the level that the first of them failed. An interval of the same test then excludes 0
    exactly where Holm rejects. No p values: an empty mapping. Raises HarnessError on a p value outside [0, 1]
    or an alpha outside (0, 1).

    Source: Holm 1979, Scandinavian Journal of Statistics 6, 65-70; p values by statsmodels.
    """
    wrong = {name: p for name, p in p_values.items() if not 0 <= p <= 1}
    if wrong or not 0 < alpha < 1:
        message = f"Holm's correction was given p values {wrong} and alpha = {alpha}, expected p in [0, 1] "
        raise HarnessError(message + "and alpha between 0 and 1: look at the comparisons of these names.")
    if not p_values:
        return {}
    rejected, adjusted, _, _ = multipletests(list(p_values.values()), alpha=alpha, method="holm")
    remaining = len(p_values) - int(rejected.sum())
    corrected = {}
    for (name, p), reject, p_adjusted in zip(p_values.items(), rejected, adjusted, strict=True):
        smaller = sum(other < p for other in p_values.values())
        tests = len(p_values) - smaller if reject else remaining
        corrected[name] = Corrected(float(p_adjusted), 1 - alpha / tests, bool(reject))
    return corrected
