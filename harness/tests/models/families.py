"""Tiny random models of every family, and how far float32 may carry a result."""

import copy
from dataclasses import fields

import numpy as np
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from harness.data import Recording
from harness.models.language_model import LanguageModel
from harness.models.loading import quiet_transformers
from harness.tests.models.configurations import CONFIGURATIONS, TOKENS

# A dot product of n terms gathers a rounding error of about sqrt(n) units in the last place; the widest here has 48.
GATHERED = 8 * 2.0**-24


TOLERANCE = 1e-5
"""Of the largest value: what float32 may err by where a figure is stated, beside what rounding explains."""


def tiny(family: str, **more: object) -> LanguageModel:
    """Return a random model of a family, its weights large enough that attention is far from uniform."""
    quiet_transformers()
    generator = torch.Generator().manual_seed(7)
    kind, sizes = CONFIGURATIONS[family]
    network = AutoModelForCausalLM.from_config(kind(**TOKENS | sizes | more)).eval().requires_grad_(False)
    for parameter in network.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.copy_(noise * 0.3 if parameter.ndim > 1 else parameter + noise * 0.2)
    return LanguageModel(network)


def rounded(model: LanguageModel) -> LanguageModel:
    """Return the model with every weight off by what float32 arithmetic gathers, up or down at random."""
    other = copy.deepcopy(model.network)
    generator = torch.Generator().manual_seed(8)
    for parameter in other.parameters():
        sign = torch.randint(0, 2, parameter.shape, generator=generator) * 2 - 1
        parameter.mul_(1 + GATHERED * sign)
    return LanguageModel(other)


def assert_same(found: Recording, expected: Recording, neighbour: Recording) -> None:
    """Hold every field to `expected`, within twice its distance from what the `rounded` model gives.

    This is backward error analysis: rounding does to a result what errors of the weights as small as itself do.
    """
    assert found.setting is expected.setting
    np.testing.assert_array_equal(found.gold, expected.gold)
    for name in [field.name for field in fields(Recording)][2:]:
        ours, exact, near = (getattr(recording, name) for recording in (found, expected, neighbour))
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(exact), err_msg=name)
        with np.errstate(invalid="ignore"):  # of what no window reaches, -inf less -inf is NaN
            allowed = 2 * np.nanmax(np.abs(near - exact))
        np.testing.assert_allclose(ours, exact, rtol=0, atol=allowed, err_msg=name)


def assert_within(found: Recording, expected: Recording) -> None:
    """Hold every field to TOLERANCE of its largest value."""
    for name in [field.name for field in fields(Recording)][2:]:
        ours, exact = getattr(found, name), getattr(expected, name)
        allowed = TOLERANCE * np.abs(exact[np.isfinite(exact)]).max()
        np.testing.assert_allclose(ours, exact, rtol=0, atol=allowed, err_msg=name)


def assert_identical(found: Recording, expected: Recording) -> None:
    """Hold every field to the last bit."""
    for name in [field.name for field in fields(Recording)][1:]:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def assert_untouched(model: LanguageModel) -> None:
    """Hold the network to having no hooks, no forwards of its own, no gradients, and its own attention."""
    assert model.network.config._attn_implementation == model.architecture.stock or model.architecture.adapter
    for name, module in model.network.named_modules():
        assert not module._forward_hooks, name
        assert not module._forward_pre_hooks, name
        assert "forward" not in vars(module), name
    assert not any(parameter.requires_grad for parameter in model.network.parameters())


def snapshot(model: LanguageModel) -> dict[str, Tensor]:
    """Return a copy of all weights by name."""
    return {name: parameter.detach().clone() for name, parameter in model.network.named_parameters()}
