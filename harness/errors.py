"""The one family of errors that a user can cause and mend."""

import difflib
from collections.abc import Iterable


class HarnessError(Exception):
    """A run can't go on. The message says what was given, what was expected and what to do next."""


def nearest(given: str, known: Iterable[str]) -> str:
    """Return a sentence that offers the known names, the closest to what was given first.

    >>> nearest("movei", ["movie", "tweet"])
    "did you mean 'movie'? Known: movie, tweet"
    """
    names = sorted(known)
    close = difflib.get_close_matches(given, names, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}Known: {', '.join(names)}"
