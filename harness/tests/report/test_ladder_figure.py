"""The ladder drawn, and on the page."""

from dataclasses import replace

import pytest

from harness.judging.exhibits import Ladder, Rung
from harness.report import page
from harness.report.document import Document
from harness.report.json_form import from_json, to_json
from harness.report.ladder_figure import COLOURS, MARKERS, ladder_panel
from harness.tests.report.tags import Tags

TASKS = (("movie", 0.75), ("tweet", 0.85))
RUNGS = (
    Rung("ICL, another set", "ceiling", "the set", "the task", 0.8, 0.7, 0.9, 20, 5, 1, TASKS),
    Rung("finetuning", "finetuning", "nothing", "all", 0.2, 0.1, 0.3, 20, 5, 1, (("movie", 0.2),)),
    Rung("another <example>", "rival", "the example", "the class", reason="no two share a class"),
    Rung("noise", "floor", "all", "nothing", 0.0, None, None, 4, 1, 1),
)
LADDER = Ladder("Attention outputs", "cosine", RUNGS)


def with_ladder(document: Document, ladder: Ladder = LADDER) -> Document:
    """Return the run with a ladder in its first claim."""
    first, *others = document.verdicts
    return replace(document, verdicts=(replace(first, ladders=(ladder,)), *others))


def test_drawing_is_the_same_bytes_and_tells_every_rung() -> None:
    """Names, values and what was left out stand in the drawing's own text."""
    drawn = ladder_panel(LADDER, "a")
    assert drawn == ladder_panel(LADDER, "a")
    for words in ("ICL, another set", "0.80", "0.20", "left out", "another &lt;example&gt;"):
        assert words in drawn


def test_share_far_below_nothing_is_an_arrow_at_the_edge() -> None:
    """A share of -50 leaves room for the others: the drawing is as one of -1, but for the number beside it."""
    far, edge = (
        ladder_panel(replace(LADDER, rungs=(replace(RUNGS[3], value=v), *RUNGS[:2])), "c") for v in (-50.0, -1.0)
    )
    assert "\u221250.00" in far
    assert far.count("<path") == edge.count("<path")
    assert "\u221240" not in far


DOSES = ((0.0, 0.0), (0.5, 0.4), (1.0, 0.9))


def test_known_doses_stand_above(document: Document) -> None:
    """Each share at its similarity, and in the table each rung as descent: a half of .4, and of .65 three quarters."""
    dosed = replace(LADDER, doses=DOSES, rungs=(replace(RUNGS[0], value=0.65), *RUNGS[1:]))
    assert [dosed.dose(value) for value in (-0.5, 0.4, 0.65, 2.0)] == [0.0, 0.5, 0.75, 1.0]
    assert LADDER.dose(0.4) is None
    drawn = ladder_panel(dosed, "d")
    assert "share of descent" in drawn
    assert all(f">{share} %<" in drawn for share in (0, 50, 100))
    assert "share of descent" not in ladder_panel(LADDER, "d")
    shown, plain = page.render(with_ladder(document, dosed)), page.render(with_ladder(document))
    assert "<td>0.75</td>" in shown
    assert "as descent" in shown
    assert "as descent" not in plain


@pytest.mark.parametrize(
    "doses",
    [
        ((0.0, 0.0),),
        ((0.0, 0.0), (0.5, float("nan"))),
        ((0.0, 0.4), (0.5, 0.2)),
        ((0.0, 0.0), (1e300, 1e300)),
        tuple((i / 1000, i / 1000) for i in range(1000)),
    ],
)
def test_doses_that_are_no_scale_are_not_drawn(document: Document, doses: tuple[tuple[float, float], ...]) -> None:
    """One, not finite, not ascending, not drawable or too many: the ladder stands without."""
    given = replace(LADDER, doses=doses)
    assert "share of descent" not in ladder_panel(given, "e")
    assert "Attention outputs" in page.render(with_ladder(document, given))


def test_shape_and_colour_both_tell_what_a_rung_is() -> None:
    """No two kinds share either."""
    assert len({*COLOURS.values()}) == len({*MARKERS.values()}) == len(COLOURS) == len(MARKERS)


@pytest.mark.parametrize("rungs", [(), RUNGS[2:3], (replace(RUNGS[0], value=float("nan")),)])
def test_ladder_of_nothing_is_drawn(rungs: tuple[Rung, ...]) -> None:
    """Without a rung, or with none that has a value, there is a drawing."""
    assert ladder_panel(replace(LADDER, rungs=rungs), "b").startswith("<svg")


def test_page_shows_figures_and_shares_of_the_ceiling(document: Document) -> None:
    """In a table: value, interval, share of the ceiling, what it varies and keeps; a reason where it was left out."""
    text = Tags(page.render(with_ladder(document))).text
    assert "How alike is alike?" in text
    assert "of ICL, another set" in text
    assert "[0.100, 0.300]0.25" in text.replace("\n", "")
    assert "left out: no two share a class" in text
    assert "varies nothing; keeps all" in text


def test_shares_are_of_ceilings_alone() -> None:
    """Finetuning is no ceiling, nor is one at or below 0."""
    assert page.ceilings([*RUNGS, replace(RUNGS[0], value=-0.1), replace(RUNGS[0], value=None)]) == [RUNGS[0]]


def test_page_without_a_ladder_has_no_such_section(document: Document) -> None:
    """A subset of the claims, or another suite."""
    assert "How alike is alike?" not in page.render(document)


def test_ladder_survives_json(document: Document) -> None:
    """All of it; and a report of before, which has none, is read."""
    made = with_ladder(document)
    assert from_json(to_json(made)).verdicts[0].ladders == (LADDER,)
    assert from_json(to_json(document)).verdicts[0].ladders == ()
