"""Scored examples: with the weights of their setting, whatever the batch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data import Recording, Setting
from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.evidence.sources import Sources
from harness.runs.entries import from_entry
from harness.runs.finetuning import FinetuningRun, weights_of
from harness.runs.loaded import model_of
from harness.runs.run import Demonstrations
from harness.runs.scoring import AccuracyRun, RecordingRun
from harness.runs.variants import Variant
from harness.runs.whole_prompts import WholePromptsRun
from harness.tests.models.families import snapshot
from harness.tests.runs.made_up import CHOSEN, made_up
from harness.tests.tiny import Project, ready


def _recording(sources: Sources, setting: Setting, rate: float | None = None) -> Recording:
    run = sources.experiment.run(RecordingRun, "toy", setting, None if setting is Setting.ZSL else 0, rate)
    return from_entry(sources.store.find_or_run(run))


def test_batch_size_does_not_decide_numbers(sources: Sources, project: Project, tmp_path: Path) -> None:
    """One query at a time and eight give the same cosines to 1e-4."""
    one = ready(project.settings(tmp_path, batch_size=1), OnTasks("sim_aou"))
    alone, shared = (Evidence(of).of(OnTasks("sim_aou"), "ft")["toy"] for of in (one, sources))
    assert alone == pytest.approx(shared, abs=1e-4)


def test_ft_is_scored_with_what_finetuning_left(sources: Sources) -> None:
    """Its logits are those that ZSL has in a model with the finetuned weights, and not the untouched model's."""
    zsl, ft = _recording(sources, Setting.ZSL), _recording(sources, Setting.FT, 2.0)
    finetuning = sources.experiment.run(FinetuningRun, "toy", None, 0, 2.0)
    run = sources.experiment.run(AccuracyRun, "toy", Setting.ZSL)
    model = model_of(run, sources.store)
    with model.with_weights(weights_of(sources.store.find_or_run(finetuning))):
        by_hand = run.compute(sources.store).tensors["label_logits"]
    np.testing.assert_allclose(ft.label_logits, by_hand, rtol=0, atol=1e-5)
    assert not np.isclose(ft.label_logits, zsl.label_logits, atol=1e-6).all(axis=1).any()


def test_scoring_leaves_the_model_as_it_was(sources: Sources) -> None:
    """After FT was recorded and its accuracy found, no weight is another."""
    runs = (
        sources.experiment.run(RecordingRun, "toy", Setting.FT, 0, 2.0),
        sources.experiment.run(AccuracyRun, "toy", Setting.FT, 0, 2.0),
    )
    before = snapshot(model_of(runs[0], sources.store))
    for run in runs:
        run.compute(sources.store)
    after = snapshot(model_of(runs[0], sources.store))
    assert all(bool((after[name] == before[name]).all()) for name in before)


def test_each_rate_answers_with_weights_of_its_own(sources: Sources) -> None:
    """On dev, FT's logits differ between two rates in every example: they are not the untouched model's."""
    small, large = (
        sources.store.find_or_run(
            sources.experiment.run(AccuracyRun, "toy", Setting.FT, 0, rate, sources.experiment.selection_part)
        ).tensors["label_logits"]
        for rate in (0.5, 2.0)
    )
    assert not np.isclose(small, large, atol=1e-6).all(axis=1).any()


@pytest.mark.parametrize(("setting", "rate"), [(Setting.ICL, None), (Setting.FT, 2.0)])
def test_accuracy_is_that_of_the_recording(sources: Sources, setting: Setting, rate: float | None) -> None:
    """On the same examples both runs have the same logits, the same gold labels and the same share of right ones."""
    kept = sources.store.find_or_run(sources.experiment.run(AccuracyRun, "toy", setting, 0, rate))
    recorded = _recording(sources, setting, rate)
    np.testing.assert_allclose(kept.tensors["label_logits"], recorded.label_logits, rtol=0, atol=1e-4)
    assert np.array_equal(kept.tensors["gold"], recorded.gold)
    assert kept.facts == {"accuracy": float(recorded.correct.mean()), "diverged_at": None}


def test_accuracy_of_a_rate_that_diverges_is_none(sources: Sources) -> None:
    """At 1e38 the second step overflows: the facts say where, and no logit is kept."""
    run = sources.experiment.run(AccuracyRun, "toy", Setting.FT, 0, 1e38)
    kept = sources.store.find_or_run(run)
    assert kept.facts == {"accuracy": None, "diverged_at": 1}
    assert kept.tensors == {}


def test_ft_alone_rests_on_finetuning() -> None:
    """The finetuning of the same task, set, rate and variant; ZSL rests on nothing."""
    made = made_up()
    for cell in (made.own_cell("toy", CHOSEN["toy"], 1), made.cell("toy", CHOSEN, 1, Variant(labels="flipped"))):
        assert cell.zsl.inputs == ()
        assert cell.ft.inputs == (cell.finetuned,)


def test_icl_is_held_to_whole_prompts_once_a_task_and_part() -> None:
    """Whichever demonstration set is scored, of the claims' own runs; what is run beside them comes later."""
    made = made_up()
    own, dev = made.own_cell("toy", CHOSEN["toy"], 1).icl, made.sets_tried("toy")
    (held_to,) = own.inputs
    assert isinstance(held_to, WholePromptsRun)
    assert (held_to.task, held_to.part, held_to.demonstrations) == (own.task, "test", Demonstrations(6, 3, 0))
    assert len({of.inputs for of in dev}) == 1
    assert dev[0].inputs != own.inputs
    assert made.cell("toy", CHOSEN, 1, Variant(labels="flipped")).icl.inputs == ()


def test_facts_of_a_recording_say_how_it_was_made(sources: Sources) -> None:
    """Seconds and device; of ICL also where the demonstrations stand, and how long the prefix is."""
    facts: dict[Setting, Any] = {
        setting: sources.store.find_or_run(sources.experiment.run(RecordingRun, "toy", setting, candidate)).facts
        for setting, candidate in ((Setting.ZSL, None), (Setting.ICL, 0))
    }
    assert set(facts[Setting.ZSL]) == {"seconds", "device", "setting"}
    assert set(facts[Setting.ICL]) == {"seconds", "device", "setting", "spans", "prefix_tokens"}
    assert len(facts[Setting.ICL]["spans"]) == 6
    assert facts[Setting.ICL]["spans"][-1][1] < facts[Setting.ICL]["prefix_tokens"]
