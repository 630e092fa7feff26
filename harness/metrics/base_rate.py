"""Rec2FTP against its base rate: how much more often ICL is right where FT corrected ZSL than where it did not."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float


def excess_over_base_rate(
    correct_zsl: Sequence[Bool[np.ndarray, " _example"]],
    correct_icl: Sequence[Bool[np.ndarray, " _example"]],
    correct_ft: Sequence[Bool[np.ndarray, " _example"]],
) -> Float[np.ndarray, " _example"]:
    """Return values, one for each example that ZSL gets wrong, whose mean is Rec2FTP's excess over its base rate.

        D = sum_t w_t (p1_t - p0_t) / sum_t w_t,    w_t = n1_t n0_t / (n1_t + n0_t),

    All tasks are joined; examples that ZSL gets right have NaN. p1 is the share of ICL's right answers among the n1
    examples that FT corrected (Rec2FTP), p0 that among the n0 which FT left wrong: Mantel and Haenszel's risk
    difference (1959), which compares within tasks alone. The values are D plus each example's influence on it, so
    the variance of their mean is D's, sum_t (w_t / sum w)^2 [p1 (1 - p1) / n1 + p0 (1 - p0) / n0]: n1 and n0 count as
    given. All NaN where no task has examples of both kinds.
    """
    tasks = [_task(~zsl, icl, ft) for zsl, icl, ft in zip(correct_zsl, correct_icl, correct_ft, strict=True)]
    total = sum(weight for _, weight, _ in tasks)
    wrong = np.concatenate([~zsl for zsl in correct_zsl])
    if not total:
        return np.full(wrong.shape, np.nan)
    difference = sum(weight * found for found, weight, _ in tasks) / total
    influence = np.concatenate([(weight / total) * own for _, weight, own in tasks])
    return np.where(wrong, difference + wrong.sum() * influence, np.nan)


def _task(wrong: np.ndarray, icl: np.ndarray, ft: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Return p1 - p0, its weight, and every example's influence on p1 - p0."""
    one, other = wrong & ft, wrong & ~ft
    n1, n0 = int(one.sum()), int(other.sum())
    if not n1 or not n0:
        return 0.0, 0.0, np.zeros(len(wrong))
    p1, p0 = float(icl[one].mean()), float(icl[other].mean())
    influence = one * (icl - p1) / n1 - other * (icl - p0) / n0
    return p1 - p0, n1 * n0 / (n1 + n0), influence
