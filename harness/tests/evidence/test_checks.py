"""Exact claims as the report shows them: the algebra's identities hold, and each planted error is caught."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from harness.dual_form import IDENTITIES, Identity, verify
from harness.dual_form.cases import describe
from harness.evidence.checks import Check, identity_checks, planted_check
from harness.seeds import stream

ALGEBRA = {
    "dual form": ("dual form",),
    "outer products": ("trained weight", "accumulated gradient"),
    "ICL as an update": ("ICL as an update",),
    "finetuning as an update": ("finetuning as an update",),
}


@cache
def tried(about: str) -> tuple[Check, ...]:
    """Return the checks of the identities about this under seed 0."""
    return identity_checks(about, seed=0)


@pytest.mark.parametrize("about", ALGEBRA)
def test_every_identity_about_a_statement_holds(about: str) -> None:
    """Each identity keeps within rounding on 100 choices in two precisions, and comes near it: the bound is not idle.

    The worst relative error is float32's, whose unit in the last place is 1.2e-7.
    """
    found = tried(about)
    assert tuple(check.name for check in found) == ALGEBRA[about]
    for check in found:
        assert check.holds, check
        assert check.cases == 200
        assert 0.01 < check.worst <= 1
        assert 1e-8 < check.relative_error < 1e-5


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("about", ALGEBRA)
def test_planted_error_is_caught_under_any_seed(about: str, seed: int) -> None:
    """A wrong sign, a doubled update or a dropped token errs by far more than rounding in the identity."""
    check = planted_check(about, seed)
    assert not check.holds
    assert check.worst > 1e6
    assert check.relative_error > 0.1
    assert check.cases == 100
    assert check.name.startswith(f"{ALGEBRA[about][0]}, with ")


@pytest.mark.parametrize("identity", [one for one in IDENTITIES if one.about in ALGEBRA], ids=lambda one: one.name)
def test_check_says_what_was_verified(identity: Identity) -> None:
    """Equation, number and ranges of cases and both errors are those of the verification from the same stream."""
    generator = torch.Generator().manual_seed(int(stream(0, "identity", identity.name).integers(2**62)))
    verified = verify(identity, 100, generator)
    expected = Check(
        name=identity.name,
        statement=identity.equation,
        cases=verified.cases,
        worst=verified.largest_ratio,
        relative_error=max(precision.largest_relative_error for precision in verified.precisions),
        ranges=describe(identity.space),
    )
    assert expected in tried(identity.about)


def test_checks_are_decided_by_the_seed() -> None:
    """The same seed gives the same figures, whatever was drawn and checked in between; another seed gives others."""
    first = tried("ICL as an update")
    torch.rand(7)
    planted_check("finetuning as an update", seed=0)
    assert identity_checks("ICL as an update", seed=0) == first
    assert identity_checks("ICL as an update", seed=1)[0].worst != first[0].worst
    assert (
        planted_check("ICL as an update", seed=1)
        == planted_check("ICL as an update", seed=1)
        != planted_check("ICL as an update", seed=2)
    )


def test_one_case_beyond_rounding_is_enough() -> None:
    """An error of exactly what rounding allows holds, and one above it does not."""
    check = replace(planted_check("finetuning as an update", seed=0), worst=1.0)
    assert check.holds
    assert not replace(check, worst=1.0 + 2.0**-52).holds
