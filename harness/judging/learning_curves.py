"""How much a supervised model learns of more labels, beside ICL: the curves, and where they reach it."""

import math
from collections.abc import Mapping

import numpy as np

from harness.evidence.measurements import ByTask
from harness.evidence.supervised import Taught
from harness.judging.exhibits import Curve, Series, Table
from harness.statistics.overtaking import mean_and_interval, overtaking

ByFeatures = Mapping[str, Mapping[str, Taught]]
"""What supervised models get right, by what they read and by task."""


def learning_curves(icl: ByTask, taught: ByFeatures) -> Curve:
    """Return accuracy by number of labels, a panel a task, with ICL's as a level line.

    Bands are 95 % intervals over new demonstration sets and examples, of each accuracy alone: differences are paired,
    and surer.
    """
    panels = []
    for task, right in icl.items():
        drawn = {name: of[task] for name, of in taught.items()}
        places = next(iter(drawn.values())).labels
        level = _series("ICL", (places[0], places[-1]), np.stack([right, right]), baseline=True)
        panels.append((task, (level, *(_series(name, of.labels, of.right) for name, of in drawn.items()))))
    return Curve("Supervised models by number of labels", "accuracy", tuple(panels), "labels", doubling=True)


def overtaking_table(icl: ByTask, taught: ByFeatures) -> Table:
    """Return from how many labels on a supervised model is as accurate as ICL, by task and by what it reads."""
    rows = []
    for name, of in taught.items():
        for task, right in icl.items():
            found = overtaking(of[task].labels, of[task].right - right)
            numbers = (found.reached, found.low, found.high, of[task].labels[-1])
            rows.append((f"{task}, {name}", tuple(None if math.isinf(number) else number for number in numbers)))
    return Table(
        "Labels with which a supervised model is as accurate as ICL",
        ("labels", "from", "to", "whole pool"),
        tuple(rows),
        decimals=0,
        note="95 % interval over new demonstration sets and examples, linear in the logarithm of the number between "
        "the sizes that were trained. A dash: more than the whole pool. The demonstrations' own number stands for "
        "fewer, too.",
    )


def said(icl: ByTask, taught: ByFeatures) -> tuple[str, ...]:
    """Return the same in sentences, one for each row."""
    return tuple(_sentence(*row) for row in overtaking_table(icl, taught).rows)


def _sentence(name: str, numbers: tuple[float | None, ...]) -> str:
    *ends, pool = numbers
    assert pool is not None, "a pool has a size"
    reached, low, high = (f"more than the pool's {pool:,.0f}" if n is None else f"{n:,.0f}" for n in ends)
    return f"{name}: labels to be as accurate as ICL: {reached} (95 % interval: {low} to {high})."


def _series(name: str, places: tuple[float, ...], right: np.ndarray, *, baseline: bool = False) -> Series:
    """Return the mean of right answers [place, set, example] and its interval at each place."""
    found = [mean_and_interval(of, (0.0, 1.0)) for of in right]
    values, low, high = zip(*found, strict=True)
    return Series(name, values, low, high, baseline=baseline, at=places)
