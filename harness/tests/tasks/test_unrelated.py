"""Sentences of other sources: out of the real package where it has been fetched, of the right files and no others."""

import html
from pathlib import Path

import pytest

import fixtures
from harness.tasks import load_task
from harness.tasks.catalogue import OriginSource, VaderSource, read_tasks
from harness.tasks.split import make_example
from harness.tasks.unrelated import UNRELATED, unrelated_sentences
from harness.tasks.vader import origin_parts, rated_file
from harness.tests.tasks.test_origin import made_up


def _texts_of(task: str, fetched: Path) -> set[str]:
    """Return the hashes of all texts of the task's file, rated clearly or not."""
    known = read_tasks(fixtures.TASKS)
    source = known.tasks[task].source
    assert isinstance(source, VaderSource)
    file = rated_file(known.packages[source.package], source.file, fetched)
    lines = file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    return {make_example({"text": html.unescape(line.split("\t")[2])}, 0).content_hash for line in lines}


@pytest.mark.parametrize("task", ["movie", "tweet", "movie5"])
def test_unrelated_sentences_are_the_other_files(task: str, fetched: Path) -> None:
    """Each is a line of one of the three others, all three among them, and none is an example of the task."""
    loaded = load_task(task, catalogue=fixtures.TASKS, fetched=fetched)
    found = [make_example({"text": text}, 0).content_hash for text in loaded.unrelated]
    own = {e.content_hash for part in (loaded.demonstration_pool, loaded.dev, loaded.test) for e in part}
    others = {"movie", "product", "tweet", "editorial"} - {task.removesuffix("5")}
    texts = {other: _texts_of(other, fetched) for other in others}
    assert 0.9 * UNRELATED < len(found) == len(set(found)) <= UNRELATED
    assert set(found) <= set().union(*texts.values()) - own
    assert all(len(set(found) & of_file) > 100 for of_file in texts.values())


def test_unrelated_sentences_are_of_the_files_that_the_task_does_not_read(tmp_path: Path) -> None:
    """Of a package made here: neither of the task's two files, and no text that is an example of it too."""
    lines = {name: [f"{name} {i}" for i in range(30)] for name in ("paper", "chat", "shop")}
    package = made_up(tmp_path / "fetched", lines | {"shop": [*lines["shop"], "paper 0"]})
    source = OriginSource(kind="origin", package="snippets", classes=(("paper",), ("chat",)))
    parts = origin_parts(source, package, tmp_path / "fetched")
    found = unrelated_sentences(source, package, parts, tmp_path / "fetched")
    assert sorted(found) == sorted(lines["shop"])


def test_unrelated_sentences_are_no_part_of_the_tasks_fingerprint(fetched: Path) -> None:
    """What a store holds of a task's runs is found as before there were any."""
    loaded = load_task("tweet", catalogue=fixtures.TASKS, fetched=fetched)
    assert loaded.fingerprint.startswith("af6a68be")


def test_brought_data_have_no_unrelated_sentences(tmp_path: Path) -> None:
    """Nothing is fetched for a folder of the user's: what it has to offer is its own pool."""
    folder = tmp_path / "data" / "movie"
    folder.mkdir(parents=True)
    rows = [f'{{"text": "text {i}", "label": {i % 2}}}\n' for i in range(20)]
    (folder / "train.jsonl").write_text("".join(rows[:12]))
    (folder / "test.jsonl").write_text("".join(rows[12:]))
    loaded = load_task("movie", catalogue=fixtures.TASKS, fetched=tmp_path / "none", data_dir=tmp_path / "data")
    assert loaded.unrelated == ()
    assert not (tmp_path / "none").exists()
