"""Whose an entry is, and what stands where the store reads and writes: noticed, moved aside, never followed."""

import json
import re
import shutil
from pathlib import Path

import pytest

from harness.drafts import MovedAsideWarning
from harness.errors import HarnessError
from harness.store import FACTS, TENSORS, DamagedEntryWarning, OlderStoreWarning, Store, clean
from harness.tests.toy_store import TEXTS, THINGS, Toy, run_all, stray_names

OURS, SAME_KIND, SAME_KEY = Toy("recording", 0), Toy("recording", 1), Toy("parts", 0)
NO_FOLDERS = {name: make for name, make in THINGS.items() if "folder" not in name}
NO_LINKS = {name: make for name, make in THINGS.items() if "link" not in name}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a store that holds all toys, beside a folder that holds something precious."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").write_text("precious")
    run_all(tmp_path / "store")
    return tmp_path / "store"


def _again(root: Path) -> str:
    """Find all toys, of which one is damaged; return what is said. What is computed is found on the next run."""
    with pytest.warns(DamagedEntryWarning, match="damaged .* computed again") as said:
        run_all(root)
    (only,) = said
    run_all(root)
    assert stray_names(root) == set()
    assert [path.name for path in (root.parent / "outside").iterdir()] == ["precious"]
    return str(only.message)


def _moved(said: str) -> Path:
    found = re.search(r"moved aside to (\S+)", said)
    assert found
    return Path(found[1])


@pytest.mark.parametrize("theirs", [SAME_KIND, SAME_KEY], ids=["another key", "another kind, the same key"])
@pytest.mark.parametrize("how", ["copied", "linked", "moved"])
def test_entry_of_another_is_not_believed(root: Path, theirs: Toy, how: str) -> None:
    """Whole and with right checksums, and yet not what was asked for."""
    ours, others = Store(root).place(OURS), Store(root).place(theirs)
    shutil.rmtree(ours)
    if how == "linked":
        ours.symlink_to(others)
    elif how == "moved":
        others.rename(ours)
    else:
        shutil.copytree(others, ours)
    said = _again(root)
    assert "it is another's entry" in said
    assert (_moved(said) / FACTS).is_file()


@pytest.mark.parametrize("name", [TENSORS, FACTS])
def test_file_of_another_entry_is_not_believed(root: Path, name: str) -> None:
    """One of its two files is another's."""
    shutil.copyfile(Store(root).place(SAME_KIND) / name, Store(root).place(OURS) / name)
    _again(root)


def test_entry_that_does_not_say_its_kind_is_believed_by_its_key(root: Path) -> None:
    """As they were written before kinds were stated."""
    path = Store(root).place(OURS) / FACTS
    said = json.loads(path.read_text())
    assert said.pop("kind") == "recording"
    path.write_text(json.dumps(said))
    assert OURS.is_in(Store(root).find(OURS))


@pytest.mark.parametrize("thing", THINGS)
def test_what_stands_in_an_entry_s_place_is_moved_aside(root: Path, thing: str) -> None:
    """It is named, and still there under its new name."""
    place = Store(root).place(OURS)
    shutil.rmtree(place)
    THINGS[thing](place, root.parent / "outside")
    there = place.lstat().st_ino
    assert _moved(_again(root)).lstat().st_ino == there


@pytest.mark.parametrize("thing", [name for name in THINGS if name != "an empty folder"])
@pytest.mark.parametrize("name", [TENSORS, FACTS])
def test_what_is_no_file_is_not_read(root: Path, name: str, thing: str) -> None:
    """A FIFO is not waited for, and what a link leads to is judged by its content."""
    path = Store(root).place(OURS) / name
    path.unlink()
    THINGS[thing](path, root.parent / "outside")
    _again(root)


@pytest.mark.parametrize("text", TEXTS)
def test_text_that_is_no_facts_is_damage(root: Path, text: str) -> None:
    """However deep it nests, and whatever numbers it holds."""
    (Store(root).place(OURS) / FACTS).write_text(TEXTS[text])
    _again(root)


@pytest.mark.parametrize("thing", THINGS)
def test_what_stands_in_a_lock_s_place_is_no_lock(root: Path, thing: str) -> None:
    """It is moved aside where it is no file, and nothing behind it is locked or emptied."""
    place = Store(root).place(OURS)
    shutil.rmtree(place)
    lock = place.parent / f"{place.name}.lock"
    lock.unlink()
    THINGS[thing](lock, root.parent / "outside")
    if thing != "a plain file":
        with pytest.warns(MovedAsideWarning, match="expected a"):
            Store(root).find_or_run(OURS)
    run_all(root)
    assert lock.is_file()
    assert not lock.is_symlink()
    assert (root.parent / "outside" / "precious").read_text() == "precious"


@pytest.mark.parametrize("names", [("runs",), ("runs", "recording"), ("checkpoints",)])
@pytest.mark.parametrize("thing", NO_LINKS)
def test_what_stands_in_a_folder_s_place_is_moved_aside(root: Path, names: tuple[str, ...], thing: str) -> None:
    """It is said what it was, and the entries are computed."""
    shutil.rmtree(root / "runs")
    shutil.rmtree(root / "checkpoints")
    path = root.joinpath(*names)
    path.parent.mkdir(exist_ok=True)
    NO_LINKS[thing](path, root.parent / "outside")
    if "folder" not in thing:
        with pytest.warns(MovedAsideWarning, match=f"was {thing.removeprefix('a plain ').replace('file', 'a file')}"):
            run_all(root)
    run_all(root)


@pytest.mark.parametrize("names", [("runs",), ("runs", "recording"), ("checkpoints",)])
def test_link_in_a_folder_s_place_is_read_through_and_not_written_through(root: Path, names: tuple[str, ...]) -> None:
    """What is whole behind it is found; what would have to be written is refused, with what to do."""
    path, elsewhere = root.joinpath(*names), root.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    run_all(root)
    before = sorted(elsewhere.rglob("*"))
    with pytest.raises(HarnessError, match="is a link to a folder, expected a folder: nothing is written through"):
        Store(root).find_or_run(Toy("recording", 7))
    clean(root, aside=True)
    assert sorted(elsewhere.rglob("*")) == before


def test_root_may_be_a_link(root: Path) -> None:
    """A store on another disk."""
    (root.parent / "linked").symlink_to(root)
    Store(root.parent / "linked").find_or_run(Toy("recording", 7))
    assert Toy("recording", 7).is_in(Store(root).find(Toy("recording", 7)))


@pytest.mark.parametrize("thing", NO_FOLDERS)
def test_root_that_is_no_folder_is_refused(tmp_path: Path, thing: str) -> None:
    """The message says what it is, and not to make room."""
    (tmp_path / "precious").write_text("precious")
    NO_FOLDERS[thing](tmp_path / "store", tmp_path)
    with pytest.raises(HarnessError, match=r"--store \S+ is .*, expected a folder"):
        Store(tmp_path / "store")


@pytest.mark.parametrize("thing", [*TEXTS, *THINGS])
def test_settings_that_are_none_are_moved_aside(root: Path, thing: str) -> None:
    """And written anew; entries are found as before."""
    settings = root / "store.json"
    whole = settings.read_text()
    settings.unlink()
    if thing in TEXTS:
        settings.write_text(TEXTS[thing])
    else:
        THINGS[thing](settings, root.parent / "outside")
    with pytest.warns(MovedAsideWarning, match="expected a store's settings"):
        Store(root)
    assert settings.read_text() == whole
    run_all(root)


def test_store_without_settings_gets_them(root: Path) -> None:
    """As stores of before; nothing is said, and all is found."""
    whole = (root / "store.json").read_text()
    (root / "store.json").unlink()
    run_all(root)
    assert (root / "store.json").read_text() == whole
    assert json.loads(whole)["format"] == 2


@pytest.mark.parametrize("version", [3, 10**40])
def test_store_of_a_newer_format_is_refused(root: Path, version: int) -> None:
    """By its format, whether it is opened or cleaned; it stays as it is."""
    (root / "store.json").write_text(json.dumps({"format": version}))
    for open_it in (Store, _clean):
        with pytest.raises(HarnessError, match=rf"is of format {version}, and this suite \(.*\) reads 2"):
            open_it(root)


def _clean(root: Path) -> None:
    clean(root, aside=False)


def test_store_of_an_older_format_is_taken_over_and_said(root: Path) -> None:
    """Once: its entries have other names, and stay."""
    (root / "store.json").write_text(json.dumps({"format": 1}))
    with pytest.warns(OlderStoreWarning, match="is of format 1, older"):
        Store(root)
    run_all(root)
