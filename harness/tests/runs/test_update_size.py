"""Sizes of updates: those of the finetuning that they are of, against the weights of its own model."""

import numpy as np
import pytest

from harness.evidence.sources import Sources
from harness.runs.finetuning import weights_of
from harness.runs.loaded import model_of
from harness.runs.update_size import UpdateSizeRun
from harness.runs.variants import Variant


@pytest.mark.parametrize(
    "variant", [Variant(), Variant(gradient="layer_causal"), Variant(weights="norms"), Variant(update="random")]
)
def test_size_is_relative_to_the_models_own_weights(controls: Sources, variant: Variant) -> None:
    """By name: |dW| / |W| of k_proj and v_proj of both layers; a rival's W is its own."""
    finetuned = controls.experiment.cell("toy", controls.chosen, 0, variant).finetuned
    run = finetuned.becoming(UpdateSizeRun)
    assert list(run.inputs) == [finetuned]
    found = controls.store.find_or_run(run).tensors["relative"]
    weights = weights_of(controls.store.find_or_run(finetuned))
    expected = np.empty((2, 2))
    for layer in range(2):
        for i, projection in enumerate(("k_proj", "v_proj")):
            name = f"model.layers.{layer}.self_attn.{projection}.weight"
            own = model_of(run, controls.store).network.get_parameter(name)
            expected[layer, i] = float((weights[name] - own).norm() / own.norm())
    assert found == pytest.approx(expected, rel=1e-4)
    assert (found > 1e-6).all()
