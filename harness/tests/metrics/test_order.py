"""Sensitivity to the order of demonstrations, worked by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.metrics.order import disagreement, spread


def test_disagreement_is_the_share_of_pairs_that_answer_differently() -> None:
    """Of three orders' three pairs, example 0 (0, 0, 1) differs in two, example 1 in none, example 2 in three."""
    predicted = np.array([[0, 1, 0], [0, 1, 1], [1, 1, 2]])
    assert disagreement(predicted) == pytest.approx([2 / 3, 0, 1])


def test_spread_is_the_mean_over_pairs_of_one_minus_cosine() -> None:
    """Right, up and left: right angles twice and opposites once, (1 + 1 + 2) / 3, whatever the lengths."""
    changes = np.array([[3.0, 0.0], [0.0, 0.1], [-1.0, 0.0]]).reshape(3, 1, 1, 2)
    assert spread(changes) == pytest.approx(np.array([[4 / 3]]))


def test_examples_and_layers_are_apart() -> None:
    """Two orders of two examples with two layers: alike, opposed; at right angles, alike."""
    one = np.array([[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 1.0]]])
    other = np.array([[[2.0, 0.0], [-1.0, 0.0]], [[0.0, 1.0], [1.0, 1.0]]])
    assert spread(np.stack([one, other])) == pytest.approx(np.array([[0.0, 2.0], [1.0, 0.0]]))


def test_equal_orders_have_no_spread() -> None:
    """To the last bit 0: of an update that is there, and of one that is none (where a cosine would say 1)."""
    change = np.random.default_rng(0).standard_normal((5, 3, 4))
    change[0, 0] = 0.0
    assert not spread(np.stack([change] * 3)).any()
    assert not disagreement(np.ones((3, 5), int)).any()


def test_no_update_is_at_distance_one_from_an_update() -> None:
    """Zeros have no direction: the cosine with anything is 0."""
    assert spread(np.array([[[[0.0, 0.0]]], [[[1.0, 0.0]]]])).tolist() == [[1.0]]


@pytest.mark.parametrize("measure", [disagreement, spread])
@pytest.mark.parametrize("orders", [0, 1])
def test_one_order_has_no_spread_to_speak_of(measure: Callable[[np.ndarray], np.ndarray], orders: int) -> None:
    """A pair takes two: fewer are an error that names the option."""
    with pytest.raises(HarnessError, match=rf"^{orders} order .*at least 2: raise --orders"):
        measure(np.zeros((orders, 3, 2, 4)))
