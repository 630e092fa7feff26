"""Kendall's tau over training tokens, held to a count over all pairs."""

import math
from itertools import combinations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import kendall, training_attention

ORDERS = hnp.arrays(np.float64, (2, 1, 2, 6), elements=st.integers(0, 4).map(float))
relaxed = settings(deadline=None, max_examples=50)


def tau_by_pairs(a: np.ndarray, b: np.ndarray) -> float:
    """Kendall's tau-b by its definition: every pair of tokens looked at once."""
    score = untied_a = untied_b = 0.0
    for i, j in combinations(range(len(a)), 2):
        sign_a, sign_b = np.sign(a[i] - a[j]), np.sign(b[i] - b[j])
        score += sign_a * sign_b
        untied_a += sign_a != 0
        untied_b += sign_b != 0
    return score / math.sqrt(untied_a * untied_b) if untied_a and untied_b else math.nan


def test_training_attention_by_hand() -> None:
    """A query (1, 2) has inner products 3, 2 and 3 with training queries (3, 0), (0, 1) and (1, 1)."""
    training = np.array([[[3.0, 0.0], [0.0, 1.0], [1.0, 1.0]]])
    np.testing.assert_array_equal(training_attention(np.array([[[1.0, 2.0]]]), training), [[[3.0, 2.0, 3.0]]])


def test_training_attention_keeps_examples_layers_and_tokens_apart() -> None:
    """Each entry is the inner product of one example's query with one token's, in the same layer."""
    rng = np.random.default_rng(5)
    queries, training = rng.standard_normal((3, 2, 4)), rng.standard_normal((2, 5, 4))
    found = training_attention(queries, training)
    for e, layer, token in np.ndindex(3, 2, 5):
        expected = sum(queries[e, layer, i] * training[layer, token, i] for i in range(4))
        assert found[e, layer, token] == pytest.approx(expected)


def test_kendall_by_hand() -> None:
    """(1, 2, 3) and (1, 3, 2): pairs 12 and 13 agree, 23 does not: (2 - 1) / 3."""
    assert kendall(np.array([[[1.0, 2.0, 3.0]]]), np.array([[[1.0, 3.0, 2.0]]])).item() == pytest.approx(1 / 3)


def test_constant_attention_has_no_order() -> None:
    """A constant attention orders nothing: its tau is NaN, not 0."""
    assert np.isnan(kendall(np.ones((1, 1, 4)), np.array([[[1.0, 2.0, 3.0, 4.0]]]))).all()


@relaxed
@given(ORDERS)
def test_kendall_is_tau_b_of_all_pairs(orders: np.ndarray) -> None:
    """With ties or without, tau equals the count over all pairs, for each layer by itself."""
    a, b = orders
    expected = [[tau_by_pairs(a[0, layer], b[0, layer]) for layer in range(2)]]
    np.testing.assert_allclose(kendall(a, b), expected, atol=1e-12)


@relaxed
@given(ORDERS, st.permutations(range(6)))
def test_kendall_sees_order_alone(orders: np.ndarray, order: list[int]) -> None:
    """Growing functions and one permutation of both leave tau as it is; reversal negates it."""
    a, b = orders
    np.testing.assert_allclose(kendall(np.exp(a)[..., order], -b[..., order]), -kendall(a, b), atol=1e-12)


def test_kendall_keeps_examples_apart() -> None:
    """Of three examples the first agrees wholly with its own partner, the second not at all, the third by a third."""
    a = np.tile([1.0, 2.0, 3.0], (3, 1, 1))
    b = np.array([[[1.0, 2.0, 3.0]], [[3.0, 2.0, 1.0]], [[1.0, 3.0, 2.0]]])
    np.testing.assert_allclose(kendall(a, b).ravel(), [1, -1, 1 / 3], atol=1e-12)
