"""What a claim asks of the runs: measurements by name, and the comparisons, tables and charts made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.stats import t

from harness.control_evidence import Controls
from harness.judged import family_identity
from harness.measurements import MEASUREMENTS, VERSION, ByTask
from harness.metrics import rec2ftp
from harness.metrics.base_rate import excess_over_base_rate
from harness.runner import Runner
from harness.seeds import stream
from harness.statistics import Comparison
from harness.store import Entry
from harness.text_task_runs import text_task_answers
from harness.theory_runs import trained_regression
from harness.training_runs import ProblemName
from harness.trainings import Found
from harness.types import Calibration, Check, Curve, Series, Table


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
        self.controls = Controls(runner)
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

    def base_rate(self) -> Mapping[str, ByTask]:
        """Return Rec2FTP and its base rate: how often ICL is right where ZSL is wrong, and FT right or wrong.

        `corrected` and `uncorrected` [seed, example] by task; `excess` [seed, example] of all tasks joined, whose
        mean is the difference within tasks (see `harness.metrics.base_rate`), and `control`, the same with FT's
        right answers permuted among the examples that ZSL gets wrong.
        """
        zsl, icl, ft = ({t: v > 0 for t, v in self.of("accuracy", s).items()} for s in ("zsl", "icl", "ft"))
        rng = stream(self.runner.settings.seed, "base rate")
        shuffled = {task: ft[task].copy() for task in ft}
        for task, rows in shuffled.items():
            for row, wrong in zip(rows, ~zsl[task], strict=True):
                row[wrong] = rng.permutation(row[wrong])
        sets = range(len(next(iter(zsl.values()))))

        def excess(of_ft: ByTask) -> ByTask:
            by_set = [excess_over_base_rate(*([v[i] for v in of.values()] for of in (zsl, icl, of_ft))) for i in sets]
            return {"all tasks": np.stack(by_set)}

        return {
            "corrected": {task: rec2ftp(zsl[task], icl[task], ft[task]) for task in zsl},
            "uncorrected": {task: rec2ftp(zsl[task], icl[task], ~ft[task]) for task in zsl},
            "excess": excess(ft),
            "control": excess(shuffled),
        }

    def trained(self, problem: ProblemName) -> Found:
        """Return what the trainings on a problem left, by attention (see `harness.trainings.Trainings.of`)."""
        return self.runner.trainings.of(problem)

    def text_tasks(self) -> Mapping[str, ByTask]:
        """Return right answers [training run, example] of the language models we trained, by attention and task.

        Empty at sizes whose models are too small to answer (`Size.text_tasks`).
        """
        if not self.runner.trainings.size.text_tasks:
            return {}
        return {
            attention: {task: text_task_answers(self.runner.runs, self.runner.trainings, attention, task)}
            for attention in ("vanilla", "momentum")
            for task in self.tasks
        }

    def calibrated(
        self,
        family: Mapping[str, Sequence[Comparison]],
        effects: Mapping[str, Sequence[float]],
        alpha: float,
        runs: int,
    ) -> Mapping[str, Calibration]:
        """Return the calibration of each claim of a family that has comparisons (see `harness.statistics.calibration`).

        Kept in the store under the hash of all that it is drawn from.
        """

        def compute() -> Entry:
            from harness.statistics.calibration import calibrate  # noqa: PLC0415  # only where it is not kept

            found = calibrate(
                family, alpha, stream(self.runner.settings.seed, "calibration"), effects=effects, runs=runs
            )
            return Entry({}, {one.claim: asdict(one) for one in found})

        key = {
            "family": family_identity(family),
            "effects": effects,
            "alpha": alpha,
            "runs": runs,
            "version": CALIBRATION_VERSION,
        }
        key["seed"] = self.runner.settings.seed
        facts = self.runner.runs.store.find_or_compute("calibration", key, compute).facts
        return {claim: _calibration(kept) for claim, kept in facts.items()}  # type: ignore[arg-type]

    def _measure(self, measurement: str, task: str) -> Sequence[Mapping[str, np.ndarray]]:
        seed = self.runner.settings.seed

        def compute(task: str, candidate: int) -> Mapping[str, np.ndarray]:
            rng = stream(seed, "measurement", measurement, task, candidate)
            source, measure = MEASUREMENTS[measurement]
            return measure(getattr(self.runner, source)(task, candidate), rng)

        identity = {"name": measurement, "version": VERSION, "seed": seed}
        return self.runner.measured(identity, task, compute)


CALIBRATION_VERSION = 1
"""Raised when the simulation changes, so that none is read from an older store."""


def _calibration(kept: Mapping[str, Any]) -> Calibration:
    effect = None if kept["effect"] is None else tuple(kept["effect"])
    return Calibration(**{**kept, "examples": tuple(kept["examples"]), "effect": effect})


def difference(name: str, prediction: str, unit: str, value: ByTask, baseline: ByTask) -> Comparison:
    """Compare value and baseline example by example; layers are averaged first."""
    cells = tuple(_over_layers(value[task]) - _over_layers(baseline[task]) for task in value)
    return Comparison(name=name, prediction=prediction, unit=unit, cells=cells)


def mean_of(name: str, prediction: str, unit: str, values: ByTask) -> Comparison:
    """Compare the mean of the examples that count (not NaN) with 0."""
    kept = {task: of[:, ~np.isnan(of).all(axis=0)] for task, of in values.items()}
    cells = tuple(kept[task] if kept[task].size else values[task] for task in values)
    return Comparison(name=name, prediction=prediction, unit=unit, cells=cells)


def proportion(name: str, prediction: str, unit: str, value: ByTask, null: float) -> Comparison:
    """Compare the share of ones among the examples that count (not NaN) with `null`."""
    cells = tuple(value.values())
    return Comparison(name=name, prediction=prediction, unit=unit, cells=cells, kind="proportion", null=null)


def by_coin(evidence: Evidence, name: str, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two arrays in which a fair coin for each pair of entries decides which comes first: no effect is left."""
    heads = stream(evidence.runner.settings.seed, "coin", name).integers(2, size=one.shape) > 0
    return np.where(heads, one, other), np.where(heads, other, one)


def by_coin_of(evidence: Evidence, name: str, one: ByTask, other: ByTask) -> tuple[ByTask, ByTask]:
    """Return what `by_coin` does for every task."""
    tossed = {task: by_coin(evidence, f"{name} {task}", one[task], other[task]) for task in one}
    return {task: pair[0] for task, pair in tossed.items()}, {task: pair[1] for task, pair in tossed.items()}


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


def _over_layers(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=2) if values.ndim == 3 else values  # noqa: PLR2004  # seed, example, layer


def _mean(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values.astype(float))]
    return float(known.mean()) if known.size else None
