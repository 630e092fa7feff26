"""The document's way to JSON and back."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
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
    part = replace(document.verdicts[0].parts[0], estimate=no_estimate, p_holm=math.inf)
    text = to_json(replace(document, verdicts=(replace(document.verdicts[0], parts=(part,)),)))
    (back,) = from_json(text).verdicts[0].parts
    assert "NaN" not in text
    assert "Infinity" not in text
    assert all(math.isnan(value) for value in (back.estimate.effect, back.estimate.level, back.p_holm))


def test_an_empty_cell_stays_empty(document: Document) -> None:
    """A null in a table is a figure that nobody has, not a number."""
    name, cells = from_json(to_json(document)).verdicts[0].tables[0].rows[-1]
    assert (name, cells) == ("paper, 2.7B: CB", (None, None, None))


def _without_a_key(data: Report) -> None:
    del data["verdicts"][1]["parts"][0]["estimate"]["low"]


def _with_a_stranger(data: Report) -> None:
    data["facts"]["weather"] = "fine"


def _with_a_word_for_a_number(data: Report) -> None:
    data["verdicts"][0]["parts"][0]["p_holm"] = "small"


def _with_truth_for_a_number(data: Report) -> None:
    data["verdicts"][0]["parts"][0]["estimate"]["n"] = True


def _with_an_unknown_outcome(data: Report) -> None:
    data["verdicts"][5]["expected"] = "PROVEN"


def _with_half_a_row(data: Report) -> None:
    data["verdicts"][0]["tables"][0]["rows"][2] = ["movie"]


def _of_another_format(data: Report) -> None:
    data["format_version"] = 1


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_without_a_key, r"lacks report\.verdicts\[1\]\.parts\[0\]\.estimate\.low"),
        (_with_a_stranger, r"holds report\.facts\.weather, which is not known"),
        (
            _with_a_word_for_a_number,
            r"'small' at report\.verdicts\[0\]\.parts\[0\]\.p_holm, where int or float",
        ),
        (_with_truth_for_a_number, r"True at .*estimate\.n, where int is expected"),
        (
            _with_an_unknown_outcome,
            r"'PROVEN' at report\.verdicts\[5\]\.expected, where one of SUPPORTED, REFUTED",
        ),
        (_with_half_a_row, r"rows\[2\], where a list of 2 is expected"),
        (_of_another_format, r"format_version 1, and this suite reads 2"),
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
