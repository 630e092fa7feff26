"""The drawings: what is in them, and that they are the same each time."""

import math
import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

from harness.errors import shown
from harness.judging.exhibits import Curve, Series
from harness.report import figures
from harness.report.document import Document
from harness.report.numbers import MINUS
from harness.statistics.results import Estimate, Outcome

SIMILARITY = Curve(
    "SimAOU",
    "cosine",
    (
        ("movie", (Series("ICL and FT", (0.1, 0.2, 0.3)), Series("noise", (0.0, 0.01, 0.0), baseline=True))),
        ("tweet", (Series("noise", (0.0, 0.0, 0.0), baseline=True), Series("ICL and FT", (0.6, 0.7, 0.8)))),
    ),
)


def texts(svg: str) -> list[str]:
    """Return the words and numbers of a drawing."""
    root = ET.fromstring(svg)  # noqa: S314 - drawn here
    return [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]


def ids(svg: str) -> set[str]:
    """Return the ids that a drawing defines."""
    return set(re.findall(r'\bid="([^"]*)"', svg))


def test_a_chart_has_one_drawing_a_task_with_one_y_axis() -> None:
    """Values from 0 to 0.8 on both axes, though one panel's own end at 0.3."""
    movie, tweet = figures.layer_panels(SIMILARITY, "a")
    assert [text for text in texts(movie) if "." in text] == [text for text in texts(tweet) if "." in text]
    assert "0.8" in texts(movie)


def test_two_drawings_of_one_chart_are_the_same_bytes() -> None:
    """No dates, no random ids: a report can be compared with another by its bytes."""
    assert figures.layer_panels(SIMILARITY, "a") == figures.layer_panels(SIMILARITY, "a")


def test_ids_of_two_drawings_on_one_page_differ() -> None:
    """Clip paths are found by id: equal ones would cut one chart to another's frame."""
    movie, tweet = figures.layer_panels(SIMILARITY, "a")
    (other, _) = figures.layer_panels(SIMILARITY, "b")
    assert ids(movie)
    assert len(ids(movie) | ids(tweet) | ids(other)) == len(ids(movie)) + len(ids(tweet)) + len(ids(other))


def test_every_reference_in_a_drawing_leads_somewhere() -> None:
    """Clip paths and markers are defined in the drawing that uses them."""
    (svg, _) = figures.layer_panels(SIMILARITY, "a")
    assert set(re.findall(r"#([mp]\w{10})\b", svg)) <= ids(svg)


def test_drawings_ask_the_network_for_nothing_and_style_nothing_else() -> None:
    """Only the names of XML's vocabularies look like addresses, and no style sheet leaks into the page."""
    (svg, _) = figures.layer_panels(SIMILARITY, "a")
    assert set(re.findall(r"https?://[^\"]*", svg)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<style" not in svg
    assert "<metadata" not in svg


def test_a_series_keeps_its_colour_whatever_its_place() -> None:
    """In the second panel the baseline comes first, and is grey and dashed there too."""
    styles = figures.series_styles(SIMILARITY)
    assert styles == {"ICL and FT": ("#0072b2", "-"), "noise": (figures.BASELINE_COLOUR, "--")}
    assert all("var(--series-1, #0072b2)" in svg for svg in figures.layer_panels(SIMILARITY, "a"))


def test_a_seventh_series_takes_the_first_colour_with_dashes() -> None:
    """Six colours can be told apart; the seventh line is told by its dashes."""
    many = Curve("many", "y", (("movie", tuple(Series(f"s{i}", (0.0, 1.0)) for i in range(7))),))
    assert figures.legend(many)[6] == figures.LegendEntry("s6", "series-1", "dashed")


def line(svg: str) -> list[float]:
    """Return where the points of a drawing's first solid line stand, from left to right."""
    (path, *_) = re.findall(r'<path d="([^"]*)"[^>]*style="fill: none; stroke: var\(--series-1[^"]*"', svg)
    return [float(x) for x in re.findall(r"[ML] ([\d.]+) ", path)]


def test_values_stand_at_their_places() -> None:
    """Places 100, 200 and 600: the second gap is four times the first; left out, gaps are equal."""
    given = Series("loss", (3.0, 2.0, 1.0), at=(100, 200, 600))
    curve = Curve("t", "loss", (("training", (given,)),), x_label="step")
    ((placed,), (layered,)) = (
        figures.layer_panels(replace(curve, panels=(("training", (series,)),)), "a")
        for series in (given, replace(given, at=()))
    )
    gaps = [[b - a for a, b in pairwise(line(svg))] for svg in (placed, layered)]
    assert gaps[0][1] == pytest.approx(4 * gaps[0][0], rel=1e-3)
    assert gaps[1][1] == pytest.approx(gaps[1][0], rel=1e-3)
    assert "600" in texts(placed)
    assert "600" not in texts(layered)


def test_doublings_are_equally_far_apart() -> None:
    """Places 32, 64 and 256 where ratios count: the second gap is twice the first, and powers of two are named."""
    given = Series("right", (0.5, 0.6, 0.9), at=(32, 64, 256))
    (drawn,) = figures.layer_panels(Curve("t", "accuracy", (("a", (given,)),), "labels", doubling=True), "a")
    one, other = (b - a for a, b in pairwise(line(drawn)))
    assert other == pytest.approx(2 * one, rel=1e-3)
    assert {"32", "64", "128", "256"} <= set(texts(drawn))


@pytest.mark.parametrize("places", [(0, 1, 2), (-1, 2, 3), (math.nan,) * 3, (5, 5, 5), (1e-300, 1, 1e29)])
def test_places_without_ratios_are_drawn_all_the_same(places: tuple[float, ...]) -> None:
    """At 0 or below, at none or one, or as far apart as numbers go: an axis is drawn."""
    given = Series("right", (0.5, 0.6, 0.9), at=places)
    (drawn,) = figures.layer_panels(Curve("t", "accuracy", (("a", (given,)),), "labels", doubling=True), "a")
    assert "</svg>" in drawn


def test_chart_says_what_its_places_are() -> None:
    """Layers, unless the chart names something else."""
    (movie, _), (steps, _) = (figures.layer_panels(c, "a") for c in (SIMILARITY, replace(SIMILARITY, x_label="step")))
    assert ("layer" in texts(movie), "step" in texts(movie)) == (True, False)
    assert ("layer" in texts(steps), "step" in texts(steps)) == (False, True)


def test_axis_ends_by_its_places() -> None:
    """Half a layer of room beside layers, 3 % of the range beside places, and some beside a single one."""
    values = (0.0, 0.0, 0.0)
    ends = [figures._ends((Series("s", v, at=at),)) for v, at in ((values, ()), (values, (0, 50, 100)), ((0.0,), (7,)))]
    assert ends == [(0.5, 3.5), (-3, 103), (6.5, 7.5)]
    assert figures._ends(()) == (0.5, 1.5)


@pytest.mark.parametrize("values", [(), (0.5,), (math.nan,) * 3, (0.1, math.inf, 0.3), (2.0, 2.0)])
def test_thin_data_still_make_a_drawing(values: tuple[float, ...]) -> None:
    """No layers, one layer, nothing but gaps, an infinity or a constant are drawn for what they are."""
    panel = ("movie", (Series("s", values, values, values),))
    (svg,) = figures.layer_panels(Curve("thin", "y", (panel,)), "a")
    assert "layer" in texts(svg)
    assert not re.search(r"nan|inf\b", svg)


def test_a_task_without_series_is_an_empty_frame() -> None:
    """A task of which nothing was measured keeps its place in the chart."""
    assert len(figures.layer_panels(Curve("none", "y", (("movie", ()),)), "a")) == 1


def test_effects_stand_with_their_own_kind(document: Document) -> None:
    """Accuracy, fraction, cosine and nats are four scales; two of them are shown in percentage points."""
    names = [name for name, _ in figures.forest_panels(document.verdicts, "f")]
    assert names == ["accuracy, percentage points", "fraction, percentage points", "cosine", "nats a token"]


def test_every_part_has_a_row_in_the_order_of_the_claims(document: Document) -> None:
    """C1 has one comparison of accuracy and C2 two."""
    (_, accuracy), *_ = figures.forest_panels(document.verdicts, "f")
    assert [text for text in texts(accuracy) if text[0] == "C"] == [
        "C1 · ICL beats ZSL",
        "C2 · ICL beats FT",
        "C2 · FT beats ZSL",
    ]


def test_percent_axes_count_points(document: Document) -> None:
    """An effect of 0.154 of accuracy lies near the tick 15."""
    (_, accuracy), *_ = figures.forest_panels(document.verdicts, "f")
    assert "15" in texts(accuracy)


def test_zero_is_on_the_axis_though_no_interval_holds_it(document: Document) -> None:
    """C10's interval ends at -4 points: how far that is from nothing can only be seen with 0 in view."""
    (_, _), (_, fraction), *_ = figures.forest_panels(document.verdicts, "f")
    assert "0" in texts(fraction)


def _dotted(svg: str) -> list[float]:
    """Return where the dotted lines of a drawing stand."""
    lines = re.findall(r'<path d="M ([\d.]+) [\d.]+ \nL ([\d.]+) [^"]*" [^>]*stroke-dasharray', svg)
    assert all(x == again for x, again in lines)
    return [float(x) for x, _ in lines]


def _ticks(svg: str) -> dict[str, float]:
    """Return where the ticks of a drawing stand, by their words."""
    root = ET.fromstring(svg)  # noqa: S314 - drawn here
    found = [e for e in root.iter("{http://www.w3.org/2000/svg}text") if re.fullmatch(rf"{MINUS}?[\d.]+", e.text or "")]
    return {e.text or "": float(e.attrib["x"]) for e in found}


@pytest.mark.parametrize("interval", [(0.05, 0.2), (-0.001, 0.001)])
def test_dotted_lines_stand_at_what_matters_on_both_sides(document: Document, interval: tuple[float, float]) -> None:
    """Within the frame, however large or small the effect is; none where no size was fixed."""
    first = document.verdicts[0]
    found = replace(first.parts[0], unit="cosine", matters=0.04, estimate=_estimate(*interval))
    ((_, svg),) = figures.forest_panels([replace(first, parts=(found,))], "f")
    ticks = _ticks(svg)
    (a, one), (b, other) = [(float(word.replace(MINUS, "-")), x) for word, x in ticks.items()][:2]
    places = [one + (size - a) * (other - one) / (b - a) for size in (-0.04, 0.04)]
    assert _dotted(svg) == pytest.approx(places, abs=0.01)
    ((_, bare),) = figures.forest_panels([replace(first, parts=(replace(found, matters=0.0),))], "f")
    assert _dotted(bare) == []


def _estimate(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 0.95, 0.01, 100, 5, 1, 0.1, 4.0)


def test_marks_tell_outcomes_apart_without_colours() -> None:
    """As many shapes and colours as there are outcomes; every colour is one of the page's."""
    assert len({*figures.OUTCOME_MARKERS.values()}) == len(figures.OUTCOME_MARKERS) == len(Outcome)
    assert len({*figures.OUTCOME_COLOURS.values()}) == len(figures.OUTCOME_COLOURS) == len(Outcome)
    assert {figures.THEME[colour] for colour in figures.OUTCOME_COLOURS.values()} == {
        outcome.lower().replace(" ", "-") for outcome in Outcome
    }


def test_a_missing_estimate_keeps_its_row(document: Document, no_estimate: Estimate) -> None:
    """A comparison without an estimate is said to have none, not left out."""
    first = document.verdicts[0]
    part = replace(first.parts[0], estimate=no_estimate, outcome=Outcome.INCONCLUSIVE)
    ((_, svg),) = figures.forest_panels([replace(first, parts=(part,))], "f")
    assert "no estimate" in texts(svg)


def test_no_claims_make_no_overview() -> None:
    """There is nothing to compare where nothing was judged."""
    assert figures.forest_panels([], "f") == ()


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "$\\frac{", "_hidden", "日本語", "a\x00b\ud800", 'x" onload="y']
)
def test_any_text_can_label_a_row(document: Document, name: str) -> None:
    """Markup, mathematics and broken characters are text, and the drawing stays well-formed."""
    first = document.verdicts[0]
    part = replace(first.parts[0], name=name)
    ((_, svg),) = figures.forest_panels([replace(first, parts=(part,))], "f")
    assert "<script" not in svg
    assert f"C1 · {shown(name)}" in texts(svg)


def test_long_labels_are_cut() -> None:
    """A panel holds 54 characters: 53 of the label and the mark that something is missing."""
    label = figures.label("x" * 60)
    assert (len(label), label[-1]) == (54, "…")


def test_drawing_leaves_the_callers_settings_alone() -> None:
    """A suite that is used beside other drawings must not restyle them."""
    names = set(mpl.rcParams) - {"backend"}  # which matplotlib looks for when it is asked
    before = {name: mpl.rcParams[name] for name in names}
    figures.layer_panels(SIMILARITY, "a")
    assert {name: mpl.rcParams[name] for name in names} == before


def test_values_beyond_any_axis_leave_a_gap() -> None:
    """As those that are no numbers do; in places too. What is left decides where the axes end."""
    values, odd = (0.1, 1e300, -1e308, 0.2), (1.0, 2.0, 1e308, math.nan)
    for series in (Series("s", values), Series("s", (0.1, 0.2, 0.3, 0.4), at=odd), Series("s", values, values, values)):
        ((svg),) = figures.layer_panels(Curve("t", "y", (("p", (series,)),)), "a")
        assert "1e3" not in "".join(texts(svg))
