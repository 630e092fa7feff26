"""Weights fitted to ICL, as a finetuning's entry: found again, measured as any other, with the facts of the fit."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from harness.data import Setting
from harness.errors import HarnessError
from harness.evidence.measuring import Measurement
from harness.evidence.sources import Sources
from harness.models.scoring import score
from harness.runs.cells import CellRuns
from harness.runs.distillation import Distillation
from harness.runs.distilled import _batches
from harness.runs.finetuning import FinetuningRun, weights_of
from harness.runs.imitated import imitated_by, queries_of
from harness.runs.loaded import model_of
from harness.runs.scoring import RecordingRun
from harness.runs.variants import OWN, Variant
from harness.store import Entry
from harness.tests.runs.test_imitated import ANSWERS, OUTPUTS, fitted

SHORT: dict[str, Any] = {"queries": 40, "steps": 24, "trial": 8, "every": 8, "rates": (1e-3, 3e-3)}
FORMS = [ANSWERS, OUTPUTS]


def short(sources: Sources, variant: Variant, **strength: Any) -> FinetuningRun:
    """Return toy's fit of a variant in 24 steps."""
    return fitted(sources, variant, **(SHORT | strength))


def dev_loss(sources: Sources, run: FinetuningRun, entry: Entry) -> float:
    """Return how far what the weights answer to dev's queries zero-shot is from ICL, worked out again in float64."""
    _, dev = queries_of(run, sources.store)
    model, wanted = model_of(run, sources.store), sources.store.find_or_run(imitated_by(run)).tensors
    with model.with_weights(weights_of(entry)):
        found = score(model, dev, Setting.ZSL)
    if run.variant.imitates == "answers":
        log_p, log_q = (log_softmax(x.astype(float), axis=1) for x in (wanted["dev_answers"], found.label_logits))
        return float((np.exp(log_p) * (log_p - log_q)).sum(1).mean())
    a, b = wanted["dev_outputs"].astype(float), found.attn_out.astype(float)
    cosines = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    return float((1 - cosines).mean())


@pytest.mark.parametrize("variant", FORMS)
def test_fit_lowers_its_own_distance_from_icl(controls: Sources, variant: Variant) -> None:
    """On dev, to what its facts say of the step that is kept; the other form's weights are further away."""
    run = short(controls, variant)
    entry = controls.store.find_or_run(run)
    losses: dict[str, float] = entry.facts["dev_losses"]  # type: ignore[assignment]
    kept = losses[str(entry.facts["best_step"])]
    assert kept == min(losses.values()) < losses["0"]
    assert dev_loss(controls, run, entry) == pytest.approx(kept, rel=1e-3)


@pytest.mark.parametrize("variant", FORMS)
def test_facts_say_how_the_fit_went(controls: Sources, variant: Variant) -> None:
    """Curves of both losses, steps and the best of them, rates tried and taken, numbers of queries, seconds."""
    facts = controls.store.find_or_run(short(controls, variant)).facts
    assert (facts["steps"], len(facts["losses"])) == (24, 24)  # type: ignore[arg-type]
    assert list(facts["dev_losses"]) == ["0", "8", "16", "24"]  # type: ignore[call-overload]
    assert int(facts["best_step"]) in {8, 16, 24}  # type: ignore[call-overload]
    assert list(facts["tried"]) == ["0.001", "0.003"]  # type: ignore[call-overload]
    assert facts["learning_rate"] in {1e-3, 3e-3}
    assert (facts["queries"], facts["dev_queries"]) == (40, 12)
    assert float(facts["seconds"]) > 0  # type: ignore[arg-type]


def _cell(sources: Sources, variant: Variant) -> CellRuns:
    """Return the cell that rests on the short fit."""
    cell, run = sources.experiment.cell("toy", sources.chosen, 0, variant), short(sources, variant)
    return replace(cell, ft=run.becoming(RecordingRun, setting=Setting.FT), finetuned=run)


@pytest.mark.parametrize("variant", FORMS)
def test_fitted_model_answers_zero_shot_prompts(controls: Sources, variant: Variant) -> None:
    """FT's recording is of the weights that are kept, with no demonstration; ICL and ZSL are the claims' own."""
    cell = _cell(controls, variant)
    own = controls.experiment.cell("toy", controls.chosen, 0, OWN)
    assert (cell.zsl, cell.icl) == (own.zsl, own.icl)
    found = cell.read(controls.store)
    model = model_of(cell.finetuned, controls.store)
    with model.with_weights(weights_of(controls.store.find_or_run(cell.finetuned))):
        expected = score(model, queries_of(cell.finetuned, controls.store)[1], Setting.ZSL)
    assert found.ft.attn_out.shape == (8, *expected.attn_out.shape[1:])
    assert not np.allclose(found.ft.attn_out, found.zsl.attn_out, atol=1e-3)
    assert found.ft.scores_context.shape[2] == 1


@pytest.mark.parametrize("variant", FORMS)
def test_tau_is_refused(controls: Sources, variant: Variant) -> None:
    """The fit read no demonstration, so that no token was trained on."""
    cell = _cell(controls, variant)
    assert not cell.trained_on_context
    record = Measurement("kendall", cell.finetuned, controls.experiment.from_start(cell))
    with pytest.raises(HarnessError, match="finetuned on other texts"):
        controls.store.find_or_run(record)


def test_weights_move_toward_icl_where_they_are_measured(controls: Sources) -> None:
    """On test queries, which no fit saw: outputs fitted to ICL's change in its direction, and more so than FT's do."""
    similar = {}
    for name, cell in (("FT", _own(controls)), ("outputs", _cell(controls, OUTPUTS))):
        record = Measurement("sim_aou", cell.finetuned, cell)
        similar[name] = float(controls.store.find_or_run(record).tensors["ft"].mean())
    assert similar["outputs"] > max(0.3, similar["FT"])


def _own(sources: Sources) -> CellRuns:
    return sources.experiment.cell("toy", sources.chosen, 0, OWN)


def test_every_number_of_the_strength_is_in_the_key(controls: Sources) -> None:
    """Form, and each constant, changed alone, make another fit; the rate that was selected for finetuning does not."""
    run = short(controls, OUTPUTS)
    other = {f.name: 7 for f in fields(Distillation)} | {"rates": (1e-3,)}
    runs = [run, short(controls, ANSWERS), *(short(controls, OUTPUTS, **{name: v}) for name, v in other.items())]
    assert len({controls.store.place(each) for each in runs}) == 2 + len(other)
    chosen = {task: replace(c, learning_rate=0.5) for task, c in controls.chosen.items()}
    made = controls.experiment
    cells = [made.cell("toy", of, 0, OUTPUTS) for of in (controls.chosen, chosen)]
    assert cells[0] == cells[1]
    assert cells[0].finetuned.distillation == Distillation(dev=12)


def test_only_what_is_fitted_has_a_strength(controls: Sources) -> None:
    """Not ICL beside it, nor another variant's finetuning."""
    made = controls.experiment
    flipped = made.cell("toy", controls.chosen, 0, replace(OUTPUTS, labels="flipped"))
    assert flipped.finetuned.distillation is flipped.ft.distillation is not None
    assert flipped.icl.distillation is None
    assert made.cell("toy", controls.chosen, 0, Variant(labels="flipped")).finetuned.distillation is None


def test_batches_go_through_all_queries_before_any_comes_again(controls: Sources) -> None:
    """Of ten queries in batches of four: each five steps hold each twice; drawn again, and in another draw, others."""
    run = short(controls, OUTPUTS, steps=10, batch=4)
    found = _batches(run, 10)
    flat = [i for batch in found for i in batch]
    assert [len(batch) for batch in found] == [4] * 10
    assert all(sorted(flat[i : i + 10]) == list(range(10)) for i in range(0, 40, 10))
    assert flat[:10] != flat[10:20]
    assert _batches(run, 10) == found
    assert _batches(short(controls, replace(OUTPUTS, draw=1), steps=10, batch=4), 10) != found


def test_work_grows_with_steps_and_batch(controls: Sources) -> None:
    """Four for each query's gradient: 24 steps and one more trial of 8, of 8 queries; one for each look at dev's 12."""
    run = short(controls, OUTPUTS)
    assert run.distillation is not None
    assert (run.distillation.gradients, run.distillation.looks) == (256, 60)
    assert run.cost == 4 * 256 + 60
    assert list(run.inputs) == [imitated_by(run)]


def test_rival_is_fitted_to_its_own_icl(controls: Sources) -> None:
    """A model with shuffled weights starts from these, and so do its targets."""
    variant = replace(OUTPUTS, weights="shuffled")
    run = short(controls, variant, steps=8, rates=(1e-6,))
    found, model = controls.store.find_or_run(run), model_of(run, controls.store)
    for s in model.key_value_slices:
        torch.testing.assert_close(weights_of(found)[s.name], s.of(s.parameter.data), rtol=0, atol=1e-4)
    losses: dict[str, float] = found.facts["dev_losses"]  # type: ignore[assignment]
    assert dev_loss(controls, run, found) == pytest.approx(min(losses.values()), rel=1e-3)
