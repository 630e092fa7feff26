"""Multiple choice: rows with options of their own, from a folder or as the hub has them, into a task's parts."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import fixtures
from harness.data import Task
from harness.errors import HarnessError
from harness.tasks import load_task
from harness.tasks.catalogue import read_tasks
from harness.tasks.hub import renamed
from harness.tasks.rows import Labelled, labelled_examples, split_labelled

PIQA, ARC = (read_tasks(fixtures.TASKS).choices[name] for name in ("piqa", "arc-e"))
GOOD = {"goal": "boil water", "options": ["heat it", "cool it"], "label": 0}


def _write(folder: Path, train: Sequence[Mapping[str, object]], test: Sequence[Mapping[str, object]]) -> Path:
    (folder / "piqa").mkdir()
    for part, rows in (("train", train), ("test", test)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "piqa" / f"{part}.jsonl").write_text(text, encoding="utf-8")
    return folder


def _load(data: Path, *, own_options: bool = False) -> Task:
    return load_task("piqa", catalogue=fixtures.TASKS, fetched=data, data_dir=data, own_options=own_options)


def test_rows_of_a_folder_are_examples_with_their_options(tmp_path: Path) -> None:
    """Texts are normalised, the label is the index of the right option, and there are no answer words."""
    train = [{"goal": f"goal {i}", "options": [f"this  {i}", f"that {i}"], "label": i % 2} for i in range(60)]
    task = _load(_write(tmp_path, train, [GOOD]), own_options=True)
    (example,) = task.test
    assert (example.texts, example.options, example.label) == ({"goal": "boil water"}, ("heat it", "cool it"), 0)
    assert (task.answers, task.answer(example), task.template) == ((), "heat it", "Question: {goal}\nAnswer:")
    assert len(task.demonstration_pool) + len(task.dev) == 60
    assert all(task.answer(e).startswith("this " if e.label == 0 else "that ") for e in task.demonstration_pool)


def test_question_with_other_options_is_another_example(tmp_path: Path) -> None:
    """Goals are asked more than once: two rows of one goal are both kept, a copy is not, and nor is a contradiction."""
    other = {**GOOD, "options": ["heat it", "drink it"]}
    copy, turned = {**GOOD, "goal": "Boil  water"}, {**other, "label": 1}
    train = [{**GOOD, "goal": f"goal {i}", "label": i % 2} for i in range(9)]
    task = _load(_write(tmp_path, train, [GOOD, other, copy]), own_options=True)
    assert sorted(e.options for e in task.test) == [("heat it", "cool it"), ("heat it", "drink it")]
    (tmp_path / "piqa" / "test.jsonl").write_text("".join(json.dumps(r) + "\n" for r in (GOOD, other, turned)))
    changed = _load(tmp_path, own_options=True)
    assert [e.options for e in changed.test] == [("heat it", "cool it")]
    assert changed.fingerprint != task.fingerprint


def test_options_are_part_of_what_a_task_is(tmp_path: Path) -> None:
    """The same questions with another wrong option are another task to the store."""
    train = [{**GOOD, "goal": f"goal {i}", "label": i % 2} for i in range(9)]
    before = _load(_write(tmp_path, train, [GOOD]), own_options=True)
    other = {**GOOD, "options": ["heat it", "drink it"]}
    (tmp_path / "piqa" / "test.jsonl").write_text(json.dumps(other) + "\n")
    assert _load(tmp_path, own_options=True).fingerprint != before.fingerprint


def test_multiple_choice_is_none_of_the_models_tasks(tmp_path: Path) -> None:
    """There are no answer words that claims about the model could score; the message names the option that takes it."""
    with pytest.raises(HarnessError, match=r"task 'piqa' is multiple choice, .*--momentum-tasks"):
        _load(_write(tmp_path, [GOOD], [GOOD]))


def test_multiple_choice_without_data_says_what_to_bring(tmp_path: Path) -> None:
    """The fields of a row, and that the hub has a copy; a task.toml would reword it."""
    with pytest.raises(HarnessError, match=r"one object a line with goal, options and label\); pass --hub-data"):
        _load(tmp_path, own_options=True)
    _write(tmp_path, [GOOD], [GOOD])
    (tmp_path / "piqa" / "task.toml").write_text('template = "{goal}"\nanswers = ["a", "b"]\n')
    with pytest.raises(HarnessError, match="would reword the catalogue's task 'piqa'"):
        _load(tmp_path, own_options=True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"options": None}, "field 'options' must be a list of 2 to 26 texts, found NoneType"),
        ({"options": ["one"]}, "found 1 of them"),
        ({"options": ["one", 2]}, r"field 'options\[1\]' must be a text, found int"),
        ({"options": ["one", " "]}, r"field 'options\[1\]' is empty"),
        ({"options": ["one", " one"]}, "two of the options are the same text"),
        ({"label": 2}, "unknown label 2; valid: 0 = heat it, 1 = cool it"),
        ({"label": "A"}, "unknown label 'A'"),
    ],
)
def test_rows_that_cannot_be_used_are_named_with_their_reason(wrong: Mapping[str, object], message: str) -> None:
    """As other tasks' rows are."""
    read = {part: labelled_examples([(f"{part}:1", {**GOOD, **wrong})], PIQA, part) for part in ("train", "test")}
    with pytest.raises(HarnessError, match=message):
        split_labelled(read, PIQA, "somewhere", skip=False)


def test_row_without_options_is_named() -> None:
    """The field is missing, and those that are there are listed."""
    found = labelled_examples([("f:1", {"goal": "x", "label": 0})], PIQA, "f")
    assert found.unusable == [
        ("f:1", "no field 'options', which holds the answers to choose from; found: goal, label"),
    ]


def test_empty_part_is_refused() -> None:
    """There must be examples; of how many classes does not matter where labels are places of options."""
    read = {"train": labelled_examples([("f:1", GOOD)], PIQA, "f"), "test": Labelled("test")}
    with pytest.raises(HarnessError, match=r"test is empty: it needs examples$"):
        split_labelled(read, PIQA, "f", skip=False)


def test_hub_rows_are_read_by_their_columns() -> None:
    """PIQA has a column an option and an index; ARC has all in one column, beside it their keys, and a key as label."""
    assert PIQA.source.hub is not None
    assert ARC.source.hub is not None
    piqa = {"goal": "boil water", "sol1": "heat it", "sol2": "cool it", "label": 1}
    (two,) = labelled_examples(renamed([piqa], PIQA.source.hub, "train"), PIQA, "piqa").examples
    assert (two.texts["goal"], two.options, two.label) == ("boil water", ("heat it", "cool it"), 1)
    arc = {"question": "Which?", "choices": {"text": ["a b", "c", "d"], "label": ["A", "B", "C"]}, "answerKey": "C"}
    (three,) = labelled_examples(renamed([arc], ARC.source.hub, "train"), ARC, "arc").examples
    assert (three.options, three.label) == (("a b", "c", "d"), 2)
    unknown = labelled_examples(renamed([{**arc, "answerKey": "E"}], ARC.source.hub, "train"), ARC, "arc")
    assert unknown.unusable == [("split train, row 0", "unknown label 'E'; valid: 0 = a b, 1 = c, 2 = d")]
