"""The two weight updates, held to loops over single tokens of a stock forward, in float64."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.dual_form.linear_attention import outer_sum
from harness.models.finetuning import finetune
from harness.models.language_model import LanguageModel
from harness.models.updates import demonstration_projections, ft_updates
from harness.prompts import Prompts
from harness.tests.models.by_hand import entering, projected, projections, rows_of, size_of_head
from harness.tests.models.configurations import FAMILIES, KINDS, OF_KINDS
from harness.tests.models.families import GATHERED, assert_untouched, snapshot, tiny

CASES = [*OF_KINDS, *((family, {}) for family in FAMILIES if family not in KINDS)]


def normed(model: LanguageModel, tokens: tuple[int, ...]) -> Tensor:
    """Return what each layer's attention reads of a text, [layer, token, d_model], in float64."""
    with torch.no_grad(), entering(projections(model, "k")) as inputs:
        model.network(torch.tensor([tokens]), use_cache=False)
    return torch.stack(inputs).double()


def of_heads(model: LanguageModel, layer: int, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return W_V x + b_V and W_K x + b_K of one token x [d_model] in float64, both [kv_head, d_head]."""
    value, key = (projected(model, layer, kind, x[None]).view(-1, size_of_head(model)) for kind in "vk")
    return value, key


def outer_products(model: LanguageModel, inputs: Tensor, tokens: list[int]) -> Tensor:
    """Return sum_i v_i (x) k_i over these tokens of inputs [layer, token, d_model], one product at a time."""
    layers = []
    for layer, x in enumerate(inputs):
        products = []
        for token in tokens:
            value, key = of_heads(model, layer, x[token])
            products.append(torch.stack([torch.outer(v, k) for v, k in zip(value, key, strict=True)]))
        layers.append(torch.stack(products).sum(0))
    return torch.stack(layers)


def with_put_in(model: LanguageModel, weights: Mapping[str, Tensor]) -> LanguageModel:
    """Return a copy of the model with these key and value weights; those of fused projections come head by head."""
    other = LanguageModel(copy.deepcopy(model.network))
    paths = {id(parameter): name for name, parameter in other.network.named_parameters()}
    with torch.no_grad():
        for projection in {id(p): p for kind in "kv" for p in projections(other, kind)}.values():
            for parameter in projection.parameters():
                given = weights[paths[id(parameter)]]
                if isinstance(projection, nn.Linear) or given.ndim == 1:
                    parameter[rows_of(other, "kv")] = given.reshape(-1, *parameter.shape[1:])
                else:
                    parameter[:, rows_of(other, "kv")] = given
    return other


def assert_close(found: Tensor, expected: Tensor) -> None:
    """Hold a sum of products to float32's gathered rounding of its two factors, beside its largest entry."""
    assert found.shape == expected.shape
    allowed = 4 * GATHERED * float(expected.abs().max())
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=allowed)


@pytest.mark.parametrize(("family", "more"), CASES)
def test_icl_update_sums_outer_products_of_the_demonstrations_tokens(
    family: str, more: dict[str, Any], prompts: Prompts
) -> None:
    """dW_ICL = sum_i (W_V x'_i) (x) (W_K x'_i) in the prompt; start token and separators are no demonstration."""
    model = tiny(family, **more)
    tokens = [i for i in range(len(prompts.prefix)) if i % 8]  # 0 starts, 8, 16, ... separate
    expected = outer_products(model, normed(model, prompts.prefix), tokens)
    assert_close(outer_sum(*demonstration_projections(model, prompts)), expected)


def test_values_are_those_that_the_model_attends_to(model: LanguageModel, prompts: Prompts) -> None:
    """The demonstrations' values, and their keys where no rotary position turns them, are the stock cache's."""
    values, keys = demonstration_projections(model, prompts)
    with torch.no_grad():
        cached = model.network(torch.tensor([prompts.prefix]), use_cache=True).past_key_values.layers
    tokens = [i for i in range(len(prompts.prefix)) if i % 8]
    assert torch.equal(values, torch.stack([layer.values[0, :, tokens] for layer in cached]))
    turned = not torch.equal(keys, torch.stack([layer.keys[0, :, tokens] for layer in cached]))
    assert turned == (model.network.config.model_type == "llama")


def test_no_demonstration_is_no_update(model: LanguageModel, prompts: Prompts) -> None:
    """Behind the start token alone dW_ICL is zero."""
    none = replace(prompts, prefix=(0,), spans=(), demonstrations=())
    assert not outer_sum(*demonstration_projections(model, none)).any()


@pytest.mark.parametrize("rate", [1e-2, 1e-5])
@pytest.mark.parametrize(("family", "more"), CASES)
def test_ft_update_is_the_difference_of_the_two_products(
    family: str, more: dict[str, Any], rate: float, prompts: Prompts
) -> None:
    """dW_FT = sum_i v'_i (x) k'_i - v_i (x) k_i at the untouched model's own X, start token left out.

    So it is to float32's precision even where finetuning changed the weights in their fifth digit.
    """
    model = tiny(family, **more)
    weights = finetune(model, prompts.demonstrations, rate).weights
    finetuned = with_put_in(model, weights)
    for found, query in zip(ft_updates(model, prompts, weights), prompts.queries, strict=True):
        inputs, own = normed(model, (0, *query)), list(range(1, len(query) + 1))
        assert_close(found, outer_products(finetuned, inputs, own) - outer_products(model, inputs, own))


def test_own_weights_are_no_update(model: LanguageModel, prompts: Prompts) -> None:
    """A model finetuned to what it was has dW_FT = 0, to the last bit."""
    own = {s.name: s.of(s.parameter).clone() for s in model.key_value_slices}
    assert not any(update.any() for update in ft_updates(model, prompts, own))


def test_updates_leave_no_trace(model: LanguageModel, prompts: Prompts) -> None:
    """After both updates, and after a half-read dW_FT, every weight has its bits and no hook stays."""
    before = snapshot(model)
    weights = finetune(model, prompts.demonstrations, 1e-2).weights
    demonstration_projections(model, prompts)
    updates = ft_updates(model, prompts, weights)
    for _ in range(2):
        next(updates)
        assert_untouched(model)
        assert all(torch.equal(parameter, before[name]) for name, parameter in model.network.named_parameters())
