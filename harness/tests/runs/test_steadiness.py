"""Whether finetuning's answers hang on the last bit of the weights."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.evidence.questions import FinetunedAt
from harness.evidence.sources import Sources
from harness.models.finetuning import off_by_a_bit
from harness.runs.facts import chaos_notes
from harness.runs.loaded import model_of
from harness.runs.selection import Selection, Tuning
from harness.runs.steadiness import CHAOTIC, Steadiness, in_doubt, relative_move, steadiness_of
from harness.runs.variants import Variant
from harness.store import Entry
from harness.tests.models.configurations import KINDS
from harness.tests.models.families import snapshot, tiny
from harness.tests.tiny import Project, ready


def test_move_is_the_largest_over_the_usual_gap() -> None:
    """By hand: gaps of 1, 2 and 4 have the median 2; of moves by 0.1, 0.2 and 3 the largest is 1.5 times that."""
    own = np.array([[0.0, 1.0, -5.0], [3.0, 1.0, 0.0], [0.0, 4.0, 0.0]])
    other = own + np.array([[0.1, 0.0, 0.0], [0.0, 0.0, -0.2], [0.0, -3.0, 0.0]])
    assert relative_move(own, other) == pytest.approx(1.5)
    assert relative_move(own, own) == 0.0


def test_any_move_is_chaotic_where_no_answer_is_ahead() -> None:
    """With equal logits the gap is 0: a finite number stands for infinity, since JSON has none."""
    moved = relative_move(np.zeros((3, 2)), np.full((3, 2), 1e-9))
    assert json.loads(json.dumps(moved, allow_nan=False)) == moved
    assert Steadiness(moved).chaotic


@pytest.mark.parametrize(("moved", "chaotic"), [(0.0, False), (CHAOTIC, False), (CHAOTIC * 1.01, True), (None, True)])
def test_chaotic_is_more_than_half_a_gap_or_divergence(moved: float | None, chaotic: bool) -> None:
    """And the words say it."""
    assert Steadiness(moved).chaotic is chaotic
    assert ("chaotic" in Steadiness(moved).words or moved is None) is chaotic


@pytest.mark.parametrize("family", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_last_bit_of_every_trained_weight_changes(family: str, dtype: torch.dtype) -> None:
    """Each entry that finetuning trains is the next float above or below, or the one after that; the model stays."""
    model = tiny(family)
    model.network.to(dtype)
    before = snapshot(model)
    changed = off_by_a_bit(model, np.random.default_rng(0))
    assert all(torch.equal(weight, before[name]) for name, weight in snapshot(model).items())
    assert changed.keys() == {s.name for s in model.key_value_slices}
    for s in model.key_value_slices:
        weight = s.of(s.parameter.data)
        other = (weight != 0) & (changed[s.name] == weight)
        assert not other.any()
        relative = (changed[s.name] - weight).float().abs() / weight.float().abs().clamp_min(1e-30)
        assert float(relative.max()) <= 2 * torch.finfo(dtype).eps
        up = (changed[s.name].abs() > weight.abs()).float().mean()
        assert 0.2 < float(up) < 0.8


@pytest.fixture(scope="module")
def rates(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return the tiny project with a rate that changes little and one that changes much."""
    return ready(project.settings(tmp_path_factory.mktemp("rates"), learning_rates=(1e-3, 2.0)), FinetunedAt(Variant()))


def test_small_steps_are_steady_and_the_same_run_gives_the_same(rates: Sources) -> None:
    """At rate 0.001 the last bit moves an answer by less than a thousandth of the gap; the model stays as it was."""
    run = rates.experiment.steadiness("toy", 0, 1e-3)
    before = snapshot(model_of(run, rates.store))
    first, second = run.compute(rates.store), run.compute(rates.store)
    after = snapshot(model_of(run, rates.store))
    moved = steadiness_of(first).moved
    assert moved is not None
    assert 0 < moved < 1e-3
    assert first.facts == second.facts
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_larger_steps_carry_the_last_bit_further(rates: Sources) -> None:
    """At rate 2 it moves answers a hundred times as far."""
    small, large = (
        steadiness_of(rates.experiment.steadiness("toy", 0, rate).compute(rates.store)).moved for rate in (1e-3, 2.0)
    )
    assert small is not None
    assert large is None or large > 100 * small


def test_steps_that_diverge_move_furthest(project: Project, tmp_path: Path) -> None:
    """At 1e38 finetuning overflows: answers that were kept before are left behind altogether, and no number says it."""
    sources = ready(project.settings(tmp_path), FinetunedAt(Variant()))
    run = sources.experiment.steadiness("toy", 0, 1e38)
    (answers,) = run.inputs
    place = sources.store.place(answers)
    shutil.rmtree(place)
    sources.store.find_or_compute(answers.kind, answers.key, lambda: Entry({"label_logits": np.eye(2)}, {}))
    assert run.compute(sources.store).facts == {"moved": None}


@pytest.mark.parametrize(("losses", "doubt"), [([5.0, 6.0, 1.0], False), ([5.0, 6.1, 1.0], True), ([5.0], False)])
def test_a_loss_a_nat_above_the_first_is_cause_for_doubt(losses: list[float], doubt: bool) -> None:
    """Of a nat above the first step's none; of more, wherever it stands."""
    assert in_doubt({"losses": losses}) is doubt


def _chosen(rate: float, **moved: float) -> Selection:
    steadiness = {float(name.removeprefix("at")): Steadiness(by) for name, by in moved.items()}
    return Selection((3, 1), rate, (), Tuning(rate, (), (), steadiness))


def test_report_says_what_was_passed_over_and_what_is_chaotic() -> None:
    """A rate that was passed over, rates that are all chaotic, and a reported set; nothing where all is steady."""
    assert chaos_notes("toy", _chosen(2.0, at2=0.1), {1: Steadiness(0.2)}) == ()
    (passed,) = chaos_notes("toy", _chosen(2.0, at4=0.6, at2=0.1), {})
    assert "Task toy: finetuning is chaotic at learning rate 4" in passed
    assert "2, the next best on dev" in passed
    (every,) = chaos_notes("toy", _chosen(4.0, at4=0.6, at2=3.0), {})
    assert "at every learning rate at which it holds (4, 2). 4 was taken" in every
    (of_set,) = chaos_notes("toy", _chosen(2.0, at2=0.1), {1: Steadiness(0.7)})
    assert (
        "demonstration set 1 is chaotic at learning rate 2 (weights off by their last bit move answers by 0.7" in of_set
    )
