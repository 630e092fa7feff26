"""Records that are computed in one go: all are kept, none twice, and what was there stays."""

import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from harness.engines.in_process import InProcess
from harness.engines.in_processes import InProcesses
from harness.store import TENSORS, DamagedEntryWarning, Entry, Record, Store
from harness.tests.engines.noted import run_all


@dataclass(frozen=True)
class Member(Record):
    """One of a group; each pass over the group leaves a line in the log, and each entry says which pass it is of."""

    number: int
    of: int
    log: Path
    takes: float = 0.0

    kind = "member"

    @property
    def key(self) -> Mapping[str, object]:
        """Return its number: how many there are is no part of it."""
        return {"number": self.number}

    @property
    def words(self) -> str:
        """What runs."""
        return f"member {self.number}"

    @property
    def together(self) -> Sequence["Member"]:
        """All, itself among them; nobody where the group is said to be empty."""
        return [Member(n, self.of, self.log, self.takes) for n in range(self.of)]

    def compute(self, _store: Store) -> Entry:
        """Nobody computes one alone."""
        raise NotImplementedError

    def compute_together(self, _store: Store) -> Iterator[Entry]:
        """Yield the entries of all, slowly."""
        with self.log.open("a") as log:
            log.write("x")
        number = len(self.log.read_text())
        for member in self.together:
            time.sleep(self.takes)
            yield Entry({"number": np.array([member.number])}, {"pass": number})


def passes(store: Store, group: Sequence[Member]) -> list[object]:
    """Return of which pass each entry is; fail where it is another's."""
    entries = [store.read(member) for member in group]
    assert [int(entry.tensors["number"][0]) for entry in entries] == [member.number for member in group]
    return [entry.facts["pass"] for entry in entries]


def test_all_are_kept_by_one_pass(tmp_path: Path) -> None:
    """Whichever is asked for, it is the one that comes back, and the others are there."""
    store, group = Store(tmp_path / "store"), Member(0, 3, tmp_path / "log").together
    assert int(store.find_or_run(group[1]).tensors["number"][0]) == 1
    assert passes(store, group) == [1, 1, 1]
    store.find_or_run(group[2])
    assert group[0].log.read_text() == "x"


def test_what_was_there_stays_and_what_is_damaged_is_made_again(tmp_path: Path) -> None:
    """One lost and one damaged entry are of a second pass over all; the third is that of the first pass."""
    store, group = Store(tmp_path / "store"), Member(0, 3, tmp_path / "log").together
    store.find_or_run(group[0])
    (store.place(group[1]) / TENSORS).write_bytes(b"damaged")
    with pytest.warns(DamagedEntryWarning, match="member"):
        store.find_or_run(group[1])
    assert passes(store, group) == [1, 2, 1]


def test_a_larger_group_takes_over_what_a_smaller_one_left(tmp_path: Path) -> None:
    """Three are kept; of five two are lacking, and are made by a pass over five."""
    store, log = Store(tmp_path / "store"), tmp_path / "log"
    store.find_or_run(Member(0, 3, log))
    store.find_or_run(Member(4, 5, log))
    assert passes(store, Member(0, 5, log).together) == [1, 1, 1, 2, 2]


def test_who_does_not_belong_to_its_own_group_is_a_mistake_that_is_said(tmp_path: Path) -> None:
    """Nothing would be kept under its name."""
    with pytest.raises(ValueError, match="member 7: it is not among those"):
        Store(tmp_path / "store").find_or_run(Member(7, 3, tmp_path / "log"))


def _find(root: Path, log: Path, number: int) -> int:
    return int(Store(root).find_or_run(Member(number, 4, log, 0.1)).tensors["number"][0])


@pytest.mark.slow
def test_processes_that_ask_for_different_ones_compute_all_once(tmp_path: Path) -> None:
    """Four processes ask for one each at once: one pass is made, and each gets its own."""
    log = tmp_path / "log"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.starmap(_find, [(tmp_path / "store", log, n) for n in range(4)], chunksize=1)
    assert (found, log.read_text()) == ([0, 1, 2, 3], "x")


@pytest.mark.slow
@pytest.mark.parametrize("lost", [(), (0,), (0, 2), (1, 2)])
def test_a_group_is_one_job_of_every_engine(tmp_path: Path, lost: Sequence[int]) -> None:
    """What the store lacks of it is made by one pass, here and elsewhere, and each is told of."""
    for name in ("here", "elsewhere"):
        store, group = Store(tmp_path / name), Member(0, 3, tmp_path / f"{name}.log", 0.1).together
        if lost:
            store.find_or_run(group[0])
        for number in lost:
            (store.place(group[number]) / TENSORS).unlink()
            store.place(group[number]).rename(tmp_path / f"{name}-{number}")
        asked, heard = [group[n] for n in lost or range(3)], list[Record]()
        with InProcesses(2) as elsewhere:
            run_all(InProcess() if name == "here" else elsewhere, asked, store, heard.append)
        assert heard == asked
        assert group[0].log.read_text() == ("xx" if lost else "x")
        assert len(passes(store, group)) == 3
