"""Records of the store: found, read and run; what they needed on the way goes when their entry is kept."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.store import FACTS, TENSORS, DamagedEntryWarning, Entry, MissingEntryError, Record, Store
from harness.tests.test_store import PARTS, is_toy_entry, toy_entry


@dataclass(frozen=True)
class Toy(Record):
    """A record that writes down what is done with it: whether its entry was there each time."""

    fails: bool = False
    done: list[tuple[str, bool]] = field(default_factory=list)

    kind = "accuracy"
    key = PARTS
    words = "a toy that is counted"

    def compute(self, store: Store) -> Entry:
        """Write it down."""
        self.done.append(("computed", store.find(self) is not None))
        if self.fails:
            raise HarnessError("it can't be computed")
        return toy_entry()

    def clean_up(self, store: Store) -> None:
        """Write it down."""
        self.done.append(("cleaned up", store.find(self) is not None))


def test_record_is_plain_until_it_says_otherwise() -> None:
    """It rests on nothing, costs nothing, and takes as many threads as torch does."""
    assert (Toy().inputs, Toy().cost, Toy().threads) == ((), 0, None)


def test_record_lies_under_its_kind_and_key(tmp_path: Path) -> None:
    """A record's place is that of its kind and key; what is kept under these is found."""
    store = Store(tmp_path)
    assert store.place(Toy()) == store.path("accuracy", PARTS)
    store.find_or_compute("accuracy", PARTS, toy_entry)
    assert is_toy_entry(store.find_or_run(Toy()))
    assert is_toy_entry(store.read(Toy()))


def test_facts_are_read_without_the_tensors(tmp_path: Path) -> None:
    """Where these are damaged, too; of no entry, and of one whose facts were changed, there are none."""
    store = Store(tmp_path)
    with pytest.raises(MissingEntryError, match="lacks 'a toy that is counted'"):
        store.read_facts(Toy())
    store.find_or_run(Toy())
    (store.place(Toy()) / TENSORS).write_bytes(b"")
    assert store.read_facts(Toy()) == toy_entry().facts
    facts = store.place(Toy()) / FACTS
    facts.write_text(facts.read_text().replace("0.75", "0.85"))
    with pytest.raises(MissingEntryError):
        store.read_facts(Toy())


def test_record_is_run_once_and_cleaned_up_when_it_is_kept(tmp_path: Path) -> None:
    """Computed while it was not there, cleaned up when it was; asked again it is only found, and cleaned up after.

    A process that is killed between keeping and cleaning up leaves no more than a next asking removes.
    """
    store, toy = Store(tmp_path), Toy()
    assert is_toy_entry(store.find_or_run(toy))
    assert toy.done == [("computed", False), ("cleaned up", True)]
    assert is_toy_entry(store.find_or_run(toy))
    assert toy.done[2:] == [("cleaned up", True)]


def test_record_that_fails_is_not_cleaned_up(tmp_path: Path) -> None:
    """Its error is passed on, and what it needs to go on from is left."""
    store, toy = Store(tmp_path), Toy(fails=True)
    with pytest.raises(HarnessError, match="can't be computed"):
        store.find_or_run(toy)
    assert toy.done == [("computed", False)]


class Unkept(Toy):
    """A record whose entry can't be written."""

    def compute(self, store: Store) -> Entry:
        """Return facts that have no form in JSON."""
        super().compute(store)
        return Entry({}, {"accuracy": float("nan")})


def test_record_that_cannot_be_kept_is_not_cleaned_up(tmp_path: Path) -> None:
    """Where its entry can't be written, what it was computed from stays for the next time."""
    unkept = Unkept()
    with pytest.raises(ValueError, match="not JSON compliant"):
        Store(tmp_path).find_or_run(unkept)
    assert unkept.done == [("computed", False)]


def test_finding_and_reading_start_nothing(tmp_path: Path) -> None:
    """Where there is no entry, nothing is found, and reading says which computation is missing and what to do."""
    store, toy = Store(tmp_path), Toy()
    assert store.find(toy) is None
    with pytest.raises(
        MissingEntryError, match=r"lacks 'a toy that is counted', which was not planned; .*run the claim"
    ):
        store.read(toy)
    assert toy.done == []
    assert {path.name for path in tmp_path.iterdir()} == {"store.json", "store.json.lock"}


def test_damagedentry_is_not_found(tmp_path: Path) -> None:
    """It counts as missing and is left as it is: only who computes it anew, under the lock, removes it."""
    store, toy = Store(tmp_path), Toy()
    store.find_or_run(toy)
    path = store.place(toy) / TENSORS
    path.write_bytes(path.read_bytes()[:-1])
    assert store.find(toy) is None
    with pytest.raises(MissingEntryError):
        store.read(toy)
    assert store.place(toy).is_dir()
    with pytest.warns(DamagedEntryWarning):
        assert is_toy_entry(store.find_or_run(toy))


@dataclass(frozen=True)
class OfFacts(Toy):
    """A toy of which claims read the facts alone."""

    facts_alone = True


@pytest.mark.parametrize("kind", [Toy, OfFacts])
def test_an_entry_is_held_where_what_claims_read_of_it_is_whole(tmp_path: Path, kind: type[Toy]) -> None:
    """Damaged tensors count where claims read them; damaged facts, and an entry that is not there, always."""
    store, record = Store(tmp_path), kind()
    assert not store.holds(record)
    store.find_or_run(record)
    assert store.holds(record)
    (store.place(record) / TENSORS).write_bytes(b"")
    assert store.holds(record) == (kind is OfFacts)
    (store.place(record) / FACTS).write_text("{}")
    assert not store.holds(record)
