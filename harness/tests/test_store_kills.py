"""A process that is killed at any operation on files leaves a store that the next one finishes, with nothing over."""

import errno
import multiprocessing
import time
import warnings
from pathlib import Path

import pytest

from harness.drafts import MovedAsideWarning, draft_of, locked
from harness.errors import HarnessError
from harness.store import FACTS, Entry, NoLocksWarning, Store, clean
from harness.tests.file_operations import grows, killed_after, refused, writes
from harness.tests.toy_store import TOYS, Toy, run_all, stray_names

FIRST, OTHER = TOYS[0], TOYS[3]


def _work(root: Path) -> None:
    """Compute an entry, and one that is damaged anew; find both."""
    warnings.simplefilter("ignore", MovedAsideWarning)
    store = Store(root)
    for toy in (FIRST, OTHER, FIRST):
        assert toy.is_in(store.find_or_run(toy))


def test_killed_at_any_operation_the_next_run_ends_the_same(tmp_path: Path) -> None:
    """Killed before the first operation on files, before the second, and so on to the end: nothing stays but entries.

    Of two entries one is computed and one is damaged, and each leaves a checkpoint while it is computed.
    """
    for operations in range(1000):
        root = tmp_path / str(operations)
        place = Store(root).place(OTHER)
        place.mkdir(parents=True)
        (place / FACTS).write_text("{")
        if not killed_after(operations, _work, root):
            break
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MovedAsideWarning)
            run_all(root)
            Store(root)
        assert stray_names(root) == set(), operations
    assert 40 < operations < 1000


def _refusal(root: Path) -> str | None:
    try:
        Store(root).find_or_run(FIRST)
    except HarnessError as error:
        return str(error)
    return None


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
def test_disk_that_fills_at_any_operation_is_one_message(tmp_path: Path, error: int) -> None:
    """Whichever write first finds no room, the message says so; with room again the numbers are the same."""
    for first in range(1, 1000):
        root = tmp_path / str(first)
        with refused(error, grows, first):
            said = _refusal(root)
        if said is None:
            break
        assert "make room on that disk" in said
        run_all(root)
        assert stray_names(root) == set(), first
    assert 10 < first < 1000


def test_store_that_cannot_be_written_to_is_read(tmp_path: Path) -> None:
    """What is there is found, with settings or without; what is not there is one message, without a computation."""
    run_all(tmp_path)
    for settings in (True, False):
        if not settings:
            (tmp_path / "store.json").unlink()
        with refused(errno.EROFS, writes):
            store = Store(tmp_path)
            assert all(toy.is_in(store.find_or_compute(toy.kind, toy.key, _never)) for toy in TOYS)
            with pytest.raises(HarnessError, match=r"can't be written .*Read-only.*; choose a folder that you may"):
                store.find_or_run(Toy("unknown", 1, tmp_path / "log"))
    assert not (tmp_path / "log").exists()


def _never() -> Entry:
    raise AssertionError("computed though it was in the store")


@pytest.mark.parametrize("error", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO])
def test_file_system_without_locks_is_said_once(
    tmp_path: Path, error: int, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """The run goes on, and leaves alone what may be another's."""
    monkeypatch.setattr("harness.drafts._SAID", set())
    warnings.simplefilter("always")
    with refused(error, lambda event, _: event == "fcntl.flock"):
        run_all(tmp_path)
        with draft_of(Store(tmp_path).place(FIRST)) as living:
            Store(tmp_path)
            assert living.is_dir()
    (said,) = recwarn
    assert said.category is NoLocksWarning
    assert "has no locks" in str(said.message)


def _write_slowly(root: Path, started: Path, go_on: Path) -> None:
    place = Store(root).place(FIRST)
    place.parent.mkdir(parents=True, exist_ok=True)
    with locked(place), draft_of(place) as draft:
        (draft / "half").write_text("half")
        started.write_text(draft.name)
        while not go_on.exists():
            time.sleep(0.02)


def test_draft_of_a_living_process_is_left(tmp_path: Path) -> None:
    """Opening the store and cleaning it take away what a killed process left, not what another writes."""
    started, go_on, root = tmp_path / "started", tmp_path / "go on", tmp_path / "store"
    process = multiprocessing.get_context("forkserver").Process(
        target=_write_slowly, args=(root, started, go_on), daemon=True
    )
    process.start()
    try:
        while process.is_alive() and not (started.exists() and started.read_text()):
            time.sleep(0.02)
        draft = Store(root).place(FIRST).parent / started.read_text()
        checkpoint = root / "checkpoints" / Store(root).place(FIRST).name
        checkpoint.mkdir(parents=True)
        Store(root)
        assert clean(root, aside=True).leftovers.number == 0
        assert (draft.is_dir(), checkpoint.is_dir()) == (True, True)
    finally:
        process.kill()
        process.join()
    assert clean(root, aside=True).leftovers.number == 1
    assert (draft.exists(), checkpoint.is_dir()) == (False, True)


def test_checkpoints_go_with_the_training_that_is_kept(tmp_path: Path) -> None:
    """What a process that was killed between keeping and cleaning up left goes when the store is opened next."""
    run_all(tmp_path)
    kept, unfinished = (tmp_path / "checkpoints" / name for name in (Store(tmp_path).place(FIRST).name, "0" * 32))
    for folder in (kept, unfinished):
        folder.mkdir(parents=True)
        (folder / "checkpoint.safetensors").write_text("x")
    Store(tmp_path)
    assert (kept.exists(), unfinished.exists()) == (False, True)
