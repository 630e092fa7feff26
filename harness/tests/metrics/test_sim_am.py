"""SimAM, held to a loop over tokens written from the paper."""

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import sim_am, sim_am_of_differences, sim_am_of_partners
from harness.metrics.pairing import NOBODY
from harness.metrics.sim_am import aligned_at_end

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


def pair_by_loops(
    maps: tuple[np.ndarray, np.ndarray, np.ndarray], lengths: list[int], example: int, partner: int, cut: int
) -> list[float]:
    """ICL's change of an example against FT's of its partner over the last `cut` tokens of each, layer by layer."""
    zsl, icl, ft = maps
    found = []
    for layer in range(zsl.shape[1]):
        of_heads = []
        for head in range(zsl.shape[2]):
            place, other = (example, layer, head), (partner, layer, head)
            u = [icl[place][lengths[example] - i] - zsl[place][lengths[example] - i] for i in range(1, cut + 1)]
            v = [ft[other][lengths[partner] - i] - zsl[other][lengths[partner] - i] for i in range(1, cut + 1)]
            dot = sum(a * b for a, b in zip(u, v, strict=True))
            of_heads.append(dot / math.sqrt(sum(a * a for a in u) * sum(b * b for b in v)))
        found.append(sum(of_heads) / len(of_heads))
    return found


def test_partners_are_compared_over_the_tokens_that_both_have_counted_from_the_end() -> None:
    """Texts of 6, 2, 4 and 6 tokens: each pair, and the example's own, over as many last tokens as the shorter has."""
    lengths, partners = [6, 2, 4, 6], np.array([[1, 2, 0, 2], [3, 3, 1, 0]])
    maps = np.random.default_rng(5).standard_normal((3, 4, 2, 3, 6))
    zsl, icl, ft = maps
    cut_maps = [padded(m, lengths) for m in maps]
    theirs, own = sim_am_of_partners(cut_maps[0], cut_maps[1], cut_maps[2], partners)
    for draw, example in np.ndindex(*partners.shape):
        partner = int(partners[draw, example])
        cut = min(lengths[example], lengths[partner])
        expected = [pair_by_loops((zsl, icl, ft), lengths, example, other, cut) for other in (partner, example)]
        np.testing.assert_allclose([theirs[draw, example], own[draw, example]], expected, atol=1e-12)


def test_nobody_has_no_similarity() -> None:
    """Without a partner there is nothing to compare, nor anything to cut its own map to: NaN."""
    zsl, icl, ft = np.random.default_rng(5).standard_normal((3, 2, 1, 2, 4))
    theirs, own = sim_am_of_partners(zsl, icl, ft, np.array([[NOBODY, 0]]))
    assert np.isnan(theirs[:, 0]).all()
    assert np.isnan(own[:, 0]).all()
    assert not np.isnan([theirs[:, 1], own[:, 1]]).any()


@relaxed
@given(MAPS, st.lists(st.integers(1, 4), min_size=2, max_size=2), st.integers(0, 3))
def test_partners_and_their_cut_do_not_see_padding(maps: np.ndarray, lengths: list[int], more: int) -> None:
    """An example paired with itself has SimAM on differences, however far the maps are padded behind."""
    cut = [padded(m, lengths) for m in maps]
    longer = [np.pad(m, [(0, 0)] * 3 + [(0, more)], constant_values=np.nan) for m in cut]
    theirs, own = sim_am_of_partners(longer[0], longer[1], longer[2], np.array([[0, 1]]))
    expected = sim_am_of_differences(*cut)
    np.testing.assert_allclose(theirs[0], expected, atol=1e-12)
    np.testing.assert_allclose(own[0], expected, atol=1e-12)


def test_last_tokens_share_a_place() -> None:
    """(1, 2, -, -) and (1, 2, 3, 4), padded behind, become (-, -, 1, 2) and (1, 2, 3, 4)."""
    maps = np.array([[1.0, 2.0, np.nan, np.nan], [1.0, 2.0, 3.0, 4.0]])[:, None, None]
    expected = np.array([[np.nan, np.nan, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0]])[:, None, None]
    np.testing.assert_array_equal(aligned_at_end(maps), expected)


def test_tokens_that_no_window_reaches_keep_their_place() -> None:
    """Of three tokens the last two are seen: they are moved to the end with the place of the first, which stays NaN."""
    maps = np.array([[[[np.nan, 2.0, 3.0, np.nan]]]])
    np.testing.assert_array_equal(aligned_at_end(maps), [[[[np.nan, np.nan, 2.0, 3.0]]]])
