"""The judge: a family's correction, and what it says of claims, comparisons and tasks."""

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from harness.errors import HarnessError
from harness.seeds import stream
from harness.statistics import Comparison, judge_family
from harness.statistics.judgement import FARTHEST, smallest_detectable
from harness.statistics.results import ClaimResult, Estimate, Outcome
from harness.tests.statistics.worlds import World, one_run

ERROR, FREEDOM = 1 / math.sqrt(40), 39
"""Of 40 values of standard deviation 1."""
STUDENT = float(stats.t.ppf(0.975, FREEDOM))
"""2.023: how many errors from 0 an effect has p = .05."""


def standardised(name: str) -> np.ndarray:
    """Return 40 values of mean 0 and standard deviation 1."""
    values = stream(1, name).normal(0, 1, (1, 40))
    return np.asarray((values - values.mean()) / values.std(ddof=1))


def shifted(*errors: float, name: str = "part", **more: Any) -> Comparison:
    """Build a comparison whose tasks' means lie so many of their standard errors from 0."""
    cells = tuple(standardised(f"{name} {i}") + ERROR * by for i, by in enumerate(errors))
    return Comparison(name, "a > b", "cosine", cells, **more)


def judged(*parts: Comparison) -> ClaimResult:
    """Judge one claim alone at 5 %."""
    return judge_family({"C": parts}, 0.05)["C"]


@pytest.mark.parametrize(
    ("part", "outcome", "reason"),
    [
        (shifted(3), Outcome.SUPPORTED, r"effect 0\.474, and its 95 % interval \[.*\] \(n = 40\) lies above 0"),
        (shifted(-3), Outcome.REFUTED, r"lies below 0"),
        (shifted(1), Outcome.INCONCLUSIVE, r"holds 0; an effect of 0\.45 would be found with 80 % power"),
        (shifted(3, matters=2.0), Outcome.NEGLIGIBLE, r"lies within 2 of 0, the smallest effect that matters"),
        (shifted(5, -5, tasks=("one", "two")), Outcome.MIXED, r"disagree: one \+0\.791 for it, two -0\.791 against it"),
        (shifted(1, matters=2.0, alike=True), Outcome.SUPPORTED, r"lies within 2 of 0"),
        (shifted(9, matters=0.1, alike=True), Outcome.REFUTED, r"lies beyond 0\.1, which matters"),
        (shifted(1, matters=0.2, alike=True), Outcome.INCONCLUSIVE, r"holds effects below 0\.2 and beyond; an effect"),
    ],
)
def test_outcome_and_its_reason(part: Comparison, outcome: Outcome, reason: str) -> None:
    """What the interval, its tasks or what matters decide, in words with numbers."""
    found = judged(part)
    assert found.outcome is found.parts[0].outcome is outcome
    assert re.search(reason, found.parts[0].reason)
    assert found.reason == f"part: {found.parts[0].reason}"


def test_refutation_that_is_none_among_several_is_said() -> None:
    """2.1 errors below 0 leave 0 out at 95 %, and refute no claim of two comparisons."""
    found = judged(shifted(-2.1), shifted(1, name="other"))
    assert found.outcome is found.parts[0].outcome is Outcome.INCONCLUSIVE
    assert found.parts[0].estimate.high < 0
    assert "leaves 0 out, but not at the level that counts among several comparisons" in found.parts[0].reason


def test_estimate_of_sets_and_draws() -> None:
    """What it says it is of: distinct examples, sets and draws; p and interval are Student's at Satterthwaite's df."""
    (part,) = one_run(World(sets=3, draws=2, tasks=2, examples=20), stream(2), 1.0)
    found = judged(part).parts[0]
    estimate = found.estimate
    assert (estimate.n, estimate.sets, estimate.draws, estimate.level) == (40, 3, 2, 0.95)
    reach = stats.t.ppf(0.975, estimate.freedom) * estimate.standard_error
    assert (estimate.low, estimate.high) == pytest.approx((estimate.effect - reach, estimate.effect + reach))
    p = 2 * stats.t.sf(estimate.effect / estimate.standard_error, estimate.freedom)
    assert estimate.p_value == pytest.approx(p)
    assert "(n = 40, 3 sets, 2 draws)" in found.reason


def test_sets_are_no_further_examples() -> None:
    """Of two examples under two sets, set and example means are 2 and 4: V = 1 + 1 with 2 df, and n = 2."""
    part = Comparison("part", "a > b", "cosine", (np.array([[1.0, 3], [3, 5]]),), minimum_units=2)
    found = judged(part).parts[0].estimate
    assert (found.standard_error, found.freedom, found.n) == pytest.approx((math.sqrt(2), 2, 2))


def test_too_few_cases_are_inconclusive() -> None:
    """Five examples, however clear, decide nothing where ten are needed; no figure but the effect is given."""
    found = judged(Comparison("part", "a > b", "accuracy", (np.full((1, 5), 0.9),), bounds=(-1, 1)))
    estimate = found.parts[0].estimate
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.parts[0].reason == estimate.degenerate == "5 of 5 examples count; at least 10 are needed"
    assert (estimate.effect, estimate.p_value) == (0.9, 1.0)
    assert all(map(math.isnan, (estimate.low, estimate.high, estimate.standard_error)))


def test_equal_values_without_bounds_are_inconclusive() -> None:
    """Where nothing varies and nobody knows how far others may lie, there is no interval, and that is said."""
    found = judged(Comparison("part", "a > b", "cosine", (np.full((1, 12), 0.3),)))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.parts[0].reason == "all 12 examples that count have the value 0.3: nothing varies"
    assert found.margin is None


def test_equal_values_between_bounds_are_judged() -> None:
    """Twelve of twelve: p = 2 / 2^12, and the interval is Clopper and Pearson's."""
    found = judged(Comparison("part", "a > b", "fraction", (np.ones((1, 12)),), "proportion", 0.5))
    estimate = found.parts[0].estimate
    assert found.outcome is Outcome.SUPPORTED
    assert estimate.p_value == pytest.approx(2 / 2**12)
    assert (estimate.low, estimate.high) == pytest.approx((0.025 ** (1 / 12) - 0.5, 0.5))


def test_family_is_corrected_over_claims_and_not_over_comparisons() -> None:
    """Beside a claim of nine comparisons there are two claims: p is doubled, whatever the other is made of."""
    part = shifted(2.2)
    alone = judged(part)
    others = [shifted(0.5, name=str(i)) for i in range(9)]
    among = judge_family({"C": [part], "D": others}, 0.05)["C"]
    assert alone.outcome is Outcome.SUPPORTED
    assert among.outcome is Outcome.INCONCLUSIVE
    assert among.p_value == pytest.approx(alone.p_holm)
    assert among.p_holm == pytest.approx(2 * alone.p_holm)
    assert among.parts[0].estimate.level == pytest.approx(1 - 0.05 / 2)


def test_claims_p_is_that_of_its_weakest_comparison() -> None:
    """Of 2.2 and 9 errors the first counts, uncorrected; of -2.2 and 0.5 the first, twice."""
    p = 2 * stats.t.sf(2.2, FREEDOM)
    assert judged(shifted(2.2), shifted(9, name="other")).p_value == pytest.approx(p)
    assert judged(shifted(-2.2), shifted(0.5, name="other")).p_value == pytest.approx(2 * p)


def test_equivalence_has_a_correction_of_its_own() -> None:
    """Claims that say whether they are negligible are corrected over those alone, by p values of their own.

    Three claims: .5 has p = 2 P(t > 2.2) of being below what matters, and is one of two that fix what that is.
    """
    size = 2.5 * ERROR
    claims = {"A": [shifted(0.3, matters=size)], "B": [shifted(4, matters=size)], "C": [shifted(4)]}
    found = judge_family(claims, 0.05)
    p = 2 * stats.t.sf(2.2, FREEDOM)
    assert found["A"].p_negligible == pytest.approx(2 * p)
    assert found["A"].p_holm == pytest.approx(found["A"].p_value)  # the largest of three
    assert found["A"].outcome is Outcome.INCONCLUSIVE
    assert math.isnan(found["C"].p_negligible)
    alone = judge_family({"A": claims["A"], "C": claims["C"]}, 0.05)["A"]
    assert alone.p_negligible == pytest.approx(p)
    assert alone.outcome is Outcome.NEGLIGIBLE


def test_interval_of_a_negligible_effect_is_that_of_the_equivalence_test() -> None:
    """Of two claims one is refuted at 97.5 %, the other negligible at 95 % of its own: each has that interval."""
    family = {"A": [shifted(0, matters=1.0)], "B": [shifted(-9)], "C": [shifted(0.1, name="c")]}
    found = judge_family(family, 0.05)
    assert [found[c].outcome for c in "ABC"] == [Outcome.NEGLIGIBLE, Outcome.REFUTED, Outcome.INCONCLUSIVE]
    levels = [found[claim].parts[0].estimate.level for claim in "ABC"]
    assert levels == pytest.approx([0.95, 1 - 0.05 / 3, 1 - 0.05 / 2])


@pytest.mark.parametrize("errors", [(2.5, 0.5), (-3.0, 0.5), (0.3, 0.2), (-0.3, 2.5)])
def test_interval_of_each_comparison_agrees_with_its_outcome(errors: tuple[float, float]) -> None:
    """In a family of three claims: above 0 if SUPPORTED, below if REFUTED, within what matters if NEGLIGIBLE."""
    parts = [shifted(by, name=str(i), matters=2.8 * ERROR) for i, by in enumerate(errors)]
    family = {"C": parts, "D": [shifted(1, matters=1.0)], "E": [shifted(-9)]}
    for part in judge_family(family, 0.05)["C"].parts:
        low, high = part.estimate.low, part.estimate.high
        assert (part.outcome is Outcome.NEGLIGIBLE) <= (-part.matters < low <= high < part.matters)
        assert (part.outcome is Outcome.SUPPORTED) <= (low > 0)
        assert (part.outcome is Outcome.REFUTED) <= (high < 0)


def test_parts_that_disagree_make_a_mixed_claim_of_decided_parts() -> None:
    """One comparison holds and one fails: each says so, and the claim is MIXED, no longer REFUTED."""
    found = judged(shifted(5), shifted(-5, name="other"))
    assert found.outcome is Outcome.MIXED
    assert [part.outcome for part in found.parts] == [Outcome.SUPPORTED, Outcome.REFUTED]


def test_task_that_is_negligible_says_so() -> None:
    """An effect that matters on one task and none on the other: MIXED, and each says which it is."""
    found = judged(shifted(9, 0, tasks=("one", "two"), matters=0.5)).parts[0]
    assert [task.outcome for task in found.by_task] == [Outcome.SUPPORTED, Outcome.NEGLIGIBLE]
    assert found.outcome is Outcome.MIXED
    assert re.search(r"disagree: one \+1\.42 for it, two [-+]\d.* too small to matter", found.reason)


def test_each_task_is_judged_alone_at_the_corrected_level() -> None:
    """Three tasks of one comparison of two: 1 - .05 / 6; Student's interval of each, and what it leaves out."""
    part = shifted(5, -1, -4, tasks=("a", "b", "c"))
    tasks = judged(part, shifted(0, name="other")).parts[0].by_task
    assert [task.task for task in tasks] == ["a", "b", "c"]
    assert [task.outcome for task in tasks] == [Outcome.SUPPORTED, Outcome.INCONCLUSIVE, Outcome.REFUTED]
    reach = ERROR * stats.t.ppf(1 - 0.05 / 12, FREEDOM)
    for task, errors in zip(tasks, (5, -1, -4), strict=True):
        assert task.level == pytest.approx(1 - 0.05 / 6)
        assert task.effect == pytest.approx(ERROR * errors)
        assert (task.low, task.high) == pytest.approx((task.effect - reach, task.effect + reach))


def test_each_task_left_out_at_the_comparisons_own_level() -> None:
    """Without the first of tasks at 6, 1 and 2 errors the effect is theirs alone, 1.5, at 95 %."""
    part = judged(shifted(6, 1, 2, tasks=("a", "b", "c"))).parts[0]
    rest = judged(replace(shifted(6, 1, 2), cells=shifted(6, 1, 2).cells[1:], tasks=("b", "c"))).parts[0].estimate
    without = part.without[0]
    assert [task.task for task in part.without] == ["a", "b", "c"]
    assert (without.effect, without.low, without.high) == pytest.approx((1.5 * ERROR, rest.low, rest.high))
    assert without.level == part.estimate.level == 0.95
    assert without.outcome is rest_outcome(rest)


def rest_outcome(rest: Estimate) -> Outcome:
    """Return what an interval says by itself."""
    return Outcome.SUPPORTED if rest.low > 0 else Outcome.REFUTED if rest.high < 0 else Outcome.INCONCLUSIVE


def test_one_task_has_no_line_of_its_own() -> None:
    """Where there is one task, it is the whole, and none can be left out."""
    part = judged(shifted(3)).parts[0]
    assert part.by_task == part.without == ()


def test_task_of_too_few_cases_says_nothing() -> None:
    """Of a pooled share, a task in which three of ten needed count has no interval and no outcome."""
    few = np.where(np.arange(20) < 3, 1.0, np.nan)[None]
    part = Comparison("part", "", "fraction", (np.ones((1, 20)), few), "proportion", 0.5)
    task = judged(part).parts[0].by_task[1]
    assert task.outcome is Outcome.INCONCLUSIVE
    assert math.isnan(task.low)
    assert math.isnan(task.high)


def test_other_members_change_no_estimate() -> None:
    """A comparison's p value is the same alone, among others, and in another order."""
    parts = [shifted(0.3, name=name) for name in "abc"]
    forward, backward = (judged(*order).parts for order in (parts, parts[::-1]))
    assert forward == backward[::-1]
    assert forward[0].estimate.p_value == judged(parts[0]).parts[0].estimate.p_value


@pytest.mark.parametrize("parts", [[], [shifted(0), shifted(1)]])
def test_claims_without_distinct_comparisons_are_refused(parts: list[Comparison]) -> None:
    """None can't be judged, and two of one name would share a verdict."""
    with pytest.raises(HarnessError, match=r"C was given .*, expected one or more of distinct names"):
        judge_family({"C": parts}, 0.05)


def test_smallest_detectable_effect_by_hand() -> None:
    """A normal 95 % interval of SE 1 reaches 1.96: with 80 % power 1.96 + 0.84 = 2.80 is found."""
    normal = Estimate(0, -1.96, 1.96, 0.95, 1.0, 100, 1, 1, 1.0, math.inf)
    assert smallest_detectable(normal) == pytest.approx(2.80, abs=0.005)


def margin(*parts: Comparison) -> float:
    """Return the margin of a claim alone."""
    found = judged(*parts).margin
    assert found is not None
    return found


@pytest.mark.parametrize("errors", [0.0, 1.5, 2.5, -3.0, 6.0])
def test_margin_is_the_distance_from_the_nearest_edge(errors: float) -> None:
    """Edges of one comparison lie 2.02 errors from 0 on either side; margins are in steps of 0.05 errors."""
    assert margin(shifted(errors)) == pytest.approx(abs(abs(errors) - STUDENT), abs=0.0501)


def test_margin_holds_the_edge_of_what_matters() -> None:
    """An effect of 5 errors, where 8 matter: 8 - 2.02 - 5 errors up it is no more negligible, 13.98 down neither."""
    assert margin(shifted(5, matters=8 * ERROR)) == pytest.approx(0.98, abs=0.06)


def test_margin_is_that_of_the_weakest_comparison() -> None:
    """Of 3 and 6 errors above 0 the first alone need move, by 0.98, for the claim to be no more supported."""
    assert margin(shifted(3), shifted(6, name="other")) == pytest.approx(3 - STUDENT, abs=0.0501)


def test_margin_moves_comparisons_together_too() -> None:
    """Two at 1 error above 0 are both supported 1.02 further up; one alone must fall by 3.33 to refute the claim."""
    assert margin(shifted(1), shifted(1, name="other")) == pytest.approx(STUDENT - 1, abs=0.0501)
    assert margin(shifted(30), shifted(30, name="other")) == FARTHEST


def test_margin_moves_tasks_as_well() -> None:
    """Tasks 5 errors above 0 and 5 below agree no more where one is within 2.33 errors (p = .05 / 2, two-sided).

    The whole has an error of 1 / sqrt 2 of a task's: 5 - 2.33 of a task's errors are 3.77 of the whole's.
    """
    edge = float(stats.t.ppf(1 - 0.05 / 4, FREEDOM))
    assert margin(shifted(5, -5)) == pytest.approx((5 - edge) * math.sqrt(2), abs=0.0501)


def test_margin_of_cases_too_few_is_the_farthest() -> None:
    """No step makes five examples ten."""
    few = Comparison("part", "", "cosine", (standardised("few")[:, :5],))
    assert margin(few) == FARTHEST
