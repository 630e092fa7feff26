"""Ratings to labels, and the real package where it has been fetched."""

import hashlib
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import fixtures
from harness.errors import HarnessError
from harness.tasks import load_task
from harness.tasks.catalogue import RatedPackage, VaderSource, read_tasks
from harness.tasks.vader import rated_examples, read_ratings

CLEAR = [(-4.0, -1.0), (1.0, 4.0)]
FIFTHS = [(-4.0, -2.4), (-2.4, -0.8), (-0.8, 0.8), (0.8, 2.4), (2.4, 4.0)]


def _ratings(tmp_path: Path, *ratings: float) -> Path:
    file = tmp_path / "ratings.txt"
    file.write_bytes("".join(f"{i}\t{rating}\ttext {i}\r\n" for i, rating in enumerate(ratings)).encode())
    return file


def _source(name: str) -> tuple[VaderSource, RatedPackage]:
    known = read_tasks(fixtures.TASKS)
    source = known.tasks[name].source
    assert isinstance(source, VaderSource)
    return source, known.packages[source.package]


def test_clear_ratings_are_kept_and_the_rest_left_out(tmp_path: Path) -> None:
    """At most -1 is the first answer, at least 1 the second, and what lies between is no example."""
    examples, unrated = read_ratings(_ratings(tmp_path, -1, -0.99, 0, 0.99, 1, 4), CLEAR)
    assert unrated == 3
    assert [(e.texts["text"], e.label) for e in examples] == [("text 0", 0), ("text 4", 1), ("text 5", 1)]


def test_edge_belongs_to_the_earlier_answer(tmp_path: Path) -> None:
    """Five ranges that touch hold every rating once; one on a common edge goes to the lower class."""
    examples, _ = read_ratings(_ratings(tmp_path, -4, -2.4, -2.39, 0, 0.8, 2.4, 2.41), FIFTHS)
    assert [example.label for example in examples] == [0, 0, 1, 2, 2, 3, 4]


def test_entities_and_strange_line_ends_are_text(tmp_path: Path) -> None:
    """HTML entities are resolved; a line separator inside a text (U+2028) does not end the line."""
    file = tmp_path / "ratings.txt"
    file.write_bytes("1\t2\tthis &amp; that\u2028&lt;3\r\n".encode())
    assert read_ratings(file, CLEAR)[0][0].texts["text"] == "this & that <3"


def test_line_that_is_none_is_named(tmp_path: Path) -> None:
    """A line without two tabs is named by file and number."""
    file = tmp_path / "ratings.txt"
    file.write_text("1\t2\tfine\n2\tno rating\n")
    with pytest.raises(HarnessError, match=r"ratings.txt:2: expected id, mean rating and text"):
        read_ratings(file, CLEAR)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("movie", 4575 + 4598),
        ("product", 941 + 1514),
        ("tweet", 837 + 1830),
        ("editorial", 996 + 558),
        ("movie5", 10605),
    ],
)
def test_real_counts_are_those_of_the_catalogue(fetched: Path, name: str, read: int) -> None:
    """The package holds as many ratings of a task's classes as tasks.toml says: of five classes, all 10,605."""
    source, package = _source(name)
    examples, unrated = rated_examples(source, package, fetched)
    assert len(examples) == read
    assert (unrated == 0) == (name == "movie5")


@pytest.mark.parametrize("name", ["movie", "product", "tweet", "editorial", "movie5"])
def test_real_classes_are_equal(fetched: Path, name: str) -> None:
    """Each part of a default task holds as many examples of one class as of any other."""
    task = load_task(name, catalogue=fixtures.TASKS, fetched=fetched)
    for part in (task.demonstration_pool, task.dev, task.test):
        counts = Counter(example.label for example in part)
        assert len(counts) == len(task.answers)
        assert len(set(counts.values())) == 1
        assert len(part) > 200


@pytest.mark.parametrize(("name", "rows"), [("movie", 10605), ("product", 3708), ("tweet", 4200), ("editorial", 5190)])
def test_every_rating_is_an_example_or_counted(fetched: Path, name: str, rows: int) -> None:
    """The package's four files have so many lines (Hutto & Gilbert 2014); what is no example is so for a reason."""
    task = load_task(name, catalogue=fixtures.TASKS, fetched=fetched)
    used = sum(map(len, (task.demonstration_pool, task.dev, task.test)))
    assert used + sum(left.rows for left in task.left_out) == rows
    reasons = [left.reason for left in task.left_out]
    assert {"rated between the classes", "of a larger class: classes are cut to the smallest"} <= {*reasons}
    assert len(set(reasons)) == len(reasons)


def test_real_task_is_unpacked_once(fetched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second load opens no archive: it checks the hash of the package, its inner archive and the file, once each."""
    source, package = _source("movie")
    rated_examples(source, package, fetched)
    opened: list[Path] = []
    hashed: list[str] = []
    digest = hashlib.file_digest

    def counted(stream: Any, algorithm: str) -> Any:
        hashed.append(Path(stream.name).name)
        return digest(stream, algorithm)

    monkeypatch.setattr(zipfile, "is_zipfile", opened.append)
    monkeypatch.setattr(hashlib, "file_digest", counted)
    rated_examples(source, package, fetched)
    assert not opened
    assert hashed == [package.archive, "hutto_ICWSM_2014.tar.gz", "movieReviewSnippets_GroundTruth.txt"]
