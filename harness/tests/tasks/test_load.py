"""The one entry: where a task comes from, what it is told by, and what is said where it can't be had."""

import json
from pathlib import Path

import pytest

import fixtures
from harness.data import LeftOut, Task
from harness.errors import HarnessError
from harness.tasks import load_task

OWN = 'template = "Q: {question} A:"\nanswers = ["no", "yes"]\nlicence = "CC0"\n'


def _fill(folder: Path, field: str, pool: int = 12) -> Path:
    folder.mkdir(parents=True)
    for part, number in (("train", pool), ("dev", 4), ("test", 4)):
        rows = [{field: f"{part} {i}", "label": i % 2} for i in range(number)]
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def _load(name: str, tmp_path: Path, data_dir: Path | None = None, *, hub: bool = False) -> Task:
    return load_task(name, catalogue=fixtures.TASKS, fetched=tmp_path / "fetched", data_dir=data_dir, hub=hub)


def test_brought_data_come_first(tmp_path: Path) -> None:
    """A default task whose folder the user brings is read from there, and nothing is fetched for it."""
    _fill(tmp_path / "data" / "movie", "text")
    task = _load("movie", tmp_path, tmp_path / "data")
    assert (len(task.demonstration_pool), len(task.dev), len(task.test)) == (12, 4, 4)
    assert task.source == "brought by the user"
    assert not (tmp_path / "fetched").exists()


def test_default_task_falls_back_to_its_package(fetched: Path, tmp_path: Path) -> None:
    """With a data folder that doesn't hold it, a default task is the package's still."""
    plain = load_task("tweet", catalogue=fixtures.TASKS, fetched=fetched)
    beside = load_task("tweet", catalogue=fixtures.TASKS, fetched=fetched, data_dir=tmp_path)
    assert beside == plain
    assert plain.licence.startswith("MIT")


def test_paper_task_carries_the_paper_name(tmp_path: Path) -> None:
    """What the report sets beside the paper's figures bears the paper's own name."""
    _fill(tmp_path / "data" / "sst2", "text")
    assert _load("sst2", tmp_path, tmp_path / "data").paper_name == "SST2"


def test_own_task_brings_its_wording(tmp_path: Path) -> None:
    """A task that the catalogue doesn't hold is told by the task.toml in its folder."""
    (_fill(tmp_path / "quiz", "question") / "task.toml").write_text(OWN)
    task = _load("quiz", tmp_path, tmp_path)
    assert (task.template, task.answers, task.licence) == ("Q: {question} A:", ("no", "yes"), "CC0")


def test_what_is_left_out_of_brought_data_is_the_tasks(tmp_path: Path) -> None:
    """Whether the catalogue holds the task, with data of the user, or the user words it."""
    for name, field in (("movie", "text"), ("sst2", "text"), ("quiz", "question")):
        folder = _fill(tmp_path / name, field)
        with (folder / "train.jsonl").open("a") as train:
            train.write(f'{{"{field}": "test 0", "label": 0}}\n{{"{field}": 5, "label": 0}}\n')
    (tmp_path / "quiz" / "task.toml").write_text(OWN)
    for name in ("movie", "sst2", "quiz"):
        with pytest.raises(HarnessError, match=r"train\.jsonl:14: field '.*' must be a text, found int"):
            _load(name, tmp_path, tmp_path)
        fetched = tmp_path / "fetched"
        task = load_task(name, catalogue=fixtures.TASKS, fetched=fetched, data_dir=tmp_path, skip_bad_rows=True)
        assert set(task.left_out) == {
            LeftOut("train", "skipped: a field is no text", 1),
            LeftOut("train", "in test too", 1),
        }


def test_catalogue_task_is_not_reworded(tmp_path: Path) -> None:
    """A task.toml beside a catalogue task's data is neither obeyed nor passed over in silence."""
    (_fill(tmp_path / "sst2", "text") / "task.toml").write_text(OWN)
    with pytest.raises(HarnessError, match="would reword the catalogue's task 'sst2'"):
        _load("sst2", tmp_path, tmp_path)


def test_fingerprint_changes_with_all_that_is_shown(tmp_path: Path) -> None:
    """Template, answers, texts, labels and parts each change it; the way the file is written does not."""
    folder = _fill(tmp_path / "quiz", "question")
    toml, test = folder / "task.toml", folder / "test.jsonl"
    toml.write_text(OWN)
    rows = test.read_text()
    plain = _load("quiz", tmp_path, tmp_path).fingerprint
    seen = {plain}
    for file, content in [
        (toml, OWN.replace("A:", "Answer:")),
        (toml, OWN.replace('"no", "yes"', '"yes", "no"')),
        (test, rows.replace("test 0", "test zero")),
        (test, rows.replace("test 0", "Test 0")),
        (test, rows.replace('"label": 1', '"label": 0', 1)),
        (folder / "dev.jsonl", (folder / "dev.jsonl").read_text() + '{"question": "more", "label": 0}\n'),
    ]:
        before = file.read_text()
        file.write_text(content)
        seen.add(_load("quiz", tmp_path, tmp_path).fingerprint)
        file.write_text(before)
    assert len(seen) == 7
    test.write_text("\n".join(reversed(rows.replace("test 0", " test  0").splitlines())))
    assert _load("quiz", tmp_path, tmp_path).fingerprint == plain


@pytest.mark.parametrize("name", ["movei", "../data/quiz", ""])
def test_unknown_task_is_answered_with_what_is_known(tmp_path: Path, name: str) -> None:
    """A name that nothing holds gets the known ones, the user's own among them, and how to bring one."""
    (_fill(tmp_path / "data" / "quiz", "question") / "task.toml").write_text(OWN)
    with pytest.raises(HarnessError) as caught:
        _load(name, tmp_path, tmp_path / "data")
    message = str(caught.value)
    assert message.startswith(f"unknown task '{name}': ")
    assert "movie5, mr, origin, product, quiz, source, sst2" in message
    assert "needs a folder of its name under --data-dir with task.toml" in message
    assert ("did you mean 'movie'?" in message) == (name == "movei")


def test_missing_data_say_where_to_put_them(tmp_path: Path) -> None:
    """A paper task without data names the folder, its files and fields, and the hub as the other way."""
    with pytest.raises(HarnessError) as caught:
        _load("cb", tmp_path, tmp_path)
    assert str(caught.value) == (
        "no data for task 'cb': pass --data-dir DIR where DIR/cb holds train.jsonl and test.jsonl "
        "(one object a line with premise, hypothesis and label); pass --hub-data to download the hub's copy"
    )
