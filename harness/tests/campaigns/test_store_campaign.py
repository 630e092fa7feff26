"""A few tries of the store's campaign."""

import pytest

from harness.tests.campaigns.campaign import attempt
from harness.tests.campaigns.store import CAMPAIGN


@pytest.mark.parametrize("seed", range(15))
def test_whatever_happens_to_a_store_its_numbers_stay(seed: int) -> None:
    """Found whole or computed again, and nothing outside is touched."""
    answer = attempt(CAMPAIGN, seed)
    assert not answer.fault, answer
