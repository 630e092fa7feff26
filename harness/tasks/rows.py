"""Rows that users bring, from a file or a hub's data set, checked into examples."""

from collections.abc import Iterable, Mapping

from harness.data import Example
from harness.errors import HarnessError
from harness.tasks.catalogue import Wording
from harness.tasks.split import make_example, normalise

Row = tuple[str, object]
"""Where the row stands (as an error names it, such as 'train.jsonl:3'), and what it holds."""


def labelled_examples(rows: Iterable[Row], wording: Wording, whole: str) -> list[Example]:
    """Return one example a row; `whole` names all rows together in errors.

    A row is a mapping with a text for each of the template's fields, and 'label', the answer word's index.

    Raises:
        HarnessError: a row lacks a field, its text is empty or no text, or its label is not one of the
            answers' indices; or there are no rows, or only one class.

    """
    examples = [_example(place, row, wording) for place, row in rows]
    if not examples:
        raise HarnessError(f"{whole} is empty: it needs examples of at least two classes")
    labels = {example.label for example in examples}
    if len(labels) == 1:
        only = wording.answers[labels.pop()]
        raise HarnessError(
            f"{whole} holds one class only ({only}, {len(examples)} examples): it needs at least two of "
            f"{', '.join(wording.answers)}",
        )
    return examples


def _example(place: str, row: object, wording: Wording) -> Example:
    if not isinstance(row, Mapping):
        raise HarnessError(f"{place}: expected an object with fields, found {type(row).__name__}")
    texts = {field: _text(place, row, field) for field in wording.fields}
    return make_example(texts, _label(place, row, wording.answers))


def _text(place: str, row: Mapping[str, object], field: str) -> str:
    if field not in row:
        raise HarnessError(
            f"{place}: no field '{field}', which the template names; found: {', '.join(row) or 'no field'}",
        )
    text = row[field]
    if not isinstance(text, str):
        raise HarnessError(f"{place}: field '{field}' must be a text, found {type(text).__name__}")
    if not normalise(text):
        raise HarnessError(f"{place}: field '{field}' is empty; remove the row or fill it in")
    return text


def _label(place: str, row: Mapping[str, object], answers: tuple[str, ...]) -> int:
    valid = ", ".join(f"{index} = {answer}" for index, answer in enumerate(answers))
    if "label" not in row:
        raise HarnessError(f"{place}: no field 'label'; it must be one of {valid}; found: {', '.join(row)}")
    label = row["label"]
    if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < len(answers):
        raise HarnessError(f"{place}: unknown label {label!r}; valid: {valid}")
    return label
