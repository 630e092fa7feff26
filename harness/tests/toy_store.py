"""A store of six toy entries, and all that may happen to them: damage, mix-ups, and things in the way."""

import os
import random
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.seeds import stream
from harness.store import FACTS, TENSORS, Entry, Record, Store
from harness.store.entries import unwritable


@dataclass(frozen=True)
class Toy(Record):
    """A record whose numbers follow from its kind and number; it counts in `log` how often it was computed."""

    kind: str = "recording"
    n: int = 0
    log: Path | None = None

    words = "a toy"

    @property
    def key(self) -> Mapping[str, object]:
        """Kinds share their keys."""
        return {"n": self.n, "spans": (1, (2, 3)), "by size": {10: 1, 9: 2}}

    @property
    def entry(self) -> Entry:
        """What it computes."""
        values = stream(self.n, self.kind).normal(size=(20, 3)).astype(np.float32)
        return Entry({"logits": values, "whole": values[:, 0] > 0}, {"kind": self.kind, "accuracy": self.n + 0.5})

    def compute(self, store: Store) -> Entry:
        """Write a checkpoint, and compute."""
        if self.log:
            with self.log.open("a") as log:
                log.write("x")
        checkpoint = store.make_folder("checkpoints", store.place(self).name) / "half"
        try:
            checkpoint.write_text("half")
        except OSError as error:
            raise unwritable(checkpoint, error) from error
        return self.entry

    def clean_up(self, store: Store) -> None:
        """Remove the checkpoint."""
        shutil.rmtree(store.root / "checkpoints" / store.place(self).name, ignore_errors=True)

    def is_in(self, entry: Entry | None) -> bool:
        """Return whether an entry is what it computes."""
        return (
            entry is not None
            and entry.facts == self.entry.facts
            and entry.tensors.keys() == self.entry.tensors.keys()
            and all(np.array_equal(entry.tensors[name], value) for name, value in self.entry.tensors.items())
        )


TOYS = [Toy(kind, n) for kind in ("recording", "parts", "training") for n in range(2)]


def run_all(root: Path) -> None:
    """Find or compute all toys; AssertionError where one is not what it should be."""
    store = Store(root)
    for toy in TOYS:
        assert toy.is_in(store.find_or_run(toy)), toy


def stray_names(root: Path) -> set[str]:
    """Return what is in a store beside its settings, entries, locks and what was moved aside."""
    entries = {Store.path(_at(root), toy.kind, toy.key) for toy in TOYS}
    known = {root / "store.json", root / "store.json.lock", root / "runs", root / "checkpoints"}
    known |= {entry.parent for entry in entries} | entries
    known |= {entry.parent / f"{entry.name}.lock" for entry in entries}
    known |= {entry / name for entry in entries for name in (TENSORS, FACTS)}
    others = [root / "runs", *(entry.parent for entry in entries), *(lock for lock in known if lock.suffix == ".lock")]
    known |= {folder / "precious" for folder in others}
    return {
        str(path.relative_to(root))
        for path in _walk(root)
        if path not in known and not any(part.startswith(".damaged-") for part in path.relative_to(root).parts)
    }


def _at(root: Path) -> Store:
    """Return a store that nothing is done with."""
    store = Store.__new__(Store)
    store.root = root
    return store


def _walk(root: Path) -> Iterator[Path]:
    for folder, inside, files in os.walk(root):
        yield from (Path(folder) / name for name in [*inside, *files])


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _socket(path: Path) -> None:
    """Bind by a short name: a socket's path holds some hundred bytes."""
    with socket.socket(socket.AF_UNIX) as bound:
        before = Path.cwd()
        os.chdir(path.parent)
        try:
            bound.bind(path.name)
        finally:
            os.chdir(before)


def _full_folder(path: Path) -> None:
    path.mkdir()
    (path / "precious").write_text("precious")


THINGS: Mapping[str, Callable[[Path, Path], object]] = {
    "a plain file": lambda path, _: path.write_text("precious"),
    "an empty folder": lambda path, _: path.mkdir(),
    "a folder of another's": lambda path, _: _full_folder(path),
    "a FIFO": lambda path, _: os.mkfifo(path),
    "a socket": lambda path, _: _socket(path),
    "a link to nothing": lambda path, _: path.symlink_to("nothing"),
    "a link to itself": lambda path, _: path.symlink_to(path.name),
    "a link to a folder elsewhere": lambda path, outside: path.symlink_to(outside),
    "a link to a file elsewhere": lambda path, outside: path.symlink_to(outside / "precious"),
}
"""What may stand at a path, made there; `outside` is a folder that holds a file `precious`."""

TEXTS = {
    "deep": "[" * 100_000,
    "deep, closed": '{"facts": ' + "[" * 5000 + "]" * 5000 + "}",
    "a list": "[]",
    "a number of 40 digits": "1" * 40,
    "a number of 5000 digits": "1" * 5000,
    "NaN": '{"key": NaN, "facts": {"a": NaN}, "facts_sha256": "", "tensors_sha256": ""}',
    "a lone surrogate": '{"key": {}, "facts": {"\\ud800": "\\ud800"}}',
    "no facts": '{"key": {}, "facts": null, "facts_sha256": null, "tensors_sha256": null}',
    "nothing": "",
}


@dataclass(frozen=True)
class Happening:
    """What happened to a store: in words, and to which toys."""

    words: str
    toys: frozenset[int]


def happen(rng: random.Random, root: Path, outside: Path) -> Happening:
    """Have something happen to a store that holds all toys, or some."""
    number = rng.randrange(len(TOYS))
    place = Store.path(_at(root), TOYS[number].kind, TOYS[number].key)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError:  # something is in the way already
        return Happening("nothing", frozenset())
    return rng.choice([_bytes, _file, _file, _text, _whole, _whole, _mixed, _mixed, _lock, _container, _settings])(
        rng, number, place, outside
    )


def _bytes(rng: random.Random, number: int, place: Path, _outside: Path) -> Happening:
    path = place / rng.choice([TENSORS, FACTS])
    if not path.is_file() or path.is_symlink() or place.is_symlink():
        return Happening("nothing", frozenset())
    raw = bytearray(path.read_bytes())
    how = rng.choice(["flipped", "cut", "longer"])
    if how == "flipped" and raw:
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    path.write_bytes(raw[: rng.randrange(len(raw) + 1)] if how == "cut" else raw + bytes(how == "longer"))
    return Happening(f"{path.name} {how}", frozenset({number}))


def _file(rng: random.Random, number: int, place: Path, outside: Path) -> Happening:
    if not place.is_dir() or place.is_symlink():
        return Happening("nothing", frozenset())
    path = place / rng.choice([TENSORS, FACTS])
    _clear(path)
    thing = rng.choice(["nothing", *THINGS])
    if thing in THINGS:
        THINGS[thing](path, outside)
    return Happening(f"{thing} for {path.name}", frozenset({number}))


def _text(rng: random.Random, number: int, place: Path, _outside: Path) -> Happening:
    if not place.is_dir() or place.is_symlink():
        return Happening("nothing", frozenset())
    what = rng.choice(list(TEXTS))
    _clear(place / FACTS)
    (place / FACTS).write_text(TEXTS[what])
    return Happening(f"{what} for {FACTS}", frozenset({number}))


def _whole(rng: random.Random, number: int, place: Path, outside: Path) -> Happening:
    _clear(place)
    thing = rng.choice(["nothing", *THINGS])
    if thing in THINGS:
        THINGS[thing](place, outside)
    return Happening(f"{thing} for an entry", frozenset({number}))


def _mixed(rng: random.Random, number: int, place: Path, _outside: Path) -> Happening:
    """Another's entry, or one of its files, in the place of an entry: a copy, a link, or the two exchanged."""
    other = rng.choice([n for n in range(len(TOYS)) if n != number])
    theirs = Store.path(_at(place.parents[2]), TOYS[other].kind, TOYS[other].key)
    if not all((folder / FACTS).is_file() and not folder.is_symlink() for folder in (place, theirs)):
        return Happening("nothing", frozenset())
    how = rng.choice(["copied", "linked", "exchanged", TENSORS, FACTS])
    if how in {TENSORS, FACTS}:
        if (theirs / how).is_file() and not (place / how).is_symlink() and not (place / how).is_dir():
            _clear(place / how)
            shutil.copyfile(theirs / how, place / how)
        return Happening(f"another's {how}", frozenset({number}))
    if how == "exchanged":
        between = place.rename(place.parent / "between")
        theirs.rename(place)
        between.rename(theirs)
        return Happening("two entries exchanged", frozenset({number, other}))
    _clear(place)
    if how == "linked":
        place.symlink_to(theirs)
    else:
        shutil.copytree(theirs, place, symlinks=True, copy_function=_copied)
    return Happening(f"another's entry {how}", frozenset({number}))


def _copied(source: str, target: str) -> None:
    if Path(source).is_file():
        shutil.copyfile(source, target, follow_symlinks=False)


def _lock(rng: random.Random, _number: int, place: Path, outside: Path) -> Happening:
    lock = place.parent / f"{place.name}.lock"
    thing = rng.choice([*THINGS])
    _clear(lock)
    THINGS[thing](lock, outside)
    return Happening(f"{thing} for a lock", frozenset())


def _container(rng: random.Random, number: int, place: Path, outside: Path) -> Happening:
    """Only what is no link: a link there is refused."""
    folder = rng.choice([place.parent, place.parent.parent])
    thing = rng.choice([name for name in THINGS if "link" not in name])
    _clear(folder)
    THINGS[thing](folder, outside)
    lost = {n for n, toy in enumerate(TOYS) if toy.kind == TOYS[number].kind or folder != place.parent}
    return Happening(f"{thing} for {folder.name}", frozenset(lost))


def _settings(rng: random.Random, _number: int, place: Path, outside: Path) -> Happening:
    path = place.parents[2] / "store.json"
    _clear(path)
    thing = rng.choice(["nothing", *THINGS, *TEXTS])
    if thing in TEXTS:
        path.write_text(TEXTS[thing])
    elif thing in THINGS:
        THINGS[thing](path, outside)
    return Happening(f"{thing} for store.json", frozenset())
