"""What is selected of the store, and what stands in before anything is."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import fixtures
from harness.evidence.sources import Provisional, Sources, open_sources
from harness.store import Entry, MissingEntryError, Record
from harness.tests.minuscule import write_words
from harness.tests.tiny import Project


@pytest.fixture
def empty(project: Project, tmp_path: Path) -> Sources:
    """Return sources of three sets, of which two are reported, and two rates, with an empty store."""
    more = {"candidate_sets": 3, "demonstration_sets": 2, "corpus": write_words(tmp_path / "words.txt")}
    return open_sources(project.settings(tmp_path / "store", **more), fixtures.MODELS, fixtures.TASKS)


def _keep(sources: Sources, record: Record, **facts: object) -> None:
    sources.store.find_or_compute(record.kind, record.key, lambda: Entry({}, facts))


def _keep_sets(sources: Sources, accuracies: tuple[float, ...] = (0.2, 0.9, 0.5)) -> None:
    for run, accuracy in zip(sources.experiment.sets_tried("toy"), accuracies, strict=True):
        _keep(sources, run, accuracy=accuracy, diverged_at=None)


def _keep_rates(sources: Sources, accuracies: Mapping[float, float | None]) -> None:
    for run in sources.experiment.rates_tried("toy", 1):
        accuracy = accuracies[run.learning_rate or 0.0]
        _keep(sources, run, accuracy=accuracy, diverged_at=3 if accuracy is None else None)


def _provisional(sources: Sources) -> Provisional:
    return Provisional(sources.experiment, sources.grid, sources.store)


def test_nothing_is_chosen_of_an_empty_store(empty: Sources) -> None:
    """What is chosen is read, never made up: an empty store is said to lack what it is chosen from."""
    for choose in (empty.best_set, empty.selection):
        with pytest.raises(MissingEntryError, match="toy: ICL with set 0 on dev"):
            choose("toy")
    with pytest.raises(MissingEntryError, match="training: language, momentum"):
        _ = empty.eta


def test_the_first_stands_in_for_what_is_not_chosen_yet(empty: Sources) -> None:
    """As many sets as are reported, the first rate of the grid, the first eta."""
    provisional = _provisional(empty)
    chosen = provisional.selection("toy")
    assert (provisional.best_set("toy"), chosen.candidates, chosen.learning_rate) == (0, (0, 1), 2.0)
    assert provisional.eta == empty.grid.size.etas[0]


def test_what_is_chosen_stands_where_it_is(empty: Sources) -> None:
    """Sets 1 and 2 were the best of three, and the larger rate of two: whoever asks is told so."""
    _keep_sets(empty)
    _keep_rates(empty, {2.0: 0.3, 1e38: 0.7})
    for sources in (empty, _provisional(empty)):
        chosen = sources.selection("toy")
        assert (sources.best_set("toy"), chosen.candidates, chosen.learning_rate) == (1, (1, 2), 1e38)
        assert sources.chosen == {"toy": chosen}
    assert (chosen.icl_accuracy, chosen.ft_accuracy) == ((0.2, 0.9, 0.5), (0.3, 0.7))


def test_strength_that_is_chosen_stands_where_it_is(empty: Sources) -> None:
    """The last eta had the least loss."""
    tries = empty.grid.tries
    for loss, training in enumerate(reversed(list(tries.values()))):
        empty.store.find_or_compute(training.kind, training.key, partial(Entry, {"dev": np.full(6, float(loss))}, {}))
    assert len(tries) > 1
    assert empty.eta == _provisional(empty).eta == list(tries)[-1]


def test_sets_that_are_chosen_stand_before_the_rate_is(empty: Sources) -> None:
    """A run that was stopped between the two has its sets: the first rate alone stands in."""
    _keep_sets(empty)
    chosen = _provisional(empty).selection("toy")
    assert (_provisional(empty).best_set("toy"), chosen.candidates, chosen.learning_rate) == (1, (1, 2), 2.0)


def test_rate_that_diverged_is_not_chosen(empty: Sources) -> None:
    """The one that holds is taken."""
    _keep_sets(empty)
    _keep_rates(empty, {2.0: 0.3, 1e38: None})
    assert empty.selection("toy").learning_rate == 2.0
    assert empty.selection("toy").diverged_at == (None, 3)


def test_choice_is_made_once(empty: Sources) -> None:
    """The records of all questions are of one choice, whatever comes into the store between them."""
    _keep_sets(empty)
    _keep_rates(empty, {2.0: 0.3, 1e38: 0.7})
    assert empty.selection("toy") is empty.selection("toy")
