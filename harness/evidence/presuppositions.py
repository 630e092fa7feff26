"""What claims presuppose of a task, and on which tasks that holds: decided on dev, by a rule that is fixed beforehand.

That ICL is like finetuning says nothing where one of them learned nothing. A setting learned a task where, over the
reported demonstration sets, it answers at least `LEAST_GAIN` more of the queries that are selected on right than ZSL
does:

    gain = (N[ZSL wrong & setting right] - N[ZSL right & setting wrong]) / N >= LEAST_GAIN.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from harness.runs.learning import Learning

LEAST_GAIN = 0.02
"""One query in fifty: with five sets of fifty queries, five answers in all."""

Presupposed = Literal["icl", "ft"]
"""That learning in context, or finetuning, learned the task."""

_WORDS: Mapping[Presupposed, str] = {"icl": "learning in context", "ft": "finetuning"}


def not_learned(learned: Mapping[str, Sequence[Learning]], presumed: Iterable[Presupposed]) -> Mapping[str, str]:
    """Return why a task is not one to test a claim on, by task; without those on which all that is presumed holds.

    `learned` holds what was found under each reported demonstration set.
    """
    found = {}
    for task, sets in learned.items():
        reasons = [reason for setting in presumed if (reason := _shortfall(sets, setting))]
        if reasons:
            found[task] = "; ".join(reasons)
    return found


def _shortfall(sets: Sequence[Learning], setting: Presupposed) -> str:
    """Say how far a setting is from having learned; empty where it has."""
    corrected = sum(found.icl_corrected if setting == "icl" else found.ft_corrected for found in sets)
    broke = sum(found.icl_broke if setting == "icl" else found.ft_broke for found in sets)
    asked = sum(found.number for found in sets)
    if corrected - broke >= LEAST_GAIN * asked:
        return ""
    gain = f"{100 * (corrected - broke) / asked:+.1f} points, less than {100 * LEAST_GAIN:g}"
    return f"{_WORDS[setting]} corrected {corrected} and broke {broke} of {asked} answers on dev ({gain})"
