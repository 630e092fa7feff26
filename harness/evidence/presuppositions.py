"""What claims presuppose of a task, and on which tasks that holds: decided on dev, by a rule that is fixed beforehand.

That ICL is like finetuning says nothing where one of them learned nothing. A setting learned a task where, over the
reported demonstration sets, it answers more of the queries that are selected on right than ZSL does, by `least_gain`
(a setting: one query in fifty by default; of five sets and fifty queries, five answers in all):

    gain = (N[ZSL wrong & setting right] - N[ZSL right & setting wrong]) / N >= least_gain.
"""

from collections.abc import Iterable, Mapping, Sequence

from harness.runs.learning import Learning

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


def _shortfall(sets: Sequence[Learning], setting: str, least_gain: float) -> str:
    """Say how far a setting is from having learned; empty where it has."""
    corrected = sum(found.icl_corrected if setting == "icl" else found.ft_corrected for found in sets)
    broke = sum(found.icl_broke if setting == "icl" else found.ft_broke for found in sets)
    asked = sum(found.number for found in sets)
    if (corrected - broke) / asked >= least_gain:  # 7 / 100 is 0.07, and 0.07 * 100 more than 7
        return ""
    gain = f"{100 * (corrected - broke) / asked:+.1f} points, less than {100 * least_gain:g}"
    return f"{_WORDS[setting]} corrected {corrected} and broke {broke} of {asked} answers on dev ({gain})"
