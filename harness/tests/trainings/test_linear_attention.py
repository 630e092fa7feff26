"""Linear attention layers: the same seed trains the same ones."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.store import Store
from harness.trainings.linear_attention import LinearAttentionLayers

FEW = LinearAttentionLayers(seed=0, dimension=2, layers=2)


@pytest.mark.slow
def test_trained_layers_are_repeatable(tmp_path: Path) -> None:
    """The same seed trains the same layers, and each layer is its own."""
    first, second = (Store(tmp_path / name).find_or_run(FEW).tensors for name in ("a", "b"))
    assert all(np.array_equal(first[name], second[name]) for name in {*first, *second})
    assert {array.shape for array in first.values()} == {(2,)}
    assert first["loss"][0] != first["loss"][1]
    assert torch.is_grad_enabled()


@pytest.mark.slow
def test_another_seed_trains_other_layers(tmp_path: Path) -> None:
    """Each of seed, dimension and number of layers is another entry; another seed's losses are others."""
    others = [replace(FEW, seed=1), replace(FEW, dimension=3), replace(FEW, layers=3)]
    assert all(other.key != FEW.key for other in others)
    store = Store(tmp_path)
    assert not np.isin(store.find_or_run(FEW).tensors["loss"], store.find_or_run(others[0]).tensors["loss"]).any()
