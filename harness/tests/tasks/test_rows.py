"""Rows that users bring: what is taken, and what is refused by place and name."""

import pytest

from harness.errors import HarnessError
from harness.tasks.catalogue import Wording
from harness.tasks.rows import labelled_examples

WORDING = Wording(template="{premise} Question: {hypothesis}?", answers=("True", "False", "Neither"))
GOOD = {"premise": "a  b", "hypothesis": "c", "label": 0, "id": 7}


def test_fields_of_the_template_are_taken() -> None:
    """An example has the template's fields, normalised, and no other column."""
    examples = labelled_examples([("f:1", GOOD), ("f:2", {**GOOD, "label": 2})], WORDING, "f")
    assert [(dict(e.texts), e.label) for e in examples] == [
        ({"hypothesis": "c", "premise": "a b"}, 0),
        ({"hypothesis": "c", "premise": "a b"}, 2),
    ]


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
        (
            {"premise": "a", "hypothesis": "b"},
            ("f:2: no field 'label'; it must be one of 0 = True, 1 = False, 2 = Neither; found: premise, hypothesis"),
        ),
    ],
)
def test_row_that_cannot_be_used_is_named(row: object, complaint: str) -> None:
    """Each fault is one message: where, what was found, what is valid."""
    with pytest.raises(HarnessError) as caught:
        labelled_examples([("f:1", GOOD), ("f:2", row)], WORDING, "f")
    assert str(caught.value) == complaint


def test_one_class_and_no_rows_are_refused() -> None:
    """Nothing can be told apart where there is one class or none."""
    with pytest.raises(HarnessError, match=r"^f holds one class only \(True, 2 examples\)"):
        labelled_examples([("f:1", GOOD), ("f:2", GOOD)], WORDING, "f")
    with pytest.raises(HarnessError, match=r"^f is empty"):
        labelled_examples([], WORDING, "f")
