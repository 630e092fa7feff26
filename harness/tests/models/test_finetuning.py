"""Finetuning, held to plain autograd and torch's own SGD, and to leaving no trace."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.data import Setting
from harness.errors import HarnessError
from harness.models.finetuning import Finetuned, finetune, starting_queries
from harness.models.language_model import LanguageModel
from harness.models.scoring import score
from harness.prompts import Prompts
from harness.tests.models.by_hand import projections, queries_by_hand, rows_of
from harness.tests.models.configurations import KINDS, OF_OTHERS
from harness.tests.models.families import GATHERED, TOLERANCE, assert_untouched, rounded, snapshot, tiny

RATE = 1e-2
BLIND = ("k_proj.bias",)
"""Softmax does not see a constant in all scores: a key's bias has no gradient but rounding where nothing turns or norms
keys."""


def keys_and_values(model: LanguageModel) -> tuple[dict[str, nn.Parameter], Callable[[], None]]:
    """Return the parameters that hold keys and values, to be trained, and what leaves only theirs of the gradients."""
    outputs: dict[int, Any] = {}
    for projection in {id(p): p for kind in "kv" for p in projections(model, kind)}.values():
        for parameter in projection.parameters():
            rows, linear = rows_of(model, "kv"), isinstance(projection, nn.Linear) or parameter.ndim == 1
            outputs[id(parameter)] = rows if linear else (slice(None), rows)
    trained = {n: p.requires_grad_(True) for n, p in model.network.named_parameters() if id(p) in outputs}

    def leave() -> None:
        for parameter in trained.values():
            assert parameter.grad is not None
            theirs = torch.zeros_like(parameter.grad)
            theirs[outputs[id(parameter)]] = parameter.grad[outputs[id(parameter)]]
            parameter.grad = theirs

    return trained, leave


def sgd(model: LanguageModel, demonstrations: Sequence[Sequence[int]]) -> tuple[dict[str, Tensor], list[float]]:
    """Return weights after, and losses before, each step: mean of -ln p(next token), torch's SGD, one copy."""
    other = LanguageModel(copy.deepcopy(model.network))
    network, (trained, leave_keys_and_values) = other.network, keys_and_values(other)
    optimizer, losses = torch.optim.SGD(trained.values(), lr=RATE), []
    for tokens in demonstrations:
        log_p = network(torch.tensor([tokens])).logits[0].log_softmax(-1)
        loss = -torch.stack([log_p[i, token] for i, token in enumerate(tokens[1:])]).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        leave_keys_and_values()
        optimizer.step()
        losses.append(float(loss.detach()))
    return {name: parameter.detach() for name, parameter in trained.items()}, losses


STEPS = [*((family, {}, steps) for family in KINDS for steps in (1, 5)), *((*variant, 1) for variant in OF_OTHERS)]


@pytest.mark.parametrize(("family", "more", "steps"), STEPS)
def test_steps_are_torchs_sgd(family: str, more: dict[str, Any], prompts: Prompts, steps: int) -> None:
    """Each weight ends where torch's SGD brings it, within twice what rounding of the weights does to its way."""
    model = tiny(family, **more)
    texts, slices = prompts.demonstrations[:steps], {s.name: s for s in model.key_value_slices}
    before = {s.name: s.of(s.parameter).clone() for s in model.key_value_slices}
    near = rounded(model)
    near_before = {s.name: s.of(s.parameter).clone() for s in near.key_value_slices}
    (expected, losses), (neighbour, near_losses) = sgd(model, texts), sgd(near, texts)
    found = finetune(model, texts, RATE)
    assert found.diverged_at is None
    assert set(found.weights) == set(expected)
    noise = 2 * np.abs(np.subtract(losses, near_losses)).max()
    np.testing.assert_allclose(found.losses, losses, rtol=GATHERED, atol=noise)
    for name, weight in found.weights.items():
        aim, near_aim = (slices[name].of(weights[name]) for weights in (expected, neighbour))
        update = aim - before[name]
        allowed = 2 * float((near_aim - near_before[name] - update).abs().max())
        if not name.endswith(BLIND):
            assert float(update.abs().max()) > 500 * allowed, name  # the steps are far above the noise
        torch.testing.assert_close(weight, aim, rtol=0, atol=allowed, msg=name)
        assert float((weight - aim).abs().max()) <= TOLERANCE * float(aim.abs().max()), name


def test_only_keys_and_values_move(of_any_family: LanguageModel, prompts: Prompts) -> None:
    """After a step every other weight has its bits, fused queries and norms of keys among them; each slice moved."""
    model = of_any_family
    before = snapshot(model)
    after: dict[str, Tensor] = {}
    finetune(model, prompts.demonstrations[:1], RATE, progress=lambda _: after.update(snapshot(model)))
    moved = {name: before[name] != after[name] for name in before}
    for s in model.key_value_slices:
        if not s.name.endswith(BLIND):
            assert bool(s.of(moved[s.name]).any()), s.name
        s.of(moved[s.name]).fill_(value=False)
    assert not any(bool(where.any()) for where in moved.values())


@contextmanager
def failing_at(model: LanguageModel, layer: int, call: int, error: type[BaseException]) -> Iterator[None]:
    """Plant a failure in the network: the layer's attention raises when it is called for the `call`-th time."""
    calls: list[int] = []

    def fail(*_: object) -> None:
        calls.append(0)
        if len(calls) == call:
            raise error

    handle = model.attention_modules[layer].register_forward_pre_hook(fail)
    try:
        yield
    finally:
        handle.remove()


def assert_restored(model: LanguageModel, before: dict[str, Tensor]) -> None:
    """Hold the network to its weights' bits, and to having nothing of ours in it."""
    assert all(torch.equal(before[name], weight) for name, weight in snapshot(model).items())
    assert_untouched(model)


def test_models_own_weights_come_back(model: LanguageModel, prompts: Prompts) -> None:
    """After a run, a diverged run and a run that fails in its third step, the model is as it was."""
    before = snapshot(model)
    finetune(model, prompts.demonstrations, RATE, record=True)
    assert_restored(model, before)
    finetune(model, prompts.demonstrations, 1e6, record=True)
    assert_restored(model, before)
    with failing_at(model, 1, 3, KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        finetune(model, prompts.demonstrations, RATE, record=True)
    assert_restored(model, before)


def test_out_of_memory_is_one_error(model: LanguageModel, prompts: Prompts) -> None:
    """A demonstration that does not fit in memory is said, and the model is as it was."""
    before = snapshot(model)
    with (
        failing_at(model, 2, 2, torch.OutOfMemoryError),
        pytest.raises(HarnessError, match=r"finetuning .* does not fit in the memory of cpu"),
    ):
        finetune(model, prompts.demonstrations, RATE)
    assert_restored(model, before)


def test_steps_do_not_see_later_demonstrations(model: LanguageModel, prompts: Prompts) -> None:
    """Weights after two steps are the same to the last bit whether the run ends there or three more follow."""
    seen: list[dict[str, Tensor]] = []
    finetune(model, prompts.demonstrations, RATE, progress=lambda _: seen.append(snapshot(model)))
    short = finetune(model, prompts.demonstrations[:2], RATE)
    for s in model.key_value_slices:
        assert torch.equal(s.of(seen[1][s.name]), short.weights[s.name])


def test_order_of_demonstrations_matters(model: LanguageModel, prompts: Prompts) -> None:
    """Steps are taken one after the other: the same texts in another order end elsewhere."""
    forth, back = (finetune(model, prompts.demonstrations[::way], RATE) for way in (1, -1))
    assert any(not torch.equal(forth.weights[name], back.weights[name]) for name in forth.weights)


def test_same_run_twice_is_the_same(model: LanguageModel, prompts: Prompts) -> None:
    """Losses, weights and recorded queries agree to the last bit, recording or not."""
    first, second = (finetune(model, prompts.demonstrations, RATE, record=True) for _ in range(2))
    bare = finetune(model, prompts.demonstrations, RATE)
    assert first.losses == second.losses == bare.losses
    assert bare.query_vectors is None
    np.testing.assert_array_equal(first.query_vectors, second.query_vectors)
    for name, weight in first.weights.items():
        assert torch.equal(weight, second.weights[name])
        assert torch.equal(weight, bare.weights[name])


def stopped(found: Finetuned) -> bool:
    """Return whether a run says that it diverged and hands out nothing to use."""
    return found.diverged_at == len(found.losses) - 1 and not found.weights and found.query_vectors is None


def test_diverging_run_stops_early(model: LanguageModel, prompts: Prompts) -> None:
    """At a rate of 1e38 the second loss is no number: no third text is read."""
    found = finetune(model, prompts.demonstrations, 1e38, record=True)
    assert stopped(found)
    assert len(found.losses) == 2
    assert not np.isfinite(found.losses[1])


@pytest.mark.parametrize(("factor", "read"), [(1.0, 5), (100.0, 3)])
def test_collapsed_run_stops_early(prompts: Prompts, factor: float, read: int) -> None:
    """Logits made a hundred times as large after the second step cost far more than ln 97 nats above the first."""
    model = tiny("gpt2")
    losses: list[int] = []

    def collapse(_: int) -> None:
        losses.append(0)
        model.network.transformer.ln_f.weight.data.mul_(factor if len(losses) == 2 else 1.0)

    found = finetune(model, prompts.demonstrations, RATE, progress=collapse)
    assert len(found.losses) == read
    assert stopped(found) == (read < 5)
    assert (found.losses[-1] > found.losses[0] + np.log(97)) == (read < 5)


def test_damaged_model_diverges_at_once(prompts: Prompts) -> None:
    """A first loss that is no number ends the run before any step."""
    model = tiny("gpt2")
    model.network.transformer.ln_f.bias.data[0] = torch.nan
    found = finetune(model, prompts.demonstrations, RATE)
    assert stopped(found)
    assert found.diverged_at == 0


def test_infinite_first_loss_is_no_yardstick() -> None:
    """A first text of probability 0 costs infinitely much: the run ends there, though no loss can exceed it."""
    model = tiny("llama")
    start = model.network.base_model(torch.tensor([[0]])).last_hidden_state[0, 0]
    model.network.lm_head.weight.data[9] = -3e38 * start.sign()
    found = finetune(model, [(0, 9), (0, 8)], RATE)
    assert found.losses == (np.inf,)
    assert stopped(found)


def test_last_update_that_overflows_is_divergence(model: LanguageModel, prompts: Prompts) -> None:
    """Where the only step's loss is fine but its update is not finite, there are no weights to score with."""
    found = finetune(model, prompts.demonstrations[:1], np.inf)
    assert stopped(found)
    assert np.isfinite(found.losses[0])


def test_recorded_queries_are_those_before_each_update(of_any_family: LanguageModel, prompts: Prompts) -> None:
    """At every training token, start token included: scale * norm(W_q x + b_q) under the weights of that step."""
    model = of_any_family
    found = finetune(model, prompts.demonstrations, RATE, record=True)
    expected: list[np.ndarray] = []
    neighbour: list[np.ndarray] = []
    for step, tokens in enumerate(prompts.demonstrations):
        so_far = finetune(model, prompts.demonstrations[:step], RATE).weights if step else {}
        for into, base in ((expected, model), (neighbour, rounded(model))):
            stepped = _with(base, so_far)
            into.append(queries_by_hand(stepped, list(tokens)).numpy())
    exact, near = (np.concatenate(each, axis=1) for each in (expected, neighbour))
    assert found.query_vectors is not None
    assert found.query_vectors.shape == (3, 40, 32)
    np.testing.assert_allclose(found.query_vectors, exact, rtol=0, atol=2 * np.abs(near - exact).max())


def test_starting_queries_are_those_of_the_untouched_model(model: LanguageModel, prompts: Prompts) -> None:
    """At every training token: by hand, and what finetuning records where its steps are of length 0.

    With steps of a length they are so for the first text alone. The model is left as it was.
    """
    before = snapshot(model)
    found = starting_queries(model, prompts.demonstrations)
    assert_restored(model, before)
    exact, near = (
        np.concatenate([queries_by_hand(m, list(tokens)).numpy() for tokens in prompts.demonstrations], axis=1)
        for m in (model, rounded(model))
    )
    np.testing.assert_allclose(found, exact, rtol=0, atol=2 * np.abs(near - exact).max())
    still, moved = (finetune(model, prompts.demonstrations, rate, record=True).query_vectors for rate in (0.0, 1.0))
    assert still is not None
    assert moved is not None
    np.testing.assert_allclose(found, still, rtol=0, atol=2 * np.abs(near - exact).max())
    first = len(prompts.demonstrations[0])
    np.testing.assert_allclose(moved[:, :first], found[:, :first], rtol=0, atol=2 * np.abs(near - exact).max())
    assert np.abs(moved[1:, first:] - found[1:, first:]).max() > 1e-3


def test_training_texts_out_of_memory_are_one_error(model: LanguageModel, prompts: Prompts) -> None:
    """A text that does not fit is said where nothing is trained, too."""
    with (
        failing_at(model, 2, 2, torch.OutOfMemoryError),
        pytest.raises(HarnessError, match=r"one demonstration .* does not fit in the memory of cpu"),
    ):
        starting_queries(model, prompts.demonstrations)
    assert_untouched(model)


def _with(model: LanguageModel, weights: dict[str, Tensor]) -> LanguageModel:
    other = LanguageModel(copy.deepcopy(model.network))
    for s in other.key_value_slices if weights else ():
        s.of(s.parameter).copy_(weights[s.name])
    return other


def test_finetuned_weights_change_the_answers(model: LanguageModel, prompts: Prompts) -> None:
    """Put in for scoring, the weights move every logit; taken out, they leave the zero-shot ones to the last bit."""
    zero_shot = score(model, prompts, Setting.ZSL).label_logits
    found = finetune(model, prompts.demonstrations, RATE)
    with model.with_weights(found.weights):
        assert bool((score(model, prompts, Setting.FT).label_logits != zero_shot).all())
    np.testing.assert_array_equal(score(model, prompts, Setting.ZSL).label_logits, zero_shot)
