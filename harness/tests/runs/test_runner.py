"""The orchestrator on a tiny project: what is selected, what is loaded, what is computed again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fixtures
from harness.data import Setting
from harness.errors import HarnessError
from harness.evidence.evidence import Evidence
from harness.runs.runner import Runner
from harness.settings import Protocol, Settings
from harness.tests.tiny import Project


def _runner(settings: Settings) -> Runner:
    return Runner(settings, fixtures.MODELS, fixtures.TASKS)


def _entries(store: Path) -> dict[str, int]:
    """Return what the store holds, and when each entry was written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in store.glob("runs/*/*/facts.json")}


def _shared(evidence: Evidence, **options: Any) -> Settings:
    """Return the shared evidence's settings with other options, on the same store."""
    return evidence.runner.settings.model_copy(update=options)


@pytest.fixture
def warm(evidence: Evidence) -> Evidence:
    """Return the shared evidence once everything that a report needs is in its store."""
    for name in ("accuracy", "sim_aou", "sim_am", "kendall"):
        evidence._all(name, "toy")
    evidence.runner.facts("toy")
    return evidence


def test_full_store_needs_no_model(warm: Evidence) -> None:
    """A second session gives the same arrays and facts without weights, tokenizer, or a new entry."""
    before = _entries(warm.runner.settings.store)
    runner = _runner(warm.runner.settings)
    again = Evidence(runner).of("kendall", "ft")["toy"]
    assert np.array_equal(again, warm.of("kendall", "ft")["toy"])
    assert runner.facts("toy") == warm.runner.facts("toy")
    assert {"model", "builder"}.isdisjoint(vars(runner.runs))
    assert _entries(warm.runner.settings.store) == before


def test_full_store_of_measurements_needs_no_recording(warm: Evidence, tmp_path: Path) -> None:
    """Selection, measurements and facts stand alone: without the recordings nothing is computed again."""
    folder = warm.runner.settings.store / "runs"
    away = {kind: (folder / kind).rename(tmp_path / kind) for kind in ("recording", "finetuned")}
    try:
        runner = _runner(warm.runner.settings)
        Evidence(runner).of("sim_am", "ft")
        runner.facts("toy")
        assert "model" not in vars(runner.runs)
    finally:
        for kind, path in away.items():
            path.rename(folder / kind)


def test_other_batch_size_reuses_what_is_there(warm: Evidence) -> None:
    """How many queries go at once is no part of a key."""
    before = _entries(warm.runner.settings.store)
    Evidence(_runner(_shared(warm, batch_size=3))).of("sim_aou", "ft")
    assert _entries(warm.runner.settings.store) == before


def test_batch_size_does_not_decide_numbers(warm: Evidence, project: Project, tmp_path: Path) -> None:
    """One query at a time and eight give the same cosines to 1e-4."""
    alone = Evidence(_runner(project.settings(tmp_path, batch_size=1))).of("sim_aou", "ft")["toy"]
    assert alone == pytest.approx(warm.of("sim_aou", "ft")["toy"], abs=1e-4)


def test_best_set_and_rate_on_dev_are_taken(warm: Evidence) -> None:
    """Accuracies are those of the stored logits; the set with the highest comes first."""
    runner = warm.runner
    chosen = runner.selection("toy")
    entries = [runner.runs.accuracy("toy", "dev", Setting.ICL, candidate) for candidate in (0, 1)]
    counted = [
        float(np.mean(entry.tensors["label_logits"].argmax(axis=1) == entry.tensors["gold"])) for entry in entries
    ]
    assert len(entries[0].tensors["gold"]) == 12
    assert chosen.icl_accuracy == tuple(counted)
    assert chosen.candidates == (int(np.argmax(counted)),)


def test_diverged_rate_is_left_out_and_said(warm: Evidence) -> None:
    """At 1e38 finetuning overflows in its second step: the other rate is taken, and the facts say so."""
    chosen = warm.runner.selection("toy")
    assert (chosen.learning_rate, chosen.ft_accuracy[1], chosen.diverged_at) == (2.0, None, (None, 1))
    tried: Any = warm.runner.facts("toy")["learning rates tried"]
    assert tried[1]["FT accuracy"] == "diverged at step 2"


def test_all_rates_diverging_is_an_error(evidence: Evidence) -> None:
    """There is nothing to compare with: the error names the rates and what to give instead."""
    runner = _runner(_shared(evidence, learning_rates=(1e38, 2e38)))
    with pytest.raises(
        HarnessError, match=r"diverged at every learning rate of \[1e\+38, 2e\+38\]; .*--learning-rates"
    ):
        runner.selection("toy")


def test_ties_go_to_the_first_set_and_the_smaller_rate(evidence: Evidence) -> None:
    """Two dev examples leave three accuracies for six sets; two rates a hair apart have the same."""
    settings = _shared(evidence, dev_queries=2, candidate_sets=6, demonstration_sets=6, learning_rates=(2.000001, 2.0))
    chosen = _runner(settings).selection("toy")
    assert chosen.ft_accuracy[0] == chosen.ft_accuracy[1]
    assert chosen.learning_rate == 2.0
    assert len(set(chosen.icl_accuracy)) < 6
    assert chosen.candidates == tuple(
        candidate
        for accuracy in (1.0, 0.5, 0.0)
        for candidate in range(6)
        if chosen.icl_accuracy[candidate] == accuracy
    )


def test_paper_protocol_selects_on_the_reported_examples(warm: Evidence) -> None:
    """Its accuracies are those of the recordings that are reported; the held-out ones are of dev."""
    runner = _runner(_shared(warm, protocol=Protocol.PAPER))
    chosen = runner.selection("toy")
    best = chosen.candidates[0]
    reported = runner.cell("toy", best)
    assert chosen.icl_accuracy[best] == pytest.approx(reported.icl.correct.mean())
    assert max(a for a in chosen.ft_accuracy if a is not None) == pytest.approx(reported.ft.correct.mean())
    assert runner.facts("toy")["selected on"] == "30 test examples"
    assert warm.runner.facts("toy")["selected on"] == "12 dev examples"


def test_two_demonstration_sets_are_two_rows(warm: Evidence) -> None:
    """Arrays are [set, example] and [set, example, layer]; ZSL is the same under both, ICL is not."""
    two = Evidence(_runner(_shared(warm, demonstration_sets=2)))
    zsl, icl = two.of("accuracy", "zsl")["toy"], two.of("accuracy", "icl")["toy"]
    assert (zsl.shape, two.of("sim_aou", "ft")["toy"].shape) == ((2, 30), (2, 30, 2))
    assert np.array_equal(zsl[0], zsl[1])
    assert not np.array_equal(icl[0], icl[1])


def test_cell_holds_every_training_token(warm: Evidence) -> None:
    """Each demonstration's tokens and a start token were trained on; ICL's prefix has a separator for it."""
    cell = warm.runner.cell("toy", 0)
    tokens = sum(last - first + 1 for first, last in cell.spans)
    assert (len(cell.spans), cell.training_queries.shape[1]) == (6, tokens)
    assert cell.icl.scores_context.shape[2] == tokens + 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"queries": 41}, "40 test examples, 41 were asked; ask for fewer with --queries"),
        ({"dev_queries": 1000}, "dev examples, 1000 were asked; ask for fewer with --dev-queries"),
        ({"demonstrations": 1000}, "1000 were asked; ask for fewer with --demonstrations"),
        ({"tasks": ("toi",)}, "unknown task 'toi': did you mean 'toy'"),
        ({"model": "smolm2-135m-instruct"}, "unknown model .*did you mean 'smollm2-135m-instruct'"),
        ({"device": "abacus"}, "device 'abacus' can't be used"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_run_is_said_before_anything_is_computed(
    project: Project, tmp_path: Path, options: dict[str, object], complaint: str
) -> None:
    """One error, while the store is still empty."""
    with pytest.raises(HarnessError, match=complaint):
        _runner(project.settings(tmp_path, **options))
    assert _entries(tmp_path) == {}


class _Told:
    """Counts the work that it is told of."""

    def __init__(self) -> None:
        self.expected = self.done = 0.0
        self.begun: list[str] = []

    def expect(self, units: float) -> None:
        self.expected += units

    def begin(self, what: str) -> None:
        self.begun.append(what)

    def advance(self, units: float) -> None:
        self.done += units

    def say(self, line: str) -> None:
        """Do nothing."""

    def pause(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("name", ["accuracy", "kendall"])
def test_work_that_is_done_adds_up_to_what_was_expected(project: Project, tmp_path: Path, name: str) -> None:
    """Whatever is asked first needs all runs: progress ends at 100 %, and each step said what it is."""
    told = _Told()
    settings = project.settings(tmp_path, candidate_sets=3, demonstration_sets=2, learning_rates=(2.0,))
    runner = Runner(settings, fixtures.MODELS, fixtures.TASKS, told)
    Evidence(runner)._all(name, "toy")
    assert told.done == pytest.approx(told.expected)
    assert {"toy: ICL with set 2 on dev", "toy: FT with learning rate 2 on dev", "toy: FT on test"} <= {*told.begun}


def test_rate_with_the_best_accuracy_on_dev_is_taken(evidence: Evidence) -> None:
    """Three rates with two accuracies or more: the one that is taken has the largest, under the set that is taken."""
    rates = (1e-4, 0.5, 2.0)
    chosen = _runner(_shared(evidence, learning_rates=rates)).selection("toy")
    accuracies = [accuracy for accuracy in chosen.ft_accuracy if accuracy is not None]
    assert len(set(accuracies)) > 1
    assert accuracies[rates.index(chosen.learning_rate)] == max(accuracies)


def test_rate_is_tuned_on_the_set_that_was_taken(evidence: Evidence) -> None:
    """Of six sets another than the first is best, and FT's accuracies are those of its demonstrations."""
    runner = _runner(_shared(evidence, dev_queries=20, candidate_sets=6, learning_rates=(0.5, 2.0)))
    chosen = runner.selection("toy")
    best = chosen.candidates[0]
    found = [
        [runner.runs.accuracy("toy", "dev", Setting.FT, number, rate).facts["accuracy"] for rate in (0.5, 2.0)]
        for number in (best, 0)
    ]
    assert best != 0
    assert list(chosen.ft_accuracy) == found[0] != found[1]


def test_cell_holds_the_three_settings(warm: Evidence) -> None:
    """Each recording is of its own setting: ZSL and FT read a start token alone, and FT has weights of its own."""
    cell = warm.runner.cell("toy", 0)
    assert [cell.zsl.setting, cell.icl.setting, cell.ft.setting] == [Setting.ZSL, Setting.ICL, Setting.FT]
    assert cell.zsl.scores_context.shape[2] == cell.ft.scores_context.shape[2] == 1 < cell.icl.scores_context.shape[2]
    assert not np.isclose(cell.ft.label_logits, cell.zsl.label_logits, atol=1e-6).all(axis=1).any()


def test_each_rate_answers_with_weights_of_its_own(warm: Evidence) -> None:
    """On dev, FT's logits differ between two rates in every example: they are not the untouched model's."""
    small, large = (
        warm.runner.runs.accuracy("toy", "dev", Setting.FT, 0, rate).tensors["label_logits"] for rate in (0.5, 2.0)
    )
    assert not np.isclose(small, large, atol=1e-6).all(axis=1).any()
