"""Folders that users bring, and the paper's six data sets where they are."""

import json
from pathlib import Path

import pytest

import fixtures
from harness.errors import HarnessError
from harness.tasks import load_task
from harness.tasks.catalogue import Wording, read_tasks
from harness.tasks.local import _read, read_folder, task_folder
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
    with pytest.raises(HarnessError, match=r"no file .*train\.jsonl: .* one object a line with text and label"):
        read_folder(folder, WORDING)
    with pytest.raises(HarnessError, match=r"none does not exist; it must hold <task>/train\.jsonl"):
        task_folder(tmp_path / "none", "subj")


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
    files = [_read(paper_data / name / f"{part}.jsonl", wording) for part in ("test", "train")]
    assert [len(file) for file in files] == [test, train]
    assert sorted(hashes) == sorted({example.content_hash for file in files for example in deduplicate(file)})
