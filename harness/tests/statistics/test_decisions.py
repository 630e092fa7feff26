"""The rule from p values to outcomes: each outcome, what comes before what, and what is corrected for what.

Effects are in standard errors of infinite degrees of freedom: 1.96 has p = .05, 2.24 p = .025, 2.39 p = .0167 and 2.50
p = .0125 (two-sided, tables).
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.statistics import decisions  # by module: pytest takes `tested` for a test
from harness.statistics.decisions import ClaimTests
from harness.statistics.intervals import Located
from harness.statistics.variance import Moments

NAN = np.nan
ALPHA = 0.05
SUPPORTED, REFUTED, NEGLIGIBLE, MIXED, INCONCLUSIVE = "SUPPORTED", "REFUTED", "NEGLIGIBLE", "MIXED", "INCONCLUSIVE"


def of(
    effect: float,
    *tasks: float,
    error: float = 1.0,
    matters: float = 0.0,
    alike: bool = False,
    short: bool = False,
) -> decisions.TestedPart:
    """Return a comparison of this effect, with these effects in its tasks, all of one standard error."""

    def one(value: float, *, short: bool) -> decisions.Tested:
        moments = Moments(np.array([float(value)]), np.array([error**2]), np.array([math.inf]))
        return decisions.Tested(Located(moments, np.array([100])), matters, alike, np.array([short]))

    return decisions.TestedPart(one(effect, short=short), tuple(one(task, short=False) for task in tasks))


def outcome(*parts: decisions.TestedPart, level: float = ALPHA, equivalence: float = ALPHA) -> str:
    """Return the outcome of a claim of these comparisons."""
    return str(ClaimTests(parts).outcomes(ALPHA, level, equivalence)[0])


def sized(effect: float, error: float = 0.1) -> decisions.TestedPart:
    """Return a comparison of which an effect of 1 would matter."""
    return of(effect, error=error, matters=1.0)


def alike(effect: float, error: float = 0.1) -> decisions.TestedPart:
    """Return a comparison that says that its effect is smaller than 1."""
    return of(effect, error=error, matters=1.0, alike=True)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([of(2.0)], SUPPORTED),
        ([of(1.9)], INCONCLUSIVE),
        ([of(-1.9)], INCONCLUSIVE),
        ([of(-2.0)], REFUTED),
        ([sized(0.5)], NEGLIGIBLE),
        ([sized(-0.5)], NEGLIGIBLE),
        ([sized(0.9)], SUPPORTED),
        ([sized(2.0)], SUPPORTED),
        ([sized(-2.0)], REFUTED),
        ([sized(0.0, error=1)], INCONCLUSIVE),
        ([of(0, 3, -3)], MIXED),
        ([of(3), of(-3)], MIXED),
    ],
)
def test_each_outcome(parts: list[decisions.TestedPart], expected: str) -> None:
    """By the effect's distance from 0, and from what matters, in standard errors."""
    assert outcome(*parts) == expected


def test_level_that_holm_leaves_is_what_counts() -> None:
    """At 2.5 % an effect of 2.0 standard errors decides nothing; an equivalence is put to its own level alone."""
    assert outcome(of(2.0), level=0.025) == INCONCLUSIVE
    assert outcome(of(-2.3), level=0.025) == REFUTED
    assert outcome(sized(0.79), level=0.001) == NEGLIGIBLE  # 2.1 standard errors below 1
    assert outcome(sized(0.79), equivalence=0.025) == SUPPORTED


def test_real_effect_that_is_too_small_to_matter_is_negligible() -> None:
    """Zero is left out by five standard errors, on either side, and so is what matters: NEGLIGIBLE comes first."""
    assert outcome(sized(0.5)) == outcome(sized(-0.5)) == NEGLIGIBLE
    assert outcome(sized(0.5), equivalence=0.0) == SUPPORTED
    assert outcome(sized(-0.5), equivalence=0.0) == REFUTED


def test_equivalence_has_two_sides() -> None:
    """An effect far below minus what matters is smaller than what matters, and not negligible."""
    assert outcome(sized(-3)) == REFUTED
    assert outcome(sized(3)) == SUPPORTED


def test_tasks_that_disagree_come_before_all() -> None:
    """Tasks at 5 and -5 standard errors: MIXED, whether the mean is negligible, supported or refuted."""
    assert outcome(of(0, 0.5, -0.5, error=0.1, matters=1.0)) == MIXED
    assert outcome(of(4, 9, -5)) == outcome(of(-4, 5, -9)) == MIXED


def test_support_is_not_corrected_among_comparisons() -> None:
    """All of three comparisons must hold, each at 5 %: the claim's p is the largest, not three times that."""
    claim = of(2.0), of(2.1), of(9)
    assert outcome(*claim) == SUPPORTED
    assert ClaimTests(claim).support == pytest.approx(2 * stats.norm.sf(2.0))
    assert outcome(of(1.9), of(9), of(9)) == INCONCLUSIVE


def test_refutation_is_corrected_among_comparisons() -> None:
    """One of two is enough against the claim, so it takes 2.24 standard errors; one of three 2.39."""
    assert outcome(of(0), of(-2.2)) == INCONCLUSIVE
    assert outcome(of(0), of(-2.3)) == REFUTED
    assert outcome(of(0), of(0), of(-2.3)) == INCONCLUSIVE
    assert outcome(of(0), of(0), of(-2.45)) == REFUTED
    assert ClaimTests((of(0), of(-2.3))).refutation == pytest.approx(4 * stats.norm.sf(2.3))


def test_comparisons_that_disagree_are_mixed_and_not_refuted() -> None:
    """Of six comparisons four hold and two fail, each beyond chance: the claim is not REFUTED."""
    assert outcome(*[of(5)] * 4, *[of(-5)] * 2) == MIXED


def test_disagreement_is_corrected_over_comparisons() -> None:
    """Of two, both sides take 2.24 standard errors: 2.2 for and 5 against are refuted, as none speaks for it."""
    assert outcome(of(2.2), of(-5)) == REFUTED
    assert outcome(of(2.3), of(-2.3)) == MIXED
    assert outcome(of(2.3), of(-2.2)) == INCONCLUSIVE


def test_disagreement_of_tasks_is_corrected_over_tasks_and_comparisons() -> None:
    """Two tasks of one comparison take 2.24 standard errors on both sides, of one of two comparisons 2.50."""
    assert outcome(of(0, 2.2, -5)) == INCONCLUSIVE
    assert outcome(of(0, 2.3, -2.3)) == MIXED
    assert outcome(of(0, 2.4, -2.4), of(0, 0, 0)) == INCONCLUSIVE
    assert outcome(of(0, 2.6, -2.6), of(0, 0, 0)) == MIXED


def test_tasks_of_different_comparisons_do_not_disagree() -> None:
    """A task that speaks for one comparison and another against the second are no contradiction by themselves."""
    assert outcome(of(0, 5, 0), of(0, 0, -5)) == INCONCLUSIVE


def test_tasks_that_agree_are_not_mixed() -> None:
    """Tasks at 9 and 3 differ, and both speak for the claim."""
    assert outcome(of(6, 9, 3)) == SUPPORTED


def test_large_beside_negligible_is_mixed() -> None:
    """Of two comparisons, or tasks, one is shown to be above 1 and one within 1: neither word says it of the claim."""
    assert outcome(sized(5), sized(0)) == MIXED
    assert outcome(of(2.5, 5, 0, error=0.1, matters=1.0)) == MIXED
    assert outcome(sized(5), sized(5)) == SUPPORTED
    assert outcome(sized(-5), sized(0)) == REFUTED
    assert outcome(sized(5), of(0, error=0.1)) == INCONCLUSIVE


def test_large_beside_negligible_is_corrected_over_comparisons() -> None:
    """Of two, each takes 2.24 standard errors from what matters: 1.22 and .78 are as near as tasks may be."""
    assert outcome(sized(1.23), sized(0.77)) == MIXED
    assert outcome(sized(1.22), sized(0.77)) == NEGLIGIBLE
    assert outcome(sized(1.23), sized(0.79)) == SUPPORTED


def test_weakest_comparison_decides_what_is_negligible() -> None:
    """One comparison may be large and one is negligible: so is the claim. One that may be below -1 leaves it open."""
    assert outcome(sized(1.1), sized(0)) == NEGLIGIBLE
    assert outcome(sized(0), sized(-1.1)) == REFUTED
    assert outcome(sized(0), sized(-0.5, error=1)) == INCONCLUSIVE


def test_weakest_comparison_is_sought_among_all() -> None:
    """One of two is enough to be below what matters, so it takes 2.24 standard errors: .77 is 2.3 below, .79 is 2.1."""
    assert outcome(sized(1.1), sized(0.79)) == SUPPORTED
    assert outcome(sized(1.1), sized(0.77)) == NEGLIGIBLE
    assert outcome(sized(0.79)) == NEGLIGIBLE


def test_comparison_without_a_size_is_never_negligible() -> None:
    """Where none is fixed beforehand, no effect is too small."""
    assert outcome(of(0.5, error=0.1)) == SUPPORTED
    assert outcome(of(0, error=1e-9)) == INCONCLUSIVE
    assert outcome(sized(0), of(9)) == INCONCLUSIVE


@pytest.mark.parametrize(
    ("effect", "expected"),
    [(0.0, SUPPORTED), (0.79, SUPPORTED), (-0.79, SUPPORTED), (0.9, INCONCLUSIVE), (-0.9, INCONCLUSIVE)],
)
def test_equivalence_holds_within_what_matters(effect: float, expected: str) -> None:
    """A comparison that says 'alike' is SUPPORTED two standard errors within what matters, and never NEGLIGIBLE."""
    assert outcome(alike(effect)) == expected


@pytest.mark.parametrize(
    ("effect", "expected"), [(1.2, INCONCLUSIVE), (-1.2, INCONCLUSIVE), (1.25, REFUTED), (-1.25, REFUTED)]
)
def test_equivalence_fails_beyond_what_matters_on_either_side(effect: float, expected: str) -> None:
    """There are two sides, so it takes 2.24 standard errors beyond what matters: 2.0 do not, 2.5 do."""
    assert outcome(alike(effect)) == expected


def test_equivalence_stands_beside_other_comparisons() -> None:
    """'Alike' and 'larger' both hold: SUPPORTED. One fails and the other holds: MIXED."""
    assert outcome(alike(0), of(3)) == SUPPORTED
    assert outcome(alike(3), of(3)) == MIXED
    assert outcome(alike(0), of(-3)) == MIXED
    assert outcome(alike(0), sized(0)) == INCONCLUSIVE


def test_tasks_may_disagree_on_an_equivalence() -> None:
    """Within what matters in one task, beyond it in another."""
    assert outcome(of(1, 0, 2, error=0.1, matters=1.0, alike=True)) == MIXED


def test_too_few_cases_say_nothing() -> None:
    """However large, an effect of too few cases neither holds nor fails, is not negligible and disagrees with none."""
    short = of(9, short=True)
    assert outcome(short) == outcome(of(-9, short=True)) == INCONCLUSIVE
    assert outcome(of(9), of(-9, short=True)) == outcome(of(9), short) == INCONCLUSIVE
    assert outcome(of(0, error=0.1, matters=1.0, short=True)) == INCONCLUSIVE
    assert outcome(of(-9), short) == REFUTED


def test_further_comparisons_that_are_in_no_outcomes_way() -> None:
    """Beside two such: support as alone; against it, and below what matters, 2.39 standard errors as of three."""
    for effect, expected in ((2.0, SUPPORTED), (-2.3, INCONCLUSIVE), (-2.45, REFUTED), (0.0, INCONCLUSIVE)):
        assert ClaimTests((of(effect),), others=2).outcomes(ALPHA, ALPHA, ALPHA) == expected
    for effect, expected in ((0.77, SUPPORTED), (0.75, NEGLIGIBLE), (-0.79, NEGLIGIBLE)):  # 2.3, 2.5 and 2.1 within
        assert ClaimTests((sized(effect),), others=2).outcomes(ALPHA, ALPHA, ALPHA) == expected


PARTS = st.lists(st.tuples(st.floats(-5, 5), st.booleans()), min_size=1, max_size=4)


@settings(deadline=None)
@given(PARTS, st.floats(0.001, 0.2))
def test_p_values_are_the_texts(parts: list[tuple[float, bool]], level: float) -> None:
    """Whatever the effects: 2 max p+, 2 m min p-, and for the equivalence 2 max(max p+(-d), m min p-(d))."""
    claim = ClaimTests(tuple(of(effect, matters=1.0, short=short) for effect, short in parts))
    above, below, over, under = (
        [1.0 if short else float(stats.norm.sf(sign * (effect - at))) for effect, short in parts]
        for sign, at in ((1, 0), (-1, 0), (1, -1), (-1, 1))
    )
    many = len(parts)
    assert claim.support == pytest.approx(min(1, 2 * max(above)))
    assert claim.refutation == pytest.approx(min(1, 2 * many * min(below)))
    assert claim.negligible == pytest.approx(min(1, 2 * max(*over, many * min(under))))
    assert claim.difference == pytest.approx(min(claim.support[0], claim.refutation[0]))
    large = [1.0 if short else float(stats.norm.sf(effect - 1)) for effect, short in parts]
    within = [max(pair) for pair in zip(over, under, strict=True)]
    each = ALPHA / 2 / many
    expected = [
        (min(above) <= each and min(below) <= each, MIXED),
        (min(large) <= each and min(within) <= each, MIXED),
        (claim.negligible <= level, NEGLIGIBLE),
        (claim.support <= level, SUPPORTED),
        (claim.refutation <= level, REFUTED),
        (True, INCONCLUSIVE),
    ]
    assert claim.outcomes(ALPHA, level, level)[0] == next(word for fits, word in expected if fits)


def test_shifted_runs_move_the_whole_and_each_task() -> None:
    """Three runs from one: all effects move together, in the whole and in the tasks, and errors stay."""
    moved = of(1, 2, 0, matters=1.0).shifted(np.array([-3.0, 0, 3]))
    assert moved.whole.located.moments.effect.tolist() == [-2, 1, 4]
    assert [task.located.moments.effect.tolist() for task in moved.tasks] == [[-1, 2, 5], [-3, 0, 3]]
    assert moved.whole.located.moments.variance.tolist() == [1, 1, 1]
