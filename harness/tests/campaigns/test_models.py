"""A few model folders of the campaign: each is scored as its whole prompts are, or refused in one message."""

import pytest

from harness.tests.campaigns.campaign import attempt
from harness.tests.campaigns.models import CAMPAIGN


@pytest.mark.parametrize("seed", range(40))
def test_folder_is_scored_or_refused(seed: int) -> None:
    """Whatever is mutated of a sound folder, nothing else comes of it."""
    answer = attempt(CAMPAIGN, seed)
    assert not answer.fault, f"{answer.odd}: {answer.said}"
