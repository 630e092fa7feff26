"""Sizes: what a shape weighs, and what a training is said to take."""

import pytest
import torch

from harness.models.gpt.network import AttentionChoice, language_gpt
from harness.models.gpt.sizes import SIZES, Schedule, Shape, Size, training_cost


def test_weights_are_the_networks() -> None:
    """Of 12 layers width^2, counted in a network: all but biases, normalisations and embeddings."""
    shape = Shape(layers=3, heads=2, width=8)
    network = language_gpt(shape, 5, AttentionChoice(), torch.Generator())
    counted = sum(weight.numel() for weight in network.parameters() if weight.ndim > 1)
    assert counted - 5 * 8 == shape.parameters == 12 * 3 * 64


def test_cost_by_hand() -> None:
    """One step of 2 sequences of 10 tokens, a layer of width 4, 5 tokens of vocabulary.

    FLOP: 20 tokens times (6 (192 + 20) + 6 * 10 * 4); bytes: 16 * 212 + 4 * 20 (34 * 4 + 15), and with micro-batches
    of one sequence half of the latter.
    """
    shape, schedule = Shape(1, 1, 4), Schedule(steps=1, batch=2, learning_rate=1.0)
    cost = training_cost(shape, schedule, 10, 5)
    assert cost.flops == 20 * (1272 + 240)
    assert cost.gigabytes * 1e9 == pytest.approx(3392 + 12080)
    halved = training_cost(shape, Schedule(1, 2, 1.0, micro_batch=1), 10, 5)
    assert halved.gigabytes * 1e9 == pytest.approx(3392 + 6040)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_sizes_can_be_built(size: Size) -> None:
    """Heads divide widths, micro-batches divide batches, and losses beyond the training length are reported."""
    for shape, schedule in (
        (size.language.shape, size.language.schedule),
        (size.in_context.shape, size.in_context.schedule),
    ):
        assert shape.width % shape.heads == 0
        assert schedule.batch % (schedule.micro_batch or schedule.batch) == 0
    assert size.language.length in size.language.validation_lengths
    assert max(size.language.validation_lengths) > size.language.length
    assert all(0 < eta < 1 for eta in size.etas)


def test_papers_shape_weighs_350_million() -> None:
    """24 layers of width 1,024 and 32,768 tokens: 336 million with embeddings, of the paper's 'GPT 350M'."""
    size = SIZES["paper"].language
    assert size.shape.parameters + size.vocabulary * size.shape.width == pytest.approx(350e6, rel=0.05)
