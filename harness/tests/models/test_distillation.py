"""Fits of keys and values to ICL, held to plain autograd one query at a time, and to reaching what can be reached."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import Tensor

from harness.data import Setting
from harness.errors import HarnessError
from harness.models.distillation import Course, Imitated, Losses, answer_losses, distil, output_losses
from harness.models.language_model import LanguageModel
from harness.models.scoring import score
from harness.prompts import Prompts
from harness.tests.models.configurations import OF_KINDS
from harness.tests.models.families import GATHERED, rounded, snapshot, tiny
from harness.tests.models.test_finetuning import BLIND, assert_restored, failing_at, keys_and_values

FORMS: tuple[Losses, ...] = (answer_losses, output_losses)
RATE = 1e-2
ALL = (0, 1, 2, 3, 4)


def imitated(model: LanguageModel, prompts: Prompts, losses_of: Losses, setting: Setting = Setting.ICL) -> Imitated:
    """Return what a setting makes of the queries, as the form of distillation takes it."""
    found = score(model, prompts, setting)
    return Imitated(prompts, torch.from_numpy(found.label_logits if losses_of is answer_losses else found.attn_out))


def course(*batches: Sequence[int], rates: tuple[float, ...] = (RATE,), trial: int = 1, every: int = 1) -> Course:
    """Return the steps of these batches, looked at after each."""
    return Course(batches, rates, trial, every)


def mean_loss(model: LanguageModel, of: Imitated, losses_of: Losses) -> float:
    """Return the mean over all queries, one prompt at a time."""
    with torch.no_grad():
        return float(np.mean([float(losses_of(model, of.prompts, [i], of.wanted)) for i in ALL]))


def plain_loss(network: Any, attentions: Sequence[Any], of: Imitated, i: int, losses_of: Losses) -> Tensor:
    """Return one query's loss from the network's own forward over its whole zero-shot prompt, no padding."""
    outputs: list[Tensor] = []
    handles = [module.register_forward_hook(lambda _m, _i, out: outputs.append(out[0][0, -1])) for module in attentions]
    logits = network(torch.tensor([[of.prompts.start_token, *of.prompts.queries[i]]])).logits[0, -1]
    for handle in handles:
        handle.remove()
    wanted = of.wanted[i]
    if losses_of is output_losses:
        cosines = [(h @ w) / (h.norm() * w.norm()) for h, w in zip(outputs, wanted, strict=True)]
        return 1 - torch.stack(cosines).mean()
    p, q = wanted.softmax(-1), logits[list(of.prompts.answer_tokens)].softmax(-1)
    divergence: Tensor = (p * (p.log() - q.log())).sum()
    return divergence


def adam(
    model: LanguageModel, of: Imitated, batches: Sequence[Sequence[int]], losses_of: Losses
) -> tuple[dict[str, Tensor], list[float]]:
    """Return weights after, and losses before, each step: torch's Adam, the gradient of one query after the other."""
    stepped = LanguageModel(copy.deepcopy(model.network))
    trained, leave_keys_and_values = keys_and_values(stepped)
    optimizer, losses = torch.optim.Adam(trained.values(), lr=RATE), []
    for batch in batches:
        optimizer.zero_grad()
        found = [plain_loss(stepped.network, stepped.attention_modules, of, i, losses_of) for i in batch]
        for loss in found:
            (loss / len(batch)).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        leave_keys_and_values()
        optimizer.step()
        losses.append(float(torch.stack(found).detach().mean()))
    return {s.name: s.of(trained[s.name].detach()) for s in stepped.key_value_slices}, losses


def own(model: LanguageModel) -> dict[str, Tensor]:
    """Return a copy of the keys' and values' weights."""
    return {s.name: s.of(s.parameter.detach()).clone() for s in model.key_value_slices}


@pytest.mark.parametrize("losses_of", FORMS)
@pytest.mark.parametrize(("family", "more"), [*OF_KINDS, ("gemma2", {}), ("gpt_neox", {})])
def test_gradients_are_those_of_whole_prompts(
    family: str, more: dict[str, Any], prompts: Prompts, losses_of: Losses
) -> None:
    """Five queries padded in one batch against each alone: losses and gradients, within weights' rounding."""
    exact, near = list[Tensor](), list[Tensor]()
    model = tiny(family, **more)
    of = imitated(model, prompts, losses_of)
    for network, into in ((model, exact), (rounded(model), near)):
        weights = [s.parameter.requires_grad_(True) for s in network.key_value_slices]
        losses = torch.stack([plain_loss(network.network, network.attention_modules, of, i, losses_of) for i in ALL])
        into += [losses.detach(), *torch.autograd.grad(losses.sum(), weights)]
    losses = losses_of(model, prompts, ALL, of.wanted)
    found = [losses.detach(), *torch.autograd.grad(losses.sum(), [s.parameter for s in model.key_value_slices])]
    names = ["losses", *(s.name for s in model.key_value_slices)]
    for ours, theirs, nears, name in zip(found, exact, near, names, strict=True):
        if name.endswith(BLIND):
            continue
        allowed = 2 * float((nears - theirs).abs().max()) + GATHERED * float(theirs.abs().max())
        torch.testing.assert_close(ours, theirs, rtol=0, atol=allowed)
    assert float(found[0].min()) > 1e-3
    assert float(found[1].abs().max()) > 1e-3


@pytest.mark.parametrize("losses_of", FORMS)
@pytest.mark.parametrize("at_once", [1, 2, 8])
def test_steps_are_torchs_adam(model: LanguageModel, prompts: Prompts, losses_of: Losses, at_once: int) -> None:
    """Three batches of three end where Adam brings them, however many queries are held at once."""
    of, batches = imitated(model, prompts, losses_of), [(0, 1, 2), (4, 3, 1), (0, 3, 2)]
    expected, losses = adam(model, of, batches, losses_of)
    before = own(model)
    last: list[dict[str, Tensor]] = []

    def watched(*given: Any) -> Tensor:
        last.append(own(model))
        return losses_of(*given)

    found = distil(model, watched, of, of, course(*batches), at_once)
    np.testing.assert_allclose(found.losses, losses, rtol=1e-3)
    for name in (name for name in before if not name.endswith(BLIND)):
        seen = slice(32, None) if name.endswith("c_attn.bias") else slice(None)  # behind the key's bias
        step, off = (expected[name] - before[name])[seen], (last[-1][name] - expected[name])[seen]
        assert float(off.norm()) < 0.01 * float(step.norm()), name


def test_divergence_is_of_icl_from_the_fitted_model(prompts: Prompts) -> None:
    """By hand, with logits that differ much: sum of p_ICL ln(p_ICL / p), not the other way round."""
    model = tiny("llama")
    wanted = torch.tensor([[9.0, 0.0, 3.0]] * 5)
    plain = score(model, prompts, Setting.ZSL).label_logits.astype(np.float64)
    p, q = softmax(wanted.numpy().astype(np.float64), axis=1), softmax(plain, axis=1)
    there, back = (p * np.log(p / q)).sum(1), (q * np.log(q / p)).sum(1)
    assert np.abs(there - back).min() > 0.1
    np.testing.assert_allclose(answer_losses(model, prompts, ALL, wanted).numpy(), there, rtol=1e-4)


def test_outputs_alike_in_every_layer_have_no_distance(prompts: Prompts) -> None:
    """Zero where they are the zero-shot ones; two where all are turned round; a third of it where one layer's is."""
    model = tiny("llama")
    wanted = torch.from_numpy(score(model, prompts, Setting.ZSL).attn_out)
    turned = wanted.clone()
    turned[:, 1] *= -1
    for of, distance in ((wanted, 0.0), (-wanted, 2.0), (3 * turned, 2 / 3)):
        np.testing.assert_allclose(output_losses(model, prompts, ALL, of).numpy(), distance, atol=1e-5)


def teacher_of(model: LanguageModel, prompts: Prompts, losses_of: Losses) -> tuple[Imitated, dict[str, Tensor]]:
    """Return what other keys and values make of zero-shot prompts: an effect that is an update by construction."""
    generator = torch.Generator().manual_seed(3)
    weights = {name: w + 0.1 * torch.randn(w.shape, generator=generator) for name, w in own(model).items()}
    with model.with_weights(weights):
        return imitated(model, prompts, losses_of, Setting.ZSL), weights


def changes(model: LanguageModel, prompts: Prompts, weights: dict[str, Tensor]) -> np.ndarray:
    """Return what weights change of the attention outputs of zero-shot prompts."""
    before = score(model, prompts, Setting.ZSL).attn_out
    with model.with_weights(weights):
        difference: np.ndarray = score(model, prompts, Setting.ZSL).attn_out - before
    return difference


def test_effect_that_is_an_update_is_reached(model: LanguageModel, prompts: Prompts) -> None:
    """Outputs of a model with other keys and values are imitated: the changes of outputs have cosine near 1."""
    of, weights = teacher_of(model, prompts, output_losses)
    found = distil(model, output_losses, of, of, course(*[ALL] * 100, rates=(3e-3,), every=25))
    assert found.dev_losses[found.best_step] < 0.05 * found.dev_losses[0]
    one, other = changes(model, prompts, found.weights), changes(model, prompts, weights)
    cosines = (one * other).sum(-1) / (np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1))
    assert cosines.mean() > 0.9


@pytest.mark.parametrize("losses_of", FORMS)
def test_few_queries_are_learned_by_heart(prompts: Prompts, losses_of: Losses) -> None:
    """Of the effect of real demonstrations on five queries little is left, on these queries, after enough steps."""
    model = tiny("llama")
    of = imitated(model, prompts, losses_of)
    found = distil(model, losses_of, of, of, course(*[ALL] * 100, every=25))
    assert found.dev_losses[found.best_step] < 0.1 * found.dev_losses[0]
    assert found.losses[0] == pytest.approx(found.dev_losses[0], rel=1e-3)


@pytest.mark.parametrize("losses_of", FORMS)
def test_weights_of_least_dev_loss_are_kept(prompts: Prompts, losses_of: Losses) -> None:
    """On its way to what ICL makes of queries the fit comes past halfway, where dev asks it to be: no end is kept."""
    model = tiny("llama")
    train = imitated(model, prompts, losses_of)
    zsl = imitated(model, prompts, losses_of, Setting.ZSL).wanted
    dev = replace(train, wanted=(train.wanted + zsl) / 2)
    found = distil(model, losses_of, train, dev, course(*[ALL] * 60, rates=(2e-3,)))
    last = max(found.dev_losses)
    assert 0 < found.best_step < last == 60
    assert found.dev_losses[found.best_step] == min(found.dev_losses.values()) < 0.95 * found.dev_losses[last]
    with model.with_weights(found.weights):
        assert mean_loss(model, dev, losses_of) == pytest.approx(found.dev_losses[found.best_step], rel=1e-4)


def test_fit_that_only_harms_leaves_the_weights(prompts: Prompts) -> None:
    """Where dev asks for what the untouched model does, no step is kept."""
    model = tiny("gpt2")
    train, dev = (imitated(model, prompts, output_losses, s) for s in (Setting.ICL, Setting.ZSL))
    found = distil(model, output_losses, train, dev, course(ALL, ALL, ALL))
    assert (found.best_step, len(found.losses)) == (0, 3)
    assert all(torch.equal(found.weights[name], weight) for name, weight in own(model).items())


def test_rate_of_least_dev_loss_goes_on(prompts: Prompts) -> None:
    """Each is tried for two steps: 1e-6 hardly moves, 1e30 leaves no numbers, and 1e-3 goes on as if it were alone."""
    model = tiny("llama")
    of = imitated(model, prompts, output_losses)
    found = distil(model, output_losses, of, of, course(*[ALL] * 6, rates=(1e-6, 1e-3, 1e30), trial=2))
    alone = distil(model, output_losses, of, of, course(*[ALL] * 6, rates=(1e-3,), trial=2))
    assert (found.learning_rate, len(found.losses)) == (1e-3, 6)
    assert (found.losses, found.dev_losses) == (alone.losses, alone.dev_losses)
    assert list(found.tried) == [1e-6, 1e-3, 1e30]
    assert found.tried[1e-3] == min(found.dev_losses[step] for step in range(3)) < found.tried[1e-6]
    assert all(torch.equal(found.weights[name], weight) for name, weight in alone.weights.items())


def test_dev_is_looked_at_now_and_then(prompts: Prompts) -> None:
    """Every second step, and after the last of the trial and of all."""
    model = tiny("llama")
    of = imitated(model, prompts, answer_losses)
    found = distil(model, answer_losses, of, of, course(*[(0, 1)] * 7, trial=3, every=2))
    assert list(found.dev_losses) == [0, 2, 3, 4, 6, 7]


def moved(model: LanguageModel, before: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return where weights differ, those of keys and values left out."""
    where = {name: before[name] != weight for name, weight in snapshot(model).items()}
    for s in model.key_value_slices:
        s.of(where[s.name]).fill_(value=False)
    return where


def test_only_keys_and_values_move_and_all_come_back(model: LanguageModel, prompts: Prompts) -> None:
    """While a fit runs every other weight, GPT-2's fused query third among them, has its bits; afterwards all have."""
    of, before = imitated(model, prompts, output_losses), snapshot(model)
    seen: list[bool] = []

    def watched(*given: Any) -> Tensor:
        assert not any(bool(where.any()) for where in moved(model, before).values())
        seen.append(any(not torch.equal(before[s.name], s.parameter) for s in model.key_value_slices))
        return output_losses(*given)

    distil(model, watched, of, of, course(ALL, ALL))
    assert seen[0] is False
    assert seen[-1] is True
    assert_restored(model, before)
    with failing_at(model, 1, 4, KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        distil(model, output_losses, of, of, course(ALL, ALL))
    assert_restored(model, before)


def test_out_of_memory_halves_what_is_held_at_once(model: LanguageModel, prompts: Prompts) -> None:
    """A step that does not fit is taken in two parts, with the same gradient; one query that does not is one error."""
    of, before = imitated(model, prompts, output_losses), snapshot(model)
    plain = distil(model, output_losses, of, of, course(ALL, ALL))
    with failing_at(model, 2, 2, torch.OutOfMemoryError):
        halved = distil(model, output_losses, of, of, course(ALL, ALL))
    assert len(plain.losses) == 2
    np.testing.assert_allclose(halved.losses, plain.losses, rtol=1e-3)
    with (
        failing_at(model, 2, 12, torch.OutOfMemoryError),
        pytest.raises(HarnessError, match=r"distilling from one query .* does not fit in the memory of cpu"),
    ):
        distil(model, output_losses, of, of, course(ALL, ALL), 1)
    assert_restored(model, before)


def test_model_without_numbers_is_refused(prompts: Prompts) -> None:
    """Where the untouched weights give no distance there is nothing to go down."""
    model = tiny("llama")
    of = imitated(model, prompts, answer_losses)
    broken = replace(of, wanted=of.wanted * np.nan)
    with pytest.raises(HarnessError, match=r"distance of the untouched model from ICL is nan, expected a number"):
        distil(model, answer_losses, of, broken, course(ALL))


def test_same_fit_twice_is_the_same(model: LanguageModel, prompts: Prompts) -> None:
    """To the last bit."""
    of = imitated(model, prompts, answer_losses)
    first, second = (distil(model, answer_losses, of, of, course(ALL, (0, 1), rates=(1e-3, RATE))) for _ in range(2))
    assert first.losses == second.losses
    assert first.dev_losses == second.dev_losses
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)
