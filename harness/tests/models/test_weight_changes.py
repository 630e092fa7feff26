"""Random updates of the same size, and sizes of updates, held to norms worked out from the parameters by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.models.finetuning import finetune
from harness.models.language_model import LanguageModel
from harness.models.weight_changes import random_update, relative_sizes
from harness.prompts import Prompts
from harness.tests.models.by_hand import projections, rows_of
from harness.tests.models.configurations import OF_KINDS
from harness.tests.models.families import assert_untouched, snapshot, tiny

CASES = [*OF_KINDS, *((family, {}) for family in ("gpt_neox", "falcon", "phi3"))]
"""Apart, in thirds, in thirds of heads' blocks, and in groups of more queries than keys."""
Weights = Mapping[str, Tensor]


def own(model: LanguageModel) -> dict[str, Tensor]:
    """Return what finetuning trains, as it is."""
    return {s.name: s.of(s.parameter.data).clone() for s in model.key_value_slices}


def apart(model: LanguageModel, weights: Weights) -> dict[str, Tensor]:
    """Return keys' and values' matrices and biases, fused ones cut in two, output by output, in float64."""
    full, paths = snapshot(model), {id(p): name for name, p in model.network.named_parameters()}
    for s in model.key_value_slices:
        s.of(full[s.name]).copy_(weights[s.name])
    found = {}
    for layer, both in enumerate(zip(projections(model, "k"), projections(model, "v"), strict=True)):
        for kind, projection in zip("kv", both, strict=True):
            for of, parameter in projection.named_parameters():
                weight = full[paths[id(parameter)]].double()
                outputs = weight if isinstance(projection, nn.Linear) or weight.ndim == 1 else weight.T
                found[f"{of} of {kind} in layer {layer}"] = outputs[rows_of(model, kind)]
    return found


def scaled(model: LanguageModel, weights: Weights, by: Weights, keys: float, values: float) -> dict[str, Tensor]:
    """Return weights plus `keys` or `values` times `by`, whichever an output is of."""
    factors = {name: torch.zeros_like(parameter) for name, parameter in model.network.named_parameters()}
    paths = {id(p): name for name, p in model.network.named_parameters()}
    for kind, factor in (("k", keys), ("v", values)):
        for projection in projections(model, kind):
            for parameter in projection.parameters():
                of = factors[paths[id(parameter)]]
                (of if isinstance(projection, nn.Linear) or of.ndim == 1 else of.T)[rows_of(model, kind)] = factor
    return {s.name: weights[s.name] + by[s.name] * s.of(factors[s.name]) for s in model.key_value_slices}


def changes(model: LanguageModel, before: Weights, after: Weights) -> dict[str, Tensor]:
    """Return what each matrix and bias differs by."""
    start = apart(model, before)
    return {name: weight - start[name] for name, weight in apart(model, after).items()}


@pytest.mark.parametrize(("family", "more"), CASES)
def test_random_update_is_as_large_as_finetunings(family: str, more: dict[str, Any], prompts: Prompts) -> None:
    """Each key's and value's matrix and bias changes by the same Frobenius norm; values were made to change much more.

    Float32 holds a change of a millionth of a weight to a digit or two: these are of a hundredth.
    """
    model = tiny(family, **more)
    before = own(model)
    steps = {n: w - before[n] for n, w in finetune(model, prompts.demonstrations, 1e-2).weights.items()}
    weights = scaled(model, before, steps, keys=1.0, values=50.0)
    expected, found = (
        changes(model, before, weights),
        changes(model, before, random_update(model, weights, np.random.default_rng(1))),
    )
    assert found.keys() == expected.keys()
    for name, change in found.items():
        rounding = 2e-7 * float(apart(model, before)[name].norm()) + 1e-12
        assert float(change.norm()) == pytest.approx(float(expected[name].norm()), rel=1e-4, abs=rounding), name


def test_random_update_points_nowhere_in_particular(model: LanguageModel, prompts: Prompts) -> None:
    """Along finetuning's own change it lies as any normal vector of n entries does, and its entries are normal."""
    weights, before = finetune(model, prompts.demonstrations, 0.1).weights, own(model)
    steps, drawn = changes(model, before, weights), []
    found = changes(model, before, random_update(model, weights, np.random.default_rng(1)))
    for name, change in found.items():
        if change.ndim > 1:
            cosine = float((change * steps[name]).sum() / change.norm() / steps[name].norm())
            assert abs(cosine) < 5 / change.numel() ** 0.5, name
            drawn.append((change / change.std()).flatten())
    entries = torch.cat(drawn).numpy()
    assert float(np.mean(entries**4)) == pytest.approx(3, abs=5 * (96 / len(entries)) ** 0.5)  # a normal's kurtosis
    assert abs(entries.mean()) < 5 / len(entries) ** 0.5


def test_random_update_is_its_seeds(model: LanguageModel, prompts: Prompts) -> None:
    """The same seed gives the same weights, another one others; no two matrices get the same noise."""
    weights = finetune(model, prompts.demonstrations, 0.1).weights
    one, again, other = (random_update(model, weights, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)
    noise = [c / c.norm() for c in changes(model, own(model), one).values() if c.ndim > 1]
    assert not any(torch.allclose(a, b, atol=1e-3) for i, a in enumerate(noise) for b in noise[:i])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_weights_that_did_not_change_stay(model: LanguageModel, dtype: torch.dtype) -> None:
    """An update of size 0 leaves every bit, in the model's dtype, and the model is as before."""
    model.network.to(dtype)
    before = snapshot(model)
    found = random_update(model, own(model), np.random.default_rng(0))
    assert all(torch.equal(found[name], weight) and found[name].dtype is dtype for name, weight in own(model).items())
    assert_untouched(model)
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.network.named_parameters())


@pytest.mark.parametrize(("family", "more"), CASES)
def test_relative_sizes_by_hand(family: str, more: dict[str, Any]) -> None:
    """Keys longer by an eighth and values by twice themselves are 1/8 and 2 in every layer, whatever biases do."""
    model = tiny(family, **more)
    before = own(model)
    after = {n: w if w.ndim > 1 else w + 7 for n, w in scaled(model, before, before, keys=0.125, values=2.0).items()}
    assert relative_sizes(model, after) == pytest.approx(np.tile([0.125, 2.0], (3, 1)), rel=1e-5)
    assert not relative_sizes(model, before).any()
