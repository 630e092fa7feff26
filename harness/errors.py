"""The one family of errors that a user can cause and mend, and how any text of others is shown."""

import difflib
import re
from collections.abc import Iterable

LIMIT = 1900
"""Characters of a message at most, so that with what is said around it it stays below 2 kB of plain letters."""

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but for tab and newline
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"  # what turns the direction of what follows
    "\ud800-\udfff"  # halves of surrogate pairs, which no encoding takes
    "\U000e0000-\U000e007f]"  # tags, which nothing shows
)
"""What `shown` escapes."""


def shown(text: str) -> str:
    r"""Return a text as a terminal or a page may be given it: what would steer them stands as its escape.

    >>> shown("\x1b[31mRed")
    '\\x1b[31mRed'
    """
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def cut(text: str, limit: int = LIMIT) -> str:
    """Return a text of at most `limit` bytes in UTF-8; what is left out of its middle is counted."""
    size = len(text.encode())
    if size <= limit:
        return text
    half = (limit - 40) // 2
    first, last = text.encode()[:half].decode(errors="ignore"), text.encode()[-half:].decode(errors="ignore")
    return f"{first} [... {size - 2 * half:,} bytes ...] {last}"


class HarnessError(Exception):
    """A run can't go on. The message says what was given, what was expected and what to do next.

    Whatever it quotes is shown as `shown` has it, and it is cut to LIMIT.
    """

    def __init__(self, message: str) -> None:
        super().__init__(cut(shown(message)))


def nearest(given: str, known: Iterable[str]) -> str:
    """Return a sentence that offers the known names, the closest to what was given first.

    >>> nearest("movei", ["movie", "tweet"])
    "did you mean 'movie'? Known: movie, tweet"
    """
    names = sorted(known)
    close = difflib.get_close_matches(given, names, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}Known: {', '.join(names)}"
