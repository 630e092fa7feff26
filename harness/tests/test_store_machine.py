"""The store against a plain model: whatever happens to it, what is found is what was computed, and nothing else moves.

A few runs of the machine, the same each time; as many as ICL_CLAIMS_STORE_EXAMPLES says, drawn anew, where it is set.
"""

import errno
import multiprocessing
import os
import random
import shutil
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from harness.drafts import MovedAsideWarning
from harness.errors import HarnessError
from harness.store import Store, clean
from harness.tests.file_operations import grows, killed_after, refused
from harness.tests.toy_store import TOYS, Toy, happen, run_all, stray_names

NUMBERS = st.integers(0, len(TOYS) - 1)
EXAMPLES = os.environ.get("ICL_CLAIMS_STORE_EXAMPLES")


def _compute(root: Path, number: int, log: Path | None) -> None:
    warnings.simplefilter("ignore", MovedAsideWarning)
    toy = TOYS[number]
    assert toy.is_in(Store(root).find_or_run(Toy(toy.kind, toy.n, log)))


class Stores(RuleBasedStateMachine):
    """A store, and which of its entries must be whole."""

    @initialize()
    def begin(self) -> None:
        """Make folders for the store and for what it must not touch."""
        self.folder = Path(tempfile.mkdtemp())
        self.root, self.outside, self.log = (self.folder / name for name in ("store", "outside", "log"))
        self.outside.mkdir()
        (self.outside / "precious").write_text("precious")
        self.whole: set[int] = set()

    def teardown(self) -> None:
        """See that the next run ends with the right numbers, the one after computes nothing, and nothing is left."""
        if hasattr(self, "folder"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", MovedAsideWarning)
                run_all(self.root)
            run_all(self.root)  # without a warning
            assert stray_names(self.root) == set()
            shutil.rmtree(self.folder)

    @rule(number=NUMBERS)
    def find(self, number: int) -> None:
        """Look for an entry: what is found is right, and what is whole is found."""
        found = self._opened().find(TOYS[number])
        assert TOYS[number].is_in(found) or (found is None and number not in self.whole)

    @rule(number=NUMBERS)
    def compute(self, number: int) -> None:
        """Compute an entry where it isn't whole; what stood there is moved aside, which is said."""
        store = self._opened()
        toy = Toy(TOYS[number].kind, TOYS[number].n, self.log)
        stood, before = os.path.lexists(store.place(toy)), self._computed()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            assert toy.is_in(store.find_or_run(toy))
        computed = self._computed() - before
        assert computed == 0 if number in self.whole else computed <= 1
        assert len([one for one in said if "computed again" in str(one.message)]) == (1 if stood and computed else 0)
        self.whole.add(number)

    @rule(seed=st.integers(0, 2**32))
    def happen(self, seed: int) -> None:
        """Let something happen to an entry, its lock, its folder or the store's settings."""
        if (self.root / "runs").is_dir():
            self._opened()
            self.whole -= happen(random.Random(seed), self.root, self.outside).toys  # noqa: S311  # no secret

    @rule(number=NUMBERS, operations=st.integers(0, 60))
    def kill(self, number: int, operations: int) -> None:
        """Kill a process that looks for an entry; what is whole stays whole."""
        killed_after(operations, _compute, self.root, number, None)

    @rule(number=NUMBERS, first=st.integers(1, 20))
    def fill(self, number: int, first: int) -> None:
        """Fill the disk from some operation on: the right entry comes, or one message."""
        with warnings.catch_warnings(), refused(errno.ENOSPC, grows, first):
            warnings.simplefilter("ignore", MovedAsideWarning)
            try:
                assert TOYS[number].is_in(Store(self.root).find_or_run(TOYS[number]))
            except HarnessError:
                assert number not in self.whole

    @rule(number=NUMBERS)
    def two_at_once(self, number: int) -> None:
        """Two processes that ask for an entry compute it once at most."""
        before, context = self._computed(), multiprocessing.get_context("forkserver")
        both = [context.Process(target=_compute, args=(self.root, number, self.log)) for _ in range(2)]
        for process in both:
            process.start()
        for process in both:
            process.join()
        assert [process.exitcode for process in both] == [0, 0]
        assert self._computed() - before <= (number not in self.whole)
        self.whole.add(number)

    @rule(aside=st.booleans())
    def clean(self, aside: bool) -> None:
        """Clean the store of no entry; what was moved aside goes only where that is asked for."""
        self._opened()
        moved = self._moved_aside()
        cleaned = clean(self.root, aside=aside)
        assert self._moved_aside() == (set() if aside else moved)
        assert len(cleaned.left) == (0 if aside else len(moved))

    @invariant()
    def nothing_outside_is_touched(self) -> None:
        """See that what links in the store lead to is as it was."""
        if hasattr(self, "folder"):
            assert [path.name for path in self.outside.iterdir()] == ["precious"]
            assert (self.outside / "precious").read_text() == "precious"
            assert {path.name for path in self.folder.iterdir()} <= {"store", "outside", "log"}

    def _opened(self) -> Store:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MovedAsideWarning)
            return Store(self.root)

    def _computed(self) -> int:
        return len(self.log.read_text()) if self.log.exists() else 0

    def _moved_aside(self) -> set[Path]:
        return {path for path in self.root.rglob(".damaged-*") if ".damaged-" not in str(path.parent)}


@pytest.mark.filterwarnings("error")
def test_store_keeps_what_it_promises_whatever_happens() -> None:
    """Runs of twenty steps in any order, each ended by two runs that must find all right."""
    run_state_machine_as_test(
        Stores,
        settings=settings(
            max_examples=int(EXAMPLES or 10),
            derandomize=EXAMPLES is None,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # what happened is drawn from a seed, which does not get simpler
        ),
    )
