"""The report's way to JSON and back: one file that holds everything the page shows."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from harness.errors import UNSEEN, HarnessError
from harness.files import parse_json
from harness.judging.claims import Claim
from harness.judging.exhibits import Curve, Ladder, Series, Table
from harness.judging.verdicts import Verdict
from harness.report.document import FORMAT_VERSION, Document

LARGEST = 2**63
"""No whole number of a report is as large: it would be none that other programs read as written."""
MOST_DECIMALS = 15
"""Of a table's figures: a float has no more."""
MOST_PANELS, MOST_PARTS = 600, 1500
"""Of charts, and comparisons, of a page (some 25 and 50 a model): one of more would be minutes in the making."""
LATER: Mapping[type, frozenset[str]] = {
    Claim: frozenset({"on_best_sets"}),
    Verdict: frozenset({"on_best_sets", "ladders"}),
    Ladder: frozenset({"doses"}),
    Curve: frozenset({"doubling"}),
}
"""Fields that reports of this format did not have at first: one that lacks them has their defaults."""


def to_json(document: Document) -> str:
    """Write a document as JSON: fields in the order of their records, mappings in their own.

    NaN and the infinities have no form in JSON and are written as null. Characters that would steer a terminal, or
    that no encoding takes, stand as JSON's escapes. Raises HarnessError where a fact of the run is of a kind that
    JSON does not have.
    """
    try:
        text = json.dumps(_plain(document), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        return UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)
    except TypeError as error:
        raise HarnessError(
            f"The run's facts hold a value that JSON has no form for ({error}); "
            "give strings, numbers, booleans, lists and mappings only."
        ) from error


def from_json(text: str) -> Document:
    """Read a document that `to_json` wrote.

    Strict: every field of every record must be there with the right type, but for those of `LATER`, and no others. A
    null reads as NaN where the record holds a plain number (an infinity does not survive the trip) and as None where
    the record allows None, as a table's cells do; in the facts of the run it stays None, and tuples there come back as
    lists.
    Raises HarnessError, naming the place in the file, for anything else.
    """
    try:
        data = parse_json(text, exact=True)
    except ValueError as error:
        raise HarnessError(f"The report's file is not JSON ({error}); run the claims again.") from error
    version = data.get("format_version") if isinstance(data, dict) else None
    if version != FORMAT_VERSION:
        raise HarnessError(
            f"The report's file has format_version {version!r}, and this suite reads {FORMAT_VERSION}; "
            "read it with the suite that wrote it, or run the claims again."
        )
    document: Document = _read(Document, data, "report")
    _require_drawable(document)
    return document


def _plain(value: object) -> object:
    """Return records as mappings, tuples as lists and numbers that are not finite as None."""
    if is_dataclass(value):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


# pydantic's TypeAdapter reads these records too, but has no place to say that a null is NaN in a plain
# float field short of annotating every field of every record with a validator.
def _read(kind: Any, value: object, where: str) -> Any:
    """Read a JSON value as the type that the record's annotation names."""
    origin = get_origin(kind)
    if is_dataclass(kind):
        return _read_record(kind, value, where)
    if origin is tuple:
        return _read_tuple(get_args(kind), value, where)
    if origin in {Union, UnionType}:
        (present,) = (arm for arm in get_args(kind) if arm is not type(None))
        return None if value is None else _read(present, value, where)
    if origin is Mapping:
        return _read_mapping(get_args(kind)[1], _expect(dict, value, where), where)
    return _read_scalar(kind, value, where)


def _read_scalar(kind: Any, value: object, where: str) -> Any:
    """Read a number, a text, a truth value or a member of an enumeration."""
    if kind is float:
        return math.nan if value is None else float(_sized(_expect((int, float), value, where), where))
    if issubclass(kind, Enum):
        known = [member.value for member in kind]
        return kind(value) if value in known else _fail(f"one of {', '.join(known)}", value, where)
    return _sized(_expect(kind, value, where), where)


def _read_mapping(kind: Any, value: Mapping[str, object], where: str) -> Any:
    """Read a mapping whose values are all of one kind, or facts of any."""
    if kind is object:
        return _read_facts(value, where)
    return {key: _read(kind, item, f"{where}.{key:.80}") for key, item in value.items()}


def _read_facts(value: Any, where: str) -> Any:
    """Return facts of any form, of which the numbers alone are checked."""
    if isinstance(value, Mapping):
        return {key: _read_facts(item, f"{where}.{key:.80}") for key, item in value.items()}
    if isinstance(value, list):
        return [_read_facts(item, f"{where}[{i}]") for i, item in enumerate(value)]
    return _sized(value, where)


def _sized(value: Any, where: str) -> Any:
    """Return the value unless it is a number that is not finite, or a whole one that is too large."""
    if isinstance(value, int) and not -LARGEST < value < LARGEST:
        _fail("a number between -2^63 and 2^63", value, where)
    if isinstance(value, float) and not math.isfinite(value):
        _fail("a finite number", value, where)
    return value


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    """Return a record's fields with their types, which take longer to look up than a record to read."""
    hints = get_type_hints(kind)
    return {entry.name: hints[entry.name] for entry in fields(kind)}


def _read_record(kind: Any, value: object, where: str) -> Any:
    """Read a mapping whose keys are exactly the record's fields."""
    given = _expect(dict, value, where)
    hints, later = _hints(kind), LATER.get(kind, frozenset())
    names = [name for name in hints if name in given or name not in later]
    if missing := [name for name in names if name not in given]:
        raise HarnessError(f"The report's file lacks {where}.{missing[0]}; run the claims again.")
    if unknown := [name for name in given if name not in names]:
        raise HarnessError(f"The report's file holds {where}.{unknown[0]}, which is not known; run the claims again.")
    record = kind(**{name: _read(hints[name], given[name], f"{where}.{name}") for name in names})
    if isinstance(record, Series):
        _require_lengths(record, where)
    if isinstance(record, Table):
        _require_cells(record, where)
    return record


def _require_lengths(series: Series, where: str) -> None:
    """Refuse places that are not one for each value."""
    if series.at and len(series.at) != len(series.values):
        _fail(f"no place or {len(series.values)}, one for each value", f"{len(series.at)} places", f"{where}.at")


def _require_cells(table: Table, where: str) -> None:
    """Refuse rows that are not as long as the table is wide, and digits that no float has."""
    if not 0 <= table.decimals <= MOST_DECIMALS:
        _fail(f"0 to {MOST_DECIMALS}", table.decimals, f"{where}.decimals")
    for i, (_, cells) in enumerate(table.rows):
        if len(cells) != len(table.columns):
            _fail(f"{len(table.columns)}, one for each column", f"{len(cells)} cells", f"{where}.rows[{i}]")


def _require_drawable(document: Document) -> None:
    """Refuse more drawings than a page has room for."""
    panels = sum(len(curve.panels) for verdict in document.verdicts for curve in verdict.curves)
    parts = sum(len(verdict.parts) for verdict in document.verdicts)
    for number, most, what in ((panels, MOST_PANELS, "panels of charts"), (parts, MOST_PARTS, "comparisons")):
        if number > most:
            _fail(f"at most {most}", f"{number} {what}", "report.verdicts")


def _read_tuple(kinds: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    """Read a list as tuple[X, ...] or as a tuple with one type for each place."""
    items = _expect(list, value, where)
    if len(kinds) == 2 and kinds[1] is Ellipsis:  # noqa: PLR2004 - the two arguments of tuple[X, ...]
        kinds = (kinds[0],) * len(items)
    if len(items) != len(kinds):
        _fail(f"a list of {len(kinds)}", value, where)
    return tuple(_read(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, items, strict=True)))


def _expect(kind: Any, value: object, where: str) -> Any:
    """Return the value where it is of this type; True and False are no numbers."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        names = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
        _fail(names, value, where)
    return value


def _fail(expected: str, value: object, where: str) -> None:
    """Say what was found at a place of the file and what was expected there."""
    raise HarnessError(
        f"The report's file holds {value!r:.80} at {where}, where {expected} is expected; run the claims again."
    )
