"""The theory on a tiny model: causal order, attention taken apart, weight updates."""

from typing import Any

import numpy as np
import pytest

from harness.data import Setting
from harness.dual_form.linear_attention import outer_sum
from harness.evidence.sources import Sources
from harness.metrics.weight_updates import frobenius_cosine
from harness.models import finetuning
from harness.models.parts import attention_parts
from harness.models.updates import demonstration_projections, ft_updates
from harness.runs.finetuning import weights_of
from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.theory import CausalityRun, UpdatesRun
from harness.tests.models.families import snapshot
from harness.tests.runs.made_up import CHOSEN, made_up

RATE = 0.5


def _causality(sources: Sources, candidate: int = 0) -> CausalityRun:
    return sources.experiment.run(CausalityRun, "toy", None, candidate, RATE)


def _found(sources: Sources, candidate: int = 0) -> Any:
    return _causality(sources, candidate).compute(sources.store).facts


def _updates(sources: Sources) -> UpdatesRun:
    chosen = sources.selection("toy")
    return sources.experiment.updates("toy", chosen, chosen.candidates[0]).run


def test_causal_order_holds_to_the_bit(sources: Sources) -> None:
    """Tokens, weights and all other parameters are the same whatever follows; keys and values to rounding."""
    found = _found(sources)
    assert (found["tokens"], found["weights"], found["others"]) == (0, 0, 0)
    assert found["keys_values"] < 1e-6
    assert found["demonstrations"] == 6


def test_earlier_demonstrations_do_change_later_keys_and_values(sources: Sources) -> None:
    """The same comparison the other way round is far from equal: it can tell a change."""
    assert _found(sources)["keys_values_control"] > 1e-2


def test_finetuning_that_touches_the_queries_is_seen(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one entry of a query projection moved in the finetuned model, `others` counts it."""
    model = model_of(_causality(sources, 1), sources.store)
    name, parameter = next((n, p) for n, p in model.network.named_parameters() if "q_proj" in n)
    original = finetuning.finetune

    def careless(*args: object, **options: object) -> finetuning.Finetuned:
        found = original(*args, **options)  # type: ignore[arg-type]
        parameter.data.view(-1)[0] += 1.0
        return found

    kept = parameter.data.clone()
    monkeypatch.setattr(finetuning, "finetune", careless)
    try:
        found = _found(sources, 1)
    finally:
        parameter.data.copy_(kept)
    assert found["others"] == 1, name


def test_looking_for_causal_order_leaves_the_model_as_it_was(sources: Sources) -> None:
    """It finetunes twice, and no weight is another."""
    model = model_of(_causality(sources), sources.store)
    before = snapshot(model)
    _found(sources)
    after = snapshot(model)
    assert all(bool((after[name] == before[name]).all()) for name in before)


def test_parts_are_kept_and_join_to_the_whole(sources: Sources) -> None:
    """What the store gives back joins to an output between its two parts, under both settings."""
    zsl, icl = sources.experiment.parts("toy", 0).read(sources.store)
    assert (zsl.setting, icl.setting) == (Setting.ZSL, Setting.ICL)
    for parts in (zsl, icl):
        assert np.all((parts.mass > 0) & (parts.mass < 1))
        low, high = np.minimum(parts.own, parts.context), np.maximum(parts.own, parts.context)
        assert np.all((parts.whole >= low - 1e-5) & (parts.whole <= high + 1e-5))
    assert not np.allclose(zsl.context, icl.context)


@pytest.mark.parametrize("setting", [Setting.ZSL, Setting.ICL])
def test_first_order_is_kept_beside_the_parts(sources: Sources, setting: Setting) -> None:
    """Under each setting it is that setting's own, worked out anew; entries of the parts hold nothing of it."""
    runs = sources.experiment.parts("toy", 0)
    run = runs.icl if setting is Setting.ICL else runs.zsl
    parts = dict(zip((Setting.ZSL, Setting.ICL), runs.read(sources.store), strict=True))[setting]
    expected = attention_parts(model_of(run, sources.store), prompts_of(run, sources.store), setting).first_order
    np.testing.assert_allclose(parts.first_order, expected, atol=1e-6)
    assert "first_order" not in sources.store.find_or_run(run).tensors
    assert [each.kind for each in runs.inputs] == ["parts", "parts", "first_order", "first_order"]


def test_attention_is_taken_apart_once_for_all_that_is_kept_of_it(sources: Sources) -> None:
    """Each of both is the same whichever is asked for, alone or with the other."""
    runs = sources.experiment.parts("toy", 0)
    parts, first_order = runs.icl, runs.first_order(runs.icl)
    assert [*parts.together] == [*first_order.together] == [parts, first_order]
    for run, entry in zip(parts.together, first_order.compute_together(sources.store), strict=True):
        alone = run.compute(sources.store)
        assert entry.facts == alone.facts
        assert {n: t.tobytes() for n, t in entry.tensors.items()} == {n: t.tobytes() for n, t in alone.tensors.items()}


def test_updates_are_compared_head_by_head(sources: Sources) -> None:
    """The kept cosine of an example, layer and head is that of the two matrices, worked out anew."""
    run = _updates(sources)
    kept = sources.store.find_or_run(run).tensors["cosine_icl"]
    model, prompts = model_of(run, sources.store), prompts_of(run, sources.store)
    weights = weights_of(sources.store.find_or_run(run.inputs[0]))
    implicit = outer_sum(*demonstration_projections(model, prompts)).numpy()
    explicit = next(iter(ft_updates(model, prompts, weights))).numpy()
    assert kept.shape[0] == len(prompts.queries)
    assert kept[0] == pytest.approx(frobenius_cosine(explicit, implicit), abs=1e-6)
    assert kept[0, 1, 0] == pytest.approx(_cosine(explicit[1, 0], implicit[1, 0]), abs=1e-5)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def test_baselines_of_the_updates_differ_from_them(sources: Sources) -> None:
    """No baseline and no control is dW_ICL's own cosine in any example, layer and head; random ones are near 0."""
    found = sources.store.find_or_run(_updates(sources)).tensors
    for name in ("permuted", "isotropic", "control"):
        assert not np.isclose(found[f"cosine_{name}"], found["cosine_icl"], atol=1e-6).any(), name
    for name in ("isotropic", "control"):
        assert abs(found[f"cosine_{name}"].mean()) < 4 * found[f"cosine_{name}"].std() / np.sqrt(30 * 2 * 2), name


def test_random_baselines_are_the_seeds(sources: Sources) -> None:
    """Worked out again, every array is the same."""
    run = _updates(sources)
    kept, again = sources.store.find_or_run(run).tensors, run.compute(sources.store).tensors
    assert kept.keys() == again.keys()
    assert all(np.array_equal(kept[name], again[name]) for name in kept)


def test_updates_rest_on_the_claims_own_finetuning() -> None:
    """What is compared is the finetuning that FT is scored with; attention and causal order need none."""
    made = made_up()
    cell = made.own_cell("toy", CHOSEN["toy"], 1)
    assert list(made.updates("toy", CHOSEN["toy"], 1).run.inputs) == [cell.finetuned]
    assert list(made.causality("toy", CHOSEN["toy"]).inputs) == []
    assert [list(run.inputs) for run in made.parts("toy", 1).inputs] == [[]] * 4


def test_causal_order_is_of_the_best_set_at_the_selected_rate() -> None:
    """The first of the reported sets, and the rate that was chosen for the task."""
    run = made_up().causality("toy", CHOSEN["toy"])
    assert run.demonstrations is not None
    assert (run.demonstrations.candidate, run.learning_rate) == (1, 2.0)
