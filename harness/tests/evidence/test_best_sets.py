"""The best of the reported demonstration sets: worked by hand, and held to what was learned on dev."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.evidence.best_sets import BestSets, best_sets
from harness.evidence.evidence import Evidence
from harness.evidence.questions import Learned, OnTasks
from harness.runs.selection import Selection, Tuning
from harness.tests.tiny import Project, ready


def selection(candidates: Sequence[int], accuracies: Sequence[float]) -> Selection:
    """Return a selection of these sets, with ICL's accuracy under every set that was tried."""
    return Selection(tuple(candidates), 0.1, tuple(accuracies), Tuning(0.1, (), ()))


@pytest.mark.parametrize(
    ("candidates", "accuracies", "number", "place"),
    [
        ((0, 1, 2), (0.5, 0.9, 0.7), 1, 1),
        ((0, 1, 2), (0.5, 0.7, 0.7), 1, 1),  # of two that share it the one drawn first
        ((2, 1, 0), (0.7, 0.5, 0.7), 0, 2),  # wherever it stands
        ((3, 1), (0.9, 0.6, 0.8, 0.7), 3, 0),  # the best of all that were tried are not reported
        ((0,), (0.0,), 0, 0),
    ],
)
def test_best_set_by_hand(candidates: Sequence[int], accuracies: Sequence[float], number: int, place: int) -> None:
    """Its number is that of the draw, its place that among the reported; another task has its own."""
    other = selection(range(len(candidates)), [1.0, *[0.0] * len(candidates)])
    found = best_sets({"a": selection(candidates, accuracies), "b": other}, "dev")
    assert found == BestSets({"a": place, "b": 0}, {"a": number, "b": 0}, len(candidates), "dev")


@pytest.mark.parametrize(("protocol", "part"), [("held-out", "dev"), ("paper", "test")])
def test_best_set_is_read_of_what_any_claim_asks_for(
    project: Project, tmp_path: Path, protocol: str, part: str
) -> None:
    """Nothing is run for it beside a claim's own measurements; it is the one that learned most in context."""
    settings = project.settings(tmp_path, selection="random", demonstration_sets=4, protocol=protocol)
    found = Evidence(ready(settings, OnTasks("accuracy"))).best_sets()
    learned = Evidence(ready(settings, Learned())).learned()["toy"]
    shares = [of.icl for of in learned]
    assert len(set(shares)) > 1
    best = shares.index(max(shares))
    assert found == BestSets({"toy": best}, {"toy": best}, 4, part)


def test_sets_that_are_reported_best_first_have_the_best_at_the_first_place(project: Project, tmp_path: Path) -> None:
    """Selected among four, of which three are reported: its number is the draw's."""
    settings = project.settings(tmp_path, selection="best", demonstration_sets=3, candidate_sets=4)
    sources = ready(settings, OnTasks("accuracy"))
    found = Evidence(sources).best_sets()
    assert found == BestSets({"toy": 0}, {"toy": sources.selection("toy").candidates[0]}, 3, "dev")
