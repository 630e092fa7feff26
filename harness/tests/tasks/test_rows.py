"""Rows that users bring: what is taken, what is refused by place and name, and what is left out and counted."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import LeftOut
from harness.errors import HarnessError
from harness.tasks.catalogue import Wording
from harness.tasks.rows import LONGEST, Labelled, Row, labelled_examples, split_labelled
from harness.tasks.split import MARKS, Parts, make_example

WORDING = Wording(template="{premise} Question: {hypothesis}?", answers=("True", "False", "Neither"))
GOOD = {"premise": "a  b", "hypothesis": "c", "label": 0, "id": 7}
OTHERS = [{**GOOD, "premise": f"p {i}", "label": i % 2} for i in range(12)]


def _placed(rows: Sequence[object], file: str = "f") -> list[Row]:
    return [(f"{file}:{number}", row) for number, row in enumerate(rows, start=1)]


def _split(train: Sequence[object], test: Sequence[object] = OTHERS, *, skip: bool = False) -> Parts:
    """Return the parts of rows in files f and g."""
    read = {
        "train": labelled_examples(_placed(train), WORDING, "train", skip=skip),
        "test": labelled_examples(_placed(test, "g"), WORDING, "test", skip=skip),
    }
    return split_labelled(read, WORDING, "here", skip=skip)


def test_fields_of_the_template_are_taken() -> None:
    """An example has the template's fields, normalised, and no other column."""
    examples = labelled_examples([("f:1", GOOD), ("f:2", {**GOOD, "label": 2})], WORDING, "f").examples
    assert [(dict(e.texts), e.label) for e in examples] == [
        ({"hypothesis": "c", "premise": "a b"}, 0),
        ({"hypothesis": "c", "premise": "a b"}, 2),
    ]
    assert [e.place for e in examples] == ["f:1", "f:2"]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ([1], "f:2: expected an object with fields, found list"),
        (
            {"premise": "a", "text": "b", "label": 0},
            "f:2: no field 'hypothesis', which the template names; found: premise, text, label",
        ),
        ({**GOOD, "premise": 3}, "f:2: field 'premise' must be a text, found int"),
        ({**GOOD, "premise": " \u00a0\n"}, "f:2: field 'premise' is empty; remove the row or fill it in"),
        ({**GOOD, "label": 3}, "f:2: unknown label 3; valid: 0 = True, 1 = False, 2 = Neither"),
        ({**GOOD, "label": -1}, "f:2: unknown label -1; valid: 0 = True, 1 = False, 2 = Neither"),
        ({**GOOD, "label": True}, "f:2: unknown label True; valid: 0 = True, 1 = False, 2 = Neither"),
        ({**GOOD, "label": "1"}, "f:2: unknown label '1'; valid: 0 = True, 1 = False, 2 = Neither"),
        ({**GOOD, "label": 10**4000}, "f:2: unknown label 1000"),
        (
            {**GOOD, "premise": "a \ud83d b"},
            r"f:2: field 'premise' holds half a surrogate pair (\ud83d) at character 3",
        ),
        ({**GOOD, "premise": "a\udc00"}, r"f:2: field 'premise' holds half a surrogate pair (\udc00) at character 2"),
        (
            {**GOOD, "premise": "a" * (LONGEST + 1)},
            "f:2: field 'premise' has 1,048,577 characters, at most 1,048,576 can be read",
        ),
        (
            {**GOOD, "premise": "a" + "\u0301\u0316" * (MARKS // 2) + "\u0344"},
            "f:2: field 'premise' has more than 256 combining marks in a row at character 2",
        ),
        (
            {"premise": "a", "hypothesis": "b"},
            ("f:2: no field 'label'; it must be one of 0 = True, 1 = False, 2 = Neither; found: premise, hypothesis"),
        ),
    ],
)
def test_row_that_cannot_be_used_is_named(row: object, complaint: str) -> None:
    """Each fault is one message: where, what was found, what is valid."""
    with pytest.raises(HarnessError) as caught:
        _split([GOOD, row, *OTHERS])
    said = str(caught.value)
    assert said.startswith("here: a row can't be used: ")
    assert complaint in said
    assert said.endswith("; mend them, or leave out what can't be used with --skip-bad-rows")


def test_long_texts_and_marks_at_the_limit_are_taken() -> None:
    """A text of as many characters as can be read, and a letter with as many marks."""
    for text in ("a" * LONGEST, "a" + "\u0301" * MARKS):
        found = labelled_examples(_placed([{**GOOD, "premise": text}]), WORDING, "f")
        assert (len(found.examples), found.unusable) == (1, [])


def test_all_rows_that_cannot_be_used_are_in_one_message() -> None:
    """The first ten of both files by place and reason, and how many there are; no run finds them one by one."""
    empty = {**GOOD, "premise": " "}
    with pytest.raises(HarnessError) as caught:
        _split([empty] * 7 + [GOOD, *OTHERS], [*[3] * 50, *OTHERS])
    said = str(caught.value)
    assert said.startswith("here: 57 rows can't be used: the first 10 are f:1: field 'premise' is empty")
    places = [*(f"f:{i}: field" for i in range(1, 8)), *(f"g:{i}: expected an object" for i in range(1, 4))]
    assert [said.count(place) for place in places] == [1] * 10
    assert "g:4" not in said


def test_long_reasons_leave_room_for_ten() -> None:
    """Ten rows whose names fill pages, in a folder of a long path, are all named within 1,900 bytes."""
    wordy = {"x" * 5000 + "\x1b": 1, **{"y" * 500 + str(i): 1 for i in range(100)}}
    read = labelled_examples(_placed([wordy] * 30), WORDING, "f")
    with pytest.raises(HarnessError) as caught:
        split_labelled({"train": read, "test": read}, WORDING, "/long" * 500, skip=False)
    said = str(caught.value)
    assert len(said.encode()) <= 1900
    assert all(f"f:{i}: no field" in said for i in range(1, 11))
    assert "--skip-bad-rows" in said


def test_rows_that_cannot_be_used_are_skipped_and_counted_by_kind() -> None:
    """Where it is asked for; the rest is split as it would be without them."""
    bad = [{**GOOD, "premise": ""}, {**GOOD, "label": "x"}, {**GOOD, "label": 9}, None]
    parts = _split([*bad, GOOD, *OTHERS], [*OTHERS, 7], skip=True)
    assert parts.left_out[:4] == (
        LeftOut("train", "skipped: a text is empty", 1),
        LeftOut("train", "skipped: a label of no answer", 2),
        LeftOut("train", "skipped: no object with fields", 1),
        LeftOut("test", "skipped: no object with fields", 1),
    )
    sound = _split([GOOD, *OTHERS])
    assert (parts.pool, parts.dev, parts.test) == (sound.pool, sound.dev, sound.test)


def test_one_class_and_no_rows_are_refused() -> None:
    """Nothing can be told apart where there is one class or none, be it since the others were skipped."""
    with pytest.raises(HarnessError, match=r"^train holds one class only \(True, 2 examples\)"):
        _split([GOOD, GOOD])
    with pytest.raises(HarnessError, match=r"^train is empty"):
        _split([])
    with pytest.raises(HarnessError, match=r"^train is empty beside rows that can't be used \(2 a text is empty\)"):
        _split([{**GOOD, "premise": ""}] * 2, skip=True)


def test_without_skipping_not_all_of_a_foreign_file_is_looked_at() -> None:
    """A file of which nothing can be used is answered after 100,000 rows, and the message says so."""
    endless = (("f:1", None) for _ in iter(int, 1))
    read = labelled_examples(endless, WORDING, "f")
    with pytest.raises(HarnessError, match="100,000 rows or more can't be used: the first 10 are"):
        split_labelled({"train": read, "test": Labelled("g")}, WORDING, "here", skip=False)


TEXTS = st.sampled_from(["a", "b", "c", "A", "b ", "d", ""])
ROWS = st.lists(st.builds(lambda text, label: {**GOOD, "premise": text, "label": label}, TEXTS, st.integers(0, 2)))


@given(ROWS, ROWS, st.none() | ROWS)
def test_every_row_is_an_example_or_counted(train: list[object], test: list[object], dev: list[object] | None) -> None:
    """Of each file as many rows are in parts or left out as were read."""
    enough: list[object] = [{**GOOD, "premise": "x", "label": 0}, {**GOOD, "premise": "y", "label": 1}]
    files = {"train": train, "test": test} | ({"dev": dev} if dev is not None else {})
    whole = {part: [*rows, *enough] for part, rows in files.items()}
    read = {part: labelled_examples(_placed(rows, part), WORDING, part, skip=True) for part, rows in whole.items()}
    parts = split_labelled(read, WORDING, "here", skip=True)
    counted = Counter[str]()
    for left in parts.left_out:
        assert left.rows > 0
        counted[left.of] += left.rows
    for example in (*parts.pool, *parts.dev, *parts.test):
        counted[example.place.partition(":")[0]] += 1
    assert counted == Counter({part: len(rows) for part, rows in whole.items()})
    assert len({(left.of, left.reason) for left in parts.left_out}) == len(parts.left_out)


def test_what_is_left_out_is_counted_by_reason() -> None:
    """By hand: of train two of three copies, both rows of a contradiction, two rows that test has, one that dev has."""
    texts = ["a", "a", "A", "b", "b", "c", "d", "e", "f", "g"]
    train = [make_example({"x": text}, int(i == 4)) for i, text in enumerate(texts)]
    read = {
        "train": Labelled("train", [*train, make_example({"x": "z"}, 1)]),
        "dev": Labelled("dev", [make_example({"x": text}, i) for i, text in enumerate(["e", "d"])]),
        "test": Labelled("test", [make_example({"x": text}, i) for i, text in enumerate(["c", "d"])]),
    }
    assert set(split_labelled(read, WORDING, "here", skip=False).left_out) == {
        LeftOut("train", "copies of others, of which one is kept", 2),
        LeftOut("train", "copies of others under more than one label, of which none is kept", 2),
        LeftOut("train", "in test too", 2),
        LeftOut("train", "in dev too", 1),
        LeftOut("dev", "in test too", 1),
    }
