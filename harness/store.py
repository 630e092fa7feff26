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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from harness.errors import HarnessError
from harness.types import JSON

FORMAT = 1
"""Raised when what an entry holds, or the code that computes it, changes its numbers."""

TENSORS, FACTS = "tensors.safetensors", "facts.json"

Tensors = Mapping[str, np.ndarray]


class DamagedEntryWarning(UserWarning):
    """An entry of the store could not be read and is computed again."""


@dataclass(frozen=True)
class Entry:
    """What one computation left: arrays by name, and JSON facts."""

    tensors: Tensors
    facts: JSON


def entry_key(**parts: object) -> str:
    """Return the name of the entry that these parts decide: sha256 over their canonical JSON.

    Raises:
        TypeError: a part is not JSON, so that equal parts might hash apart.

    """
    text = json.dumps({"format": FORMAT, **parts}, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """A folder of entries, safe under kills and under several processes at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=root):
                pass
        except OSError as error:
            raise HarnessError(
                f"the store '{root}' can't be written ({error.strerror}); "
                "choose another folder with --store, or make room there",
            ) from error

    def find_or_compute(self, kind: str, parts: Mapping[str, object], compute: Callable[[], Entry]) -> Entry:
        """Return the entry of `kind` that these parts name, computing and keeping it where there is none.

        Raises:
            HarnessError: the entry could not be written (disk full, no permission); nothing half-written stays.

        """
        folder = self.path(kind, parts)
        if (found := self._read(folder)) is not None:
            return found
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if (found := self._read(folder)) is not None:
                return found
            for leftover in folder.parent.glob(f".{folder.name}-*"):  # of a killed writer: we hold its lock
                shutil.rmtree(leftover, ignore_errors=True)
            entry = compute()
            self._write(folder, entry, parts)
            return entry

    def holds(self, kind: str, parts: Mapping[str, object]) -> bool:
        """Return whether the entry is there (it may still prove damaged when read)."""
        return (self.path(kind, parts) / FACTS).exists()

    def path(self, kind: str, parts: Mapping[str, object]) -> Path:
        """Return the entry's folder."""
        return self.root / "runs" / kind / entry_key(kind=kind, **parts)[:32]

    def _read(self, folder: Path) -> Entry | None:
        if not folder.exists():
            return None
        try:
            document = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            _require_checksum(folder / TENSORS, document["tensors_sha256"])
            return Entry(load_file(folder / TENSORS), document["facts"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            warnings.warn(
                f"store entry {folder} is damaged ({error}); it is computed again",
                DamagedEntryWarning,
                stacklevel=3,
            )
            shutil.rmtree(folder, ignore_errors=True)
            return None

    def _write(self, folder: Path, entry: Entry, parts: Mapping[str, object]) -> None:
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            contiguous = {name: np.ascontiguousarray(array) for name, array in entry.tensors.items()}
            save_file(contiguous, temporary / TENSORS)
            document = {
                "key": {"format": FORMAT, **parts},
                "tensors_sha256": _sha256(temporary / TENSORS),
                "facts": entry.facts,
            }
            (temporary / FACTS).write_text(json.dumps(document, indent=1, allow_nan=False), encoding="utf-8")
            try:
                temporary.rename(folder)
            except OSError:
                if not folder.exists():  # where another process was first, its entry is the same
                    raise
        except (OSError, SafetensorError) as error:
            raise HarnessError(
                f"the store entry {folder} could not be written ({error}); make room on that disk or choose "
                "another folder with --store. Nothing half-written was left, and what was finished before is kept",
            ) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _require_checksum(path: Path, expected: str) -> None:
    if _sha256(path) != expected:
        raise ValueError(f"the checksum of {path.name} does not match")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
