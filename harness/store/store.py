"""The store: a folder of entries, each computed once, and records that name theirs by all that decides its numbers.

An entry is written under a temporary name and renamed, so a kill at any moment leaves either the whole entry or none;
one lock an entry lets processes that run at once compute it once. A lost lock wastes work and corrupts nothing: two
writers write the same. What stands where the store writes is moved aside; what it reads may be behind a link, and
nothing is written through one.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from harness.data import JSON
from harness.drafts import locked, make_folder, remove_drafts_of, stands_there
from harness.errors import HarnessError
from harness.store.entries import (
    DAMAGE,
    Entry,
    Place,
    read_entry,
    read_facts,
    read_made,
    read_or_move_aside,
    unwritable,
    write_entry,
)
from harness.store.keys import entry_key
from harness.store.leftovers import remove_leftovers
from harness.store.settings import require_readable, settle


class MissingEntryError(HarnessError):
    """An entry was read that nobody computed."""


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
        """Threads that it computes on, whichever engine runs it; None for as many as its process has."""
        return None

    @property
    def on_gpu(self) -> bool:
        """Whether it computes on a GPU."""
        return False

    @property
    def loads(self) -> Hashable:
        """What its process makes or loads for it that the next record may have use for; None where it is nothing."""
        return None

    facts_alone: ClassVar[bool] = False
    """Whether claims read its facts alone: its tensors, which may be large, are for records that rest on it, and these
    make them anew where they are damaged."""

    @property
    def together(self) -> Sequence["Record"]:
        """What is computed in one go with it, itself among them; empty where it is computed alone.

        Always the same, whatever the store has of it: numbers may depend on it in their last digits.
        """
        return ()

    @abstractmethod
    def compute(self, store: "Store") -> Entry:
        """Return what the store is to keep."""

    def compute_together(self, store: "Store") -> Iterator[Entry]:
        """Yield what the store is to keep of each of `together`, in their order."""
        return (record.compute(store) for record in self.together)

    def clean_up(self, store: "Store") -> None:  # noqa: B027  # most records have nothing to remove
        """Remove what was needed on the way alone: called when the entry is kept."""


class Store:
    """A folder of entries, safe under kills and under several processes at once.

    Opening it writes its settings where they are missing, and removes what killed processes left. One that can't be
    written to can still be read.

    Raises:
        HarnessError: it can't be made, or is of a newer format than this suite reads.

    """

    def __init__(self, root: Path) -> None:
        self.root = root
        if os.path.lexists(root) and not root.is_dir():
            raise HarnessError(f"--store {root} is {stands_there(root)}, expected a folder: choose another")
        try:
            root.mkdir(parents=True, exist_ok=True)
            settle(root)
        except OSError as error:
            require_readable(root)
            if not (root / "runs").is_dir():
                raise unwritable(root, error) from error
            return
        with suppress(OSError):
            remove_leftovers(root)

    def find_or_compute(self, kind: str, parts: Mapping[str, object], compute: Callable[[], Entry]) -> Entry:
        """Return the entry of `kind` that these parts name, computing and keeping it where there is none.

        Raises:
            HarnessError: the entry could not be written (disk full, no permission); nothing half-written stays.

        """
        place = Place(self.path(kind, parts), kind, parts)
        with suppress(*DAMAGE):
            return read_entry(place)
        with self._locked(place) as held:
            if (found := read_or_move_aside(place)) is not None:
                return found
            if held:
                remove_drafts_of(place.folder)
            entry = compute()
            write_entry(place, entry)
            return entry

    def holds(self, record: Record) -> bool:
        """Whether the record's entry is there, whole as far as claims read it."""
        if not record.facts_alone:
            return self.find(record) is not None
        with suppress(*DAMAGE):
            read_facts(Place(self.place(record), record.kind, record.key))
            return True
        return False

    def find(self, record: Record) -> Entry | None:
        """Return the record's entry where it is there, whole."""
        with suppress(*DAMAGE):
            return read_entry(Place(self.place(record), record.kind, record.key))
        return None

    def read(self, record: Record) -> Entry:
        """Return the record's entry; HarnessError where there is none: nothing is started here."""
        if (found := self.find(record)) is not None:
            return found
        raise self._lacks(record)

    def read_facts(self, record: Record) -> JSON:
        """Return the facts of the record's entry, whose tensors may be large and are not opened; raises as `read`."""
        with suppress(*DAMAGE):
            return read_facts(Place(self.place(record), record.kind, record.key))
        raise self._lacks(record)

    def made(self, record: Record) -> JSON | None:
        """Return what the record's entry was computed on: None where it doesn't say, or there is none."""
        with suppress(*DAMAGE):
            return read_made(Place(self.place(record), record.kind, record.key))
        return None

    def _lacks(self, record: Record) -> MissingEntryError:
        return MissingEntryError(
            f"the store at {self.root} lacks '{record.words}', which was not planned; name it among what the claim "
            "asks for, or run the claims again",
        )

    def find_or_run(self, record: Record) -> Entry:
        """Return the record's entry, computing and keeping it where there is none; raises as `find_or_compute`."""
        if record.together:
            return self._find_or_run_together(record)
        entry = self.find_or_compute(record.kind, record.key, lambda: record.compute(self))
        record.clean_up(self)
        return entry

    def _find_or_run_together(self, record: Record) -> Entry:
        """Return the record's entry; where it is lacking, all of its group are computed, and those that lack are kept.

        Under a lock of the group's own, so that processes which ask for different ones compute them once.
        """
        if (found := self.find(record)) is not None:
            return found
        kind, group = record.together[0].kind, {"together": [self.place(member).name for member in record.together]}
        with self._locked(Place(self.path(kind, group), kind, group)):
            if (found := self.find(record)) is not None:
                return found
            for member, entry in zip(record.together, record.compute_together(self), strict=True):
                kept = self.find_or_compute(member.kind, member.key, lambda entry=entry: entry)  # type: ignore[misc]
                member.clean_up(self)
                found = kept if self.place(member) == self.place(record) else found
        if found is None:
            raise ValueError(f"{record.words}: it is not among those that it is computed together with")
        return found

    def place(self, record: Record) -> Path:
        """Return the folder of the record's entry."""
        return self.path(record.kind, record.key)

    def path(self, kind: str, parts: Mapping[str, object]) -> Path:
        """Return the entry's folder."""
        return self.root / "runs" / kind / entry_key(kind=kind, **parts)[:32]

    def make_folder(self, *names: str) -> Path:
        """Return a folder of the store, made where it isn't there.

        Raises:
            HarnessError: it can't be made, or a link stands in its way.

        """
        try:
            return make_folder(self.root, *names)
        except OSError as error:
            raise unwritable(self.root.joinpath(*names), error) from error

    @contextmanager
    def _locked(self, place: Place) -> Iterator[bool]:
        """Hold the lock of an entry that is to be written; whether it is held: not without locks."""
        self.make_folder("runs", place.kind)
        with ExitStack() as stack:
            try:
                held = stack.enter_context(locked(place.folder))
            except OSError as error:
                raise unwritable(place.folder, error) from error
            yield held
