"""Names of entries: the hash of everything that changes their numbers."""

import hashlib
import json
from collections.abc import Mapping

FORMAT = 2
"""Raised when what an entry holds, or the code that computes it, changes its numbers."""


def entry_key(**parts: object) -> str:
    """Return the name of the entry that these parts decide: sha256 over their canonical JSON.

    Raises:
        TypeError: a part is not JSON, so that equal parts might hash apart.

    """
    return json_sha256(whole_key(parts))


def whole_key(parts: Mapping[str, object]) -> dict[str, object]:
    """Return a key's parts with the format that they are under."""
    return {"format": FORMAT, **parts}


def is_key(written: object, parts: Mapping[str, object]) -> bool:
    """Return whether what an entry says of its key, read from JSON, are these parts under this format."""
    asked = canonical(whole_key(parts))
    found = canonical(written)
    # What was read has text for keys and is sorted as such; parts may have whole numbers.
    return found == asked or found == canonical(json.loads(asked))


def json_sha256(value: object) -> str:
    """Return the sha256 of a value's canonical JSON; TypeError or ValueError where it has none."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: object) -> str:
    """Return the one JSON text of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
