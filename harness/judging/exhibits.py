"""What a verdict shows beside its figures: tables and charts, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.stats import t

from harness.evidence.measurements import ByTask
from harness.trainings.grid import Found


@dataclass(frozen=True)
class Table:
    """Figures per task beside the paper's. A cell is a number, or None where there is none."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]
    decimals: int = 3
    percent: bool = False
    note: str = ""


@dataclass(frozen=True)
class Series:
    """One line of a chart, with a band where low and high are given."""

    name: str
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    baseline: bool = False
    at: tuple[float, ...] = ()
    """Where each value stands; left out, at 1, 2, 3, ..., which are layers unless the chart says otherwise."""

    @property
    def places(self) -> tuple[float, ...]:
        """Where each value stands."""
        return self.at or tuple(float(i + 1) for i in range(len(self.values)))


@dataclass(frozen=True)
class Curve:
    """A chart over layers, or over what `x_label` names: one panel a task."""

    title: str
    y_label: str
    panels: tuple[tuple[str, tuple[Series, ...]], ...]
    """(task name, its series)."""
    x_label: str = "layer"
    doubling: bool = False
    """Whether equal ways along the x axis are equal ratios; all places are above 0 then."""


@dataclass(frozen=True)
class Rung:
    """One thing that ICL's change is set beside, and how alike they are."""

    name: str
    kind: str
    """'ceiling', 'finetuning', 'rival' or 'floor'."""
    varies: str
    """What is other about it than about the claims' own finetuning."""
    keeps: str
    value: float | None = None
    """Mean over tasks, demonstration sets, draws and examples; None where it was left out."""
    low: float | None = None
    high: float | None = None
    """Its 95 % interval, uncorrected; None where too few cases count."""
    n: int = 0
    """How many distinct examples count."""
    sets: int = 0
    draws: int = 0
    by_task: tuple[tuple[str, float], ...] = ()
    reason: str = ""
    """Why it was left out."""


MOST_DOSES = 20


@dataclass(frozen=True)
class Ladder:
    """How alike ICL's change is to many things, from what bounds it above to noise."""

    title: str
    unit: str
    rungs: tuple[Rung, ...]
    doses: tuple[tuple[float, float], ...] = ()
    """(share, similarity), both ascending: what models have of whose update in the context a known share is descent."""

    @property
    def has_doses(self) -> bool:
        """Whether there is a scale to read: two or more doses, no more than can be drawn, both numbers ascending."""
        columns = zip(*self.doses, strict=True)
        ascending = all(low < high for column in columns for low, high in pairwise(column))
        return MOST_DOSES >= len(self.doses) > 1 and ascending

    def dose(self, similarity: float) -> float | None:
        """Return the share of descent that a similarity stands for, between 0 and 1; None where there is no scale."""
        if not self.has_doses:
            return None
        shares, similarities = zip(*self.doses, strict=True)
        return float(np.interp(similarity, similarities, shares))


def task_table(
    title: str,
    columns: Mapping[str, ByTask],
    paper: Sequence[tuple[str, Sequence[float | None]]] = (),
    *,
    percent: bool = False,
    overall: bool = True,
    note: str = "",
) -> Table:
    """Return means a task (over demonstration sets, examples, layers), their mean where asked, and the paper's rows."""
    tasks = list(next(iter(columns.values())))
    rows = [(task, tuple(_mean(values[task]) for values in columns.values())) for task in tasks]
    means = tuple(_mean(np.array([row[i] for _, row in rows], float)) for i in range(len(columns)))
    if overall and len(tasks) > 1:
        rows.append(("mean over tasks", means))
    rows += [(f"paper: {name}", tuple(figures)) for name, figures in paper]
    return Table(title, tuple(columns), tuple(rows), decimals=1 if percent else 3, percent=percent, note=note)


def layer_curve(
    title: str, y_label: str, series: Mapping[str, ByTask], baselines: frozenset[str] = frozenset()
) -> Curve:
    """Return means by layer with bands of 1.96 standard errors over examples (sets averaged first)."""
    tasks = list(next(iter(series.values())))
    panels = tuple(
        (
            task,
            tuple(_series(name, values[task], baseline=name in baselines) for name, values in series.items()),
        )
        for task in tasks
    )
    return Curve(title, y_label, panels)


def run_curve(
    title: str,
    y_label: str,
    panels: Mapping[str, Mapping[str, np.ndarray]],
    places: Sequence[float],
    x_label: str,
    baselines: frozenset[str] = frozenset(),
) -> Curve:
    """Return means over training runs of values [run, place], with Student's 95 % interval of the mean as the band.

    `panels` holds values by panel and series. One run, or runs that are all alike, have no band.
    """

    def series(name: str, values: np.ndarray) -> Series:
        mean = values.mean(axis=0)
        margin = np.zeros_like(mean)
        if len(values) > 1:
            margin = t.isf(0.025, len(values) - 1) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
        low, high = (mean - margin, mean + margin) if margin.any() else (mean[:0], mean[:0])
        at = tuple(map(float, places))
        ends = (tuple(low.tolist()), tuple(high.tolist()))
        return Series(name, tuple(mean.tolist()), *ends, baseline=name in baselines, at=at)

    drawn = tuple((panel, tuple(series(*item) for item in shown.items())) for panel, shown in panels.items())
    return Curve(title, y_label, drawn, x_label)


def loss_curve(title: str, y_label: str, found: Found, points: int = 40) -> Curve:
    """Return every attention's training loss by step, averaged over `points` equal stretches of the training."""
    steps = next(iter(found.values()))["losses"].shape[1]
    cuts = np.array_split(np.arange(steps), min(points, steps))
    shown = {
        name: np.stack([arrays["losses"][:, cut].mean(axis=1) for cut in cuts], 1) for name, arrays in found.items()
    }
    return run_curve(title, y_label, {"training": shown}, [float(cut.mean() + 1) for cut in cuts], "step")


def _series(name: str, values: np.ndarray, *, baseline: bool) -> Series:
    by_example = values.mean(axis=0)  # [example, layer]
    mean = by_example.mean(axis=0)
    margin = 1.96 * by_example.std(axis=0, ddof=1) / np.sqrt(len(by_example))
    low, high = mean - margin, mean + margin
    return Series(name, tuple(mean.tolist()), tuple(low.tolist()), tuple(high.tolist()), baseline)


def _mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values.astype(float))]
    return float(known.mean()) if known.size else None
