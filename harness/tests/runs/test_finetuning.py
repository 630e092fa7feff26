"""Finetuning: at the rate that was selected, or below it; of the rival itself; one error where it never holds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import fixtures
from harness.data import Setting
from harness.errors import HarnessError
from harness.evidence.sources import Sources, open_sources
from harness.runs.experiment import Chosen
from harness.runs.finetuning import FinetuningRun, weights_of
from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.scoring import AccuracyRun
from harness.runs.variants import Variant
from harness.store import Entry
from harness.tests.runs.made_up import CHOSEN, made_up
from harness.tests.tiny import Project
from harness.tests.two_tasks import entries


def _sources(project: Project, store: Path, **options: Any) -> Sources:
    """Return sources with nothing in their store."""
    given = {"tasks": ("toy", "doll"), "control_queries": 8} | options
    return open_sources(project.settings(store, **given), fixtures.MODELS, fixtures.TASKS)


def _run(sources: Sources, variant: Variant, rate: float = 2.0, candidate: int = 0) -> FinetuningRun:
    chosen = {task: Chosen((0,), rate) for task in sources.tasks}
    return sources.experiment.cell("toy", chosen, candidate, variant).finetuned


def _finetuned(sources: Sources, variant: Variant, rate: float = 2.0) -> Entry:
    return sources.store.find_or_run(_run(sources, variant, rate))


def test_finetuning_that_diverges_on_a_further_set_says_so(project: Project, tmp_path: Path) -> None:
    """At rate 1e37 set 0 holds and set 1 overflows: the rate is selected on the first, the second is an error."""
    sources = _sources(project, tmp_path, tasks=("toy",), learning_rates=(1e37,), candidate_sets=2)
    tried = sources.experiment.run(AccuracyRun, "toy", Setting.FT, 0, 1e37, "dev")
    assert sources.store.find_or_run(tried).facts["diverged_at"] is None
    with pytest.raises(HarnessError, match=r"set 1 diverged at its step 6 .* 1e\+37 .*--learning-rates"):
        sources.store.find_or_run(sources.experiment.run(FinetuningRun, "toy", None, 1, 1e37))
    assert entries(tmp_path, "finetuned") == []


def test_claims_own_finetuning_tries_no_other_rate(project: Project, tmp_path: Path) -> None:
    """Where it diverges it is an error, though a smaller rate is in the grid."""
    sources = _sources(project, tmp_path, tasks=("toy",), learning_rates=(0.5, 1e38))
    with pytest.raises(HarnessError, match=r"set 0 diverged .* 1e\+38"):
        sources.store.find_or_run(sources.experiment.run(FinetuningRun, "toy", None, 0, 1e38))


@pytest.mark.parametrize("variant", [Variant(weights="shuffled"), Variant(labels="random")])
def test_rate_that_diverges_gives_way_to_the_next_smaller(both: Project, tmp_path: Path, variant: Variant) -> None:
    """At 1e38 every update overflows: of the grid 0.5, 2 and 1e38 the control takes 2, and its facts say so."""
    found = _finetuned(_sources(both, tmp_path, learning_rates=(0.5, 1e38, 2.0)), variant, 1e38)
    assert found.facts["learning_rate"] == 2.0
    (entry,) = entries(tmp_path, "control_finetuned")
    assert entry["facts"]["learning_rate"] == 2.0
    assert len(entry["facts"]["losses"]) == 6


def test_rates_above_the_selected_one_are_not_tried(both: Project, tmp_path: Path) -> None:
    """The selected rate holds for the control too: it is taken, though a larger one is in the grid."""
    sources = _sources(both, tmp_path, learning_rates=(0.5, 2.0))
    assert _finetuned(sources, Variant(labels="random"), 0.5).facts["learning_rate"] == 0.5
    assert _finetuned(sources, Variant(another_task=True), 0.5).facts["learning_rate"] == 0.5


def test_another_tasks_demonstrations_leave_finetuning_as_it_was(controls: Sources) -> None:
    """It is the claims' own run, and with other labels that of those labels alone."""
    own = _run(controls, Variant())
    assert own.fitting is None
    assert _run(controls, Variant(another_task=True)) == own
    other = _run(controls, Variant(labels="flipped", another_task=True))
    assert other == _run(controls, Variant(labels="flipped"))
    assert other.context is None


def test_control_that_always_diverges_is_one_error(both: Project, tmp_path: Path) -> None:
    """It names the task, the control and the option, and leaves nothing in the store."""
    sources = _sources(both, tmp_path, learning_rates=(1e38, 2e38))
    words = r"'toy': .*\(weights shuffled, labels random\) diverged at every .* up to 2e\+38.*--learning-rates"
    with pytest.raises(HarnessError, match=words):
        _finetuned(sources, Variant(weights="shuffled", labels="random"), 2e38)
    assert entries(tmp_path, "control_finetuned") == []


def test_layer_causal_descent_starts_where_finetuning_does(controls: Sources) -> None:
    """The first demonstration is read before any step: the same query vectors; those after it differ."""
    variants = Variant(), Variant(gradient="layer_causal")
    own, causal = (_finetuned(controls, variant).tensors["query_vectors"] for variant in variants)
    first = len(prompts_of(_run(controls, Variant()), controls.store).demonstrations[0])
    np.testing.assert_allclose(causal[:, :first], own[:, :first], atol=1e-5)
    assert np.abs(causal[:, first:] - own[:, first:]).max() > 1e-3


@pytest.mark.parametrize("weights", ["fresh", "shuffled", "embeddings", "norms"])
@pytest.mark.parametrize("draw", [0, 1])
def test_rival_is_finetuned_itself(both: Project, tmp_path: Path, weights: Any, draw: int) -> None:
    """At a rate of 1e-6 the keys and values that finetuning leaves are the rival's own, not the trained model's."""
    sources = _sources(both, tmp_path, learning_rates=(1e-6,))
    run = _run(sources, Variant(weights=weights, draw=draw), 1e-6)
    found = sources.store.find_or_run(run).tensors
    with torch.no_grad():
        rival = model_of(run, sources.store)
        own = {part.name: part.of(part.parameter).numpy() for part in rival.key_value_slices}
        trained = {
            part.name: part.of(part.parameter).numpy()
            for part in model_of(_run(sources, Variant(), 1e-6), sources.store).key_value_slices
        }
    assert own
    assert all(np.allclose(found[name], weight, rtol=0, atol=1e-4) for name, weight in own.items())
    assert not any(np.allclose(found[name], weight, rtol=0, atol=1e-4) for name, weight in trained.items())


def _changes(sources: Sources, variant: Variant) -> dict[str, torch.Tensor]:
    """Return what finetuning, or what stands in for it, changed of the weights."""
    run = _run(sources, variant)
    before = {s.name: s.of(s.parameter.data).clone() for s in model_of(run, sources.store).key_value_slices}
    return {name: weight - before[name] for name, weight in weights_of(sources.store.find_or_run(run)).items()}


def test_random_update_is_of_the_size_of_the_claims_own(both: Project, tmp_path: Path) -> None:
    """Each matrix is off by as much as finetuning on that set moved it, in another direction; no step is taken."""
    sources = _sources(both, tmp_path)
    own, found = (_changes(sources, variant) for variant in (Variant(), Variant(update="random")))
    assert found.keys() == own.keys()
    for name, change in found.items():
        assert float(change.norm()) == pytest.approx(float(own[name].norm()), rel=1e-5)
        assert not torch.allclose(change, own[name], rtol=0.1, atol=0)
    (kept,) = entries(tmp_path, "control_finetuned")
    assert (kept["facts"]["losses"], kept["facts"]["learning_rate"]) == ([], 2.0)


def test_random_update_rests_on_the_finetuning_of_its_set() -> None:
    """The claims' own, whatever the draw; where labels are other too, the control's under these labels."""
    made = made_up()
    own = made.own_cell("toy", CHOSEN["toy"], 1).finetuned
    drawn = made.cell("toy", CHOSEN, 1, Variant(update="random", draw=2)).finetuned
    assert drawn.inputs == (own,)
    assert drawn.recorded == own
    assert (drawn.cost, own.recorded) == (0.0, own)
    flipped = made.cell("toy", CHOSEN, 1, Variant(labels="flipped", update="random")).finetuned
    assert flipped.inputs == (made.cell("toy", CHOSEN, 1, Variant(labels="flipped")).finetuned,)


def test_random_updates_are_their_draws_and_sets(both: Project, tmp_path: Path) -> None:
    """Two draws, and two sets, are changed in unlike directions."""
    sources = _sources(both, tmp_path)
    runs = [_run(sources, Variant(update="random", draw=d), candidate=c) for d, c in ((0, 0), (1, 0), (0, 1))]
    name = "model.layers.1.self_attn.k_proj.weight"
    before = {s.name: s.of(s.parameter.data).clone() for s in model_of(runs[0], sources.store).key_value_slices}[name]
    moved = [(weights_of(sources.store.find_or_run(run))[name] - before).flatten() for run in runs]
    cosines = torch.corrcoef(torch.stack(moved)).abs() - torch.eye(3)
    assert float(cosines.max()) < 5 / before.numel() ** 0.5


def test_unrelated_texts_are_trained_on_for_as_many_steps(controls: Sources) -> None:
    """Six steps at the same rate, to other weights, and no more than the texts' own query vectors are recorded."""
    variant = Variant(texts="unrelated")
    found, own = _finetuned(controls, variant), _finetuned(controls, Variant())
    assert (len(found.facts["losses"]), found.facts["learning_rate"]) == (6, 2.0)  # type: ignore[arg-type]
    tokens = sum(map(len, prompts_of(_run(controls, variant), controls.store).demonstrations))
    assert found.tensors["query_vectors"].shape[1] == tokens
    weights = [weights_of(entry) for entry in (found, own)]
    assert not any(torch.allclose(weights[0][name], weights[1][name]) for name in weights[0])


def test_training_reads_the_variants_demonstrations(controls: Sources) -> None:
    """Another order or other labels leave other weights; the facts hold a loss for each demonstration."""
    found = [_finetuned(controls, v) for v in (Variant(), Variant(order=1), Variant(labels="flipped"))]
    weights = [weights_of(entry) for entry in found]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert any(not torch.allclose(weights[one][name], weights[other][name]) for name in weights[0])
    assert [len(entry.facts["losses"]) for entry in found] == [6, 6, 6]  # type: ignore[arg-type]


def test_number_of_test_examples_bounds_the_demonstrations(both: Project, tmp_path: Path) -> None:
    """Doll's queries are shorter, so more of 30 demonstrations fit beside them: what is beside them is in the key."""
    sources = _sources(both, tmp_path, demonstrations=30)
    toy, doll = (sources.experiment.run(FinetuningRun, task, None, 0, 2.0) for task in ("toy", "doll"))
    read = {r.task.name: len(prompts_of(r, sources.store).demonstrations) for r in (toy, doll)}
    assert 5 < read["toy"] < read["doll"] < 30
    assert replace(toy, number=1).key != toy.key
