"""Sentences by where they come from: out of a package made here, and the real one where it has been fetched."""

import hashlib
import io
import tarfile
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import fixtures
from harness.data import LeftOut
from harness.tasks import load_task
from harness.tasks.catalogue import OriginSource, RatedFile, RatedPackage
from harness.tasks.split import Parts
from harness.tasks.vader import origin_parts

ARCHIVE = "snippets-1.0.zip"
CONTRADICTIONS = "copies of others under more than one label, of which none is kept"
SURPLUS = "of a larger class: classes are cut to the smallest"


def made_up(fetched: Path, files: Mapping[str, Sequence[str]]) -> RatedPackage:
    """Write a package of files of sentences, rated -4, 0, 4, -4, ..., into the folder of what was fetched."""
    texts = {
        name: "".join(f"{i}\t{i % 3 * 4 - 4}\t{text}\n" for i, text in enumerate(lines)).encode()
        for name, lines in files.items()
    }
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as tarred:
        for name, text in texts.items():
            entry = tarfile.TarInfo(f"rated/{name}.txt")
            entry.size = len(text)
            tarred.addfile(entry, io.BytesIO(text))
    fetched.mkdir(parents=True)
    with zipfile.ZipFile(fetched / ARCHIVE, "w") as zipped:
        zipped.writestr("ratings.tar.gz", inner.getvalue())
    return RatedPackage(
        name="snippets",
        version="1.0",
        archive=ARCHIVE,
        sha256=hashlib.sha256((fetched / ARCHIVE).read_bytes()).hexdigest(),
        licence="MIT",
        source="made by this test",
        ratings_archive="ratings.tar.gz",
        ratings_archive_sha256=hashlib.sha256(inner.getvalue()).hexdigest(),
        files={
            name: RatedFile(path=f"rated/{name}.txt", sha256=hashlib.sha256(text).hexdigest())
            for name, text in texts.items()
        },
    )


def parts_of(tmp_path: Path, files: Mapping[str, Sequence[str]], *classes: tuple[str, ...]) -> Parts:
    """Return the parts of such a package's files by classes."""
    source = OriginSource(kind="origin", package="snippets", classes=classes)
    return origin_parts(source, made_up(tmp_path / "fetched", files), tmp_path / "fetched")


def shown(parts: Parts) -> list[tuple[str, int]]:
    """Return text and label of every example."""
    return sorted((e.texts["text"], e.label) for part in (parts.pool, parts.dev, parts.test) for e in part)


FILES = {name: [f"{name} {i}" for i in range(60)] for name in ("paper", "chat", "shop")}


def test_sentence_has_the_class_of_its_file(tmp_path: Path) -> None:
    """In all three parts, and whether it is rated -4, 0 or 4."""
    found = shown(parts_of(tmp_path, FILES, ("paper",), ("chat",)))
    assert {text.split()[0]: label for text, label in found} == {"paper": 0, "chat": 1}
    assert {int(text.split()[1]) % 3 for text, _ in found} == {0, 1, 2}
    assert {label for text, label in found if text.startswith("paper")} == {0}


def test_class_can_be_of_several_files(tmp_path: Path) -> None:
    """A class of two files has sentences of both."""
    found = shown(parts_of(tmp_path, FILES, ("paper",), ("chat", "shop")))
    assert {(text.split()[0], label) for text, label in found} == {("paper", 0), ("chat", 1), ("shop", 1)}


def test_classes_of_files_are_equal_and_the_rest_counted(tmp_path: Path) -> None:
    """Of 60 sentences of one file and 120 of two others each part holds as many of either class."""
    parts = parts_of(tmp_path, FILES, ("paper",), ("chat", "shop"))
    for part in (parts.pool, parts.dev, parts.test):
        assert len(part) > 6
        assert len(set(Counter(e.label for e in part).values())) == 1
    assert parts.left_out == (LeftOut("data", SURPLUS, 180 - len(shown(parts))),)


def test_sentence_of_two_classes_is_left_out(tmp_path: Path) -> None:
    """What a newspaper prints and a chat repeats is of neither: two rows, in other letters, are contradictions."""
    files = {"paper": ["So be it.", *FILES["paper"]], "chat": ["so be  it.", *FILES["chat"]]}
    parts = parts_of(tmp_path, files, ("paper",), ("chat",))
    assert "so be it." not in {text.casefold() for text, _ in shown(parts)}
    assert LeftOut("data", CONTRADICTIONS, 2) in parts.left_out


@pytest.mark.parametrize(("name", "rows"), [("origin", 5190 + 4200), ("source", 10605 + 3708 + 4200 + 5190)])
def test_every_real_sentence_is_an_example_or_counted(fetched: Path, name: str, rows: int) -> None:
    """The package's files have so many lines; classes are equal in each part, and none is rated out."""
    task = load_task(name, catalogue=fixtures.TASKS, fetched=fetched)
    for part in (task.demonstration_pool, task.dev, task.test):
        counts = Counter(e.label for e in part)
        assert len(counts) == len(task.answers)
        assert len(set(counts.values())) == 1
    used = sum(map(len, (task.demonstration_pool, task.dev, task.test)))
    assert used + sum(left.rows for left in task.left_out) == rows
    assert "rated between the classes" not in {left.reason for left in task.left_out}


@pytest.mark.parametrize("name", ["origin", "source"])
def test_real_sentence_answers_with_the_word_of_its_file(fetched: Path, name: str) -> None:
    """The file's name in an example's place tells the answer word."""
    words = {"nyt": "News", "twe": "Twitter", "mov": "Movie", "ama": "Product"}
    task = load_task(name, catalogue=fixtures.TASKS, fetched=fetched)
    assert {(words[e.place[:3]], task.answers[e.label]) for e in task.test} == {(w, w) for w in task.answers}
