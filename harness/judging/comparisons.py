"""Comparisons from measurements: value against baseline, and the coin that leaves no effect."""

import numpy as np

from harness.evidence.measurements import ByTask
from harness.seeds import stream
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

    Arrays are [set, example], [set, example, layer] or [set, draw, example, layer]. Where tasks share their draws, and
    each set has one of its own, the sets stand as draws.
    """
    cells = [_over_layers(value[task]) - _over_layers(baseline[task]) for task in value]
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
    """Return values [set, example(, layer)] less the mean over draws of others [set, draw, example(, layer)].

    Others without draws, of as many axes as the values, are taken as they are.
    """
    return {
        task: of - (others[task].mean(axis=1) if others[task].ndim > of.ndim else others[task])
        for task, of in values.items()
    }


def by_coin(seed: int, name: str, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two arrays in which a fair coin for each pair of entries decides which comes first: no effect is left."""
    heads = stream(seed, "coin", name).integers(2, size=one.shape) > 0
    return np.where(heads, one, other), np.where(heads, other, one)


def by_coin_of(seed: int, name: str, one: ByTask, other: ByTask) -> tuple[ByTask, ByTask]:
    """Return what `by_coin` does for every task."""
    tossed = {task: by_coin(seed, f"{name} {task}", one[task], other[task]) for task in one}
    return {task: pair[0] for task, pair in tossed.items()}, {task: pair[1] for task, pair in tossed.items()}


def _over_layers(values: np.ndarray) -> np.ndarray:
    """Return [set, draw, example]."""
    if values.ndim == 2:  # noqa: PLR2004  # set, example
        return values[:, None, :]
    means: np.ndarray = values.mean(axis=-1)
    return means[:, None, :] if values.ndim == 3 else means  # noqa: PLR2004  # set, example, layer
