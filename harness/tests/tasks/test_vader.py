"""Ratings to labels, and the real package where it has been fetched."""

import time
from collections import Counter
from pathlib import Path

import pytest

import fixtures
from harness.errors import HarnessError
from harness.tasks import read_task
from harness.tasks.vader import read_ratings

CLEAR = [(-4.0, -1.0), (1.0, 4.0)]
FIFTHS = [(-4.0, -2.4), (-2.4, -0.8), (-0.8, 0.8), (0.8, 2.4), (2.4, 4.0)]


def _ratings(tmp_path: Path, *ratings: float) -> Path:
    file = tmp_path / "ratings.txt"
    file.write_bytes("".join(f"{i}\t{rating}\ttext {i}\r\n" for i, rating in enumerate(ratings)).encode())
    return file


def test_clear_ratings_are_kept_and_the_rest_left_out(tmp_path: Path) -> None:
    """At most -1 is the first answer, at least 1 the second, and what lies between is no example."""
    examples = read_ratings(_ratings(tmp_path, -1, -0.99, 0, 0.99, 1, 4), CLEAR)
    assert [(e.texts["text"], e.label) for e in examples] == [("text 0", 0), ("text 4", 1), ("text 5", 1)]


def test_edge_belongs_to_the_earlier_answer(tmp_path: Path) -> None:
    """Five ranges that touch hold every rating once; one on a common edge goes to the lower class."""
    examples = read_ratings(_ratings(tmp_path, -4, -2.4, -2.39, 0, 0.8, 2.4, 2.41), FIFTHS)
    assert [example.label for example in examples] == [0, 0, 1, 2, 2, 3, 4]


def test_entities_and_strange_line_ends_are_text(tmp_path: Path) -> None:
    """HTML entities are resolved; a line separator inside a text (U+2028) does not end the line."""
    file = tmp_path / "ratings.txt"
    file.write_bytes("1\t2\tthis &amp; that\u2028&lt;3\r\n".encode())
    assert read_ratings(file, CLEAR)[0].texts["text"] == "this & that <3"


def test_line_that_is_none_is_named(tmp_path: Path) -> None:
    """A line without two tabs is named by file and number."""
    file = tmp_path / "ratings.txt"
    file.write_text("1\t2\tfine\n2\tno rating\n")
    with pytest.raises(HarnessError, match=r"ratings.txt:2: expected id, mean rating and text"):
        read_ratings(file, CLEAR)


@pytest.mark.parametrize(
    ("name", "read"),
    [("movie", 4575 + 4598), ("product", 941 + 1514), ("tweet", 837 + 1830), ("editorial", 996 + 558)],
)
def test_real_counts_are_those_of_the_catalogue(fetched: Path, name: str, read: int) -> None:
    """The package holds as many clear ratings as tasks.toml says, and classes come out equal."""
    loaded = read_task(name, catalogue=fixtures.TASKS, fetched=fetched)
    assert loaded.counts.read == read
    task = loaded.task
    for part in (task.demonstration_pool, task.dev, task.test):
        counts = Counter(example.label for example in part)
        assert counts[0] == counts[1] > 100


def test_real_five_classes(fetched: Path) -> None:
    """All 10,605 snippets have a class of five; each part holds as many of each."""
    loaded = read_task("movie5", catalogue=fixtures.TASKS, fetched=fetched)
    assert loaded.counts.read == 10605
    assert len(set(Counter(example.label for example in loaded.task.test).values())) == 1


def test_real_task_loads_fast(fetched: Path) -> None:
    """The largest default task loads in under a second, hashes of archive and file checked."""
    read_task("movie", catalogue=fixtures.TASKS, fetched=fetched)
    start = time.perf_counter()
    read_task("movie", catalogue=fixtures.TASKS, fetched=fetched)
    assert time.perf_counter() - start < 1
