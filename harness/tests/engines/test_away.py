"""What a machine that was asked from elsewhere answers, and what it is brought; no cluster is needed for it."""

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from harness.engines.away import (
    Answer,
    OtherMakerWarning,
    Sign,
    compute,
    compute_brought,
    installed,
    keep,
    made_by,
    of_others,
    passing,
    resting_on,
)
from harness.errors import HarnessError
from harness.store import Entry, Record, Store
from harness.store.maker import maker
from harness.tests.engines.noted import Noted, noted


def test_sign_is_known_by_what_it_says(tmp_path: Path) -> None:
    """Another store may have a file of that name, and none at all has it elsewhere."""
    sign = Sign(tmp_path / "sign", "abc", tmp_path)
    assert not sign.is_seen
    sign.path.write_text("abd")
    assert not sign.is_seen
    sign.path.write_text("abc")
    assert sign.is_seen


def test_error_of_a_record_is_an_answer(tmp_path: Path) -> None:
    """Nothing of it is lost on the way, and another worker need not be asked."""
    answer = compute(Store(tmp_path / "store"), [Noted("bad", tmp_path / "log")])
    assert str(answer.error) == "the record was bad; bring a good one"
    assert compute(Store(tmp_path / "store"), [Noted("good", tmp_path / "log")]) == Answer()


def test_what_is_brought_is_not_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own store has it then, and what it made is taken back with what it was made on."""
    monkeypatch.setenv("ICL_CLAIMS_STORE", str(tmp_path / "own"))
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    first = Noted("first", log)
    job = [Noted("second", log, (first,))]
    store.find_or_run(first)
    needed = resting_on(job, store)
    assert [*needed.values()] == [first]
    answer = compute_brought(job, [(record, store.read(record)) for record in needed.values()])
    assert [name for name, _ in noted(log)] == ["first", "second"]
    assert store.find(job[0]) is None
    keep(store, zip(made_by(job), answer.entries, strict=True))
    assert store.read(job[0]).tensors["sum"] == Store(tmp_path / "own").read(job[0]).tensors["sum"] == [2]
    assert store.made(job[0]) == maker()


def test_what_a_blind_machine_lacks_is_said_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a model's folder, which is not brought."""
    monkeypatch.setenv("ICL_CLAIMS_STORE", str(tmp_path / "own"))
    answer = compute_brought([Noted("bad", tmp_path / "log")], [])
    assert str(answer.error).startswith("the record was bad; bring a good one (on ")
    assert (answer.entries, answer.said) == ([], [])


@dataclass(frozen=True)
class Grouped(Noted):
    """A record that is computed with others, each of which rests on something of its own."""

    others: tuple[str, ...] = ()

    @property
    def together(self) -> Sequence[Record]:
        """Return all of the group."""
        return [self._member(name) for name in self.others]

    @property
    def inputs(self) -> Sequence[Record]:
        """Return what it rests on, and the group's first, which is made with it."""
        return [Noted(f"below {self.name}", self.log), self._member(self.others[0])]

    def _member(self, name: str) -> "Grouped":
        return replace(self, name=name)

    def compute_together(self, _store: Store) -> Iterator[Entry]:
        """Yield the place of each in the group."""
        return (Entry({"sum": np.array([i])}, {}) for i in range(len(self.others)))


def test_all_of_a_group_are_brought_for_and_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what was not asked for, or it would be computed again. What the group makes is not brought."""
    monkeypatch.setenv("ICL_CLAIMS_STORE", str(tmp_path / "own"))
    asked = Grouped("b", tmp_path / "log", others=("a", "b", "c"))
    needed = resting_on([asked], Store(tmp_path / "store"))
    assert [record.words for record in needed.values()] == [f"noting below {name}" for name in "abc"]
    answer = compute_brought([asked], [])
    assert [entry.tensors["sum"].tolist() for entry in answer.entries] == [[0], [1], [2]]
    assert [*made_by([asked])] == [*asked.together]


def test_what_is_there_stays(tmp_path: Path) -> None:
    """An entry that another machine made does not take the place of one that the store has."""
    store, record = Store(tmp_path / "store"), Noted("a", tmp_path / "log")
    store.find_or_run(record)
    keep(store, [(record, Entry({"sum": np.array([9.0])}, {}))])
    assert store.read(record).tensors["sum"] == [1]


@pytest.mark.parametrize(
    ("changed", "said"), [({}, []), ({"threads": 999}, []), ({"torch": "1.0"}, ["torch 1.0, not"])]
)
def test_other_versions_are_said_and_other_threads_are_not(
    tmp_path: Path, changed: Mapping[str, object], said: Sequence[str]
) -> None:
    """How many threads there are is the run's own choice; the words name no record, so that they are said once."""
    store, record = Store(tmp_path / "store"), Noted("a", tmp_path / "log")
    keep(store, [(record, Entry({"sum": np.array([1.0])}, {}, {**maker(), **changed}))])
    found = of_others([record], store)
    assert [category for category, _ in found] == [OtherMakerWarning] * len(said)
    assert all(words in text and record.words not in text for words, (_, text) in zip(said, found, strict=True))


def test_what_passes_goes_with_its_process(tmp_path: Path) -> None:
    """At the block's end, or where the process was killed, with the next run; what a living one needs stays."""
    store = Store(tmp_path / "store")
    with passing(store) as folder:
        Store(store.root)
        assert folder.is_dir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        killed = folder.parent / ".0123456789abcdef-01234567"
        killed.mkdir()
        Store(store.root)
        assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [folder.name]
    assert not list(folder.parent.iterdir())


def test_package_that_is_not_there_is_named_with_what_installs_it() -> None:
    """By the extra of the suite."""
    with pytest.raises(HarnessError, match=r"--engine ray rests on the package rya, .* pip install .* '\.\[ray\]'"):
        installed("rya", "ray")
