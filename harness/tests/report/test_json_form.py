"""The document's way to JSON and back."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError, shown
from harness.judging.exhibits import Curve, Series
from harness.report.document import Document
from harness.report.json_form import from_json, to_json
from harness.statistics.results import Estimate

Report = dict[str, Any]


def test_the_round_trip_loses_nothing(document: Document) -> None:
    """Every record comes back equal; only the facts' tuples come back as lists."""
    back = from_json(to_json(document))
    assert back.verdicts == document.verdicts
    assert back.readings == document.readings
    assert to_json(back) == to_json(document)


def test_rivals_and_places_make_the_round_trip(document: Document) -> None:
    """What a claim says more about, what a chart's places are, and where each value stands."""
    first = document.verdicts[3]
    series = Series("loss", (2.0, 1.0), (1.5, 0.5), (2.5, 1.5), at=(1.0, 600.0))
    curve = Curve("Training loss", "nats a token", (("training", (series,)),), x_label="step")
    claim = replace(first.claim, qualifies=("C11", "C12"))
    given = replace(document, verdicts=(replace(first, claim=claim, curves=(curve,)),))
    (back,) = from_json(to_json(given)).verdicts
    assert back == given.verdicts[0]
    assert back.claim.qualifies == ("C11", "C12")
    assert (back.curves[0].x_label, back.curves[0].panels[0][1][0].places) == ("step", (1.0, 600.0))


def test_an_empty_run_makes_the_round_trip(empty: Document) -> None:
    """A run without verdicts is a document like any other."""
    assert from_json(to_json(empty)) == empty


def test_what_is_not_finite_is_null_and_reads_as_nan(document: Document, no_estimate: Estimate) -> None:
    """JSON has no NaN: a missing effect is null there and NaN again in the record, as an infinity is."""
    part = replace(document.verdicts[0].parts[0], estimate=no_estimate)
    text = to_json(replace(document, verdicts=(replace(document.verdicts[0], parts=(part,), p_holm=math.inf),)))
    (found,) = from_json(text).verdicts
    (back,) = found.parts
    assert "NaN" not in text
    assert "Infinity" not in text
    assert all(math.isnan(value) for value in (back.estimate.effect, back.estimate.freedom, found.p_holm))


def test_an_empty_cell_stays_empty(document: Document) -> None:
    """A null in a table is a figure that nobody has, not a number."""
    name, cells = from_json(to_json(document)).verdicts[0].tables[0].rows[-1]
    assert (name, cells) == ("paper, 2.7B: CB", (None, None, None))


def _without_a_key(data: Report) -> None:
    del data["verdicts"][1]["parts"][0]["estimate"]["low"]


def _with_a_stranger(data: Report) -> None:
    data["facts"]["weather"] = "fine"


def _with_a_word_for_a_number(data: Report) -> None:
    data["verdicts"][0]["p_holm"] = "small"


def _with_a_word_for_a_size(data: Report) -> None:
    data["verdicts"][0]["claim"]["matters"]["accuracy"] = "large"


def _with_half_a_reading(data: Report) -> None:
    data["readings"][0] = {"level": "Prediction", "subject": "m", "sentence": "supported."}


def _with_truth_for_a_number(data: Report) -> None:
    data["verdicts"][0]["parts"][0]["estimate"]["n"] = True


def _with_an_unknown_outcome(data: Report) -> None:
    data["verdicts"][5]["expected"] = "PROVEN"


def _with_half_a_row(data: Report) -> None:
    data["verdicts"][0]["tables"][0]["rows"][2] = ["movie"]


def _of_another_format(data: Report) -> None:
    data["format_version"] = 3


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_without_a_key, r"lacks report\.verdicts\[1\]\.parts\[0\]\.estimate\.low"),
        (_with_a_stranger, r"holds report\.facts\.weather, which is not known"),
        (
            _with_a_word_for_a_number,
            r"'small' at report\.verdicts\[0\]\.p_holm, where int or float",
        ),
        (_with_a_word_for_a_size, r"'large' at report\.verdicts\[0\]\.claim\.matters\.accuracy, where int or float"),
        (_with_half_a_reading, r"lacks report\.readings\[0\]\.plain"),
        (_with_truth_for_a_number, r"True at .*estimate\.n, where int is expected"),
        (
            _with_an_unknown_outcome,
            r"'PROVEN' at report\.verdicts\[5\]\.expected, where one of SUPPORTED, REFUTED",
        ),
        (_with_half_a_row, r"rows\[2\], where a list of 2 is expected"),
        (_of_another_format, r"format_version 3, and this suite reads 4"),
    ],
)
def test_a_damaged_file_is_refused_by_the_place_of_its_damage(
    document: Document, damage: Callable[[Report], None], words: str
) -> None:
    """What does not fit the records is an error that says where, not a report with a hole."""
    data = json.loads(to_json(document))
    damage(data)
    with pytest.raises(HarnessError, match=words):
        from_json(json.dumps(data))


def _with_a_number(digits: int, *place: Any) -> Callable[[Report], None]:
    def damage(data: Report) -> None:
        at: Any = data
        for step in place[:-1]:
            at = at[step]
        at[place[-1]] = int("1" * digits)

    return damage


ESTIMATE = ("verdicts", 0, "parts", 0, "estimate")


@pytest.mark.parametrize("digits", [40, 400])
@pytest.mark.parametrize(
    ("place", "where"),
    [
        ((*ESTIMATE, "effect"), r"estimate\.effect"),
        ((*ESTIMATE, "n"), r"estimate\.n"),
        (("seconds",), r"report\.seconds"),
        (("verdicts", 0, "tables", 0, "decimals"), r"decimals"),
        (("facts", "settings", "seed"), r"report\.facts\.settings\.seed"),
        (("facts", "environment", "cpu", "cores"), r"environment\.cpu\.cores"),
    ],
)
def test_whole_number_without_end_is_refused_by_its_place(
    document: Document, digits: int, place: tuple[Any, ...], where: str
) -> None:
    """In records and in facts, however many digits; the message stays short."""
    data = json.loads(to_json(document))
    _with_a_number(digits, *place)(data)
    with pytest.raises(HarnessError, match=rf"{where}, where a number between -2\^63 and 2\^63 is expected") as refused:
        from_json(json.dumps(data))
    assert len(str(refused.value)) < 400


def _change(data: Report, where: str, value: object) -> None:
    curve = data["verdicts"][3]["curves"][0]
    table = data["verdicts"][0]["tables"][0]
    if where == "at":
        curve["panels"][0][1][0]["at"] = value
    elif where == "panels":
        curve["panels"] *= value
    elif where == "cells":
        table["rows"][0][1] = value
    else:
        table[where] = value


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        ("at", [1.0, 2.0], r"'2 places' at .*panels\[0\]\[1\]\[0\]\.at, where no place or"),
        ("cells", [0.5], r"'1 cells' at .*rows\[0\], where 3, one for each column is expected"),
        ("decimals", 10**9, r"1000000000 at .*decimals, where 0 to 15 is expected"),
        ("decimals", -1, r"-1 at .*decimals, where 0 to 15"),
        ("panels", 10_000, r"panels of charts' at report\.verdicts, where at most 600"),
    ],
)
def test_what_no_page_can_show_is_refused_by_its_place(
    document: Document, where: str, value: object, words: str
) -> None:
    """Places and values, cells and columns of different numbers; more digits, or drawings, than there can be."""
    data = json.loads(to_json(document))
    _change(data, where, value)
    with pytest.raises(HarnessError, match=words):
        from_json(json.dumps(data))


def test_number_beyond_floats_is_refused(document: Document) -> None:
    """1e999 is JSON, and infinite for Python: in a record and in a fact."""
    for place in ('"seconds": 754.2', '"seed": 0'):
        text = to_json(document).replace(place, f"{place.split(':')[0]}: 1e999", 1)
        with pytest.raises(HarnessError, match=r"inf at report\..*, where a finite number is expected"):
            from_json(text)


def test_key_that_stands_twice_is_refused(document: Document) -> None:
    """Of two verdicts in one place, one reader would take the first and another the last."""
    text = to_json(document).replace('"outcome": "REFUTED"', '"outcome": "SUPPORTED",\n "outcome": "REFUTED"', 1)
    with pytest.raises(HarnessError, match="'outcome' stands twice"):
        from_json(text)


STEERING = "a\x1b[31m\x07\x7f\x85\x9b\u200e\u202e\u2028\ud83d\U000e0041é日"


def test_what_would_steer_a_terminal_stands_as_an_escape(empty: Document) -> None:
    """Raw controls of both blocks, turns of direction, halves of pairs: none is in the file, all are read back."""
    given = replace(empty, title=STEERING, facts=replace(empty.facts, settings={STEERING: STEERING}))
    text = to_json(given)
    assert shown(text) == text
    assert "é日" in text
    assert text.encode()
    assert from_json(text) == given


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"format_version": NaN}'])
def test_what_is_no_json_is_said_to_be_none(text: str) -> None:
    """Half a file, and the NaN that Python would read, are no JSON."""
    with pytest.raises(HarnessError, match="not JSON"):
        from_json(text)


@pytest.mark.parametrize("text", ["[]", "3", "null"])
def test_json_of_something_else_has_no_format(text: str) -> None:
    """A list is JSON, but no report."""
    with pytest.raises(HarnessError, match="format_version None"):
        from_json(text)


def test_a_fact_without_a_form_in_json_is_refused(empty: Document) -> None:
    """A path object among the settings is named, rather than written as some text."""
    facts = replace(empty.facts, settings={"cache": Path("somewhere")})
    with pytest.raises(HarnessError, match=r"PosixPath|WindowsPath"):
        to_json(replace(empty, facts=facts))


def test_whole_numbers_stay_numbers_of_their_record(document: Document) -> None:
    """A 1 in a series of floats, as another program may write it, reads as 1.0."""
    text = to_json(document).replace("754.2", "754")
    assert isinstance(from_json(text).seconds, float)
    assert isinstance(document.verdicts[3].curves[0].panels[0][1][0], Series)
