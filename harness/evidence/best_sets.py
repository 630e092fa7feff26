"""Which of a task's reported demonstration sets would be reported if only the best were."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.runs.selection import Selection


@dataclass(frozen=True)
class BestSets:
    """Of each task the reported demonstration set under which ICL is most accurate on what is selected on."""

    places: Mapping[str, int]
    """By task, its place among those that are reported, from 0."""
    numbers: Mapping[str, int]
    """By task, its number in the order in which sets are drawn, from 0."""
    of: int
    """Sets that are reported of each task."""
    selected_on: str
    """The part of a task that they are compared on: 'dev', or 'test' where it is the reported one."""


def best_sets(chosen: Mapping[str, Selection], selected_on: str) -> BestSets:
    """Return each task's best reported set by ICL's accuracy on the part that is selected on.

        best = argmax over reported sets s of accuracy(ICL | s),      the smallest number of those that share it.

    `chosen` is what was selected of each task, one or more, with as many reported sets in each.
    """
    numbers = {task: max(of.candidates, key=lambda s: (of.icl_accuracy[s], -s)) for task, of in chosen.items()}
    places = {task: of.candidates.index(numbers[task]) for task, of in chosen.items()}
    return BestSets(places, numbers, min(len(of.candidates) for of in chosen.values()), selected_on)
