"""Layer-causal gradient descent, held to models cut off after a layer, and to the paper's finetuning."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.errors import HarnessError
from harness.models.finetuning import finetune
from harness.models.language_model import LanguageModel
from harness.models.layer_causal import finetune_layer_causal
from harness.prompts import Prompts
from harness.tests.models.configurations import OF_KINDS
from harness.tests.models.families import GATHERED, rounded, snapshot, tiny
from harness.tests.models.test_finetuning import BLIND, RATE, assert_restored, failing_at, stopped

Weights = dict[str, Tensor]
DEEP = ("gpt2", {"n_layer": 7})
"""Layers enough for more than one group below the last layer, one of them not full."""
READOUTS: tuple[tuple[str, dict[str, object]], ...] = (
    ("gemma2", {}),
    ("opt", {"do_layer_norm_before": False, "word_embed_proj_dim": 20}),
    ("gpt_neox", {}),
)
"""A soft cap behind the unembedding; no final norm, but a projection before it; keys and values by head."""


def layer_of(name: str) -> int:
    """Return the layer of a parameter, counted from 0."""
    return next(int(part) for part in name.split(".") if part.isdigit())


def cut_after(model: LanguageModel, layer: int) -> Any:
    """Return a copy of the network whose last layer is this one: its own final norm and unembedding follow."""
    network = copy.deepcopy(model.network)
    del network.get_submodule(model.architecture.layers)[layer + 1 :]
    network.config.num_hidden_layers = layer + 1
    return network


def gradients_of_last_layer(network: Any, tokens: Sequence[int], names: list[str]) -> tuple[Weights, float]:
    """Return the gradients of a network's own loss, mean of -ln p(next token), and the loss."""
    weights = {name: network.get_parameter(name).requires_grad_(True) for name in names}
    log_p = network(torch.tensor([tokens])).logits[0].log_softmax(-1)
    loss = -torch.stack([log_p[i, token] for i, token in enumerate(tokens[1:])]).mean()
    found = torch.autograd.grad(loss, list(weights.values()))
    return dict(zip(weights, found, strict=True)), float(loss.detach())


def descend_by_cutting(model: LanguageModel, texts: Sequence[Sequence[int]]) -> tuple[Weights, list[float]]:
    """Return weights after, and the whole model's losses before, the steps: one backward a layer, nothing shared."""
    stepped, losses = LanguageModel(copy.deepcopy(model.network)), []
    slices = stepped.key_value_slices
    depth = len(stepped.attention_modules)
    for tokens in texts:
        gradients: Weights = {}
        for layer in range(depth):
            names = [s.name for s in slices if layer_of(s.name) == layer]
            found, loss = gradients_of_last_layer(cut_after(stepped, layer), tokens, names)
            gradients |= found
        losses.append(loss)
        for s in slices:
            s.of(s.parameter).sub_(RATE * s.of(gradients[s.name]))
    return {s.name: s.of(s.parameter).clone() for s in slices}, losses


def own(model: LanguageModel) -> Weights:
    """Return a copy of what finetuning trains, before it does."""
    return {s.name: s.of(s.parameter).clone() for s in model.key_value_slices}


@pytest.mark.parametrize(("family", "more"), [*OF_KINDS, DEEP, *READOUTS])
def test_each_layer_steps_as_the_last_of_a_model_cut_off_after_it(
    family: str, more: dict[str, Any], prompts: Prompts
) -> None:
    """Over five steps, in order, every weight ends where its layer's own loss brings it, within weights' rounding."""
    model = tiny(family, **more)
    near, texts = rounded(model), prompts.demonstrations
    (expected, losses), (neighbour, near_losses) = descend_by_cutting(model, texts), descend_by_cutting(near, texts)
    found = finetune_layer_causal(model, texts, RATE)
    before, near_before = own(model), own(near)
    assert found.diverged_at is None
    assert set(found.weights) == set(before)
    noise = 2 * np.abs(np.subtract(losses, near_losses)).max()
    np.testing.assert_allclose(found.losses, losses, rtol=GATHERED, atol=noise)
    for name, weight in found.weights.items():
        update = expected[name] - before[name]
        carried = 2 * float((neighbour[name] - near_before[name] - update).abs().max())
        allowed = carried + RATE * GATHERED  # gradients are of order 1, and a blind one is rounding alone
        if not name.endswith(BLIND) or family not in {"xglm", "opt"}:  # rotary positions see a key's bias
            assert float(update.abs().max()) > 1000 * allowed, name  # the steps are far above the noise
        torch.testing.assert_close(weight, expected[name], rtol=0, atol=allowed, msg=name)


def with_other_layers_above(model: LanguageModel, layer: int) -> LanguageModel:
    """Return a copy in which every weight of the layers above this one is another."""
    network = copy.deepcopy(model.network)
    for above in network.get_submodule(model.architecture.layers)[layer + 1 :]:
        for parameter in above.parameters():
            parameter.mul_(1.5).add_(0.1)
    return LanguageModel(network)


@pytest.mark.parametrize("layer", [0, 1])
def test_updates_do_not_know_of_the_layers_above(model: LanguageModel, prompts: Prompts, layer: int) -> None:
    """With other layers above, five steps are the same to the last bit; the paper's finetuning takes others."""
    other = with_other_layers_above(model, layer)
    runs = [way(m, prompts.demonstrations, RATE) for way in (finetune_layer_causal, finetune) for m in (model, other)]
    causal, causal_other, plain, plain_other = (run.weights for run in runs)
    below = [name for name in causal if layer_of(name) <= layer]
    assert below
    for name in below:
        assert torch.equal(causal[name], causal_other[name]), name
        assert name.endswith(BLIND) or not torch.equal(plain[name], plain_other[name]), name


def test_last_layer_steps_as_in_finetuning(model: LanguageModel, prompts: Prompts) -> None:
    """One step moves the last layer as the paper's does, within weights' rounding, and every layer below elsewhere."""
    texts, near = prompts.demonstrations[:1], rounded(model)
    causal, plain, neighbour = (
        finetune_layer_causal(model, texts, 1.0),
        finetune(model, texts, 1.0),
        finetune(near, texts, 1.0),
    )
    np.testing.assert_allclose(causal.losses, plain.losses, rtol=GATHERED)
    ours, theirs, nears = (
        {name: run.weights[name] - weight for name, weight in own(of).items()}
        for run, of in ((causal, model), (plain, model), (neighbour, near))
    )
    for name in (name for name in ours if not name.endswith(BLIND)):
        apart = float((ours[name] - theirs[name]).abs().max())
        allowed = 2 * float((nears[name] - theirs[name]).abs().max())
        assert (apart <= allowed) == (layer_of(name) == 2), name
        assert float(ours[name].abs().max()) > 1000 * allowed, name


def test_only_keys_and_values_move(model: LanguageModel, prompts: Prompts) -> None:
    """After a step every other weight, GPT-2's fused query third among them, has its bits; each slice moved."""
    before = snapshot(model)
    after: Weights = {}
    finetune_layer_causal(model, prompts.demonstrations[:1], RATE, progress=lambda _: after.update(snapshot(model)))
    moved = {name: before[name] != after[name] for name in before}
    for s in model.key_value_slices:
        if not s.name.endswith(BLIND):
            assert bool(s.of(moved[s.name]).any()), s.name
        s.of(moved[s.name]).fill_(value=False)
    assert not any(bool(where.any()) for where in moved.values())


def test_steps_are_one_a_demonstration_in_order(model: LanguageModel, prompts: Prompts) -> None:
    """Weights seen after two of five steps are those of a run of two; back to front the texts lead elsewhere."""
    seen: list[Weights] = []
    long = finetune_layer_causal(model, prompts.demonstrations, RATE, progress=lambda _: seen.append(own(model)))
    short = finetune_layer_causal(model, prompts.demonstrations[:2], RATE)
    back = finetune_layer_causal(model, prompts.demonstrations[::-1], RATE)
    assert len(seen) == len(long.losses) == 5
    for name, weight in short.weights.items():
        assert torch.equal(seen[1][name], weight), name
    assert any(not torch.equal(long.weights[name], back.weights[name]) for name in long.weights)


def test_models_own_weights_come_back(model: LanguageModel, prompts: Prompts) -> None:
    """After a run, a diverged run and a run that fails in its third step, the model is as it was."""
    before = snapshot(model)
    finetune_layer_causal(model, prompts.demonstrations, RATE, record=True)
    assert_restored(model, before)
    finetune_layer_causal(model, prompts.demonstrations, 1e38, record=True)
    assert_restored(model, before)
    with failing_at(model, 1, 3, KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        finetune_layer_causal(model, prompts.demonstrations, RATE, record=True)
    assert_restored(model, before)


def test_out_of_memory_halfway_through_a_step_is_one_error(model: LanguageModel, prompts: Prompts) -> None:
    """Where the lower layers' logits do not fit, the last layer having stepped, it is said and the step undone."""
    before = snapshot(model)
    moved: list[bool] = []

    def fail(*_: object) -> None:
        moved.append(any(not torch.equal(before[s.name], s.parameter) for s in model.key_value_slices))
        if moved[-1]:
            raise torch.OutOfMemoryError

    # the final norm: of the network's own pass, of the last layer's logits, of those below
    handle = model.network.get_submodule(model.readout[0]).register_forward_pre_hook(fail)
    with pytest.raises(HarnessError, match=r"finetuning .* does not fit in the memory of cpu"):
        finetune_layer_causal(model, prompts.demonstrations, RATE)
    handle.remove()
    assert moved == [False, False, True]
    assert_restored(model, before)


def test_diverging_run_stops_early(model: LanguageModel, prompts: Prompts) -> None:
    """At a rate of 1e38 the model's second loss is no number: no third text is read."""
    found = finetune_layer_causal(model, prompts.demonstrations, 1e38, record=True)
    assert stopped(found)
    assert len(found.losses) == 2


def test_last_update_that_overflows_is_divergence(model: LanguageModel, prompts: Prompts) -> None:
    """Where the only step's loss is fine but its update is not finite, there are no weights to score with."""
    found = finetune_layer_causal(model, prompts.demonstrations[:1], np.inf)
    assert stopped(found)
    assert np.isfinite(found.losses[0])


def test_recorded_queries_are_those_before_each_update(model: LanguageModel, prompts: Prompts) -> None:
    """At the first text the vectors are finetuning's to the last bit, at later ones others; recording moves nothing."""
    found = finetune_layer_causal(model, prompts.demonstrations, RATE, record=True)
    plain = finetune(model, prompts.demonstrations, RATE, record=True)
    bare = finetune_layer_causal(model, prompts.demonstrations, RATE)
    assert found.query_vectors is not None
    assert plain.query_vectors is not None
    assert bare.query_vectors is None
    np.testing.assert_array_equal(found.query_vectors[:, :8], plain.query_vectors[:, :8])
    assert not np.array_equal(found.query_vectors[1:, 8:], plain.query_vectors[1:, 8:])
    assert found.losses == bare.losses
    for name, weight in found.weights.items():
        assert torch.equal(weight, bare.weights[name]), name
