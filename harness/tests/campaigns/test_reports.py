"""A few tries of the campaign on reports."""

import pytest

from harness.tests.campaigns.campaign import attempt
from harness.tests.campaigns.reports import CAMPAIGN


@pytest.mark.parametrize("seed", range(6))
def test_mutated_report_is_drawn_or_refused(seed: int) -> None:
    """By one message, in time, with nothing beside the page; at length in `python -m harness.tests.campaigns`."""
    answer = attempt(CAMPAIGN, seed)
    assert not answer.fault, answer
