"""SimAM, held to a loop over tokens written from the paper."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import sim_am, sim_am_of_differences

MAPS = hnp.arrays(np.float64, (3, 2, 2, 3, 4), elements=st.integers(-20, 20).map(float))
relaxed = settings(deadline=None, max_examples=50)


def sim_am_by_loops(m_a: np.ndarray, m_b: np.ndarray, lengths: list[int]) -> np.ndarray:
    """SimAM as PAPER section 2 has it, one number at a time; lengths counts each example's own tokens."""
    examples, layers, heads, _ = m_a.shape
    result = np.zeros((examples, layers))
    for e in range(examples):
        for layer in range(layers):
            for head in range(heads):
                dot = aa = bb = 0.0
                for token in range(lengths[e]):
                    a, b = float(m_a[e, layer, head, token]), float(m_b[e, layer, head, token])
                    dot, aa, bb = dot + a * b, aa + a * a, bb + b * b
                result[e, layer] += dot / math.sqrt(aa * bb) / heads
    return result


def padded(maps: np.ndarray, lengths: list[int]) -> np.ndarray:
    """Put NaN behind each example's last token."""
    behind = np.arange(maps.shape[-1]) >= np.array(lengths)[:, None]
    return np.where(behind[:, None, None, :], np.nan, maps)


def test_sim_am_by_hand() -> None:
    """Head 1: cos((1, 0), (2, 0)) = 1; head 2: cos((3, 4), (4, 3)) = 24/25; their mean is 49/50."""
    m_a, m_b = np.array([[[[1.0, 0.0], [3.0, 4.0]]]]), np.array([[[[2.0, 0.0], [4.0, 3.0]]]])
    assert sim_am(m_a, m_b).item() == pytest.approx(0.98)


def test_differences_by_hand() -> None:
    """From ZSL (1, 1), ICL (2, 1) moves by (1, 0) and FT (1, 3) by (0, 2): alike maps, unlike changes."""
    zsl, icl, ft = (np.array([[[m]]]) for m in ([1.0, 1.0], [2.0, 1.0], [1.0, 3.0]))
    assert sim_am_of_differences(zsl, icl, ft).item() == 0
    assert sim_am(icl, ft).item() == pytest.approx(5 / math.sqrt(50))


def test_sim_am_agrees_with_the_papers_definition() -> None:
    """On random padded float32 maps SimAM equals a float64 loop over each example's own tokens."""
    lengths = [6, 2, 4]
    m_a, m_b = np.random.default_rng(3).standard_normal((2, 3, 2, 5, 6)).astype(np.float32)
    expected = sim_am_by_loops(m_a, m_b, lengths)
    np.testing.assert_allclose(sim_am(padded(m_a, lengths), padded(m_b, lengths)), expected, atol=1e-12)


def test_differences_agree_with_the_definition() -> None:
    """SimAM of differences is the loop's SimAM of ICL - ZSL and FT - ZSL."""
    lengths = [3, 6]
    zsl, icl, ft = np.random.default_rng(4).standard_normal((3, 2, 2, 5, 6))
    expected = sim_am_by_loops(icl - zsl, ft - zsl, lengths)
    found = sim_am_of_differences(*(padded(m, lengths) for m in (zsl, icl, ft)))
    np.testing.assert_allclose(found, expected, atol=1e-12)


@relaxed
@given(MAPS, st.integers(1, 5))
def test_padding_has_no_effect(maps: np.ndarray, more: int) -> None:
    """Maps padded to a longer batch give the same SimAM."""
    longer = np.pad(maps, [(0, 0)] * 4 + [(0, more)], constant_values=np.nan)
    np.testing.assert_allclose(sim_am(longer[0], longer[1]), sim_am(maps[0], maps[1]), atol=1e-12)
    expected = sim_am_of_differences(*maps)
    np.testing.assert_allclose(sim_am_of_differences(*longer), expected, atol=1e-12)


@relaxed
@given(MAPS, st.permutations(range(3)))
def test_sim_am_ignores_the_order_of_heads(maps: np.ndarray, order: list[int]) -> None:
    """A mean over heads doesn't know which came first."""
    a, b, _ = maps
    np.testing.assert_allclose(sim_am(a[:, :, order], b[:, :, order]), sim_am(a, b), atol=1e-12)
