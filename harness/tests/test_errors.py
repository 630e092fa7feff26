"""Offers of the nearest known name, and texts of others as they are shown."""

import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LIMIT, HarnessError, nearest, shown


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


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[31mRed", r"\x1b[31mRed"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b1m", r"\x9b1m"),
        ("a\u202eb", r"a\u202eb"),
        ("half \ud83d", r"half \ud83d"),
        ("two\nlines\tand é, 😀, 👩‍👩‍👧", "two\nlines\tand é, 😀, 👩‍👩‍👧"),
    ],
)
def test_what_steers_a_terminal_is_shown_as_its_escape(text: str, seen: str) -> None:
    """Everything that a reader can see stays as it is."""
    assert shown(text) == seen


@given(st.text(st.characters()))
def test_shown_text_has_no_controls_and_is_shown_once(text: str) -> None:
    """Of all of Unicode; to show it twice is to show it once."""
    seen = shown(text)
    assert not [c for c in seen if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"]
    assert shown(seen) == seen
    seen.encode()


@given(st.text(st.characters(), max_size=40), st.integers(1, 400))
def test_message_is_cut_to_its_limit(text: str, times: int) -> None:
    """Whatever it quotes, in bytes, and the same after a trip to another process."""
    error = HarnessError(text * times)
    assert len(str(error).encode()) <= LIMIT
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301  # our own bytes
