"""Examples paired with others: with whom, and how likely."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics.pairing import NOBODY, of_partners, others_of_class, others_of_other_class
from harness.seeds import stream

quick = settings(deadline=None, max_examples=100)
LABELS = st.lists(st.integers(0, 3), min_size=1, max_size=12).map(np.array)
EXAMPLES = 2000
"""Draws: of a share of a half, a standard error of 0.011."""


@quick
@given(LABELS, st.integers(1, 4), st.integers(0, 99))
def test_partner_is_another_example_of_the_same_label(gold: np.ndarray, draws: int, seed: int) -> None:
    """Never the example itself, never of another label, and nobody exactly where the label has no other example."""
    partners = others_of_class(gold, draws, stream(seed))
    assert partners.shape == (draws, len(gold))
    for of_draw in partners:
        for example, partner in enumerate(of_draw):
            candidates = [i for i, label in enumerate(gold) if label == gold[example] and i != example]
            assert partner in candidates if candidates else partner == NOBODY


@quick
@given(LABELS, st.integers(1, 4), st.integers(0, 99))
def test_other_partner_is_of_another_label(gold: np.ndarray, draws: int, seed: int) -> None:
    """Never of the same label, and nobody exactly where all examples have it."""
    partners = others_of_other_class(gold, draws, stream(seed))
    assert partners.shape == (draws, len(gold))
    for of_draw in partners:
        for example, partner in enumerate(of_draw):
            candidates = [i for i, label in enumerate(gold) if label != gold[example]]
            assert partner in candidates if candidates else partner == NOBODY


def test_every_candidate_is_equally_likely() -> None:
    """Of labels 0 1 0 1 0, example 0 has partners 2 and 4, or 1 and 3, each in half of the draws."""
    gold = np.array([0, 1, 0, 1, 0])
    same, other = (draw(gold, EXAMPLES, stream(0))[:, 0] for draw in (others_of_class, others_of_other_class))
    for found, expected in ((same, (2, 4)), (other, (1, 3))):
        assert [np.mean(found == i) for i in expected] == pytest.approx([0.5, 0.5], abs=0.045)


def test_draws_and_examples_are_drawn_apart() -> None:
    """Two draws, and two examples with the same candidates, pair differently; the same seed pairs alike."""
    gold = np.zeros(50, int)
    first, second = others_of_class(gold, 2, stream(0))
    assert np.mean(first == second) < 0.2
    assert len(set(first.tolist())) > 20
    assert np.array_equal(others_of_class(gold, 2, stream(0)), [first, second])


def test_partners_values_by_hand() -> None:
    """Example 0 has 2's values, 1 has nobody's, 2 has 0's."""
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    found = of_partners(values, np.array([2, NOBODY, 0]))
    np.testing.assert_array_equal(found, [[5.0, 6.0], [np.nan, np.nan], [1.0, 2.0]])
