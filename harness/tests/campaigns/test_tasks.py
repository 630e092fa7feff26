"""A few tries of the campaign on task folders; `python -m harness.tests.campaigns tasks` makes more."""

import pytest

from harness.tests.campaigns.campaign import attempt
from harness.tests.campaigns.tasks import CAMPAIGN


@pytest.mark.parametrize("first", range(0, 40, 8))
def test_task_folder_is_a_result_or_one_message(first: int) -> None:
    """Whatever is wrong with it, within ten seconds and two kilobytes, and nothing is written."""
    answers = [attempt(CAMPAIGN, seed) for seed in range(first, first + 8)]
    assert [answer for answer in answers if answer.fault] == []
