"""What is computed once and found again: tensors in safetensors, facts in JSON, one folder an entry.

An entry's name is the hash of everything that changes its numbers. It is written under a temporary name and
renamed, so a kill at any moment leaves either the whole entry or none; one lock an entry lets processes that run
at once compute it once. A lost lock wastes work and corrupts nothing: two writers write the same.
"""

import hashlib
import json
import shutil
import tempfile
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from harness.data import JSON
from harness.errors import HarnessError

FORMAT = 2
"""Raised when what an entry holds, or the code that computes it, changes its numbers."""

TENSORS, FACTS = "tensors.safetensors", "facts.json"

Tensors = Mapping[str, np.ndarray]

_DAMAGE = (OSError, ValueError, KeyError, TypeError, SafetensorError)
"""What reading an entry raises where it is missing, cut short or changed."""


class DamagedEntryWarning(UserWarning):
    """An entry of the store could not be read and is computed again."""


class MissingEntryError(HarnessError):
    """An entry was read that nobody computed."""


@dataclass(frozen=True)
class Entry:
    """What one computation left: arrays by name, and JSON facts."""

    tensors: Tensors
    facts: JSON


class Record(ABC):
    """A computation that can be stated before it is run: what decides its numbers, and how they are come by.

    Plain data, which another process can be handed.
    """

    @property
    @abstractmethod
    def kind(self) -> str:
        """Of its entry in the store."""

    @property
    @abstractmethod
    def key(self) -> Mapping[str, object]:
        """All that decides its numbers, as JSON."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What runs, as one who waits is told it."""

    @property
    def inputs(self) -> Sequence["Record"]:
        """What it reads of the store, and has run where the store lacks it."""
        return ()

    @property
    def cost(self) -> float:
        """Work that it is, in units of scoring one zero-shot query; 0 where nobody would notice."""
        return 0.0

    @property
    def threads(self) -> int | None:
        """Threads that it computes on, whichever engine runs it; None for as many as torch takes by itself."""
        return None

    @abstractmethod
    def compute(self, store: "Store") -> Entry:
        """Return what the store is to keep."""

    def clean_up(self, store: "Store") -> None:  # noqa: B027  # most records have nothing to remove
        """Remove what was needed on the way alone: called when the entry is kept."""


def entry_key(**parts: object) -> str:
    """Return the name of the entry that these parts decide: sha256 over their canonical JSON.

    Raises:
        TypeError: a part is not JSON, so that equal parts might hash apart.

    """
    return _json_sha256({"format": FORMAT, **parts})


class Store:
    """A folder of entries, safe under kills and under several processes at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=root):
                pass
        except OSError as error:
            raise _unwritable(root, error) from error

    def find_or_compute(self, kind: str, parts: Mapping[str, object], compute: Callable[[], Entry]) -> Entry:
        """Return the entry of `kind` that these parts name, computing and keeping it where there is none.

        Raises:
            HarnessError: the entry could not be written (disk full, no permission); nothing half-written stays.

        """
        folder = self.path(kind, parts)
        with suppress(*_DAMAGE):
            return _read(folder)
        with _locked(folder):
            if (found := _read_or_remove(folder)) is not None:
                return found
            for leftover in folder.parent.glob(f".{folder.name}-*"):  # of a killed writer: we hold its lock
                shutil.rmtree(leftover, ignore_errors=True)
            entry = compute()
            _write(folder, entry, parts)
            return entry

    def find(self, record: Record) -> Entry | None:
        """Return the record's entry where it is there, whole."""
        with suppress(*_DAMAGE):
            return _read(self.place(record))
        return None

    def read(self, record: Record) -> Entry:
        """Return the record's entry; HarnessError where there is none: nothing is started here."""
        if (found := self.find(record)) is not None:
            return found
        raise MissingEntryError(
            f"the store at {self.root} lacks '{record.words}', which was not planned; name it among what the claim "
            "asks for, or run the claims again",
        )

    def find_or_run(self, record: Record) -> Entry:
        """Return the record's entry, computing and keeping it where there is none; raises as `find_or_compute`."""
        entry = self.find_or_compute(record.kind, record.key, lambda: record.compute(self))
        record.clean_up(self)
        return entry

    def place(self, record: Record) -> Path:
        """Return the folder of the record's entry."""
        return self.path(record.kind, record.key)

    def path(self, kind: str, parts: Mapping[str, object]) -> Path:
        """Return the entry's folder."""
        return self.root / "runs" / kind / entry_key(kind=kind, **parts)[:32]


def _locked(folder: Path) -> AbstractContextManager[object]:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(folder.with_suffix(".lock")).acquire()
    except OSError as error:
        raise _unwritable(folder, error) from error


def _read(folder: Path) -> Entry:
    document = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    _require_checksum(FACTS, _json_sha256(document["facts"]), document["facts_sha256"])
    _require_checksum(TENSORS, _file_sha256(folder / TENSORS), document["tensors_sha256"])
    return Entry(load_file(folder / TENSORS), document["facts"])


def _read_or_remove(folder: Path) -> Entry | None:
    """Read the entry; where it is damaged say so and remove it. Only under the lock: it may be another's new one."""
    if not folder.exists():
        return None
    try:
        return _read(folder)
    except _DAMAGE as error:
        message = f"store entry {folder} is damaged ({error}); it is computed again"
        warnings.warn(message, DamagedEntryWarning, stacklevel=3)
        shutil.rmtree(folder, ignore_errors=True)
        return None


def _write(folder: Path, entry: Entry, parts: Mapping[str, object]) -> None:
    contiguous = {name: np.ascontiguousarray(array) for name, array in entry.tensors.items()}
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
            draft = Path(temporary) / "entry"
            draft.mkdir()
            save_file(contiguous, draft / TENSORS)
            document = {
                "key": {"format": FORMAT, **parts},
                "tensors_sha256": _file_sha256(draft / TENSORS),
                "facts_sha256": _json_sha256(entry.facts),
                "facts": entry.facts,
            }
            (draft / FACTS).write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")
            try:
                draft.rename(folder)
            except OSError:
                if not folder.exists():  # where another process was first, its entry is the same
                    raise
    except (OSError, SafetensorError) as error:
        raise _unwritable(folder, error) from error


def _unwritable(place: Path, error: Exception) -> HarnessError:
    return HarnessError(
        f"the store can't be written at {place} ({error}); make room on that disk or choose another folder with "
        "--store. Nothing half-written was left, and what was finished before is kept",
    )


def _require_checksum(name: str, found: str, expected: str) -> None:
    if found != expected:
        raise ValueError(f"the checksum of {name} does not match")


def _json_sha256(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
