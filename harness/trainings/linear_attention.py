"""Linear attention layers trained on in-context regression, beside one gradient step."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.seeds import stream
from harness.store import Entry, Record, Store


@dataclass(frozen=True)
class LinearAttentionLayers(Record):
    """How like trained linear attention layers are to one gradient step, each array [layer].

    Each layer is trained from its own start on its own tasks, and compared on 10,000 tasks of its own with the
    construction of von Oswald et al.; `cosine_untrained` is the same for the layer before its first step.
    """

    seed: int
    dimension: int = 5
    layers: int = 10

    kind = "regression"

    @property
    def key(self) -> Mapping[str, object]:
        """Return all three."""
        return {"dimension": self.dimension, "layers": self.layers, "seed": self.seed}

    @property
    def words(self) -> str:
        """What runs."""
        return f"training {self.layers} layers of linear attention"

    def compute(self, _store: Store) -> Entry:
        """Train and compare layer by layer."""
        rows = [self._layer(layer) for layer in range(self.layers)]
        return Entry({name: np.array([row[name] for row in rows]) for name in rows[0]}, {})

    def _layer(self, layer: int) -> dict[str, float]:
        import torch  # noqa: PLC0415  # slow import

        from harness.dual_form import trained_regression as regression  # noqa: PLC0415  # brings torch

        size = (self.dimension, self.dimension)
        seeds = stream(self.seed, "regression", layer).integers(2**62, size=2).tolist()
        held_out = regression.draw_tasks(10_000, *size, torch.Generator().manual_seed(seeds[1]))
        step = regression.gradient_step_layer(*size)
        trained, untrained = (
            regression.compare(
                regression.train_layer(*size, torch.Generator().manual_seed(seeds[0]), how), step, held_out
            )
            for how in (regression.Training(), regression.Training(steps=0))
        )
        return {
            "explained": 1 - trained.prediction_difference / trained.prediction_size,
            "cosine": trained.sensitivity_cosine,
            "cosine_untrained": untrained.sensitivity_cosine,
            "loss": trained.loss_trained,
            "loss_gradient_step": trained.loss_constructed,
        }
