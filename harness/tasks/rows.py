"""Rows that users bring, from a file or a hub's data set, checked into examples."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from harness.data import Example, LeftOut
from harness.errors import HarnessError, cut, shown
from harness.tasks.catalogue import Template, Wording
from harness.tasks.split import MARKS, Parts, make_example, normalise, pile_of_marks, split_given

LONGEST = 1 << 20
"""Characters of a text, and bytes of a line: a context of a million tokens could not hold much more."""
LISTED = 10
"""Rows that can't be used of which a message says where they stand."""
ENOUGH = 100_000
"""Rows that can't be used after which the rest is not looked at, where none may be skipped."""

MOST = 26
"""Options of a question at most."""

Row = tuple[str, object]
"""Where the row stands (as an error names it, such as 'train.jsonl:3'), and what it holds, or why that is unknown."""


class UnusableError(Exception):
    """A row can't be used: `kind` is why in the words of a report, the message says it of this row."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind


@dataclass
class Labelled:
    """The rows of one file or of one split of a data set."""

    whole: str
    """What names all of them in a message."""
    examples: list[Example] = field(default_factory=list)
    unusable: list[tuple[str, str]] = field(default_factory=list)
    """Place and reason of the first LISTED rows that can't be used."""
    kinds: Counter[str] = field(default_factory=Counter)
    """How many can't be used, by kind."""


def labelled_examples(rows: Iterable[Row], wording: Template, whole: str, *, skip: bool = False) -> Labelled:
    """Return one example a row that can be used, and of the others where they stand and why they can't.

    A row is a mapping with a text for each of the template's fields, and 'label', the answer word's index; of multiple
    choice with 'options', a list of texts, whose index is the label. Where none may be skipped, no row behind the first
    ENOUGH that can't be used is looked at.
    """
    found, fields = Labelled(whole), wording.fields
    answers = wording.answers if isinstance(wording, Wording) else None
    for place, row in rows:
        try:
            found.examples.append(_example(place, row, fields, answers))
        except UnusableError as error:
            found.kinds[error.kind] += 1
            if len(found.unusable) < LISTED:
                found.unusable.append((place, str(error)))
            if not skip and found.kinds.total() >= ENOUGH:
                break
    return found


def split_labelled(read: Mapping[str, Labelled], wording: Template, where: str, *, skip: bool) -> Parts:
    """Return the parts of 'train', 'test' and, where it is there, 'dev' (see split_given); `where` they were found.

    With `skip` rows that can't be used are left out, and counted by kind.

    Raises:
        HarnessError: rows can't be used: the first of them by place and reason, and how many there are; or of one
            part no row is left, or, but of multiple choice, one class only.

    """
    if not skip:
        _refuse_unusable(list(read.values()), where)
    for part in read.values():
        _require_classes(part, wording.answers if isinstance(wording, Wording) else None)
    train, test = (read[part].examples for part in ("train", "test"))
    parts = split_given(train, read["dev"].examples if "dev" in read else None, test)
    skipped = [
        LeftOut(part, f"skipped: {kind}", rows) for part, found in read.items() for kind, rows in found.kinds.items()
    ]
    return Parts(parts.pool, parts.dev, parts.test, (*skipped, *parts.left_out))


def _refuse_unusable(read: Sequence[Labelled], where: str) -> None:
    listed = [row for part in read for row in part.unusable][:LISTED]
    if not listed:
        return
    number = sum(part.kinds.total() for part in read)
    size = 1000 // len(listed)
    rows = "; ".join(f"{place}: {cut(shown(why), size)}" for place, why in listed)
    first = f"the first {len(listed)} are " if number > len(listed) else ""
    many = f"{number:,} rows" if number > 1 else "a row"
    stopped = " or more" if any(part.kinds.total() >= ENOUGH for part in read) else ""
    raise HarnessError(
        f"{cut(shown(where), 300)}: {many}{stopped} can't be used: {first}{rows}; mend them, or leave out what can't "
        "be used with --skip-bad-rows",
    )


def _require_classes(part: Labelled, answers: Sequence[str] | None) -> None:
    kinds = ", ".join(f"{rows:,} {kind}" for kind, rows in part.kinds.items())
    skipped = f" beside rows that can't be used ({kinds})" if kinds else ""
    if not part.examples:
        needs = "examples" if answers is None else "examples of at least two classes"
        raise HarnessError(f"{part.whole} is empty{skipped}: it needs {needs}")
    labels = {example.label for example in part.examples}
    if answers is not None and len(labels) == 1:
        raise HarnessError(
            f"{part.whole} holds one class only ({answers[labels.pop()]}, {len(part.examples)} examples{skipped}): "
            f"it needs at least two of {', '.join(answers)}",
        )


def _example(place: str, row: object, fields: Sequence[str], answers: tuple[str, ...] | None) -> Example:
    if isinstance(row, UnusableError):
        raise row
    if not isinstance(row, Mapping):
        raise UnusableError("no object with fields", f"expected an object with fields, found {type(row).__name__}")
    texts = {name: _text(row, name) for name in fields}
    if answers is not None:
        return make_example(texts, _label(row, answers), place)
    options = _options(row)
    return make_example(texts, _label(row, options), place, options)


def _options(row: Mapping[str, object]) -> tuple[str, ...]:
    """Return what an example of multiple choice offers: between two and MOST texts that differ."""
    if "options" not in row:
        why = f"no field 'options', which holds the answers to choose from; found: {_names(row)}"
        raise UnusableError("a field is missing", why)
    given = row["options"]
    if not isinstance(given, list | tuple) or not 2 <= len(given) <= MOST:  # noqa: PLR2004  # less is no choice
        many = f"{len(given)} of them" if isinstance(given, list | tuple) else type(given).__name__
        raise UnusableError("no options", f"field 'options' must be a list of 2 to {MOST} texts, found {many}")
    texts = [_text({f"options[{i}]": text}, f"options[{i}]") for i, text in enumerate(given)]
    if len({normalise(text) for text in texts}) < len(texts):
        raise UnusableError("options that are alike", "two of the options are the same text, and one of them is wrong")
    return tuple(texts)


def _text(row: Mapping[str, object], name: str) -> str:
    if name not in row:
        raise UnusableError("a field is missing", f"no field '{name}', which the template names; found: {_names(row)}")
    text = row[name]
    if not isinstance(text, str):
        raise UnusableError("a field is no text", f"field '{name}' must be a text, found {type(text).__name__}")
    if len(text) > LONGEST:
        why = f"field '{name}' has {len(text):,} characters, at most {LONGEST:,} can be read"
        raise UnusableError("too long", why)
    if not text.isascii():
        _require_sound(name, text)
    if not normalise(text):
        raise UnusableError("a text is empty", f"field '{name}' is empty; remove the row or fill it in")
    return text


def _require_sound(name: str, text: str) -> None:
    if half := re.search("[\ud800-\udfff]", text):
        why = f"field '{name}' holds half a surrogate pair ({half[0]}) at character {half.start() + 1}"
        raise UnusableError("half a surrogate pair", why)
    if many := pile_of_marks(text):
        why = f"field '{name}' has more than {MARKS} combining marks in a row at character {many.start() + 1}"
        raise UnusableError("a pile of combining marks", why)


def _label(row: Mapping[str, object], answers: tuple[str, ...]) -> int:
    if "label" not in row:
        why = f"no field 'label'; it must be one of {_valid(answers)}; found: {_names(row)}"
        raise UnusableError("no label", why)
    label = row["label"]
    if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < len(answers):
        given = cut(shown(repr(label)), 100)
        raise UnusableError("a label of no answer", f"unknown label {given}; valid: {_valid(answers)}")
    return label


@lru_cache(maxsize=8)
def _valid(answers: tuple[str, ...]) -> str:
    listed = ", ".join(f"{index} = {answer}" for index, answer in islice(enumerate(answers), LISTED))
    return listed if len(answers) <= LISTED else f"{listed}, ... {len(answers) - 1}"


def _names(row: Mapping[str, object]) -> str:
    return ", ".join(map(str, islice(row, LISTED))) or "no field"
