"""How time is best split between demonstration sets and queries, asked of a run that is in the store.

What claims cost is their plan's: the work of all records that they ask for, each once, stated for an empty store and
run by nobody. It is linear in the number of sets, and under each in that of queries. A unit of work takes what was
measured: the seconds that the store keeps of each task's first cell, over the work that the cell is. What plans take to
cost nothing (attention taken apart, weight updates compared) costs nothing here either.

Queries of rival explanations that run the model (`control_queries`) are in a fixed proportion to those of the claims.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.engines.plan import stated
from harness.errors import HarnessError
from harness.evidence.evidence import Evidence
from harness.evidence.questions import HowItRan, Learned, Question
from harness.evidence.sources import Sources
from harness.judging.claims import ClaimModule
from harness.judging.judge import sized
from harness.judging.measure import left_out, measure
from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.budget import Cost, Split, affordable, compare_splits
from harness.statistics.new_runs import Size
from harness.statistics.variance import components
from harness.store import Record, Store

SETS = (*range(2, 9), 10, 12, 15, 20)
"""Numbers of demonstration sets that are tried."""
MOST = 400
"""Queries that are tried at most: few tasks have many more."""


@dataclass(frozen=True)
class Bought:
    """What the splits of a budget show of several claims that are run together."""

    cost: Cost
    fixed: float
    """Seconds that they take whatever the split: what learning rates are tried on, and zero-shot."""
    sizes: Sequence[Size]
    """The run's own first, then each number of sets with the most queries that fit."""
    share: float
    """Control queries a query."""
    parts: Mapping[str, Sequence[Comparison]]
    splits: Mapping[str, Sequence[Split]]
    """By claim, of each size."""
    runs: int
    """Simulated of each."""

    def power(self, place: int) -> float:
        """Return the mean power over the claims of the size at this place."""
        return sum(of_claim[place].power for of_claim in self.splits.values()) / len(self.splits)

    def error(self, place: int) -> float:
        """Return the standard error of that mean, as the simulations have it."""
        powers = [of_claim[place].power for of_claim in self.splits.values()]
        return math.sqrt(sum(power * (1 - power) for power in powers) / self.runs) / len(powers)


def buy(
    modules: Sequence[ClaimModule], sources: Sources, *, minutes: float = 0.0, share: float = 0.0, runs: int = 500
) -> Bought:
    """Return what the run's own time, or `minutes`, buy of the claims that fix what matters and can be tested here.

    `share`: control queries a query; 0 for the settings' own proportion. Raises HarnessError where the run has one set,
    the store lacks what claims ask for, there is no such claim, `minutes` are less than what they take whatever the
    split, and as `affordable` and `compare_splits` do.
    """
    settings, evidence = sources.experiment.settings, Evidence(sources)
    if settings.demonstration_sets == 1:
        raise HarnessError(
            "the run has one demonstration set, expected two or more: one does not say how others differ."
        )
    parts = _parts(modules, evidence)
    own = Size(settings.demonstration_sets, 1, settings.queries)
    share = share or settings.control_queries / settings.queries
    left = {m.claim.id: left_out(m.claim, evidence) for m in modules if m.claim.presumes}
    fixed, cost = _cost(modules, sources, left, own, share)
    if 0 < 60 * minutes <= fixed:
        expected = f"more than the {fixed / 60:.3g} that they take whatever the split"
        raise HarnessError(f"claims were given {minutes:g} minutes, expected {expected}: give more, or fewer claims.")
    budget = 60 * minutes - fixed if minutes else cost.seconds(own)
    sizes = [own, *(s for s in affordable(cost, budget, sets=SETS, draws=(1,), most=MOST) if s != own)]
    splits = {}
    for module in (m for m in modules if m.claim.id in parts):
        more = share * settings.queries / settings.control_queries if module.on_controls else 1.0
        of_claim, rng = parts[module.claim.id], stream(settings.seed, "budget", module.claim.id)
        its = [_size(of_claim, own, size, more) for size in sizes]
        splits[module.claim.id] = compare_splits(of_claim, its, cost, settings.alpha, rng, runs=runs)
    return Bought(cost, fixed, sizes, share, parts, splits, runs)


def _parts(modules: Sequence[ClaimModule], evidence: Evidence) -> Mapping[str, Sequence[Comparison]]:
    """Return the comparisons of the claims of which all fix what matters."""
    parts = {m.claim.id: sized(m.claim, measure(m, evidence).parts) for m in modules}
    found = {claim: of for claim, of in parts.items() if of and all(part.matters for part in of)}
    if not found:
        raise HarnessError(
            f"none of '{', '.join(parts)}' fixes what matters and can be tested on this run: name other claims."
        )
    return found


def _size(parts: Sequence[Comparison], own: Size, size: Size, more: float) -> Size:
    """Return how large a claim's own cells are where the run is of a size.

    Sets stay as many as a claim itself says, draws as many as they are; examples are in proportion to the queries, with
    `more` times as many as the run had.
    """
    sets = parts[0].draws if parts[0].shared_draws and parts[0].sets == 1 else parts[0].sets
    examples = parts[0].cells[0].shape[2] * more * size.examples / own.examples
    return Size(size.sets if sets == own.sets else sets, max(part.draws for part in parts), max(2, round(examples)))


def _cost(
    modules: Sequence[ClaimModule],
    sources: Sources,
    left: Mapping[str, Mapping[str, str]],
    own: Size,
    share: float,
) -> tuple[float, Cost]:
    """Return the seconds that do not depend on the split, and those of a set, and of a query under one set.

    Twice the sets, twice the queries, and both, tell the four terms apart; queries without a set (zero-shot) count as
    if they were always as many as in the run. Draws are made of what sets ran, and cost nothing.
    """
    second = _seconds_a_unit(sources)

    def seconds(sets: int, queries: int) -> float:
        changed = {"demonstration_sets": sets, "queries": queries, "control_queries": round(share * queries)}
        return second * _work(modules, sources, left, changed)

    once, more_sets = seconds(own.sets, own.examples), seconds(2 * own.sets, own.examples)
    more_queries, both = seconds(own.sets, 2 * own.examples), seconds(2 * own.sets, 2 * own.examples)
    query = (both - more_sets - more_queries + once) / (own.sets * own.examples)
    cost = Cost(set=(more_sets - once) / own.sets - own.examples * query, draw=0.0, example=query)
    return once - cost.seconds(own), cost


def _work(
    modules: Sequence[ClaimModule],
    sources: Sources,
    left: Mapping[str, Mapping[str, str]],
    changed: Mapping[str, int],
) -> float:
    """Return the work of all that claims ask for with these settings, on an empty store: each record once."""
    experiment = replace(sources.experiment, settings=sources.experiment.settings.model_copy(update=changed))
    with TemporaryDirectory() as folder:
        fresh = Sources(experiment, sources.grid, Store(Path(folder) / "store"))
        found = _planned([HowItRan(), *([Learned()] if left else ())], fresh)
        for module in modules:
            found |= _planned(module.asks, fresh.without(left.get(module.claim.id, {})))
    return sum(record.cost for record in found.values())


def _planned(asks: Sequence[Question], sources: Sources) -> dict[Path, Record]:
    return {sources.store.place(record): record for wave in stated(asks, sources) for record in wave}


def _seconds_a_unit(sources: Sources) -> float:
    """Return how long a unit of work took: what was timed of each task's first cell, over its runs' work."""
    seconds, work = 0.0, 0.0
    for record in HowItRan().records(sources).values():
        timed: Mapping[str, float] = sources.store.read(record).facts["seconds"]  # type: ignore[assignment]
        seconds += sum(timed.values())
        work += sum(run.cost for run in record.of.inputs)
    if not seconds > 0:
        raise HarnessError("the store says of no run how long it took, expected seconds above 0: run the claims anew.")
    return seconds / work


def lines(found: Bought) -> Iterator[str]:
    """Yield the costs, each comparison's variance components, and a table of the splits."""
    yield f"seconds: {found.fixed:.4g} whatever the split, {found.cost.set:.4g} a set, {found.cost.example:.3g} a query"
    yield "variance of one value, by what it is of: sets, draws, examples, rest; what matters"
    for claim, parts in found.parts.items():
        for part in parts:
            of = components(part.cells)
            shares = "".join(f"{value:9.2g}" for value in (of.sets, of.draws, of.examples, of.rest))
            yield f"{claim:<4}{shares}{part.matters:9.2g}  {part.name}"
    best = max(range(len(found.sizes)), key=found.power)
    error = f"the standard error of a mean is about {found.error(best):.1g}"
    yield f"power at what matters, and (half the widest comparison's interval, over what matters); {error}"
    yield f"{'sets queries controls minutes  mean':<36}" + "".join(f"{claim:>13}" for claim in found.splits)
    for place, size in enumerate(found.sizes):
        said = ""
        for claim, splits in found.splits.items():
            pairs = zip(splits[place].half_width, found.parts[claim], strict=True)
            said += f"{splits[place].power:6.2f}{f'({max(width / part.matters for width, part in pairs):.2f})':>7}"
        time = (found.fixed + found.cost.seconds(size)) / 60
        numbers = f"{size.sets:4}{size.examples:8}{round(found.share * size.examples):9}{time:8.1f}"
        yield f"{numbers}{found.power(place):7.3f}{said}{'  best' if place == best else ''}{'' if place else '  own'}"
