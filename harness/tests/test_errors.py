"""Offers of the nearest known name."""

import pytest

from harness.errors import nearest


@pytest.mark.parametrize(
    ("given", "offer"),
    [
        ("movei", "did you mean 'movie'? Known: movie, tweet"),
        ("zzz", "Known: movie, tweet"),
    ],
)
def test_nearest_name_comes_first_where_one_is_near(given: str, offer: str) -> None:
    """A slip is corrected; something else gets the list."""
    assert nearest(given, ["tweet", "movie"]) == offer
