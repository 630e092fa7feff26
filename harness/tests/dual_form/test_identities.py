"""The bounds themselves: wide enough for rounding, too narrow for anything else."""

import torch

from harness.dual_form.identities import discrepancy

ONE = torch.ones(2, dtype=torch.float32)
EPS = torch.finfo(torch.float32).eps


def test_discrepancy_by_hand() -> None:
    """An error of 2 eps in a size of 4 is eps / 2 relatively; with a bound of 4 eps it is half the bound."""
    found = discrepancy(ONE, ONE + torch.tensor([0, 2 * EPS]), 4 * ONE, roundings=1)
    assert (found.relative_error, found.ratio) == (EPS / 2, 0.5)


def test_nan_and_infinity_are_no_agreement() -> None:
    """A side that overflowed agrees with nothing, not even with another overflow."""
    overflown = ONE * torch.inf
    assert discrepancy(overflown, overflown, ONE, 1).ratio == torch.inf
    assert discrepancy(ONE * torch.nan, ONE, ONE, 1).ratio == torch.inf


def test_error_without_size_is_an_error() -> None:
    """Where every term is 0, the sides must be 0 too."""
    zero = 0 * ONE
    assert discrepancy(zero, zero, zero, 1).ratio == 0
    found = discrepancy(ONE, zero, zero, 1)
    assert found.ratio > 1
    assert found.relative_error == torch.inf


def test_nothing_to_compare_is_no_error() -> None:
    """Empty results agree."""
    assert discrepancy(ONE[:0], ONE[:0], ONE[:0], 1).ratio == 0
