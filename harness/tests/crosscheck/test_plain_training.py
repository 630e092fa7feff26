"""Finetuning against torch's SGD on the loss that transformers itself makes of `labels`.

What rounding may change is measured as in test_whole_prompts: the same training, from weights off by rounding.
"""

from typing import Any

import numpy as np
import pytest
from torch import Tensor

from harness.data import Setting
from harness.models.finetuning import finetune
from harness.models.language_model import LanguageModel
from harness.models.scoring import score
from harness.prompts import Prompts
from harness.tests.crosscheck.parts import assert_agree, plain_parts, recorded_parts
from harness.tests.crosscheck.whole_prompt import eager_copy, train_keys_and_values, whole_prompt
from harness.tests.models.configurations import KINDS, OF_KINDS
from harness.tests.models.families import rounded, tiny

RATE = 1e-2


def trained(model: LanguageModel, prompts: Prompts) -> tuple[Any, Tensor]:
    """Return a trained copy of the network, and the query projections' outputs while it was trained on."""
    network = eager_copy(model.network)
    return network, train_keys_and_values(network, prompts.demonstrations, RATE)


def changes(model: LanguageModel, network: Any) -> dict[str, np.ndarray]:
    """Return what training changed of every parameter, by name."""
    after = dict(network.named_parameters())
    return {name: (after[name] - weight).numpy() for name, weight in model.network.named_parameters()}


def keys_and_values(name: str, array: Any) -> Any:
    """Return the last two thirds of GPT-2's fused outputs, of other projections all."""
    return array[..., array.shape[-1] // 3 :] if "c_attn" in name else array


@pytest.mark.parametrize(("family", "more"), OF_KINDS)
def test_finetuned_weights_are_plain_sgds(family: str, more: dict[str, Any], prompts: Prompts) -> None:
    """Four texts, four steps, keys and values alone: every weight ends where torch's SGD leaves it."""
    model = tiny(family, **more)
    expected, near = (changes(m, trained(m, prompts)[0]) for m in (model, rounded(model)))
    found = finetune(model, prompts.demonstrations, RATE).weights
    assert {name for name, change in expected.items() if change.any()} <= set(found)
    allowed = 2 * max(np.abs(near[name] - change).max() for name, change in expected.items())
    assert max(np.abs(change).max() for change in expected.values()) > 1000 * allowed
    before = dict(model.network.named_parameters())
    for name, weight in found.items():
        ours, theirs = (weight - keys_and_values(name, before[name])).numpy(), keys_and_values(name, expected[name])
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=allowed, err_msg=name)


@pytest.mark.parametrize("family", KINDS)
def test_finetuned_recording_is_what_the_trained_network_gives(family: str, prompts: Prompts) -> None:
    """FT's recording, weights put in around the scoring, is a zero-shot forward of the network that SGD trained."""
    model = tiny(family)
    networks = [trained(m, prompts)[0] for m in (model, rounded(model))]
    exact, near = (
        plain_parts([whole_prompt(network, [0, *query]) for query in prompts.queries], prompts) for network in networks
    )
    with model.with_weights(finetune(model, prompts.demonstrations, RATE).weights):
        recording = score(model, prompts, Setting.FT)
    assert_agree(recorded_parts(recording, prompts), exact, near)


@pytest.mark.parametrize("family", KINDS)
def test_training_queries_are_those_of_the_step_that_trains_on_them(family: str, prompts: Prompts) -> None:
    """At every training token the query projection's output before that text's step, times 1 / sqrt(8)."""
    model = tiny(family)
    exact, near = ({"queries": [trained(m, prompts)[1].numpy() * 8**-0.5]} for m in (model, rounded(model)))
    found = finetune(model, prompts.demonstrations, RATE, record=True).query_vectors
    assert found is not None
    assert_agree({"queries": [found]}, exact, near)
