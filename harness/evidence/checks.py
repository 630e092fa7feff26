"""Exact statements as a claim shows them: the theory's identities on random cases, right and with a planted error."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from harness.dual_form.identities import RIGHT, Implementation
from harness.dual_form.planted import PLANTED
from harness.dual_form.verification import IDENTITIES, Identity, Verified, verify
from harness.seeds import stream


@dataclass(frozen=True)
class Check:
    """An exact statement, tried on many cases: it holds where no case errs by more than is allowed for rounding."""

    name: str
    statement: str
    cases: int
    worst: float
    """Largest error of any case, in units of the error that is allowed there: holds up to 1."""
    relative_error: float
    """Largest error relative to the size of what is compared."""
    ranges: str
    """What the cases range over."""

    @property
    def holds(self) -> bool:
        """Whether every case is within rounding."""
        return self.worst <= 1.0


CASES = 100
PLANTED_CASES = 50
"""Random cases an identity, each in two precisions."""


def identity_checks(about: str, seed: int) -> tuple[Check, ...]:
    """Return the identities about this (`Identity.about`), each tried on random cases; none where there are none."""
    return tuple(_check(_verified(identity, seed, CASES)) for identity in IDENTITIES if identity.about == about)


def planted_check(about: str, seed: int) -> Check:
    """Return the identity that the error planted in what is `about` this breaks, tried with the error."""
    name, error, wrong = PLANTED[about]
    identity = next(identity for identity in IDENTITIES if identity.name == name)
    return _check(_verified(identity, seed, PLANTED_CASES, wrong), f"{name}, with {error}")


def measured_check(
    name: str,
    statement: str,
    error: str,
    found: Mapping[str, Mapping[str, float]],
    tolerance: float = 0.0,
) -> Check:
    """Return whether an error that was measured on each task (`found[task][error]`) stays within the tolerance.

    Tolerance 0 asks for equality to the bit: any error at all is infinitely more than that allows.
    """
    largest = max(figures[error] for figures in found.values())
    worst = largest / tolerance if tolerance > 0 else (0.0 if largest == 0 else math.inf)
    how = f"to {tolerance:g} of the largest entry" if tolerance > 0 else "to the bit"
    return Check(name, statement, len(found), worst, largest, f"tasks {', '.join(found)}; {how}")


def _verified(identity: Identity, seed: int, cases: int, implementation: Implementation = RIGHT) -> Verified:
    generator = torch.Generator().manual_seed(int(stream(seed, "identity", identity.name).integers(2**62)))
    return verify(identity, cases, generator, implementation)


def _check(found: Verified, name: str | None = None) -> Check:
    return Check(
        name=name or found.name,
        statement=found.equation,
        cases=found.cases,
        worst=found.largest_ratio,
        relative_error=max(precision.largest_relative_error for precision in found.precisions),
        ranges=found.ranges,
    )
