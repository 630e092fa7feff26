"""Models by size: whether something grows with it, and whether a model exceeds the next smaller one."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from harness.evidence.measurements import ByTask
from harness.evidence.sized import LEAST, SizedModel, by_family, enough, learned
from harness.judging.comparisons import BOUNDED, difference
from harness.judging.exhibits import Table
from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.trend import slopes, steepest

PER_TENFOLD = " per tenfold size"
"""What follows a unit's name where its slope over log10 of the parameters is compared."""

ByModel = Mapping[str, ByTask]
"""By a model's name, values of its tasks: [set, example] or [set, example, layer]."""


def trends(
    name: str, prediction: str, unit: str, models: Sequence[SizedModel], values: ByModel, *, at_random: bool = False
) -> tuple[Comparison, ...]:
    """Compare the slopes of values over log10 of the parameters with 0, in each family of three sizes or more.

    A slope is one demonstration set's on one example (see `harness.statistics.trend`): models of different depth have
    their layers averaged first. A task counts where models of three sizes or more have learned it and share a set.

    `at_random`: the sizes are given to a family's models at random, for each set and example anew: a control, whose
    slopes are of nothing.
    """
    found = []
    for family, of in by_family(models).items():
        joined = {task: _joined(learned(of, task), task, values) for task in of[0].sets}
        there = {task: pair for task, pair in joined.items() if pair is not None}
        if there:
            seed = of[0].evidence.seed
            drawn = {task: stream(seed, "sizes at random", family, task) if at_random else None for task in there}
            cells = [slopes(stacked, sizes, drawn[task]) for task, (stacked, sizes) in there.items()]
            most = max(steepest(sizes) for _, sizes in there.values()) * (1 + 1e-9)  # sums are rounded
            found.append(
                Comparison(
                    name=f"{family}: {name}",
                    prediction=prediction,
                    unit=unit + PER_TENFOLD,
                    cells=tuple(_as_many_sets(cells)),
                    tasks=tuple(there),
                    bounds=(-most, most) if unit in BOUNDED else None,
                )
            )
    return tuple(found)


def over_next_smaller(
    name: str, prediction: str, unit: str, models: Sequence[SizedModel], values: ByModel, baselines: ByModel
) -> tuple[Comparison, ...]:
    """Compare each model's values, but the smallest's, with the next smaller model's baselines, whatever its family.

    Paired by demonstration set and example, on the tasks and sets that both have; a pair without one is left out.
    """
    found = []
    by_size = sorted(models, key=lambda model: (model.parameters, model.name))
    for smaller, larger in pairwise(by_size):
        cells = {task: _paired(larger, smaller, task, values, baselines) for task in larger.sets}
        there = {task: pair for task, pair in cells.items() if pair is not None}
        if there and larger.parameters > smaller.parameters:
            ours, theirs = ({task: pair[i] for task, pair in there.items()} for i in (0, 1))
            found.append(difference(f"{larger.name} over {smaller.name}: {name}", prediction, unit, ours, theirs))
    return tuple(found)


def _paired(
    larger: SizedModel, smaller: SizedModel, task: str, values: ByModel, baselines: ByModel
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return both under the sets that they share, [set, example] each; None where they share none."""
    if task not in values[larger.name] or task not in baselines[smaller.name]:
        return None
    shared = sorted({*larger.sets[task]} & {*smaller.sets[task]})
    ours, theirs = (_under(shared, model, task, of) for of, model in ((values, larger), (baselines, smaller)))
    return (ours, theirs) if shared else None


def less(values: ByModel, baselines: ByModel) -> ByModel:
    """Return values less their baselines, model by model and task by task."""
    return {name: {task: of - baselines[name][task] for task, of in by.items()} for name, by in values.items()}


def not_judged(models: Sequence[SizedModel]) -> Iterator[str]:
    """Say of which families too few sizes ran for a trend, where one of another is judged."""
    families = by_family(models)
    judged = any(map(enough, families.values()))
    for family, of in families.items() if judged else ():
        if not enough(of):
            yield f"{family}: shown, not judged: fewer than {LEAST} sizes ran."


def size_table(
    title: str, models: Sequence[SizedModel], columns: Mapping[str, ByModel], *, percent: bool = False, note: str = ""
) -> Table:
    """Return means over tasks, sets, examples and layers by model, the smallest of each family first, judged or not."""
    rows = []
    for family, of in by_family(models).items():
        for model in of:
            means = tuple(_mean(values[model.name]) for values in columns.values())
            rows.append((f"{family}, {model.parameters / 1e6:,.3g} M: {model.name}", means))
    return Table(title, tuple(columns), tuple(rows), decimals=1 if percent else 3, percent=percent, note=note)


def _joined(models: Sequence[SizedModel], task: str, values: ByModel) -> tuple[np.ndarray, tuple[int, ...]] | None:
    """Return [model, set, example] under the sets that all models share, and sizes; None where that is no trend."""
    if not enough(models):
        return None
    sets = sorted(set.intersection(*(set(model.sets[task]) for model in models)))
    if not sets:
        return None
    taken = [_over_layers(_under(sets, model, task, values)) for model in models]
    return np.stack(taken), tuple(model.parameters for model in models)


def _under(sets: Sequence[int], model: SizedModel, task: str, values: ByModel) -> np.ndarray:
    """Return a model's values of a task under these of its sets, in their order."""
    found: np.ndarray = values[model.name][task][[model.sets[task].index(number) for number in sets]]
    return found


def _over_layers(values: np.ndarray) -> np.ndarray:
    means: np.ndarray = values.mean(axis=-1) if values.ndim > 2 else values  # noqa: PLR2004  # set, example
    return means


def _as_many_sets(cells: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return cells with as many sets in each task: those that a task lacks count for nothing."""
    most = max(map(len, cells))
    return [np.pad(cell, ((0, most - len(cell)), (0, 0)), constant_values=np.nan) for cell in cells]


def _mean(values: ByTask) -> float | None:
    """Return the mean of the tasks' means; None where no task is left."""
    means = [float(np.nanmean(of)) for of in values.values()]
    return sum(means) / len(means) if means else None
