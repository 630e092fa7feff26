"""What killed processes left in a store, and what was moved aside: removed by who may, and nothing else with it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drafts import draft_of, locked, move_aside
from harness.store import MovedAsideWarning, Store, clean
from harness.tests.toy_store import TOYS, Toy, run_all

OURS = Toy("recording", 0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a store that holds all toys."""
    run_all(tmp_path / "store")
    return tmp_path / "store"


LEFT: dict[str, Callable[[Path], Path]] = {
    "an entry's draft": lambda root: Store(root).place(OURS).parent / f".{Store(root).place(OURS).name}-abcd_123",
    "a draft of the settings": lambda root: root / ".store.json-abcd_123",
    "a model's draft": lambda root: root / "models" / ".some-1.5b-0123456789abcdef-abcd_123",
    "a fetched archive's draft": lambda root: root / "fetched" / ".some-1.0.tar.gz-abcd_123",
    "an archive's draft of before": lambda root: root / "fetched" / ".fetch-abcd_123",
    "an unpacked file's draft": lambda root: root / "fetched" / "some-1.0" / ".extract-abcd_123",
}


@pytest.mark.parametrize("left", LEFT)
@pytest.mark.parametrize("by", ["opening", "cleaning"])
def test_draft_of_a_killed_process_is_removed(root: Path, left: str, by: str) -> None:
    """And nothing that only looks like one; while its lock is held it stays."""
    draft = LEFT[left](root)
    (draft / "inside").mkdir(parents=True)
    (draft / "inside" / "half").write_text("0123456789")
    others = [root / ".backup-20260101", root / "models" / ".notes-12345678", draft.parent / "mine", root / "a.lock"]
    for other in others:
        other.mkdir(parents=True)
    place = draft.parent / draft.name[1:-9]
    with locked(place):
        Store(root)
        assert clean(root, aside=True).leftovers.number == 0
        assert draft.is_dir()
    if by == "opening":
        Store(root)
    else:
        freed = clean(root, aside=False).leftovers
        assert (freed.number, freed.size) == (1, 10)
    assert not draft.exists()
    assert all(other.is_dir() for other in others)


def test_cleaning_takes_locks_that_nobody_holds_and_no_entry(root: Path) -> None:
    """Six entries' and the settings'; the one that is held stays, and what was moved aside until it is asked for."""
    with locked(Store(root).place(OURS)), draft_of(Store(root).place(OURS)):
        assert clean(root, aside=False).locks.number == len(TOYS)
    assert clean(root, aside=False).locks.number == 1
    assert not list(root.rglob("*.lock"))
    shutil.rmtree(Store(root).place(OURS))
    (root.parent / "precious").write_text("precious")
    Store(root).place(OURS).symlink_to(root.parent)
    with pytest.warns(MovedAsideWarning):
        run_all(root)
    (moved,) = root.rglob(".damaged-*")
    assert clean(root, aside=False).left == (moved,)
    cleaned = clean(root, aside=True)
    assert (cleaned.aside.number, cleaned.left, moved.is_symlink()) == (1, (), False)
    assert (root.parent / "precious").read_text() == "precious"
    run_all(root)


def test_what_was_mended_meanwhile_stays(root: Path) -> None:
    """Two processes that found an entry damaged, without working locks: the second leaves what the first put there."""
    place = Store(root).place(OURS)
    (root / "other").mkdir()
    aside = move_aside(place, (root / "other").lstat())
    assert not aside.exists()
    assert OURS.is_in(Store(root).find(OURS))
