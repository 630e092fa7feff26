"""How large a change of the key and value weights is, and random changes of the same size.

A key's and a value's matrix are two, also where one parameter holds both (GPT-2's c_attn): each has a size of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from harness.models.language_model import LanguageModel, Slice
from harness.models.sites import Places


@torch.no_grad()
def random_update(model: LanguageModel, weights: Mapping[str, Tensor], rng: np.random.Generator) -> dict[str, Tensor]:
    """Return the model's own key and value weights, changed at random by as much as in `weights`.

    Each matrix W, and each bias, gets a change of the same Frobenius norm, of which no direction is the likelier,

        W + |W' - W| G / |G|,    G's entries independent standard normals, W' what `weights` has of it.

    In the model's dtype. In a smaller one than float32, entries below the last bit of the weights are rounded away: the
    change is then the smaller one, since finetuning's is of fewer and larger entries.
    """
    own = {s.name: s.of(s.parameter.data) for s in model.key_value_slices}
    found = {name: weight.cpu().double().clone() for name, weight in own.items()}
    for part in _parts(model):
        place = part.of(found[part.name])
        size = (part.of(weights[part.name]).cpu().double() - place).norm()
        noise = torch.from_numpy(rng.standard_normal(tuple(place.shape)))
        place.add_(noise * (size / noise.norm()))
    return {name: weight.to(own[name]) for name, weight in found.items()}


@torch.no_grad()
def relative_sizes(model: LanguageModel, weights: Mapping[str, Tensor]) -> Float64[np.ndarray, "layer projection"]:
    """Return |W' - W| / |W| of each layer's key and value matrix (in this order), W' what `weights` has of it.

    Frobenius norms; biases are left out. Not finite where a matrix of the model is all zeros.
    """
    own = {s.name: s.of(s.parameter.data).cpu().double() for s in model.key_value_slices}
    sizes = []
    for part in (part for part in _parts(model) if part.parameter.ndim > 1):
        before, after = part.of(own[part.name]), part.of(weights[part.name]).cpu().double()
        sizes.append(float((after - before).norm() / before.norm()))
    return np.array(sizes).reshape(-1, 2)


def _parts(model: LanguageModel) -> Iterator[Slice]:
    """Yield each key's and each value's matrix and bias, as slices of what is trained of their parameter."""
    first = {s.name: s.places.start for s in model.key_value_slices}
    for s in model.slices(model.architecture.key, model.architecture.value):
        within = Places(1, s.places.start - first[s.name], s.places.stop - first[s.name])
        yield replace(s, axis=s.axis if s.places.repeats == 1 else s.axis + 1, places=within)  # behind that of blocks
