"""A ladder drawn: a row a rung, from the ceiling down, on the similarity's own scale."""

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harness.judging.exhibits import Ladder, Rung
from harness.report.figures import (
    BASELINE_COLOUR,
    INK,
    LARGEST_DRAWN,
    PAPER,
    SERIES_COLOURS,
    STYLE,
    label,
    limits,
    svg,
)
from harness.report.numbers import number

BLUE, ORANGE, GREEN = SERIES_COLOURS[:3]
COLOURS: Mapping[str, str] = {"ceiling": GREEN, "finetuning": BLUE, "rival": ORANGE, "floor": BASELINE_COLOUR}
MARKERS: Mapping[str, str] = {"ceiling": "^", "finetuning": "o", "rival": "s", "floor": "v"}
"""Shape and colour both tell what a rung is."""
LEAST = -1.0
"""A share may be far below 0; what is further is an arrow at this edge, with its number beside it."""
WORDS: Mapping[str, Any] = {
    "va": "bottom",
    "fontsize": 7.6,
    "bbox": {"facecolor": PAPER, "edgecolor": "none", "pad": 1},
}
LEFT_OUT: Mapping[str, Any] = {"va": "center", "fontsize": 7.6, "style": "italic"}


def ladder_panel(ladder: Ladder, salt: str) -> str:
    """Draw a ladder: each rung's mean with its interval, a tick a task; a rung that was left out says so in its row."""
    rungs = ladder.rungs
    known = [v for r in rungs for v in (r.value, r.low, r.high, *(of for _, of in r.by_task)) if v is not None]
    ends = [max(v, LEAST) for v in known if _drawable(v)]
    with matplotlib.style.context(["default", STYLE]):
        above = 0.3 if ladder.has_doses else 0.0
        figure = Figure(figsize=(4.6, 0.45 + above + 0.36 * max(len(rungs), 1)), layout="constrained")
        axes = figure.add_subplot()
        axes.set_xlim(*limits([*ends, 0.0, 1.0]))
        axes.set_ylim(len(rungs) - 0.5, -0.75)
        axes.axvline(0, color=INK, linewidth=0.8)
        for row, rung in enumerate(rungs):
            _draw(axes, row, rung)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        _draw_doses(axes, ladder)
        return svg(figure, salt)


def _draw(axes: Axes, row: int, rung: Rung) -> None:
    colour, place = COLOURS.get(rung.kind, INK), row + 0.16
    left, right = axes.get_xlim()
    axes.text(max(left, 0) + 0.012 * (right - left), row - 0.08, label(rung.name), color=INK, **WORDS)
    if rung.value is None or not _drawable(rung.value):
        axes.text(max(left, 0) + 0.012 * (right - left), place, "left out", color=BASELINE_COLOUR, **LEFT_OUT)
        return
    axes.text(right, row - 0.08, number(rung.value, 2), color=colour, ha="right", **WORDS)
    if rung.low is not None and rung.high is not None and _drawable(rung.low) and _drawable(rung.high):
        axes.plot([max(rung.low, LEAST), max(rung.high, LEAST)], [place] * 2, color=colour, linewidth=2)
    for _, value in rung.by_task if len(rung.by_task) > 1 else ():
        if _drawable(value) and value >= LEAST:
            axes.plot([value] * 2, [place - 0.16, place + 0.16], color=colour, linewidth=1)
    marker = MARKERS.get(rung.kind, "o") if rung.value >= LEAST else "<"
    axes.plot([max(rung.value, LEAST)], [place], color=colour, marker=marker, markersize=6, linestyle="")


def _draw_doses(axes: Axes, ladder: Ladder) -> None:
    """Draw a scale above: which similarity each share of descent has."""
    if not (ladder.has_doses and all(map(_drawable, (v for dose in ladder.doses for v in dose)))):
        return
    above = axes.secondary_xaxis("top")
    above.set_xticks([at for _, at in ladder.doses], [f"{100 * share:.0f} %" for share, _ in ladder.doses])
    above.set_xlabel("share of descent in an update made so", fontsize=7.6)
    above.tick_params(length=2.5, labelsize=7, pad=1.5)


def _drawable(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and abs(value) < LARGEST_DRAWN
