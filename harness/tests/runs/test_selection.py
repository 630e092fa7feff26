"""What is selected on dev: the best demonstration sets, then the best learning rate under the first of them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fixtures
from harness.data import Setting
from harness.errors import HarnessError
from harness.evidence.questions import CausalOrder, FinetunedAt
from harness.evidence.sources import Sources, open_sources
from harness.runs.scoring import AccuracyRun
from harness.runs.selection import select, sets_chosen, tune
from harness.runs.steadiness import steadiness_of
from harness.runs.variants import OWN, Variant
from harness.settings import Protocol
from harness.store import Entry, MissingEntryError, Store
from harness.tests.tiny import Project, ready

Given = Callable[..., Sources]


@pytest.fixture(scope="module")
def given(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Return sources with other options, on a store that this module's tests share, once all is selected."""
    store = tmp_path_factory.mktemp("selected")
    return lambda **options: ready(project.settings(store, **options), CausalOrder())


def _accuracy(sources: Sources, setting: Setting, candidate: int, rate: float | None = None) -> Any:
    part = sources.experiment.selection_part
    return sources.store.read(sources.experiment.run(AccuracyRun, "toy", setting, candidate, rate, part))


def test_best_set_and_rate_on_dev_are_taken(sources: Sources) -> None:
    """Accuracies are those of the stored logits; the set with the highest comes first."""
    chosen = sources.selection("toy")
    entries = [_accuracy(sources, Setting.ICL, candidate) for candidate in (0, 1)]
    counted = [
        float(np.mean(entry.tensors["label_logits"].argmax(axis=1) == entry.tensors["gold"])) for entry in entries
    ]
    assert len(entries[0].tensors["gold"]) == 12
    assert chosen.icl_accuracy == tuple(counted)
    assert counted[0] != counted[1]
    assert chosen.candidates == (int(np.argmax(counted)),) == sets_chosen(sources.experiment, "toy", sources.store)


def test_diverged_rate_is_left_out(sources: Sources) -> None:
    """At 1e38 finetuning overflows in its second step: the other rate is taken."""
    chosen = sources.selection("toy")
    assert (chosen.learning_rate, chosen.tuning.ft_accuracy[1], chosen.tuning.diverged_at) == (2.0, None, (None, 1))


def test_all_rates_diverging_is_an_error(given: Given) -> None:
    """There is nothing to compare with: the error names the task, the rates and what to give instead."""
    with pytest.raises(
        HarnessError,
        match=r"'toy': finetuning diverged at every learning rate of \[1e\+38, 2e\+38\]; .*--learning-rates",
    ):
        given(learning_rates=(1e38, 2e38))


def test_ties_go_to_the_first_set_and_the_smaller_rate(given: Given) -> None:
    """Two dev examples leave three accuracies for six sets; two rates a hair apart have the same."""
    options = {"dev_queries": 2, "candidate_sets": 6, "demonstration_sets": 6, "learning_rates": (2.000001, 2.0)}
    chosen = given(**options).selection("toy")
    assert chosen.tuning.ft_accuracy[0] == chosen.tuning.ft_accuracy[1]
    assert chosen.learning_rate == 2.0
    assert len(set(chosen.icl_accuracy)) < 6
    assert chosen.candidates == tuple(
        candidate
        for accuracy in (1.0, 0.5, 0.0)
        for candidate in range(6)
        if chosen.icl_accuracy[candidate] == accuracy
    )


def test_paper_protocol_selects_on_the_reported_examples(given: Given) -> None:
    """Its accuracies are those of the recordings that are reported; the held-out ones are of dev."""
    sources = given(protocol=Protocol.PAPER)
    chosen = sources.selection("toy")
    best = chosen.candidates[0]
    reported = sources.experiment.own_cell("toy", chosen, best).read(sources.store)
    assert chosen.icl_accuracy[best] == pytest.approx(reported.icl.correct.mean())
    assert max(a for a in chosen.tuning.ft_accuracy if a is not None) == pytest.approx(reported.ft.correct.mean())
    held_out = given().experiment
    assert (sources.experiment.selection_part, held_out.selection_part) == ("test", "dev")
    assert (sources.experiment.number("test", "toy"), held_out.number("dev", "toy")) == (30, 12)


def test_paper_protocol_takes_all_of_a_small_task(project: Project, tmp_path: Path) -> None:
    """Asked for 2,000 of 40 test examples it takes 40, where the held-out protocol refuses."""
    asked = {"queries": 2000, "dev_queries": 12}
    paper = project.settings(tmp_path, protocol=Protocol.PAPER, **asked)
    assert open_sources(paper, fixtures.MODELS, fixtures.TASKS).experiment.number("test", "toy") == 40
    with pytest.raises(HarnessError, match="'toy' has 40 test examples, 2000 were asked"):
        open_sources(project.settings(tmp_path, **asked), fixtures.MODELS, fixtures.TASKS)


def test_rate_with_the_best_accuracy_on_dev_is_taken(given: Given) -> None:
    """Three rates with two accuracies or more: the one that is taken has the largest, under the set that is taken."""
    rates = (1e-4, 0.5, 2.0)
    chosen = given(learning_rates=rates).selection("toy")
    accuracies = [accuracy for accuracy in chosen.tuning.ft_accuracy if accuracy is not None]
    assert len(set(accuracies)) > 1
    assert accuracies[rates.index(chosen.learning_rate)] == max(accuracies)


def test_rate_is_tuned_on_the_set_that_was_taken(given: Given) -> None:
    """Of six sets another than the first is best, and FT's accuracies are those of its demonstrations."""
    sources = given(dev_queries=20, candidate_sets=6, learning_rates=(0.5, 2.0))
    chosen = sources.selection("toy")
    best, found = chosen.candidates[0], {}
    for number in (best, 0):
        tried = sources.experiment.rates_tried("toy", number)
        found[number] = [sources.store.find_or_run(run).facts["accuracy"] for run in tried]
    assert best != 0
    assert list(chosen.tuning.ft_accuracy) == found[best] != found[0]


def test_further_sets_are_taken_in_the_order_of_their_accuracy(given: Given) -> None:
    """Three of six: no set that is left out is better than one that is taken, and the best stands first."""
    chosen = given(dev_queries=20, candidate_sets=6, demonstration_sets=3, learning_rates=(2.0,)).selection("toy")
    taken = [chosen.icl_accuracy[i] for i in chosen.candidates]
    left = [accuracy for i, accuracy in enumerate(chosen.icl_accuracy) if i not in chosen.candidates]
    assert len(taken) == 3
    assert taken == sorted(taken, reverse=True)
    assert min(taken) >= max(left)


def test_selecting_runs_nothing(sources: Sources, tmp_path: Path) -> None:
    """In an empty store nothing is selected: the first run that is not there is named, and none is started."""
    for choose in (select, sets_chosen):
        with pytest.raises(MissingEntryError, match="toy: ICL with set 0 on dev"):
            choose(sources.experiment, "toy", Store(tmp_path))
    assert list(tmp_path.glob("runs/*/*")) == []


CAUSAL = Variant(gradient="layer_causal")
GRID = (1e-4, 1e-2, 0.5, 2.0, 1e38)


@pytest.fixture(scope="module")
def tuned(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return sources of five rates in whose store layer-causal descent is tuned."""
    settings = project.settings(tmp_path_factory.mktemp("tuned"), learning_rates=GRID, dev_queries=20)
    return ready(settings, FinetunedAt(CAUSAL, tuned=True))


def test_rival_is_tuned_by_its_own_accuracy_on_dev(tuned: Sources) -> None:
    """Of the same grid, set and dev examples the rate with its own best accuracy is taken, if it is steady there."""
    made, best = tuned.experiment, tuned.best_set("toy")
    tried = made.rates_tried("toy", best, CAUSAL)
    own = made.rates_tried("toy", best)
    assert [run.learning_rate for run in tried] == list(GRID)
    for run, claims in zip(tried, own, strict=True):
        assert (run.part, run.number, run.demonstrations) == ("dev", 20, claims.demonstrations)
        assert run.variant == CAUSAL
    accuracies = {run.learning_rate: tuned.store.read(run).facts["accuracy"] for run in tried}
    moved = {
        rate: tuned.store.find_or_run(made.steadiness("toy", best, rate, CAUSAL))
        for rate, accuracy in accuracies.items()
        if rate is not None and accuracy is not None
    }
    usable: dict[float, Any] = {r: accuracies[r] for r, entry in moved.items() if not steadiness_of(entry).chaotic}
    expected = min(usable, key=lambda rate: (-usable[rate], rate))
    assert accuracies[1e38] is None
    assert tuned.rate("toy", CAUSAL) == tune(made, "toy", tuned.store, CAUSAL).learning_rate == expected


def test_rivals_rate_is_not_the_claims_own(tuned: Sources) -> None:
    """Each has its own accuracies and rate; a random update, which takes no step, has the claims' own rate."""
    own, rival = (tune(tuned.experiment, "toy", tuned.store, variant) for variant in (OWN, CAUSAL))
    assert own.ft_accuracy != rival.ft_accuracy
    assert own.learning_rate == tuned.selection("toy").learning_rate != rival.learning_rate
    assert tuned.rate("toy", Variant(update="random", draw=2)) == own.learning_rate


def test_rival_answers_with_weights_of_its_own(tuned: Sources) -> None:
    """On dev, at one rate, layer-causal descent and plain finetuning leave other logits; labels are the same."""
    best = tuned.best_set("toy")
    one, other = (tuned.store.read(tuned.experiment.rates_tried("toy", best, v)[2]).tensors for v in (OWN, CAUSAL))
    assert not np.isclose(one["label_logits"], other["label_logits"], atol=1e-6).all(axis=1).any()
    assert np.array_equal(one["gold"], other["gold"])


def test_rival_that_diverges_at_every_rate_is_one_error(project: Project, tmp_path: Path) -> None:
    """The error names the variant beside task and rates."""
    settings = project.settings(tmp_path, learning_rates=(2.0, 1e37))
    flipped = Variant(labels="flipped")
    sources = ready(settings, FinetunedAt(flipped, tuned=True))
    for run in sources.experiment.rates_tried("toy", sources.best_set("toy"), flipped):
        place = sources.store.place(run)
        shutil.rmtree(place)
        sources.store.find_or_compute(run.kind, run.key, lambda: Entry({}, {"accuracy": None, "diverged_at": 1}))
    words = r"'toy': finetuning \(labels flipped\) diverged at every learning rate of \[2.0, 1e\+37\]"
    with pytest.raises(HarnessError, match=words):
        tune(sources.experiment, "toy", sources.store, flipped)


def test_random_sets_are_the_first_drawn(given: Given) -> None:
    """In the order drawn, whatever ICL makes of them on dev, which is known; the rate is tuned on the first."""
    options = {"dev_queries": 20, "candidate_sets": 6, "demonstration_sets": 6, "learning_rates": (0.5, 2.0)}
    best, random = (given(**options, selection=how) for how in ("best", "random"))
    chosen = random.selection("toy")
    assert chosen.candidates == (0, 1, 2, 3, 4, 5) != best.selection("toy").candidates
    assert chosen.icl_accuracy == best.selection("toy").icl_accuracy
    tried = [random.store.read(run).facts["accuracy"] for run in random.experiment.rates_tried("toy", 0)]
    assert list(chosen.tuning.ft_accuracy) == tried
    assert random.best_set("toy") == 0


def test_random_sets_are_known_before_anything_runs(project: Project, tmp_path: Path) -> None:
    """An empty store has them; more may be asked for than are drawn to select among."""
    settings = project.settings(tmp_path, selection="random", demonstration_sets=5, candidate_sets=2)
    made = open_sources(settings, fixtures.MODELS, fixtures.TASKS).experiment
    assert sets_chosen(made, "toy", Store(tmp_path)) == (0, 1, 2, 3, 4)
    assert len(made.sets_tried("toy")) == 5
