"""Folders that users bring, and the paper's six data sets where they are."""

import json
import os
from pathlib import Path

import pytest

import fixtures
from harness.data import LeftOut
from harness.errors import HarnessError
from harness.tasks import load_task
from harness.tasks.catalogue import Wording, read_tasks
from harness.tasks.local import _read, own_task, own_task_names, read_folder, task_folder
from harness.tasks.rows import LONGEST
from harness.tasks.split import deduplicate

WORDING = Wording(template="Input: {text} Type:", answers=("objective", "subjective"))


def _write(file: Path, *texts: str) -> None:
    rows = [{"text": text, "label": number % 2} for number, text in enumerate(texts)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a task's folder with train and test."""
    folder = tmp_path / "subj"
    folder.mkdir()
    _write(folder / "train.jsonl", *(f"train {i}" for i in range(30)))
    _write(folder / "test.jsonl", "test 0", "test 1")
    return folder


def test_dev_is_cut_from_train_unless_given(folder: Path) -> None:
    """Without dev.jsonl dev comes out of train; with it dev is that file and train stays whole."""
    cut = read_folder(folder, WORDING)
    assert 0 < len(cut.dev) < 30
    assert len(cut.dev) + len(cut.pool) == 30
    _write(folder / "dev.jsonl", "dev 0", "dev 1")
    parts = read_folder(folder, WORDING)
    assert ({example.texts["text"] for example in parts.dev}, len(parts.pool)) == ({"dev 0", "dev 1"}, 30)


def test_folder_is_found_by_its_own_name_too(folder: Path, tmp_path: Path) -> None:
    """DIR/<task> and DIR itself both hold the task; a folder of another name does not."""
    assert task_folder(tmp_path, "subj") == task_folder(folder, "subj") == folder
    assert task_folder(folder, "mr") is None


def test_byte_order_mark_and_blank_lines_are_no_text(folder: Path) -> None:
    """A file as some editors save it is read; line numbers in errors still count the blank lines."""
    lines = ['{"text": "a", "label": 0}', "", '{"text": "b", "label": 1}', '{"text": "c"}']
    (folder / "test.jsonl").write_text("\n".join(lines[:3]), encoding="utf-8-sig")
    assert len(read_folder(folder, WORDING).test) == 2
    (folder / "test.jsonl").write_text("\n".join(lines))
    with pytest.raises(HarnessError, match=r"test\.jsonl:4: no field 'label'"):
        read_folder(folder, WORDING)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'{"text": "a", "label": 0}\n{"text": ', r"test\.jsonl:2: not JSON \("),
        (b'{"text": "a", "label": 0}\n{"text": "\xe9", "label": 0}', r"test\.jsonl:2: not UTF-8 \("),
        (b'{"text": "a", "label": 0, "label": 1}', r"test\.jsonl:1: not JSON \('label' stands twice in one mapping\)"),
        (b"", r"test\.jsonl is empty"),
        (b'{"text": "a", "label": 0}', r"test\.jsonl holds one class only"),
    ],
)
def test_file_that_cannot_be_used_is_named(folder: Path, content: bytes, complaint: str) -> None:
    """Each fault of a file is one message with the file and, where there is one, the line."""
    (folder / "test.jsonl").write_bytes(content)
    with pytest.raises(HarnessError, match=complaint):
        read_folder(folder, WORDING)


def test_missing_files_and_folders_are_named(folder: Path, tmp_path: Path) -> None:
    """A missing file says what it should hold; a missing folder says what is looked for in it."""
    (folder / "train.jsonl").unlink()
    with pytest.raises(
        HarnessError, match=r"no file .*train\.jsonl \(nothing is there\): .* a line with text and label"
    ):
        read_folder(folder, WORDING)
    with pytest.raises(HarnessError, match=r"none does not exist \(there is nothing\); it must hold <task>/train"):
        task_folder(tmp_path / "none", "subj")
    with pytest.raises(HarnessError, match=r"test\.jsonl does not exist \(there is a file\)"):
        task_folder(folder / "test.jsonl", "subj")
    with pytest.raises(HarnessError, match=r"there is nothing that can be read \(File name too long\)"):
        task_folder(tmp_path / ("a" * 5000), "subj")


def test_link_is_the_task_under_either_name(folder: Path, tmp_path: Path) -> None:
    """A folder `toy` that leads to its sibling `subj` is the task toy, named by --data-dir or inside it."""
    toy = tmp_path / "toy"
    toy.symlink_to("subj")
    assert task_folder(toy, "toy") == task_folder(toy, "subj") == toy
    assert task_folder(tmp_path, "toy") == toy
    assert task_folder(toy, "mr") is None
    (folder / "task.toml").write_text("")
    assert own_task_names(toy) == ["subj", "toy"]


def test_folder_that_leads_out_of_the_data_is_refused(folder: Path, tmp_path: Path) -> None:
    """A link to a folder elsewhere is no task of this data folder; the message says where it leads."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "toy").symlink_to(folder)
    with pytest.raises(HarnessError, match=rf"'toy', {data}/toy, leads out of the data folder to {folder};"):
        task_folder(data, "toy")
    (data / "loop").symlink_to("loop")
    assert task_folder(data, "loop") is None


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/", "\\", "a" * 101, "\x1b[31m"])
def test_name_that_is_a_path_is_no_task(tmp_path: Path, name: str) -> None:
    """Of '..' the folder above would be read."""
    (tmp_path / "data" / "a" / "b").mkdir(parents=True)
    assert task_folder(tmp_path / "data", name) is None


@pytest.mark.parametrize("file", ["train.jsonl", "dev.jsonl", "test.jsonl", "task.toml"])
@pytest.mark.parametrize("kind", ["a FIFO", "a folder", "a link to nothing", "a device"])
def test_what_is_no_regular_file_is_named(folder: Path, file: str, kind: str) -> None:
    """A FIFO is not waited for; and none is taken for a file that is not there, as dev.jsonl and task.toml may be."""
    (folder / file).unlink(missing_ok=True)
    if kind == "a FIFO":
        os.mkfifo(folder / file)
    elif kind == "a folder":
        (folder / file).mkdir()
    else:
        (folder / file).symlink_to(os.devnull if kind == "a device" else "nowhere")
    with pytest.raises(HarnessError, match=rf"{file}") as caught:
        _ = (own_task(folder), read_folder(folder, WORDING))
    assert kind in str(caught.value) or "No such file" in str(caught.value)


def test_line_of_fifty_megabytes_is_not_parsed(folder: Path) -> None:
    """It is named with its size like any row that can't be used, and the rows below it keep their numbers."""
    with (folder / "test.jsonl").open("ab") as file:
        file.write(b'{"text": "' + b"word " * 10_000_000 + b'", "label": 0}\n')
        file.write(b'{"text": 5, "label": 0}\n{"text": "last", "label": 0}')
    with pytest.raises(HarnessError) as caught:
        read_folder(folder, WORDING)
    assert "2 rows can't be used: test.jsonl:3: a line of 50,000,025 bytes, at most 1,048,576" in str(caught.value)
    assert "test.jsonl:4: field 'text' must be a text, found int" in str(caught.value)
    parts = read_folder(folder, WORDING, skip_bad_rows=True)
    assert LeftOut("test", "skipped: too long", 1) in parts.left_out
    assert {example.place for example in parts.test} == {"test.jsonl:1", "test.jsonl:2", "test.jsonl:5"}


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("size", [LONGEST - 2, LONGEST - 1, LONGEST])
def test_line_of_the_longest_is_parsed(folder: Path, size: int, end: str) -> None:
    """Up to the byte, with its end or without; a byte more is too long."""
    row = b'{"text": "", "label": 0}'
    line = row[:10] + b"a" * (size - len(row)) + row[10:] + end.encode()
    with (folder / "test.jsonl").open("ab") as file:
        file.write(line)
    parts = read_folder(folder, WORDING, skip_bad_rows=True)
    assert len(parts.test) == (3 if len(line) <= LONGEST else 2)


def test_file_that_is_larger_than_any_task_is_not_read(folder: Path) -> None:
    """A hundred gigabytes of nothing, and lines without end, are one message."""
    with (folder / "train.jsonl").open("ab") as file:
        file.truncate(100 << 30)
    with pytest.raises(HarnessError, match=r"train\.jsonl has more than 1,073,741,824 bytes"):
        read_folder(folder, WORDING)
    (folder / "train.jsonl").write_bytes(b"\n" * 5_000_001)
    with pytest.raises(HarnessError, match=r"train\.jsonl has more than 5,000,000 lines"):
        read_folder(folder, WORDING)


@pytest.mark.parametrize("deep", [65, 100_000])
def test_nested_line_is_a_row_that_cannot_be_used(folder: Path, deep: int) -> None:
    """Whether Python's reader could follow or not."""
    with (folder / "train.jsonl").open("a") as file:
        file.write("[" * deep + "]" * deep + "\n" + "[" * deep + "\n")
    with pytest.raises(HarnessError, match=r"2 rows can't be used: train\.jsonl:31: not JSON \(lists and mappings"):
        read_folder(folder, WORDING)


def test_halves_of_surrogate_pairs_are_named_by_line(folder: Path) -> None:
    """Legal in JSON, but no text: no tokenizer takes it."""
    (folder / "train.jsonl").write_text(
        '{"text": "a fine film \\ud83d and more", "label": 1}\n{"text": "a dull film \\udc00", "label": 0}\n'
    )
    with pytest.raises(HarnessError) as caught:
        read_folder(folder, WORDING)
    for line, half in (("train.jsonl:1", r"\ud83d"), ("train.jsonl:2", r"\udc00")):
        assert f"{line}: field 'text' holds half a surrogate pair ({half})" in str(caught.value)


def test_names_to_offer_are_those_of_the_first_folders(tmp_path: Path) -> None:
    """Of ten thousand folders not all are looked at, and what may not be looked into is none."""
    for number in range(300):
        (tmp_path / f"task{number}").mkdir()
        (tmp_path / f"task{number}" / "task.toml").touch()
    assert len(own_task_names(tmp_path)) == 200


@pytest.mark.parametrize(
    ("name", "test", "train"),
    [
        ("sst2", 872, 2000),
        ("cb", 56, 250),
        *((name, 1000, 2000) for name in ("sst5", "mr", "subj", "agnews")),
    ],
)
def test_paper_data_are_read_whole(paper_data: Path, tmp_path: Path, name: str, test: int, train: int) -> None:
    """Every text of the paper's data that has one label in its file is in exactly one part."""
    task = load_task(name, catalogue=fixtures.TASKS, fetched=tmp_path, data_dir=paper_data)
    hashes = [e.content_hash for part in (task.demonstration_pool, task.dev, task.test) for e in part]
    wording = read_tasks(fixtures.TASKS).tasks[name]
    files = [_read(paper_data / name / f"{part}.jsonl", wording, skip=False).examples for part in ("test", "train")]
    assert [len(file) for file in files] == [test, train]
    assert sorted(hashes) == sorted({example.content_hash for file in files for example in deduplicate(file)})
