"""Comparisons from measurements: value against baseline, and sets against sets, which leaves no effect."""

import numpy as np

from harness.evidence.measurements import ByTask
from harness.statistics import Comparison

BOUNDED = frozenset({"accuracy", "probability"})
"""Units whose differences lie between -1 and 1."""


def difference(
    name: str,
    prediction: str,
    unit: str,
    value: ByTask,
    baseline: ByTask,
    *,
    alike: float = 0.0,
    shared_draws: bool = False,
) -> Comparison:
    """Compare value and baseline example by example; layers are averaged first, and one draw stands beside several.

    `alike`: that they differ by less than this, in place of that the value is the larger.

    Arrays are [set, example], [set, example, layer] or [set, draw, example, layer]. Where tasks share their draws
    (`shared_draws`) each set has one of its own, and the sets stand as draws.
    """
    cells = _of_counting_sets([_over_layers(value[task]) - _over_layers(baseline[task]) for task in value])
    return Comparison(
        name=name,
        prediction=prediction,
        unit=unit,
        cells=tuple(cell.swapaxes(0, 1) for cell in cells) if shared_draws else tuple(cells),
        tasks=tuple(value),
        alike=alike > 0,
        matters=alike,
        shared_draws=shared_draws,
        bounds=(-1.0, 1.0) if unit in BOUNDED else None,
    )


def difference_if_any(name: str, prediction: str, unit: str, value: ByTask, baseline: ByTask) -> tuple[Comparison, ...]:
    """Compare them as `difference` does; nothing where no task is left: a control on fewer tasks than the claim."""
    return (difference(name, prediction, unit, value, baseline),) if value else ()


def between_sets(
    name: str, prediction: str, unit: str, values: ByTask, *, shared_draws: bool = False
) -> tuple[Comparison, ...]:
    """Compare every other set with the one after it, as a control: sets that are drawn alike differ by chance alone.

    No set stands in two pairs: round in a ring the differences would sum to 0, whatever they are, and such a control
    could never come out supported. None at fewer than four sets: of one pair nothing says how far apart two sets are.
    """
    values = dict(zip(values, _of_counting_sets(list(values.values())), strict=True))
    pairs = min(len(of) for of in values.values()) // 2
    if pairs < 2:  # noqa: PLR2004  # a variance
        return ()
    one, other = ({task: of[first : 2 * pairs : 2] for task, of in values.items()} for first in (0, 1))
    return (difference(name, prediction, unit, one, other, shared_draws=shared_draws),)


def mean_of(name: str, prediction: str, unit: str, values: ByTask) -> Comparison:
    """Compare the mean of the examples that count (not NaN) with 0."""
    kept = {task: of[:, ~np.isnan(of).all(axis=0)] for task, of in values.items()}
    cells = tuple(kept[task] if kept[task].size else values[task] for task in values)
    return Comparison(name=name, prediction=prediction, unit=unit, cells=cells, tasks=tuple(values))


def proportion(name: str, prediction: str, unit: str, value: ByTask, null: float) -> Comparison:
    """Compare the share of ones among the examples that count (not NaN) with `null`."""
    cells, tasks = tuple(value.values()), tuple(value)
    return Comparison(
        name=name, prediction=prediction, unit=unit, cells=cells, tasks=tasks, kind="proportion", null=null
    )


def less(values: ByTask, others: ByTask) -> ByTask:
    """Return values [set, example, layer] less the mean over draws of others [set, draw, example, layer]."""
    return {task: of - others[task].mean(axis=1) for task, of in values.items()}


def on_sets_of(values: ByTask, others: ByTask) -> ByTask:
    """Return values on the tasks and the first sets that others are of: what costs more is measured on fewer."""
    return {task: values[task][: len(of)] for task, of in others.items()}


def scaled(values: ByTask, factor: float) -> ByTask:
    """Return every value times the factor."""
    return {task: factor * of for task, of in values.items()}


def _of_counting_sets(cells: list[np.ndarray]) -> list[np.ndarray]:
    """Return the sets, on the first axis, on which anything counts in any task; all where nothing does."""
    if len(set(map(len, cells))) != 1:
        return cells
    kept = np.any([~np.isnan(cell).reshape(len(cell), -1).all(axis=1) for cell in cells], axis=0)
    return [cell[kept] for cell in cells] if kept.any() else cells


def _over_layers(values: np.ndarray) -> np.ndarray:
    """Return [set, draw, example]."""
    if values.ndim == 2:  # noqa: PLR2004  # set, example
        return values[:, None, :]
    means: np.ndarray = values.mean(axis=-1)
    return means[:, None, :] if values.ndim == 3 else means  # noqa: PLR2004  # set, example, layer
