"""The ladder: how alike ICL's change is to many things, from what bounds it above to noise.

A similarity by itself has no scale. A ladder sets it among others of the same measure: above, what ICL is like when it
is itself once more (another order, another set of demonstrations), and the most that an update of the same weights can
reach; below, updates that know nothing of the task. A rung is a fact with an interval, and no verdict.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from harness.evidence.evidence import Evidence
from harness.evidence.questions import Measuring
from harness.judging.comparisons import difference
from harness.judging.exhibits import Ladder, Rung
from harness.statistics import Comparison
from harness.statistics.judgement import estimate

LEVEL = 0.95
Kind = Literal["ceiling", "finetuning", "rival", "floor"]


@dataclass(frozen=True)
class Step:
    """A rung as it is asked for: what it is, and where its similarity stands."""

    name: str
    kind: Kind
    varies: str
    """What is other than in the claims' own finetuning."""
    keeps: str
    ask: Callable[[str], Measuring]
    """Returns the question of a measurement's name."""
    arrays: Mapping[str, str]
    """By measurement, its array; a measurement that is not here has no such rung."""
    absent: str = "it could not be run on these tasks"
    """Why there may be none."""
    of_another_kind: bool = False
    """Whether it is of tasks alone beside which there is one with other answer words."""


@dataclass(frozen=True)
class Scale:
    """What a ladder measures: a similarity, or the share of the way between two divergences."""

    title: str
    measurement: str
    unit: str
    from_start: str = ""
    """The array of the divergence that is 0 % of the way; empty for a similarity."""
    doses: tuple[tuple[float, float], ...] = ()
    """What the similarity is by the share of descent in the update (see `harness.judging.exhibits.Ladder`)."""


def asked(steps: Sequence[Step], scales: Sequence[Scale]) -> tuple[Measuring, ...]:
    """Return all that ladders of these scales ask for, each question once."""
    found = [s.ask(scale.measurement) for scale in scales for s in steps if scale.measurement in s.arrays]
    return tuple(dict.fromkeys(found))


def ladder(evidence: Evidence, scale: Scale, steps: Sequence[Step]) -> Ladder:
    """Return the ladder of a scale: its rungs in the order of the steps."""
    rungs = [_rung(evidence, scale, step) for step in steps if scale.measurement in step.arrays]
    return Ladder(scale.title, scale.unit, tuple(rungs), scale.doses)


def _rung(evidence: Evidence, scale: Scale, step: Step) -> Rung:
    question = step.ask(scale.measurement)
    values = evidence.of(question, step.arrays[scale.measurement])
    alone = [task for task in values if step.of_another_kind and evidence.of_other_kind(task) is None]
    values = {task: of for task, of in values.items() if task not in alone and not np.isnan(of).all()}
    rung = Rung(step.name, step.kind, step.varies, step.keeps)
    if not values:
        return replace(rung, reason=evidence.absent(question) or step.absent)
    if scale.from_start:
        start = evidence.of(question, scale.from_start)
        shares = {task: share_of_the_way(of, start[task]) for task, of in values.items()}
        values = {task: of for task, of in shares.items() if not np.isnan(of).all()}
        if not values:
            return replace(rung, reason="there is no way to go: ICL answers as zero-shot does")
    nothing = {task: np.zeros_like(of) for task, of in values.items()}
    return _estimated(rung, difference(step.name, "", scale.unit, values, nothing))


def share_of_the_way(remaining: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return an array whose mean is 1 - mean(remaining) / mean(whole), and whose spread is that share's to first order.

    With R the ratio of the means, an entry is 1 - R - (remaining - R whole) / mean(whole) (the delta method). NaN where
    the whole is nothing.
    """
    total = float(np.nanmean(whole))
    if not total > 0:
        return np.full_like(remaining, math.nan, dtype=float)
    ratio = float(np.nanmean(remaining)) / total
    return np.asarray(1 - ratio - (remaining - ratio * whole) / total)


def _estimated(rung: Rung, comparison: Comparison) -> Rung:
    found = estimate(comparison, LEVEL)
    means = [float(np.nanmean(cell)) for cell in comparison.cells]
    low, high = (found.low, found.high) if math.isfinite(found.low) else (None, None)
    return replace(
        rung,
        value=found.effect,
        low=low,
        high=high,
        n=found.n,
        sets=found.sets,
        draws=found.draws,
        by_task=tuple(zip(comparison.tasks, means, strict=True)),
    )
