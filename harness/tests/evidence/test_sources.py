"""What is selected of the store, and what stands in before anything is."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import fixtures
from harness.evidence.sources import Provisional, Sources, open_sources
from harness.runs.variants import Variant
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


def _keep_moved(sources: Sources, moved: Mapping[float, float | None]) -> None:
    for rate, by in moved.items():
        _keep(sources, sources.experiment.steadiness("toy", 1, rate), moved=by)


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
    _keep_moved(empty, {1e38: 0.1})
    for sources in (empty, _provisional(empty)):
        chosen = sources.selection("toy")
        assert (sources.best_set("toy"), chosen.candidates, chosen.learning_rate) == (1, (1, 2), 1e38)
        assert sources.chosen == {"toy": chosen}
    assert (chosen.icl_accuracy, chosen.tuning.ft_accuracy) == ((0.2, 0.9, 0.5), (0.3, 0.7))


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
    _keep_moved(empty, {2.0: 0.1})
    assert empty.selection("toy").learning_rate == 2.0
    assert empty.selection("toy").tuning.diverged_at == (None, 3)


def test_choice_is_made_once(empty: Sources) -> None:
    """The records of all questions are of one choice, whatever comes into the store between them."""
    _keep_sets(empty)
    _keep_rates(empty, {2.0: 0.3, 1e38: 0.7})
    _keep_moved(empty, {1e38: 0.1})
    assert empty.selection("toy") is empty.selection("toy")


def _in_question(sources: Sources, place: int) -> float | None:
    run = sources.rate_in_question("toy", place)
    return None if run is None else run.learning_rate


def test_rate_whose_finetuning_is_chaotic_is_passed_over(empty: Sources) -> None:
    """The best rate is asked after first, the next where that one is chaotic, and none once one is steady."""
    _keep_sets(empty)
    _keep_rates(empty, {2.0: 0.3, 1e38: 0.7})
    assert (_in_question(empty, 0), _in_question(_provisional(empty), 0)) == (1e38, 1e38)
    _keep_moved(empty, {1e38: 0.6})
    assert (_in_question(empty, 1), _in_question(_provisional(empty), 1)) == (2.0, None)
    _keep_moved(empty, {2.0: 0.5})
    assert _in_question(empty, 2) is None
    chosen = empty.selection("toy")
    assert chosen.learning_rate == 2.0
    assert {rate: how.chaotic for rate, how in chosen.tuning.steadiness.items()} == {1e38: True, 2.0: False}


@pytest.mark.parametrize(("moved", "taken"), [((3.0, 0.6), 2.0), ((0.6, 3.0), 1e38), ((None, 3.0), 2.0)])
def test_where_every_rate_is_chaotic_the_least_is_taken(
    empty: Sources, moved: tuple[float | None, float | None], taken: float
) -> None:
    """By how far answers move, not by accuracy; where the same steps diverge they move furthest."""
    _keep_sets(empty)
    _keep_rates(empty, {2.0: 0.3, 1e38: 0.7})
    _keep_moved(empty, dict(zip((1e38, 2.0), moved, strict=True)))
    assert _in_question(empty, 2) is None
    assert empty.selection("toy").learning_rate == taken


def test_one_steadiness_a_task_is_planned_before_anything_is_known(empty: Sources) -> None:
    """Of the first rate, under the first set."""
    assert (_in_question(_provisional(empty), 0), _in_question(_provisional(empty), 1)) == (2.0, None)


def test_variants_rate_is_chosen_among_its_own(empty: Sources) -> None:
    """Chaotic at its best rate, a variant takes the other; before anything is known the first stands in."""
    causal = Variant(gradient="layer_causal", draw=3)
    _keep_sets(empty)
    assert _provisional(empty).rate("toy", causal) == 2.0
    with pytest.raises(MissingEntryError, match="toy: FT with learning rate 2 on dev, gradient layer causal"):
        empty.rate("toy", causal)
    for run, accuracy in zip(empty.experiment.rates_tried("toy", 1, causal.of_tuning), (0.9, 0.7), strict=True):
        _keep(empty, run, accuracy=accuracy, diverged_at=None)
    for rate, moved in ((2.0, 0.6), (1e38, 0.1)):
        _keep(empty, empty.experiment.steadiness("toy", 1, rate, causal.of_tuning), moved=moved)
    assert empty.rate("toy", causal) == _provisional(empty).rate("toy", causal) == 1e38


def test_random_sets_stand_before_anything_is_known(project: Project, tmp_path: Path) -> None:
    """Nothing stands in for them: the first are taken."""
    settings = project.settings(tmp_path, selection="random", demonstration_sets=3, candidate_sets=1)
    sources = open_sources(settings, fixtures.MODELS, fixtures.TASKS)
    assert sources.best_set("toy") == 0
    assert _provisional(sources).selection("toy").candidates == (0, 1, 2)
