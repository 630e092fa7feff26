"""Finetunings in one pass are those that each run makes alone, and which are in a pass follows from the run itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fixtures
from harness.data import Setting
from harness.evidence.sources import open_sources
from harness.runs.experiment import Experiment
from harness.runs.finetuning import FinetuningRun
from harness.runs.run import Run
from harness.runs.scoring import AccuracyRun
from harness.runs.variants import Variant
from harness.store import Entry, Store
from harness.tests.tiny import Project

TOO_LARGE = 1e38


def opened(project: Project, store: Path, **options: object) -> Experiment:
    """Return the experiment of the tiny project: three random sets, two rates of which one diverges."""
    given = {"selection": "random", "demonstration_sets": 3, "learning_rates": (2.0, TOO_LARGE)} | options
    return open_sources(project.settings(store, **given), fixtures.MODELS, fixtures.TASKS).experiment


def alone(run: Run) -> Run:
    """Return the same run, with nothing beside it."""
    found = replace(run, sets=(), tried_with=())
    assert found.together == ()
    return found


def require_near(found: Entry, expected: Entry) -> None:
    """Hold arrays to each other by what rounding of float32 does in a few steps of a tiny model."""
    assert found.tensors.keys() == expected.tensors.keys()
    for name, array in found.tensors.items():
        largest = np.abs(expected.tensors[name]).max()
        np.testing.assert_allclose(array, expected.tensors[name], rtol=0, atol=2e-4 * largest, err_msg=name)
    assert found.facts.keys() == expected.facts.keys()


def test_finetunings_on_all_sets_are_one_pass(project: Project, tmp_path: Path) -> None:
    """Each is what it is alone, and no two are alike."""
    experiment, store = opened(project, tmp_path), Store(tmp_path)
    runs = [experiment.run(FinetuningRun, "toy", None, candidate, 2.0) for candidate in range(3)]
    assert [*runs[1].together] == runs
    found = [*runs[1].compute_together(store)]
    for run, entry in zip(runs, found, strict=True):
        require_near(entry, alone(run).compute(store))
    assert len({str(entry.facts["losses"]) for entry in found}) == 3


def test_a_set_that_diverges_goes_down_its_own_grid(project: Project, tmp_path: Path) -> None:
    """At a rate that is too large for all, each takes the next smaller, as alone; without one, it is an error."""
    experiment, store = opened(project, tmp_path), Store(tmp_path)
    run = experiment.run(FinetuningRun, "toy", None, 0, TOO_LARGE)
    beside = replace(run, fitting=run.number, rates=(0.5, 2.0, TOO_LARGE))
    for entry in beside.compute_together(store):
        assert entry.facts["learning_rate"] == 2.0
    with pytest.raises(Exception, match="diverged at its step"):
        next(iter(run.compute_together(store)))


def test_answers_at_all_learning_rates_are_one_pass(project: Project, tmp_path: Path) -> None:
    """One that diverges says where, as alone; the other answers as alone."""
    experiment, store = opened(project, tmp_path), Store(tmp_path)
    runs = experiment.rates_tried("toy", 1)
    assert [*runs[0].together] == runs
    for run, entry in zip(runs, runs[1].compute_together(store), strict=True):
        expected = alone(run).compute(store)
        require_near(entry, expected)
        assert entry.facts == expected.facts
    assert [store.find_or_run(run).facts["accuracy"] is None for run in runs] == [False, True]


@pytest.mark.parametrize(
    "variant",
    [
        Variant(weights="fresh"),
        Variant(gradient="layer_causal"),
        Variant(update="random"),
        Variant(update="distilled_outputs"),
    ],
    ids=lambda variant: variant.words,
)
def test_what_has_no_steps_of_one_model_is_alone(project: Project, tmp_path: Path, variant: Variant) -> None:
    """Rivals' weights are drawn anew for each set; layer-causal steps have losses of their own; others take no step."""
    run = replace(opened(project, tmp_path).run(FinetuningRun, "toy", None, 1, 2.0), variant=variant)
    assert run.together == ()


def test_a_rival_is_tried_at_all_rates_in_one_pass(project: Project, tmp_path: Path) -> None:
    """Whatever its weights, they are the same at each rate."""
    runs = opened(project, tmp_path).rates_tried("toy", 0, Variant(weights="fresh"))
    assert [*runs[0].together] == runs


def test_a_chosen_set_a_set_that_is_not_reported_and_icl_are_alone(project: Project, tmp_path: Path) -> None:
    """Where sets are chosen, which are reported is not known beforehand; ICL takes no step."""
    chosen = opened(project, tmp_path, selection="best", candidate_sets=3, demonstration_sets=2)
    assert chosen.run(FinetuningRun, "toy", None, 0, 2.0).together == ()
    experiment = opened(project, tmp_path)
    assert experiment.run(FinetuningRun, "toy", None, 3, 2.0).together == ()
    assert experiment.run(AccuracyRun, "toy", Setting.ICL, 0).together == ()
    assert opened(project, tmp_path, demonstration_sets=1).run(FinetuningRun, "toy", None, 0, 2.0).together == ()
