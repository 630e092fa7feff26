"""The effect of a comparison and its variance over new sets, draws and examples, for many runs at once.

A task's values y[set, draw, example] are taken as a sum of a set's, a draw's and an example's own part and a rest, all
crossed. With w the task's weight, u = w (y - mean) / count the influences, and S_a the sums of u over all but axis a,
each axis of L > 1 levels gives a term with L - 1 degrees of freedom,

    V_a = L var(S_a),      expectation w^2 (var_a / L + var_rest / N),

which holds the rest's share w^2 var_rest / N. The effect's variance has that share once: of k axes, k - 1 shares are
taken off,

    V = sum_a V_a - (k - 1) V_rest,      not below the largest V_a, nor V_rest (summed over tasks).

Tasks are fixed, and have sets and examples of their own: their terms add. Draws that tasks share are crossed with them:
one term, of the sums over all tasks. Degrees of freedom are Satterthwaite's, V^2 / sum(V_i^2 / df_i) over the terms and
what is taken off, without a jump where V is the largest. What two axes share beyond their own parts (a set's own effect
on an example, say) is left in both terms: V errs upwards.

Where values are missing the influences are those of a ratio estimate, and levels at which none counts are none. No rest
is taken off a task in which an example counts under some of its sets and draws, and not under others.

Why no bootstrap over sets: resampling S values gives (S - 1) / S of their variance, and no small sample's wider tails.

Sources: Satterthwaite 1946, Biometrics Bulletin 2, 110-114; crossed random effects: Searle, Casella, McCulloch 1992,
Variance Components, ch. 4; influences of a ratio: Cochran 1977, Sampling Techniques, ch. 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Runs = Sequence[Float[np.ndarray, "run _set _draw _example"]]
"""Simulated runs of one comparison (or one real run), an array a task."""


@dataclass(frozen=True)
class Moments:
    """Effect, variance and degrees of freedom of each run; NaN, 0 and infinity where nothing counts or varies."""

    effect: Float[np.ndarray, " run"]
    variance: Float[np.ndarray, " run"]
    freedom: Float[np.ndarray, " run"]


def moments(cells: Runs, *, pooled: bool, shared_draws: bool, null: float = 0.0) -> tuple[Moments, tuple[Moments, ...]]:
    """Return each run's moments (see the module's text), over all tasks and of each alone.

    `pooled`: over all tasks, all values that count weigh alike; else the tasks do.
    """
    known = [~np.isnan(cell) for cell in cells]
    centre, means, influences = _influences(cells, known, pooled=pooled)
    tables = [_Table.of(u, counting) for u, counting in zip(influences, known, strict=True)]
    whole = _joined(tables)
    if shared_draws and influences[0].shape[_DRAWS] > 1:
        sums = np.sum([_sums(u, _DRAWS) for u in influences], axis=0)
        whole.axes[_DRAWS] = [_term(sums, np.ones_like(sums, dtype=bool))]
    found = _combined(centre - null, whole)
    if len(cells) == 1:
        return found, (found,)
    if pooled:
        return found, tuple(moments([c], pooled=True, shared_draws=False, null=null)[0] for c in cells)
    alone = (_combined(mean - null, table, len(cells) ** 2) for mean, table in zip(means, tables, strict=True))
    return found, tuple(alone)


@dataclass(frozen=True)
class Components:
    """Variances of one value, of its set's, draw's and example's own part and of the rest, as their moments say.

    0 where an axis has one level, and where its levels vary by less than the rest explains. `rest` is 0 where it can't
    be told from an example's own part.
    """

    sets: float
    draws: float
    examples: float
    rest: float


def components(cells: Sequence[Float[np.ndarray, "_set _draw _example"]]) -> Components:
    """Return the mean over tasks of var_a = L (V_a - V_rest) and var_rest = N V_rest, each task of weight 1."""
    by_task = [_components(cell[None]) for cell in cells]
    return Components(*(float(np.mean(of_axis)) for of_axis in zip(*by_task, strict=True)))


def _components(cell: Float[np.ndarray, "1 _set _draw _example"]) -> list[float]:
    known = ~np.isnan(cell)
    _, _, (influences,) = _influences([cell], [known], pooled=False)
    table = _Table.of(influences, known)
    rest = float(table.rests[0].variance[0]) if table.rests else 0.0
    found = []
    for axis in _AXES:
        levels = int(known.any(axis=_others(axis)).sum())
        varies = axis in table.axes and levels > 1
        found.append(max(0.0, levels * (float(table.axes[axis][0].variance[0]) - rest)) if varies else 0.0)
    return [*found, int(known.sum()) * rest]


@dataclass(frozen=True)
class _Term:
    variance: Float[np.ndarray, " run"]
    freedom: Float[np.ndarray, " run"]


@dataclass(frozen=True)
class _Table:
    """The terms of one task or several, by axis, and the rests."""

    axes: dict[int, list[_Term]]
    rests: list[_Term]

    @classmethod
    def of(cls, u: Float[np.ndarray, "run _set _draw _example"], counting: np.ndarray) -> "_Table":
        """Return the terms of a task's influences."""
        axes = {
            axis: [_term(_sums(u, axis), np.asarray(counting.any(axis=_others(axis))))]
            for axis in _AXES
            if u.shape[axis] > 1 or axis == _EXAMPLES
        }
        return cls(axes, [_rest(u, counting)] if len(axes) > 1 else [])


def _joined(tables: Sequence[_Table]) -> _Table:
    axes = {axis: [term for table in tables for term in table.axes[axis]] for axis in tables[0].axes}
    return _Table(axes, [rest for table in tables for rest in table.rests])


_AXES = _SETS, _DRAWS, _EXAMPLES = (1, 2, 3)
_ROUNDING = 1e-13
"""Values that differ by no more of their mean are equal: their mean is rounded."""


def _others(axis: int) -> tuple[int, ...]:
    return tuple(other for other in _AXES if other != axis)


def _sums(u: np.ndarray, axis: int) -> Float[np.ndarray, "run level"]:
    return np.asarray(u.sum(axis=_others(axis)))


def _influences(
    cells: Runs, known: Sequence[np.ndarray], *, pooled: bool
) -> tuple[
    Float[np.ndarray, " run"], Float[np.ndarray, "task run"], list[Float[np.ndarray, "run _set _draw _example"]]
]:
    """Return the mean, what each task's values are centred on, and their influences, 0 where one is missing."""
    counts = np.stack([k.sum(axis=_AXES) for k in known])
    sums = np.stack([np.nansum(cell, axis=_AXES) for cell in cells])
    with np.errstate(divide="ignore", invalid="ignore"):
        if pooled:
            centre = sums.sum(axis=0) / counts.sum(axis=0)
            means, weights = np.broadcast_to(centre, sums.shape), np.broadcast_to(1 / counts.sum(axis=0), sums.shape)
        else:
            means, weights = sums / counts, 1 / (counts * len(cells))
            centre = means.mean(axis=0)
    influences = []
    for cell, mean, weight in zip(cells, means, weights, strict=True):
        deviation = np.nan_to_num(cell - _wide(mean))
        constant = np.abs(deviation).max(axis=_AXES) <= _ROUNDING * np.abs(np.nan_to_num(mean))
        influences.append(deviation * _wide(np.where(constant | ~np.isfinite(weight), 0.0, weight)))
    return centre, means, influences


def _wide(values: Float[np.ndarray, " run"]) -> Float[np.ndarray, "run 1 1 1"]:
    return values[:, None, None, None]


def _term(sums: Float[np.ndarray, "run level"], counting: np.ndarray) -> _Term:
    """L var(S) over the L levels that count; L - 1 degrees of freedom, at least 1."""
    levels = counting.sum(axis=1)
    freedom = np.maximum(levels - 1, 1).astype(float)
    centred = np.where(counting, sums - (sums.sum(axis=1) / np.maximum(levels, 1))[:, None], 0.0)
    return _Term(np.where(levels > 1, levels / freedom * (centred**2).sum(axis=1), 0.0), freedom)


def _rest(u: Float[np.ndarray, "run _set _draw _example"], counting: np.ndarray) -> _Term:
    """N times the mean square of what the axes' own parts leave; 0 where an example counts in part."""
    counts = np.asarray(counting.any(axis=(_SETS, _DRAWS)))
    whole = (counting.all(axis=(_SETS, _DRAWS)) == counts).all(axis=1)
    levels = {_SETS: u.shape[_SETS], _DRAWS: u.shape[_DRAWS], _EXAMPLES: np.maximum(counts.sum(axis=1), 1)}
    number = np.asarray(levels[_SETS] * levels[_DRAWS] * levels[_EXAMPLES])
    centred = u - _wide(u.sum(axis=_AXES) / number)
    centred = np.where(counts[:, None, None, :], centred, 0.0)
    rest = centred
    for axis in _AXES:
        if u.shape[axis] > 1:
            rest = rest - centred.sum(axis=_others(axis), keepdims=True) * _wide(levels[axis] / number)
    rest = np.where(counts[:, None, None, :], rest, 0.0)
    freedom = np.maximum(number - 1 - sum(of_axis - 1 for of_axis in levels.values()), 1).astype(float)
    return _Term(np.where(whole, number / freedom * (rest**2).sum(axis=_AXES), 0.0), freedom)


def _combined(effect: np.ndarray, table: _Table, scale: float = 1.0) -> Moments:
    axes = [_total(terms, 1) for terms in table.axes.values()]
    rests = [_total(table.rests, 1)] if table.rests else []
    taken = [_total(table.rests, 1 - len(axes))] if table.rests else []
    variance, spread = np.sum([*axes, *taken], axis=0)
    variance = np.maximum(variance, np.max([term for term, _ in (*axes, *rests)], axis=0))
    freedom = np.divide(variance**2, spread, out=np.full_like(variance, np.inf), where=spread > 0)
    return Moments(effect, variance * scale, freedom)


def _total(terms: Sequence[_Term], times: int) -> tuple[np.ndarray, np.ndarray]:
    """Return `times` the sum of terms, and the sum of their squares over their degrees of freedom."""
    variance = np.sum([times * term.variance for term in terms], axis=0)
    spread = np.sum([(times * term.variance) ** 2 / term.freedom for term in terms], axis=0)
    return variance, spread
