"""A claim's comparisons on each task's best set: judged by the same rule, beside the verdict, deciding nothing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.evidence.best_sets import BestSets
from harness.judging.claims import Measured
from harness.judging.judge import judge
from harness.judging.verdicts import OnBestSets, Verdict
from harness.statistics import Comparison
from harness.statistics.results import Outcome
from harness.store import Store
from harness.tests.judging.test_judge import MADE_UP, OTHER

EXAMPLES = 40
BEST = BestSets({"a": 1, "b": 2}, {"a": 4, "b": 2}, 3, "dev")


def comparison(means: dict[str, list[float]], name: str = "a part") -> Comparison:
    """Return a task's sets with these means, half of their examples 0.1 above and half 0.1 below."""
    spread = 0.1 * np.tile([1.0, -1.0], EXAMPLES // 2)
    cells = tuple(np.array(of)[:, None] + spread for of in means.values())
    return Comparison(name=name, prediction="d > 0", unit="cosine", cells=cells, tasks=tuple(means))


AGAINST = comparison({"a": [-0.9, 0.3, -0.9], "b": [-0.9, -0.9, 0.5]})
"""The best sets alone lie above 0."""


def judged(store: Path, measured: Measured, *others: Measured) -> Verdict:
    """Return C1's verdict, among others of its family."""
    family = {MADE_UP: measured} | {replace(OTHER, id=f"C{i + 2}"): of for i, of in enumerate(others)}
    return judge(family, Store(store), alpha=0.05, seed=0)["C1"]


def on_best_sets(store: Path, *parts: Comparison, best: BestSets = BEST, others: int = 0) -> OnBestSets:
    """Return what stands beside the verdict."""
    nothing = Measured((comparison({"a": [0.0], "b": [0.0]}),))
    found = judged(store, Measured(parts, best_sets=best), *[nothing] * others).on_best_sets
    assert found
    return found


def test_each_tasks_own_best_set_is_compared(tmp_path: Path) -> None:
    """0.3 in one task and 0.5 in the other: 0.4 of 80 examples under one set, by the rule as it is."""
    found = on_best_sets(tmp_path, AGAINST)
    (part,) = found.parts
    assert part.estimate.effect == pytest.approx(0.4)
    assert (part.estimate.n, part.estimate.sets, part.outcome, found.outcome) == (80, 1, *[Outcome.SUPPORTED] * 2)
    assert [of.effect for of in part.by_task] == pytest.approx([0.3, 0.5])
    assert (found.numbers, found.of, found.selected_on) == ({"a": 4, "b": 2}, 3, "dev")


def test_it_decides_nothing(tmp_path: Path) -> None:
    """Whatever the best sets say, all else of the verdict is as it is without them, and the family's others' too."""
    for part in (AGAINST, comparison({"a": [0.5, -0.9, 0.5], "b": [0.5, 0.5, -0.9]})):
        alone = Measured((part,), (comparison({"a": [0.0], "b": [0.0]}),))
        families = ({MADE_UP: alone, OTHER: alone}, {MADE_UP: replace(alone, best_sets=BEST), OTHER: alone})
        without, beside = (judge(of, Store(tmp_path), alpha=0.05, seed=0, simulations=20) for of in families)
        found = beside["C1"].on_best_sets
        assert found
        assert found.outcome is not without["C1"].outcome
        assert without["C1"].on_best_sets is None
        assert repr(replace(beside["C1"], on_best_sets=None)) == repr(without["C1"])
        assert repr(beside["C2"]) == repr(without["C2"])


def test_no_other_claim_corrects_it(tmp_path: Path) -> None:
    """Beside two claims without an effect its interval is at 95 %, as alone."""
    alone, among = (on_best_sets(tmp_path, AGAINST, others=number) for number in (0, 2))
    assert among.parts[0].estimate.level == pytest.approx(0.95)
    assert repr(among) == repr(alone)


def test_what_matters_is_the_claims(tmp_path: Path) -> None:
    """0.4 is NEGLIGIBLE where less than 0.6 does not matter."""
    sized = replace(MADE_UP, matters={"cosine": 0.6})
    found = judge({sized: Measured((AGAINST,), best_sets=BEST)}, Store(tmp_path), alpha=0.05, seed=0)["C1"]
    assert found.on_best_sets
    assert found.on_best_sets.outcome is Outcome.NEGLIGIBLE


def test_all_comparisons_must_hold(tmp_path: Path) -> None:
    """One holds and the other's interval holds 0: each has its word, and together they are open."""
    other = comparison({"a": [0.5, 0.0, 0.5], "b": [0.5, 0.5, 0.0]}, name="another")
    found = on_best_sets(tmp_path, AGAINST, other)
    assert [part.outcome for part in found.parts] == [Outcome.SUPPORTED, Outcome.INCONCLUSIVE]
    assert found.outcome is Outcome.INCONCLUSIVE


def test_too_few_that_count_are_inconclusive(tmp_path: Path) -> None:
    """All sets have 40 cases; the best ones 7 and none: fewer than the ten that are needed, and no error."""
    cells = np.full((3, EXAMPLES), 1.0), np.full((3, EXAMPLES), 1.0)
    cells[0][:, ::4] = 0.0
    cells[0][1, 7:], cells[1][2] = np.nan, np.nan
    part = Comparison("shares", "p > 0.5", "fraction", cells, kind="proportion", null=0.5, tasks=("a", "b"))
    verdict = judged(tmp_path, Measured((part,), best_sets=BEST))
    assert verdict.outcome is Outcome.SUPPORTED
    found = verdict.on_best_sets
    assert found
    assert (found.outcome, found.parts[0].outcome) == (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE)
    assert found.parts[0].reason == "7 of 80 examples count; at least 10 are needed"


@pytest.mark.parametrize(
    "measured", [Measured((AGAINST,)), Measured((AGAINST,), best_sets=BEST, untestable="why"), Measured()]
)
def test_nothing_stands_beside_where_there_is_nothing_to_compare(tmp_path: Path, measured: Measured) -> None:
    """A claim that has no such thing, one that can't be tested, one without comparisons."""
    assert judged(tmp_path, measured).on_best_sets is None
