"""`store.json` in a store's root: its format, and the suite that made it.

A store without it is from before there was one, and gets it. One of a newer format is refused; one of an older format
is said and taken over: entries of other formats have other names, so they stay where they are and are never read. What
stands there and is no such file is moved aside, and the file is written anew.
"""

import json
import warnings
from contextlib import suppress
from pathlib import Path

import harness
from harness.drafts import PlaceWarning, draft_of, locked, move_aside, say_moved
from harness.errors import HarnessError, cut, shown
from harness.files import parse_json, read_text
from harness.store.keys import FORMAT

SETTINGS = "store.json"


class OlderStoreWarning(PlaceWarning):
    """A store of an older format was taken over."""


def settle(root: Path) -> None:
    """See that the root's settings are there and fit.

    Raises:
        HarnessError: the store is of a newer format.
        OSError: they are missing or wrong, and can't be written.

    """
    if _format(root) == FORMAT:
        return
    path = root / SETTINGS
    with locked(path):
        found = _format(root)
        if found == FORMAT:
            return
        if found is None and (path.is_symlink() or path.exists()):
            say_moved(path, move_aside(path, path.lstat()), "a store's settings in JSON, written by the suite")
        if found is not None:
            message = (
                f"the store at {root} is of format {found}, older than this suite's {FORMAT}: its entries of that "
                "format stay there unread, and what is needed is computed again; to have their room, delete the folder"
            )
            warnings.warn(cut(shown(message)), OlderStoreWarning, stacklevel=3)
        with draft_of(path) as draft:
            (draft / SETTINGS).write_text(json.dumps({"format": FORMAT, "suite": harness.__version__}) + "\n")
            (draft / SETTINGS).replace(path)


def require_readable(root: Path) -> None:
    """Raise a HarnessError where the store is of a newer format; missing or wrong settings say nothing."""
    _format(root)


def _format(root: Path) -> int | None:
    """Return the format that the settings say, None where they say none."""
    found = None
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = parse_json(read_text(root / SETTINGS))["format"]  # type: ignore[index]
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        return None
    if found > FORMAT:
        raise HarnessError(
            f"the store at {root} is of format {found}, and this suite ({harness.__version__}) reads {FORMAT}: use the "
            "suite that made it, or choose another folder with --store",
        )
    return found
