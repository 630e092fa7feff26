"""Kendall's tau over training tokens, held to a count over all pairs."""

import math
from itertools import combinations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.metrics import kendall, of_partners, token_order, training_attention
from harness.metrics.kendall import SHORT
from harness.metrics.pairing import NOBODY

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


@pytest.mark.parametrize("tokens", [3, SHORT - 1, SHORT, SHORT + 1, 2 * SHORT, 2 * SHORT + 1, 5 * SHORT + 3, 1100])
@pytest.mark.parametrize("decimals", [0, 1, 16])
def test_kendall_is_scipys_whatever_the_length(tokens: int, decimals: int) -> None:
    """To the last bit, with many ties, some and none, on both sides of where pairs are counted by merging."""
    a, b = np.round(np.random.default_rng(tokens).standard_normal((2, 2, 3, tokens)), decimals)
    b[1] = np.round(a[1] + b[1], decimals)
    expected = [[stats.kendalltau(x, y).statistic for x, y in zip(*of, strict=True)] for of in zip(a, b, strict=True)]
    np.testing.assert_array_equal(kendall(a, b), expected)


def test_order_stands_for_its_attention() -> None:
    """On either side, and on both."""
    a, b = np.round(np.random.default_rng(6).standard_normal((2, 4, 2, 300)), 1)
    for one, other in ((token_order(a), b), (a, token_order(b)), (token_order(a), token_order(b))):
        np.testing.assert_array_equal(kendall(one, other), kendall(a, b))


def test_order_of_a_partner_is_that_of_its_values() -> None:
    """Of four examples one is paired with nobody: its tau is NaN."""
    a, b = np.round(np.random.default_rng(7).standard_normal((2, 4, 2, 300)), 1)
    partners = np.array([3, NOBODY, 0, 0])
    found = kendall(a, token_order(b).of_partners(partners))
    np.testing.assert_array_equal(found, kendall(a, of_partners(b, partners)))
    assert np.isnan(found).all(axis=1).tolist() == [False, True, False, False]


def test_attention_that_is_missing_has_no_order() -> None:
    """A single NaN leaves its layer without a tau, on either side, and the other layers as they are."""
    a, b = np.random.default_rng(8).standard_normal((2, 1, 3, 20))
    missing = a.copy()
    missing[0, 1, 4] = np.nan
    for found in (kendall(missing, b), kendall(b, missing)):
        assert np.isnan(found).tolist() == [[False, True, False]]
        np.testing.assert_array_equal(found[:, [0, 2]], kendall(a, b)[:, [0, 2]])


@pytest.mark.parametrize("tokens", [0, 1])
def test_fewer_than_two_tokens_have_no_order(tokens: int) -> None:
    """There is no pair: NaN."""
    assert np.isnan(kendall(np.ones((2, 3, tokens)), np.ones((2, 3, tokens)))).all()
