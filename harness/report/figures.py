"""Curves, most of them over layers, and the overview of effects, drawn as SVG that takes its colours from the page.

Names of tasks and series stay in the page's own text, beside the drawing: there they wrap, and the panels of
a chart can stand side by side or one below the other. Panels of one chart share their y axis.
"""

import io
import math
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from harness.errors import shown
from harness.judging.exhibits import Curve, Series
from harness.judging.verdicts import Verdict
from harness.report.numbers import scale, scale_name
from harness.statistics.results import Outcome, PartResult

# Okabe and Ito's palette, which stays apart under the common kinds of colour blindness.
SERIES_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
BASELINE_COLOUR = "#7f8790"
BASELINE_DASHES = ("--", ":", "-.")
INK, GRID, PAPER = "#3a434d", "#dfe3e8", "#fdfdfb"
OUTCOME_COLOURS = {
    Outcome.SUPPORTED: "#00724f",
    Outcome.REFUTED: "#b8441f",
    Outcome.NEGLIGIBLE: "#2f6690",
    Outcome.MIXED: "#9a6b00",
    Outcome.INCONCLUSIVE: "#6b7480",
    Outcome.NOT_TESTABLE: "#6d737b",
    Outcome.ERROR: "#8a3b86",
}
OUTCOME_MARKERS = {
    Outcome.SUPPORTED: "o",
    Outcome.REFUTED: "D",
    Outcome.NEGLIGIBLE: "|",
    Outcome.MIXED: "P",
    Outcome.INCONCLUSIVE: "s",
    Outcome.NOT_TESTABLE: "x",
    Outcome.ERROR: "X",
}
THEME = {
    INK: "fig-ink",
    GRID: "fig-grid",
    PAPER: "paper",
    BASELINE_COLOUR: "fig-baseline",
    **{colour: f"series-{i}" for i, colour in enumerate(SERIES_COLOURS, start=1)},
    **{colour: f"{outcome.lower().replace(' ', '-')}" for outcome, colour in OUTCOME_COLOURS.items()},
}
STYLE = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "font.size": 8,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # names from data may hold dollar signs
    "xtick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.color": INK,
    "ytick.major.size": 0,
}
LABEL_CHARACTERS = 54
FEW_LAYERS = 12
LARGEST_DRAWN = 1e30


@dataclass(frozen=True)
class LegendEntry:
    """How a series is drawn: its name, its colour's name in the page's style sheet, and its dashes."""

    name: str
    colour: str
    dashes: str


def series_styles(curve: Curve) -> dict[str, tuple[str, str]]:
    """Return (colour, line style) of every series of a chart, by name: the same in all panels.

    Baselines are grey and dashed; the others take the palette in order of appearance and start it again
    with dashes where there are more than six.
    """
    names = {each.name: each.baseline for _, panel in curve.panels for each in panel}
    drawn = [name for name, baseline in names.items() if not baseline]
    grey = [name for name, baseline in names.items() if baseline]
    styles = {name: (BASELINE_COLOUR, BASELINE_DASHES[i % 3]) for i, name in enumerate(grey)}
    for i, name in enumerate(drawn):
        turn, place = divmod(i, len(SERIES_COLOURS))
        styles[name] = (SERIES_COLOURS[place], ("-", "--", ":")[turn % 3])
    return {name: styles[name] for name in names}


def legend(curve: Curve) -> tuple[LegendEntry, ...]:
    """Return the chart's legend, in order of appearance."""
    dashes = {"-": "solid", "--": "dashed", "-.": "dashed", ":": "dotted"}
    return tuple(
        LegendEntry(name, THEME[colour], dashes[line]) for name, (colour, line) in series_styles(curve).items()
    )


def layer_panels(curve: Curve, salt: str) -> tuple[str, ...]:
    """Draw a chart, one SVG a panel, all with the same y axis.

    `salt` names the drawing: ids inside drawings of different salts differ, so that they can share a page.
    Values that are not finite leave a gap. A band is drawn where low and high are as long as the values.
    """
    bottom, top = limits(_finite(v for _, panel in curve.panels for s in panel for v in (*s.values, *s.low, *s.high)))
    styles = series_styles(curve)
    drawings = []
    for i, (_, panel) in enumerate(curve.panels):
        with matplotlib.style.context(["default", STYLE]):
            figure = Figure(figsize=(3.1, 2.15), layout="constrained")
            axes = figure.add_subplot()
            for series in panel:
                _draw_series(axes, series, *styles[series.name])
            axes.set_ylim(bottom, top)
            axes.set_xlabel(label(curve.x_label))
            _lay_out_places(axes, panel, doubling=curve.doubling)
            axes.yaxis.set_major_locator(MaxNLocator(5))
            axes.grid(axis="y")
            axes.set_axisbelow(True)
            axes.spines["left"].set_visible(False)
            drawings.append(svg(figure, f"{salt}-{i}"))
    return tuple(drawings)


def _draw_series(axes: Axes, series: Series, colour: str, line: str) -> None:
    """Draw one series with its band."""
    values, places = _with_gaps(series.values), _with_gaps(series.places)
    if values and len(series.low) == len(series.high) == len(values):
        low, high = _with_gaps(series.low), _with_gaps(series.high)
        axes.fill_between(places, low, high, color=colour, alpha=0.18, linewidth=0)
    marker = "o" if len(values) <= FEW_LAYERS else ""
    width = 1.1 if series.baseline else 1.6
    axes.plot(places, values, color=colour, linestyle=line, linewidth=width, marker=marker, markersize=3)


def _lay_out_places(axes: Axes, panel: Sequence[Series], *, doubling: bool) -> None:
    """Set a panel's x axis: ends, ticks, and where it is `doubling`, equal ratios; not where a place has no ratio."""
    places = _finite(place for series in panel for place in series.places)
    if not doubling or not 0 < max(places, default=0.0) < LARGEST_DRAWN * min(places, default=0.0):
        axes.set_xlim(*_ends(panel))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        return
    room = (max(places) / min(places)) ** 0.03 if max(places) > min(places) else 2.0
    axes.set_xscale("log", base=2)
    axes.set_xlim(min(places) / room, max(places) * room)
    axes.xaxis.set_major_locator(LogLocator(base=2, numticks=6))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())


def _ends(panel: Sequence[Series]) -> tuple[float, float]:
    """Return where a panel's x axis begins and ends, with half a layer of room, or 3 % where places are given."""
    places = _finite(place for series in panel for place in series.places) or [1.0]
    room = 0.03 * (max(places) - min(places)) if any(series.at for series in panel) else 0.5
    return min(places) - (room or 0.5), max(places) + (room or 0.5)


def forest_panels(
    verdicts: Sequence[Verdict], salt: str, models: Mapping[str, str] | None = None
) -> tuple[tuple[str, str], ...]:
    """Draw every part's effect with its corrected interval against 0: (name of the scale, SVG), one a unit.

    Units come in order of appearance; a part without an estimate keeps its row and says so. Shape and colour
    of a mark both tell the part's verdict; dotted lines stand at the smallest effect that matters. Percent units are
    drawn in percentage points. `models`: by subject, the names that effects are told apart by; none, where there is one
    model.
    """
    groups: dict[str, list[tuple[str, PartResult]]] = {}
    for verdict in verdicts:
        on = f" on {models[verdict.subject]}" if models and verdict.subject in models else ""
        for part in verdict.parts:
            groups.setdefault(part.unit, []).append((f"{verdict.claim.id}{on} · {part.name}", part))
    return tuple(
        (scale_name(unit), _forest(unit, rows, f"{salt}-{i}")) for i, (unit, rows) in enumerate(groups.items())
    )


def _forest(unit: str, rows: Sequence[tuple[str, PartResult]], salt: str) -> str:
    """Draw the parts of one unit, the first at the top, each with its label above its interval."""
    estimates = [part.estimate for _, part in rows]
    ends = _finite(v * scale(unit) for e in estimates for v in (e.effect, e.low, e.high))
    ends += _finite(side * part.matters * scale(unit) for _, part in rows for side in (-1, 1))
    with matplotlib.style.context(["default", STYLE]):
        figure = Figure(figsize=(3.9, 0.5 + 0.42 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        axes.set_xlim(*limits([*ends, 0.0]))
        axes.set_ylim(len(rows) - 0.5, -0.65)
        axes.axvline(0, color=INK, linewidth=0.8)
        for row, (name, part) in enumerate(rows):
            _draw_part(axes, row, part, scale(unit))
            # the box keeps the lines out of the words
            axes.text(
                0,
                row - 0.14,
                label(name),
                transform=axes.get_yaxis_transform(),
                va="bottom",
                fontsize=7.6,
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
            )
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        return svg(figure, salt)


def _draw_part(axes: Axes, row: int, part: PartResult, factor: float) -> None:
    """Draw one effect with its interval, or the words that stand for a missing one."""
    colour, estimate = OUTCOME_COLOURS[part.outcome], part.estimate
    if not _can_be_drawn(estimate.effect):
        axes.text(0, row + 0.12, "no estimate", color=colour, va="center", fontsize=7.6, style="italic")
        return
    if 0 < part.matters < LARGEST_DRAWN:
        for size in (-part.matters, part.matters):
            axes.plot(
                [size * factor] * 2, [row - 0.05, row + 0.29], color=BASELINE_COLOUR, linewidth=0.9, linestyle=":"
            )
    if _can_be_drawn(estimate.low) and _can_be_drawn(estimate.high):
        axes.plot([estimate.low * factor, estimate.high * factor], [row + 0.12] * 2, color=colour, linewidth=2)
    marker = OUTCOME_MARKERS[part.outcome]
    size = 9 if part.outcome is Outcome.NEGLIGIBLE else 7 if part.outcome is Outcome.MIXED else 5
    width = 2 if part.outcome is Outcome.NEGLIGIBLE else 1
    axes.plot(
        [estimate.effect * factor],
        [row + 0.12],
        color=colour,
        marker=marker,
        markersize=size,
        markeredgewidth=width,
        linestyle="",
    )


def _finite(values: Iterable[float]) -> list[float]:
    """Return the values that can be drawn."""
    return [value for value in values if _can_be_drawn(value)]


def _with_gaps(values: Iterable[float]) -> list[float]:
    """Return the values with NaN, which leaves a gap, for those that can't be drawn."""
    return [value if _can_be_drawn(value) else math.nan for value in values]


def _can_be_drawn(value: float) -> bool:
    """Whether a value is finite, and small enough for an axis to have room beside it."""
    return abs(value) < LARGEST_DRAWN


def limits(values: Sequence[float]) -> tuple[float, float]:
    """Return an axis' ends with 6 % of room; (0, 1) where there is nothing to draw."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.1 * abs(low) or 0.1
    return low - room, high + room


def label(text: str) -> str:
    """Return the text on one line, with escapes for what would steer a terminal, cut to what a panel holds."""
    line = "".join(character for character in shown(text[: 2 * LABEL_CHARACTERS]) if character.isprintable())
    return line if len(line) <= LABEL_CHARACTERS else line[: LABEL_CHARACTERS - 1].rstrip() + "…"


def svg(figure: Figure, salt: str) -> str:
    """Return the figure as an <svg> element: the same bytes for the same figure and salt.

    The salt makes the ids of clip paths and markers this drawing's own; the groups' names, which matplotlib
    counts from 1 in every file, are left out. Colours become the page's variables, and stay as fallback.
    """
    out = io.StringIO()
    with warnings.catch_warnings(), matplotlib.rc_context({"svg.hashsalt": salt}):
        # the reader's browser draws the text with its own fonts: a glyph missing here is not missing there
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>|\s*<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r"<g id=\"[^\"]*\"", "<g", text)
    return re.sub(r"<[^>]*>", lambda tag: _themed(tag.group()), text)


def _themed(tag: str) -> str:
    """Replace the palette's colours in one tag by the page's variables."""
    for colour, name in THEME.items():
        tag = tag.replace(colour, f"var(--{name}, {colour})")
    return tag
