"""The store: found again, computed once, whole after any kill, and never believed where it is damaged."""

import json
import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from harness.errors import HarnessError
from harness.store import FACTS, TENSORS, DamagedEntryWarning, Entry, Store, entry_key, keys

PARTS = {"task": "toy", "rate": 0.5}


def toy_entry() -> Entry:
    """Return an array and facts."""
    return Entry({"logits": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"accuracy": 0.75, "spans": [[1, 3]]})


def is_toy_entry(entry: Entry) -> bool:
    """Return whether it is these."""
    return np.array_equal(entry.tensors["logits"], toy_entry().tensors["logits"]) and entry.facts == toy_entry().facts


def _never() -> Entry:
    raise AssertionError("computed though it was in the store")


def test_what_was_computed_is_found_again(tmp_path: Path) -> None:
    """The second call, in another session too, computes nothing and returns the same arrays and facts."""
    Store(tmp_path).find_or_compute("accuracy", PARTS, toy_entry)
    assert is_toy_entry(Store(tmp_path).find_or_compute("accuracy", PARTS, _never))


def test_kind_and_format_are_part_of_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One set of parts names other entries under another kind, and under another format of the store."""
    store = Store(tmp_path)
    before = store.path("accuracy", PARTS)
    assert store.path("recording", PARTS).name != before.name
    monkeypatch.setattr(keys, "FORMAT", keys.FORMAT + 1)
    assert store.path("accuracy", PARTS) != before


def test_key_does_not_depend_on_the_order_of_parts() -> None:
    """{a, b} and {b, a} are one entry; 1 and '1' are two."""
    assert entry_key(a=1, b=2) == entry_key(b=2, a=1)
    assert entry_key(a=1) != entry_key(a="1")


@pytest.mark.parametrize("part", [float("nan"), np.float32(1), {1, 2}])
def test_part_that_json_has_no_form_for_is_refused(part: object) -> None:
    """A key that might hash differently for equal parts is no key."""
    with pytest.raises((TypeError, ValueError)):
        entry_key(part=part)


def _append_and_compute(log: Path) -> Entry:
    with log.open("a") as file:
        file.write("x")
    time.sleep(0.3)
    return toy_entry()


def _find(root: Path, log: Path) -> bool:
    return is_toy_entry(Store(root).find_or_compute("accuracy", PARTS, lambda: _append_and_compute(log)))


def test_processes_at_once_compute_an_entry_once(tmp_path: Path) -> None:
    """Four processes ask for one entry: one computes it, and all get it."""
    log = tmp_path / "log"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = pool.starmap(_find, [(tmp_path / "store", log)] * 4, chunksize=1)
    assert (found, log.read_text()) == ([True] * 4, "x")


KILLED = """
import sys, time
from pathlib import Path
from harness.store import Entry, Store
import numpy as np

def stop():
    Path(sys.argv[2]).touch()
    time.sleep(60)

class WhileWriting(dict):
    def items(self):
        stop()

def compute():
    if sys.argv[3] == "computing":
        stop()
    return Entry({"logits": np.zeros(1000)}, WhileWriting(accuracy=0.5))

Store(Path(sys.argv[1])).find_or_compute("accuracy", {"task": "toy", "rate": 0.5}, compute)
"""


@pytest.mark.parametrize("moment", ["computing", "writing"])
def test_kill_leaves_no_half_written_entry(tmp_path: Path, moment: str) -> None:
    """After kill -9 the next call computes the entry without waiting, and nothing of the killed one stays."""
    root, reached = tmp_path / "store", tmp_path / "reached"
    process = subprocess.Popen([sys.executable, "-c", KILLED, root, reached, moment])
    while not reached.exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    drafts = list(root.glob(f"runs/accuracy/.*/entry/{TENSORS}"))
    assert len(drafts) == (1 if moment == "writing" else 0)
    store = Store(root)
    folder = store.path("accuracy", PARTS)
    assert not folder.exists()
    assert is_toy_entry(store.find_or_compute("accuracy", PARTS, toy_entry))
    assert {path.name for path in folder.parent.iterdir()} <= {folder.name, f"{folder.name}.lock"}


def _truncate(folder: Path) -> None:
    path = folder / TENSORS
    path.write_bytes(path.read_bytes()[:-1])


def _change_facts(folder: Path) -> None:
    path = folder / FACTS
    path.write_text(path.read_text().replace("0.75", "0.85"))


@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        _change_facts,
        lambda folder: (folder / TENSORS).unlink(),
        lambda folder: (folder / FACTS).unlink(),
        lambda folder: (folder / FACTS).write_text("{"),
        lambda folder: (folder / FACTS).write_text("[]"),
        lambda folder: (folder / FACTS).write_bytes(b"\xff"),
    ],
    ids=["tensors cut", "facts changed", "no tensors", "no facts", "facts cut", "facts of another form", "no text"],
)
def test_damaged_entry_is_noticed_and_computed_again(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    """The damage is said once, the entry is computed again, and the next call finds it whole."""
    store = Store(tmp_path)
    store.find_or_compute("accuracy", PARTS, toy_entry)
    damage(store.path("accuracy", PARTS))
    with pytest.warns(DamagedEntryWarning, match="damaged .* computed again") as said:
        assert is_toy_entry(store.find_or_compute("accuracy", PARTS, toy_entry))
    assert len(said) == 1
    assert is_toy_entry(store.find_or_compute("accuracy", PARTS, _never))


@pytest.mark.filterwarnings("ignore::harness.store.DamagedEntryWarning")
@pytest.mark.parametrize("name", [TENSORS, FACTS])
def test_no_flipped_bit_changes_what_is_read(tmp_path: Path, name: str) -> None:
    """Whichever byte flips, what is returned is what was computed: found whole, or computed again."""
    store = Store(tmp_path)
    store.find_or_compute("accuracy", PARTS, toy_entry)
    path = store.path("accuracy", PARTS) / name
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert is_toy_entry(store.find_or_compute("accuracy", PARTS, toy_entry)), place


def test_store_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    """A store below a regular file is refused at once, with what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(HarnessError, match=r"can't be written at .*file/store .*--store"):
        Store(tmp_path / "file" / "store")


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from harness.errors import HarnessError
from harness.store import Entry, Store

store = Store(Path(sys.argv[1]))
store.find_or_compute("accuracy", {"n": 1}, lambda: Entry({"logits": np.zeros(10)}, {}))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    store.find_or_compute("accuracy", {"n": 2}, lambda: Entry({"logits": np.zeros(10_000)}, {}))
except HarnessError as error:
    print(error)
"""


def test_full_disk_is_one_error_and_leaves_what_was_finished(tmp_path: Path) -> None:
    """A file cannot grow past a limit, as on a full disk: one message, the first entry whole, no leftovers."""
    said = subprocess.run([sys.executable, "-c", FULL, tmp_path], check=True, capture_output=True, text=True)
    assert "make room on that disk" in said.stdout
    store = Store(tmp_path)
    assert Store(tmp_path).find_or_compute("accuracy", {"n": 1}, _never).tensors["logits"].shape == (10,)
    left = {path.name for path in (tmp_path / "runs" / "accuracy").iterdir() if path.suffix != ".lock"}
    assert left == {store.path("accuracy", {"n": 1}).name}


def test_error_of_the_computation_leaves_no_entry(tmp_path: Path) -> None:
    """What `compute` raises is passed on as it is; the next call computes again."""
    store = Store(tmp_path)
    with pytest.raises(AssertionError, match="computed though"):
        store.find_or_compute("accuracy", PARTS, _never)
    assert is_toy_entry(store.find_or_compute("accuracy", PARTS, toy_entry))


def test_facts_without_a_json_form_leave_no_entry(tmp_path: Path) -> None:
    """NaN has no form in JSON: the mistake shows at once, and nothing is kept."""
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.find_or_compute("accuracy", PARTS, lambda: Entry({}, {"accuracy": float("nan")}))
    assert [path.suffix for path in store.path("accuracy", PARTS).parent.iterdir()] in ([], [".lock"])


def test_entry_says_what_decided_it(tmp_path: Path) -> None:
    """The facts' file holds the key's parts in plain words, for whoever looks into the store."""
    store = Store(tmp_path)
    store.find_or_compute("accuracy", PARTS, toy_entry)
    document: Mapping[str, object] = json.loads((store.path("accuracy", PARTS) / FACTS).read_text())
    assert document["key"] == {"format": keys.FORMAT, **PARTS}
