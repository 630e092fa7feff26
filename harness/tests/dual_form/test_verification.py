"""Identities verified on random cases, as the report shows them."""

import pytest
import torch

from harness.dual_form import IDENTITIES, Identity, icl_update, verify
from harness.dual_form.identities import Implementation
from harness.errors import HarnessError


@pytest.mark.parametrize("one", IDENTITIES, ids=lambda one: one.name)
def test_identity_holds_in_both_precisions(one: Identity) -> None:
    """Fifty choices, each in float64 and float32, stay within the bound, and float32's error is the larger."""
    found = verify(one, 50, torch.Generator().manual_seed(0))
    assert found.holds, found
    double, single = found.precisions
    assert (double.dtype, single.dtype, found.cases) == ("float64", "float32", 100)
    assert double.largest_relative_error < single.largest_relative_error


def test_wrong_identity_does_not_hold() -> None:
    """With dW_ICL counted twice the error is far above its bound, in both precisions."""
    twice = Implementation(icl_update=lambda demonstrations, projections: 2 * icl_update(demonstrations, projections))
    found = verify(IDENTITIES[3], 20, torch.Generator().manual_seed(0), twice)
    assert not found.holds
    assert all(precision.largest_ratio > 1000 for precision in found.precisions)


def test_bounds_are_not_idle() -> None:
    """Errors come to more than a hundredth of each bound: it is within two digits of what rounding does."""
    assert all(verify(one, 50, torch.Generator().manual_seed(1)).largest_ratio > 0.01 for one in IDENTITIES)


def test_verification_is_decided_by_the_generator() -> None:
    """The same seed finds the same errors."""
    first, again = (verify(IDENTITIES[3], 5, torch.Generator().manual_seed(2)) for _ in range(2))
    assert first == again


def test_no_case_verifies_nothing() -> None:
    """Zero cases are refused: they would pass whatever is wrong."""
    with pytest.raises(HarnessError, match="0 cases"):
        verify(IDENTITIES[0], 0, torch.Generator())
