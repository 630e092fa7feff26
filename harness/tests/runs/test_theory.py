"""The theory on a tiny model: causal order, attention taken apart, weight updates, trained regression."""

import numpy as np
import pytest
import torch

from harness.data import Setting
from harness.dual_form.linear_attention import outer_sum
from harness.evidence.evidence import Evidence
from harness.metrics.weight_updates import frobenius_cosine
from harness.models import finetuning
from harness.models.updates import demonstration_projections, ft_updates
from harness.runs.runs import Runs
from harness.runs.theory import causality, trained_regression

RATE = 0.5


def test_causal_order_holds_to_the_bit(evidence: Evidence) -> None:
    """Tokens, weights and all other parameters are the same whatever follows; keys and values to rounding."""
    found = causality(evidence.runner.runs, "toy", 0, RATE)
    assert (found["tokens"], found["weights"], found["others"]) == (0, 0, 0)
    assert found["keys_values"] < 1e-6


def test_earlier_demonstrations_do_change_later_keys_and_values(evidence: Evidence) -> None:
    """The same comparison the other way round is far from equal: it can tell a change."""
    assert causality(evidence.runner.runs, "toy", 0, RATE)["keys_values_control"] > 1e-2


def test_finetuning_that_touches_the_queries_is_seen(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one entry of a query projection moved in the finetuned model, `others` counts it."""
    runs = evidence.runner.runs
    name, parameter = next((n, p) for n, p in runs.model.network.named_parameters() if "q_proj" in n)
    original = finetuning.finetune

    def careless(*args: object, **options: object) -> finetuning.Finetuned:
        found = original(*args, **options)  # type: ignore[arg-type]
        parameter.data.view(-1)[0] += 1.0
        return found

    kept = parameter.data.clone()
    monkeypatch.setattr(finetuning, "finetune", careless)
    try:
        found = causality(runs, "toy", 1, RATE)
    finally:
        parameter.data.copy_(kept)
    assert found["others"] == 1, name


def test_parts_are_kept_and_join_to_the_whole(evidence: Evidence) -> None:
    """What the store gives back joins to an output between its two parts, under both settings."""
    zsl, icl = evidence.runner.parts("toy", 0)
    assert (zsl.setting, icl.setting) == (Setting.ZSL, Setting.ICL)
    assert np.all((icl.mass > 0) & (icl.mass < 1))
    low, high = np.minimum(icl.own, icl.context), np.maximum(icl.own, icl.context)
    assert np.all((icl.whole >= low - 1e-5) & (icl.whole <= high + 1e-5))


def test_updates_are_compared_head_by_head(evidence: Evidence) -> None:
    """The kept cosine of an example, layer and head is that of the two matrices, worked out anew."""
    runner = evidence.runner
    chosen = runner.selection("toy")
    candidate = chosen.candidates[0]
    kept = runner.updates("toy", candidate)["cosine_icl"]
    prompts = runner.runs.prompts("toy", "test", candidate)
    weights = runner.runs.finetuned_weights("toy", candidate, chosen.learning_rate)
    implicit = outer_sum(*demonstration_projections(runner.runs.model, prompts)).numpy()
    explicit = next(iter(ft_updates(runner.runs.model, prompts, weights))).numpy()
    assert kept.shape[0] == len(prompts.queries)
    assert kept[0] == pytest.approx(frobenius_cosine(explicit, implicit), abs=1e-6)
    assert kept[0, 1, 0] == pytest.approx(_cosine(explicit[1, 0], implicit[1, 0]), abs=1e-5)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def test_trained_layers_are_repeatable(evidence: Evidence) -> None:
    """The same seed trains the same layers, and each layer is its own."""
    runs = evidence.runner.runs
    first = trained_regression(runs, dimension=2, layers=2)
    again = Runs(runs.settings.model_copy(update={"store": runs.settings.store / "b"}), runs.source, {}, runs.progress)
    second = trained_regression(again, dimension=2, layers=2)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert first["loss"][0] != first["loss"][1]
    assert torch.is_grad_enabled()


def test_baselines_of_the_updates_differ_from_them(evidence: Evidence) -> None:
    """No baseline and no control is dW_ICL's own cosine in any example, layer and head; random ones are near 0."""
    runner = evidence.runner
    found = runner.updates("toy", runner.selection("toy").candidates[0])
    for name in ("permuted", "isotropic", "control"):
        assert not np.isclose(found[f"cosine_{name}"], found["cosine_icl"], atol=1e-6).any(), name
    for name in ("isotropic", "control"):
        assert abs(found[f"cosine_{name}"].mean()) < 4 * found[f"cosine_{name}"].std() / np.sqrt(30 * 2 * 2), name
