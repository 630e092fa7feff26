"""Entries in their folders: tensors in safetensors, facts in JSON, each with its checksum, and whose they are.

An entry says its kind and key, so that one that was put in another's place is noticed. Entries written before kinds
were stated say their key alone, and are believed by it.
"""

import errno
import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, load_file, save_file

from harness.data import JSON
from harness.drafts import MovedAsideWarning, draft_of, move_aside, remedy, stands_there
from harness.errors import HarnessError, cut, shown
from harness.files import file_sha256, opened, parse_json, read_text
from harness.store.keys import is_key, json_sha256, whole_key
from harness.store.maker import maker

TENSORS, FACTS = "tensors.safetensors", "facts.json"
FACTS_BYTES = 256 << 20
"""That facts may have; tokenizers of large vocabularies are among them."""

_SMALL = 1 << 20
"""Bytes of tensors up to which reading them at once is faster (34 us, not 100; 90 MB take 130 ms so, mapped 100)."""

Tensors = Mapping[str, np.ndarray]

DAMAGE = (OSError, ValueError, KeyError, TypeError, SafetensorError)
"""What reading an entry raises where it is missing, cut short, changed or another's."""
_NOT_ITS_FAULT = {errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


class DamagedEntryWarning(MovedAsideWarning):
    """An entry of the store could not be read: it is moved aside and computed again."""


@dataclass(frozen=True)
class Entry:
    """What one computation left: arrays by name, and JSON facts."""

    tensors: Tensors
    facts: JSON
    made: JSON | None = None
    """What it was computed on (see `harness.store.maker`): None for this process, and of entries that don't say."""


@dataclass(frozen=True)
class Place:
    """Where an entry belongs, and whose it must be."""

    folder: Path
    kind: str
    parts: Mapping[str, object]


def read_entry(place: Place) -> Entry:
    """Return the entry; raises one of DAMAGE where it is not there, not whole, or not this one."""
    facts, tensors_sha256, made = _read_facts(place)
    return Entry(_read_tensors(place.folder / TENSORS, tensors_sha256), facts, made)


def read_facts(place: Place) -> JSON:
    """Return the entry's facts, and open no tensors; raises as `read_entry`."""
    return _read_facts(place)[0]


def read_made(place: Place) -> JSON | None:
    """Return what the entry was computed on, None where it doesn't say, and open no tensors; raises as `read_entry`."""
    return _read_facts(place)[2]


def _read_facts(place: Place) -> tuple[JSON, object, JSON | None]:
    """Return the facts, the hash of the tensors that belong to them, and what they were computed on."""
    document = parse_json(read_text(place.folder / FACTS, FACTS_BYTES))
    if not isinstance(document, dict) or not isinstance(facts := document["facts"], dict):
        raise TypeError(f"{FACTS} holds no facts")
    if document.get("kind", place.kind) != place.kind or not is_key(document["key"], place.parts):
        raise ValueError("it is another's entry: its kind or key is not the one that this place is for")
    _require_checksum(FACTS, json_sha256(facts), document["facts_sha256"])
    made = document.get("made")
    return facts, document["tensors_sha256"], made if isinstance(made, dict) else None


def _read_tensors(path: Path, sha256: object) -> Tensors:
    """Return the tensors of a regular file that has this hash."""
    with opened(path) as file:
        if os.fstat(file.fileno()).st_size < _SMALL:
            raw = file.read()
            _require_checksum(TENSORS, hashlib.sha256(raw).hexdigest(), sha256)
            return load(raw)  # type: ignore[no-any-return]
        _require_checksum(TENSORS, hashlib.file_digest(file, "sha256").hexdigest(), sha256)
        # The opened file itself: whatever comes to stand at the path, nothing else is read, and no FIFO is waited for.
        through = Path(f"/dev/fd/{file.fileno()}")
        return load_file(through if through.exists() else path)  # type: ignore[no-any-return]


def read_or_move_aside(place: Place) -> Entry | None:
    """Read the entry; None where there is none, and where it was damaged: that is said, and it is moved aside.

    Only under the lock.

    Raises:
        HarnessError: what stands there may not be read, or can't be moved.

    """
    try:
        seen = place.folder.lstat()
        return read_entry(place)
    except DAMAGE as error:
        if not os.path.lexists(place.folder):
            return None
        if isinstance(error, OSError) and error.errno in _NOT_ITS_FAULT:
            raise HarnessError(
                f"store entry {place.folder} can't be read ({error}); make its files readable, or choose another "
                "folder with --store",
            ) from error
        reason = repr(error) if isinstance(error, KeyError) else str(error)
        if not place.folder.is_dir():
            reason = f"{stands_there(place.folder)}, expected a folder"
    try:
        aside = move_aside(place.folder, seen)
    except OSError as error:
        raise HarnessError(
            f"store entry {place.folder} is damaged ({reason}) and can't be moved aside ({error}); move it yourself, "
            "or choose another folder with --store",
        ) from error
    message = f"store entry {place.folder} is damaged ({reason}); it was moved aside to {aside} and is computed again"
    warnings.warn(cut(shown(message)), DamagedEntryWarning, stacklevel=4)
    return None


def write_entry(place: Place, entry: Entry) -> None:
    """Write the entry, whole or not at all; where another process was first, its entry is the same and stays.

    Raises:
        HarnessError: it can't be written; nothing half-written stays.

    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in entry.tensors.items()}
    try:
        with draft_of(place.folder) as outer:
            draft = outer / "entry"
            draft.mkdir()
            save_file(contiguous, draft / TENSORS)
            document = {
                "kind": place.kind,
                "key": whole_key(place.parts),
                "tensors_sha256": file_sha256(draft / TENSORS),
                "facts_sha256": json_sha256(entry.facts),
                "made": maker() if entry.made is None else entry.made,
                "facts": entry.facts,
            }
            (draft / FACTS).write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")
            _put(draft, place)
    except (OSError, SafetensorError) as error:
        raise unwritable(place.folder, error) from error


def _put(draft: Path, place: Place) -> None:
    try:
        draft.rename(place.folder)
    except OSError:
        if not os.path.lexists(place.folder):
            raise
        if read_or_move_aside(place) is None:  # what came there while this was computed
            draft.rename(place.folder)


def unwritable(place: Path, error: Exception) -> HarnessError:
    """Return the message for what can't be written in the store, with the remedy for its cause."""
    return HarnessError(
        f"the store can't be written at {place} ({error}); {remedy(error)} with --store. Nothing half-written was "
        "left, and what was finished before is kept",
    )


def _require_checksum(name: str, found: str, expected: object) -> None:
    if found != expected:
        raise ValueError(f"the checksum of {name} does not match")
