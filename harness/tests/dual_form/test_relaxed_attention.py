"""C6 and C7: relaxed attention is one matrix, which demonstrations and finetuning add to."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given

from harness.dual_form import Projections, change_of_outer_sum, for_query_heads, icl_update, zero_shot_weights
from harness.dual_form.cases import AttentionCase
from harness.dual_form.identities import discrepancy
from harness.errors import HarnessError
from harness.tests.dual_form.properties import (
    cases_of,
    finetuning_update_is_the_difference,
    groups_share_their_head,
    holds,
    property_settings,
    update_ignores_order,
    update_is_additive,
    within_bound,
)

ATTENTION = cases_of("ICL as an update")


@property_settings
@given(ATTENTION)
def test_demonstrations_act_as_a_weight_update(case: Callable[[], AttentionCase]) -> None:
    """C6: relaxed attention over [demonstrations; own tokens] is (W_ZSL + dW_ICL) q, grouped queries too."""
    holds("ICL as an update", case())


@property_settings
@given(ATTENTION)
def test_finetuning_acts_as_a_weight_update(case: Callable[[], AttentionCase]) -> None:
    """C7: relaxed attention of the finetuned head is (W_ZSL + dW_FT) q."""
    holds("finetuning as an update", case())


@property_settings
@given(ATTENTION)
def test_icl_update_is_additive(case: Callable[[], AttentionCase]) -> None:
    """The update of two sets of demonstrations is the sum of theirs."""
    update_is_additive(case())


@property_settings
@given(ATTENTION)
def test_icl_update_ignores_the_order_of_demonstrations(case: Callable[[], AttentionCase]) -> None:
    """A sum has no order: dW_ICL cannot tell which demonstration came last."""
    update_ignores_order(case())


@property_settings
@given(ATTENTION)
def test_finetuning_update_is_the_difference_of_weights(case: Callable[[], AttentionCase]) -> None:
    """DW_FT as computed, without subtraction, is the difference that defines it."""
    finetuning_update_is_the_difference(case())


@property_settings
@given(ATTENTION)
def test_grouped_query_heads_share_their_key_value_head(case: Callable[[], AttentionCase]) -> None:
    """Neighbouring query heads form a group, as in transformers' repeat_kv; held to plain loops."""
    groups_share_their_head(case())


def test_updates_by_hand() -> None:
    """Token (1, 2) with W_V = (1, 0) and W_K = (0, 1) gives v = 1, k = 2, W = 2; twice the token gives twice that."""
    projections = Projections(torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[0.0, 1.0]]]))
    token = torch.tensor([[1.0, 2.0]])
    assert zero_shot_weights(token, projections).item() == 2
    assert icl_update(token.expand(2, 2), projections).item() == 4
    assert icl_update(token[:0], projections).item() == 0


def test_small_finetuning_updates_keep_their_digits() -> None:
    """Changes of a millionth of v and k give dW_FT to float32's precision, where subtracting would lose it."""
    values, keys, dv, dk = torch.randn(4, 16, 8, generator=torch.Generator().manual_seed(0))
    dv, dk = dv * 1e-6, dk * 1e-6
    exact = change_of_outer_sum(values.double(), keys.double(), dv.double(), dk.double()).float()
    size = dv.abs().mT @ (keys + dk).abs() + values.abs().mT @ dk.abs()
    subtracted = (values + dv).mT @ (keys + dk) - values.mT @ keys
    within_bound(discrepancy(change_of_outer_sum(values, keys, dv, dk), exact, size, 16 + 4))
    assert discrepancy(subtracted, exact, size, 16 + 4).ratio > 100


def test_heads_that_do_not_divide_among_groups_are_refused() -> None:
    """Three query heads cannot share two key-value heads."""
    with pytest.raises(HarnessError, match="3 query heads"):
        for_query_heads(torch.zeros(2, 1, 1), 3)
