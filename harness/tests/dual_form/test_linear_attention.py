"""Linear attention, softmax attention, and the exact split of the latter."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.dual_form import linear_attention, outer_sum, softmax_attention, split_attention
from harness.dual_form.cases import SplitCase
from harness.errors import HarnessError
from harness.tests.dual_form.properties import (
    cases_of,
    holds,
    mass_is_softmax_weight_of_demonstrations,
    property_settings,
)

VALUES = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
KEYS = torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]])
QUERY = torch.tensor([[3.0, 1.0, -1.0]])


def test_linear_attention_by_hand() -> None:
    """Keys (1, 0, 2), (0, 1, 1) against q = (3, 1, -1) score 1 and 0: 1 (1, 0) + 0 (0, 2) = (1, 0)."""
    assert linear_attention(VALUES, KEYS, QUERY).tolist() == [[1.0, 0.0]]


def test_outer_sum_by_hand() -> None:
    """(1, 0) (x) (1, 0, 2) + (0, 2) (x) (0, 1, 1): rows are values' coordinates, columns keys'."""
    assert outer_sum(VALUES, KEYS).tolist() == [[1.0, 0.0, 2.0], [0.0, 2.0, 2.0]]


def test_softmax_attention_by_hand() -> None:
    """Scores ln 3 and 0 weigh the values 3/4 and 1/4."""
    keys, values = torch.tensor([[math.log(3)], [0.0]]), torch.tensor([[4.0], [8.0]])
    assert softmax_attention(values, keys, torch.ones(1, 1), scale=1.0).item() == pytest.approx(5.0)


def test_softmax_attention_scales_by_the_keys_width() -> None:
    """With four-dimensional keys a score of 2 ln 3 counts as ln 3: 1 / sqrt(4)."""
    keys, values = torch.tensor([[2 * math.log(3), 0, 0, 0], [0.0, 0, 0, 0]]), torch.tensor([[4.0], [8.0]])
    assert softmax_attention(values, keys, torch.tensor([[1.0, 0, 0, 0]])).item() == pytest.approx(5.0)


def test_attention_to_no_token_is_zero() -> None:
    """Neither form has anything to say of zero tokens."""
    none = torch.zeros(0, 3)
    assert not linear_attention(none[:, :2], none, QUERY).any()
    assert not softmax_attention(none[:, :2], none, QUERY).any()


@property_settings
@given(cases_of("softmax split"))
def test_softmax_attention_splits_exactly(case: Callable[[], SplitCase]) -> None:
    """Attention over [demonstrations; own] is (1 - a) Attn(own) + a Attn(demonstrations)."""
    holds("softmax split", case())


@property_settings
@given(cases_of("softmax split"))
def test_mass_is_what_softmax_puts_on_demonstrations(case: Callable[[], SplitCase]) -> None:
    """The mass is the softmax weight of all demonstrations, and each part is attention to its own tokens alone."""
    mass_is_softmax_weight_of_demonstrations(case())


def test_without_demonstrations_nothing_is_theirs() -> None:
    """With zero demonstrations a is 0 and the own part is the whole."""
    split = split_attention(VALUES, KEYS, QUERY, 0)
    assert split.mass.item() == 0
    assert torch.equal(split.own, softmax_attention(VALUES, KEYS, QUERY))


def test_without_own_tokens_all_is_the_demonstrations() -> None:
    """With demonstrations alone a is 1."""
    assert split_attention(VALUES, KEYS, QUERY, 2).mass.item() == 1


@pytest.mark.parametrize("sign", [1, -1])
def test_scores_of_any_size_do_not_overflow(sign: int) -> None:
    """Scores of 10^30 decide outright: the part with the largest takes all, without a NaN."""
    keys = torch.tensor([[1e15], [-1e15]])
    split = split_attention(torch.tensor([[1.0], [2.0]]), keys, torch.tensor([[sign * 1e15]]), 1, scale=1.0)
    assert split.joined.item() == (1 if sign > 0 else 2)


@given(st.integers(-3, 6).filter(lambda cut: not 0 <= cut <= 2))
@property_settings
def test_split_outside_the_tokens_is_refused(cut: int) -> None:
    """There is no demonstration part behind the last token."""
    with pytest.raises(HarnessError, match="2 tokens"):
        split_attention(VALUES, KEYS, QUERY, cut)


def test_split_of_nothing_is_refused() -> None:
    """Of zero tokens no mass can be given."""
    with pytest.raises(HarnessError, match="0 tokens"):
        split_attention(VALUES[:0], KEYS[:0], QUERY, 0)
