"""What claims presuppose of a task, and on which tasks that holds: decided on dev, by a rule that is fixed beforehand.

That ICL is like finetuning says nothing where one of them learned nothing. A setting learned a task where, over the
reported demonstration sets, it answers more of the queries that are selected on right than ZSL does, by `least_gain`
(a setting: one query in fifty by default; of five sets and fifty queries, five answers in all):

    gain = (N[ZSL wrong & setting right] - N[ZSL right & setting wrong]) / N >= least_gain.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from harness.runs.learning import Learning
from harness.statistics.judgement import FARTHEST

_WORDS = {"icl": "learning in context", "ft": "finetuning"}


def not_learned(
    learned: Mapping[str, Sequence[Learning]], presumed: Iterable[str], least_gain: float
) -> Mapping[str, str]:
    """Return why a task is not one to test a claim on, by task; without those on which all that is presumed holds.

    `presumed` names what must have learned it: "icl", "ft", or both. `learned` holds what was found under each reported
    demonstration set.
    """
    found = {}
    for task, sets in learned.items():
        reasons = [reason for setting in presumed if (reason := _shortfall(sets, setting, least_gain))]
        if reasons:
            found[task] = "; ".join(reasons)
    return found


def distance(learned: Mapping[str, Sequence[Learning]], presumed: Iterable[str], least_gain: float) -> float | None:
    """Return by how many standard errors gains must move until a claim can be tested, or can't be any more.

    It can on a task where all that is presumed holds, and can't any more where it can on none. The standard error of a
    gain, a mean of +1, 0 and -1 over the queries, is sqrt((corrected + broke) / N - gain^2) / sqrt(N), with N the
    distinct queries: answers under several sets are no new queries. At most `FARTHEST`; None where nothing is presumed.
    """
    by_task = [[_margin(sets, setting, least_gain) for setting in presumed] for sets in learned.values()]
    weakest = [min(margins) for margins in by_task if margins]
    return min(abs(max(weakest)), FARTHEST) if weakest else None


def _margin(sets: Sequence[Learning], setting: str, least_gain: float) -> float:
    """How far a gain is above the least that counts, in its standard errors; infinite where none varies."""
    corrected, broke, asked = _counts(sets, setting)
    gain = (corrected - broke) / asked
    error = math.sqrt(max((corrected + broke) / asked - gain**2, 0.0) / max(found.number for found in sets))
    return (gain - least_gain) / error if error > 0 else math.copysign(math.inf, gain - least_gain)


def _counts(sets: Sequence[Learning], setting: str) -> tuple[int, int, int]:
    """Return how many answers a setting corrected and broke, and how many there are."""
    corrected = sum(found.icl_corrected if setting == "icl" else found.ft_corrected for found in sets)
    broke = sum(found.icl_broke if setting == "icl" else found.ft_broke for found in sets)
    return corrected, broke, sum(found.number for found in sets)


def _shortfall(sets: Sequence[Learning], setting: str, least_gain: float) -> str:
    """Say how far a setting is from having learned; empty where it has."""
    corrected, broke, asked = _counts(sets, setting)
    if (corrected - broke) / asked >= least_gain:  # 7 / 100 is 0.07, and 0.07 * 100 more than 7
        return ""
    gain = f"{100 * (corrected - broke) / asked:+.1f} points, less than {100 * least_gain:g}"
    return f"{_WORDS[setting]} corrected {corrected} and broke {broke} of {asked} answers on dev ({gain})"
