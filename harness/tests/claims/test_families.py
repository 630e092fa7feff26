"""The families of claims are written down once."""

import claims
from claims.families import FAMILIES
from harness.judging.claims import load_claims


def test_every_claim_stands_in_the_family_that_lists_it() -> None:
    """The list of families and what each claim says of itself are the same, and no claim is listed twice."""
    said = {claim_id: module.claim.family for claim_id, module in load_claims(claims).items()}
    listed = [(claim_id, family) for family, of in FAMILIES.items() for claim_id in of.claims]
    assert sorted(listed) == sorted(said.items())


def test_what_a_claim_qualifies_is_a_claim() -> None:
    """No rival explanation speaks of a claim that does not exist, and each speaks of one."""
    known = load_claims(claims)
    for claim_id, module in known.items():
        assert set(module.claim.qualifies) <= known.keys()
        assert bool(module.claim.qualifies) or not claim_id.startswith("O")
