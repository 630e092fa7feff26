"""The decision rules are calibrated: how often they err in worlds whose truth is known, and how often they find it.

ICL_CLAIMS_SIMULATIONS says how many runs each world is judged in: 1,000, or 10,000 for the full statement
(`ICL_CLAIMS_SIMULATIONS=10000 pytest harness/tests/statistics/test_error_rates.py`).
"""

import math
import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.seeds import stream
from harness.statistics import Comparison, judge_family
from harness.statistics.results import Outcome
from harness.tests.statistics.worlds import ALPHA, REST, WORLDS, World, claim_tests, most, run_of

SIMULATIONS = int(os.environ.get("ICL_CLAIMS_SIMULATIONS", "1000"))
AT_ONCE = 500
LARGE = 9.0
BOUNDED_LARGE = {"mean": LARGE, "proportion": 0.4, "difference": 0.8}


def outcomes(world: World, effects: Sequence[float], name: str, runs: int = SIMULATIONS) -> np.ndarray:
    """Return the outcome of a claim in each of so many runs, at the level that Holm leaves a claim alone."""
    found, parts = [], world.parts()
    for first in range(0, runs, AT_ONCE):
        cells = world.runs(stream(0, name, str(world), first), effects, min(AT_ONCE, runs - first))
        found.append(claim_tests(parts, cells).outcomes(ALPHA, ALPHA, ALPHA))
    return np.concatenate(found)


@pytest.mark.parametrize("name", WORLDS)
def test_false_support_is_rare(name: str) -> None:
    """One comparison has no effect and the others have large ones: SUPPORTED in 5 % of runs at most.

    (Half of the errors are on the other side, so that a right rule says it in 2.5 %.)
    """
    world = replace(WORLDS[name], matters=0.0)
    effects = [0.0] + [BOUNDED_LARGE[world.kind]] * (world.comparisons - 1)
    assert (outcomes(world, effects, name) == Outcome.SUPPORTED).sum() <= most(SIMULATIONS)


@pytest.mark.parametrize("name", WORLDS)
def test_false_refutation_is_rare(name: str) -> None:
    """No comparison has an effect: REFUTED in 5 % of runs at most."""
    world = replace(WORLDS[name], matters=0.0)
    assert (outcomes(world, [0.0] * world.comparisons, name) == Outcome.REFUTED).sum() <= most(SIMULATIONS)


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("sign", [1, -1])
def test_false_negligible_is_rare(name: str, sign: int) -> None:
    """All effects are just what matters, or one is that below 0 and the others have none: NEGLIGIBLE in 5 % at most.

    What matters is four standard errors, so that the equivalence has power.
    """
    world = WORLDS[name]
    matters = {"proportion": 0.35, "difference": 0.3}
    world = replace(world, matters=matters.get(world.kind) or 4 * math.sqrt(variance_of(world)))
    others = world.matters if sign > 0 else 0.0
    effects = [sign * world.matters] + [others] * (world.comparisons - 1)
    assert (outcomes(world, effects, name) == Outcome.NEGLIGIBLE).sum() <= most(SIMULATIONS)


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("effect", [0, 1])
def test_false_mixed_is_rare(name: str, effect: int) -> None:
    """All comparisons and tasks have the same effect, none or just what matters: MIXED in 5 % of runs at most."""
    world = WORLDS[name]
    matters = {"proportion": 0.2, "difference": 0.3}
    world = replace(world, matters=matters.get(world.kind) or 4 * math.sqrt(variance_of(world)))
    effects = [effect * world.matters] * world.comparisons
    assert (outcomes(world, effects, name) == Outcome.MIXED).sum() <= most(SIMULATIONS)


def variance_of(world: World) -> float:
    """Return the variance of an effect over new sets, draws and examples."""
    tasks, sets, draws = world.tasks, world.sets, world.draws
    own = (sets > 1) * world.set_spread**2 / sets + 1 / world.examples + REST / (sets * draws * world.examples)
    of_draws = (draws > 1) * world.draw_spread**2 / draws
    return own / tasks + (of_draws if world.shared_draws else of_draws / tasks)


def test_negligible_is_found() -> None:
    """Without an effect, where eight standard errors matter, nearly every run says so: the tests above can fail."""
    for name in ("5 sets, 3 tasks", "three comparisons", "5 shared draws, 3 tasks"):
        world = replace(WORLDS[name], matters=8 * math.sqrt(variance_of(WORLDS[name])))
        found = outcomes(world, [0.0] * world.comparisons, name, runs=200)
        assert (found == Outcome.NEGLIGIBLE).mean() > 0.8


def decided(parts: Sequence[Comparison], cells: Sequence[tuple[np.ndarray, ...]]) -> float:
    """Return the share of runs that say anything."""
    return float((claim_tests(parts, cells).outcomes(ALPHA, ALPHA, ALPHA) != Outcome.INCONCLUSIVE).mean())


@pytest.mark.parametrize("wrong", ["sets", "draws", "heads"])
def test_wrong_units_are_found_out(wrong: str) -> None:
    """Sets, or draws, or heads, taken for examples: a claim of no effect is decided in over 30 % of runs.

    So the worlds can tell a rule that is not calibrated.
    """
    size = {"sets": {"sets": 3}, "draws": {"draws": 5, "shared_draws": True}, "heads": {"examples": 10}}[wrong]
    world = World(**size)  # type: ignore[arg-type]
    (cells,) = world.runs(stream(1, wrong), [0.0], 400)
    if wrong == "heads":
        cells = tuple(np.repeat(cell, 12, axis=3) for cell in cells)
    taken = tuple(cell.reshape(400, 1, 1, -1) for cell in cells)
    part = Comparison("part", "", "", tuple(cell[0] for cell in taken))
    assert decided([part], [taken]) > 0.3


def test_shared_draw_counted_once_a_task_is_found_out() -> None:
    """Draws that three tasks share, taken for each task's own, decide a claim of no effect in over 10 % of runs."""
    world = World(draws=5, tasks=3, shared_draws=True, examples=20)
    cells = world.runs(stream(2), [0.0], 1_000)
    shared = world.parts()
    assert decided(shared, cells) <= most(1_000) / 1_000
    assert decided([replace(shared[0], shared_draws=False)], cells) > 0.10


def test_null_of_no_effects_at_all_would_hide_false_support() -> None:
    """With large effects elsewhere, the claim errs many times as often as where none of four has any."""
    world = World(comparisons=4, sets=3, tasks=2, examples=20)
    alone, none = (
        (outcomes(world, [0.0] + [by] * 3, "null", 4_000) == Outcome.SUPPORTED).mean() for by in (LARGE, 0.0)
    )
    assert alone > 1.5 * none > 0


def test_family_of_four_supports_no_more_than_one_in_twenty() -> None:
    """Three claims on the same examples, and a share, without effects: any SUPPORTED or REFUTED in 5 % of 200 runs."""
    world, share = World(comparisons=3, sets=3), World(kind="proportion")
    means = world.runs(stream(3), [0.0] * 3, 200)
    answers = share.runs(stream(4), [0.0], 200)
    parts, drawn = [*world.parts(), *share.parts()], [*means, *answers]
    wrong = 0
    for run in range(200):
        family = {str(i): [run_of(parts[i], drawn[i], run)] for i in range(4)}
        found = judge_family({c: [replace(p, matters=0.0) for p in of] for c, of in family.items()}, ALPHA)
        wrong += any(claim.outcome in {Outcome.SUPPORTED, Outcome.REFUTED} for claim in found.values())
    assert wrong <= most(200)


@pytest.mark.parametrize(
    ("world", "freedom"),
    [
        (World(tasks=1, examples=40), 39),
        (World(tasks=2, examples=30), 58),
        (World(sets=5, tasks=3, set_spread=30.0, examples=20), 12),
        (World(draws=5, tasks=3, draw_spread=30.0, shared_draws=True, examples=20), 4),
    ],
    ids=str,
)
def test_effect_of_known_power_is_found_as_often(world: World, freedom: int) -> None:
    """An effect of 2.80 standard errors is SUPPORTED as often as Student's t of so many df finds it.

    Within three standard errors of the share, and 0.01 for Satterthwaite's df, which vary from run to run.
    """
    found = outcomes(replace(world, matters=0.0), [2.80 * math.sqrt(variance_of(world))], "power")
    expected = float(stats.nct.sf(stats.t.ppf(0.975, freedom), freedom, 2.80))
    error = math.sqrt(expected * (1 - expected) / SIMULATIONS)
    assert (found == Outcome.SUPPORTED).mean() == pytest.approx(expected, abs=0.01 + 3 * error)
