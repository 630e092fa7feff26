"""The ladder's order on a model whose answer is known: what is more like its update stands higher."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest

from harness.tests.known.pipeline import ladders_of

Rungs = Mapping[str, float]
FEW = 3
"""Seeds that it is held to: each takes ten seconds."""
FROM_THE_TOP: Mapping[str, Sequence[str]] = {
    "what finetuning is told": (
        "finetuning",
        "finetuning, random labels",
        "finetuning, another example of the class",
        "finetuning, an example of another class",
    ),
    "how weights change": ("finetuning", "finetuning, layer-causal", "weights changed at random"),
    "whose demonstrations": ("ICL, another order", "finetuning, another set", "weights changed at random"),
    "the nearest update": ("fitted to ICL's attention outputs", "finetuning, layer-causal"),
}
"""Of a model that steps down the loss of its own demonstrations, and labels are one token of ten."""


@pytest.fixture(scope="module")
def found(seeds: range) -> list[Mapping[str, Rungs]]:
    """Return the rungs that have a value, by measurement, of each seed."""
    ladders = [ladders_of("meta-optimizer", seed) for seed in seeds[:FEW]]
    return [{m: {r.name: r.value for r in of.rungs if r.value is not None} for m, of in by.items()} for by in ladders]


OF_ATTENTION = ("what finetuning is told", "how weights change")
"""Holds of scores too: what is fitted to outputs is not fitted to them, and their ceiling is nearer to the rest."""


@pytest.mark.parametrize(
    ("measurement", "way"), [*(("sim_aou", way) for way in FROM_THE_TOP), *(("sim_am", way) for way in OF_ATTENTION)]
)
def test_rungs_of_a_meta_optimizer_are_in_their_order(
    found: Sequence[Mapping[str, Rungs]], measurement: str, way: str
) -> None:
    """Each stands above the next; a rung that can't be computed under a seed is passed over."""
    for by in found:
        values = [by[measurement][name] for name in FROM_THE_TOP[way] if name in by[measurement]]
        assert len(values) > 1 or way == "the nearest update"
        assert all(high > low for high, low in pairwise(values))


def test_floor_is_nothing_and_finetuning_nearly_all(found: Sequence[Mapping[str, Rungs]]) -> None:
    """Outputs that changed at random and noise have a SimAOU below .15, finetuning one above .85."""
    for by in found:
        outputs = by["sim_aou"]
        assert outputs["finetuning"] > 0.85
        assert max(outputs[name] for name in ("outputs changed at random", "isotropic noise")) < 0.15
