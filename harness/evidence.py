"""What a claim asks of the runs: measurements by name, and the comparisons, tables and charts made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from harness.measurements import MEASUREMENTS, VERSION
from harness.runner import Runner
from harness.seeds import stream
from harness.statistics import Comparison
from harness.theory_runs import trained_regression
from harness.types import Check, Curve, Series, Table

ByTask = Mapping[str, np.ndarray]
"""One array a task: [seed, example] or [seed, example, layer]; seeds are demonstration sets."""


@dataclass(frozen=True)
class Measured:
    """What a claim's `measure` returns: comparisons to judge, the same for its control, and what to show."""

    parts: tuple[Comparison, ...] = ()
    control: tuple[Comparison, ...] = ()
    checks: tuple[Check, ...] = ()
    """Exact statements: all must hold for the claim to be supported."""
    control_checks: tuple[Check, ...] = ()
    """The same statements with a planted error: none may hold."""
    tables: tuple[Table, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()


class Evidence:
    """Measurements of every task, each computed once."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.tasks = runner.settings.tasks
        self._all = lru_cache(maxsize=None)(self._measure)

    def of(self, measurement: str, name: str) -> ByTask:
        """Return array `name` of a measurement (see `harness.measurements`) for every task."""
        return {task: np.stack([found[name] for found in self._all(measurement, task)]) for task in self.tasks}

    def causality(self) -> Mapping[str, Mapping[str, float]]:
        """Return what C8 says of every task (see `harness.theory_runs.causality`)."""
        return {task: self.runner.causality(task) for task in self.tasks}

    def regression(self) -> Mapping[str, np.ndarray]:
        """Return what training on in-context regression found (see `harness.theory_runs.trained_regression`)."""
        return trained_regression(self.runner.runs)

    def _measure(self, measurement: str, task: str) -> Sequence[Mapping[str, np.ndarray]]:
        seed = self.runner.settings.seed

        def compute(task: str, candidate: int) -> Mapping[str, np.ndarray]:
            rng = stream(seed, "measurement", measurement, task, candidate)
            source, measure = MEASUREMENTS[measurement]
            return measure(getattr(self.runner, source)(task, candidate), rng)

        identity = {"name": measurement, "version": VERSION, "seed": seed}
        return self.runner.measured(identity, task, compute)


def difference(name: str, prediction: str, unit: str, value: ByTask, baseline: ByTask) -> Comparison:
    """Compare value and baseline example by example; layers are averaged first."""
    cells = tuple(_over_layers(value[task]) - _over_layers(baseline[task]) for task in value)
    return Comparison(name=name, prediction=prediction, unit=unit, cells=cells)


def proportion(name: str, prediction: str, unit: str, value: ByTask, null: float) -> Comparison:
    """Compare the share of ones among the examples that count (not NaN) with `null`."""
    cells = tuple(value.values())
    return Comparison(name=name, prediction=prediction, unit=unit, cells=cells, kind="proportion", null=null)


def task_table(
    title: str,
    columns: Mapping[str, ByTask],
    paper: Sequence[tuple[str, Sequence[float | None]]] = (),
    *,
    percent: bool = False,
    note: str = "",
) -> Table:
    """Return means a task (over demonstration sets, examples, layers), their mean, and the paper's rows."""
    tasks = list(next(iter(columns.values())))
    rows = [(task, tuple(_mean(values[task]) for values in columns.values())) for task in tasks]
    means = tuple(_mean(np.array([row[i] for _, row in rows], float)) for i in range(len(columns)))
    if len(tasks) > 1:
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


def _series(name: str, values: np.ndarray, *, baseline: bool) -> Series:
    by_example = values.mean(axis=0)  # [example, layer]
    mean = by_example.mean(axis=0)
    margin = 1.96 * by_example.std(axis=0, ddof=1) / np.sqrt(len(by_example))
    low, high = mean - margin, mean + margin
    return Series(name, tuple(mean.tolist()), tuple(low.tolist()), tuple(high.tolist()), baseline)


def _over_layers(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=2) if values.ndim == 3 else values  # noqa: PLR2004  # seed, example, layer


def _mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values.astype(float))]
    return float(known.mean()) if known.size else None
