"""Holm's correction, held to the textbook's loop."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.statistics import holm

# statsmodels collects garbage in each call (45 ms): hence few examples below.
P_VALUES = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.025, 0.05, 1.0]), min_size=1, max_size=8)


def textbook(p_values: list[float], alpha: float) -> list[bool]:
    """Step down from the smallest p value; stop at the first that is larger than alpha / (m - k + 1)."""
    rejected = [False] * len(p_values)
    for k, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i]), start=1):
        if p_values[index] > alpha / (len(p_values) - k + 1):
            break
        rejected[index] = True
    return rejected


def test_three_hypotheses_by_hand() -> None:
    """At 0.05, 0.01 < 0.05/3 is rejected; 0.03 > 0.05/2 is not, nor is 0.04. Adjusted: 0.03, 0.06, 0.06."""
    found = holm({"b": 0.04, "a": 0.01, "c": 0.03}, 0.05)
    assert [found[name].rejected for name in "acb"] == [True, False, False]
    assert [found[name].p_adjusted for name in "acb"] == pytest.approx([0.03, 0.06, 0.06])
    assert [found[name].level for name in "acb"] == pytest.approx([1 - 0.05 / 3, 1 - 0.05 / 2, 1 - 0.05 / 2])


def test_all_rejected_by_hand() -> None:
    """0.001 and 0.04 pass 0.05/2 and 0.05/1: levels 97.5 % and 95 %."""
    found = holm({"a": 0.001, "b": 0.04}, 0.05)
    assert [found["a"].level, found["b"].level] == pytest.approx([0.975, 0.95])


def test_equal_p_values_get_equal_levels() -> None:
    """Two hypotheses of equal p both pass alpha / 2: the order in which they are given decides nothing."""
    found = holm({"a": 0.01, "b": 0.01}, 0.05)
    assert [found["a"].level, found["b"].level] == pytest.approx([0.975, 0.975])


def test_an_empty_family_has_nothing_to_correct() -> None:
    """No hypotheses, no decisions."""
    assert holm({}, 0.05) == {}


@pytest.mark.parametrize(("p", "alpha"), [(float("nan"), 0.05), (1.5, 0.05), (0.5, 0.0)])
def test_what_is_no_probability_is_refused(p: float, alpha: float) -> None:
    """A p value that is NaN or above 1, and an alpha of 0, are mistakes upstream."""
    with pytest.raises(HarnessError, match=r"expected p in \[0, 1\]"):
        holm({"a": p}, alpha)


@settings(deadline=None, max_examples=30)
@given(P_VALUES, st.floats(0.001, 0.5))
def test_decisions_are_the_textbooks(p_values: list[float], alpha: float) -> None:
    """Whatever the p values, the same hypotheses are rejected as by stepping down one at a time."""
    found = holm({str(i): p for i, p in enumerate(p_values)}, alpha)
    assert [found[str(i)].rejected for i in range(len(p_values))] == textbook(p_values, alpha)


@settings(deadline=None, max_examples=30)
@given(P_VALUES, st.floats(0.001, 0.5))
def test_intervals_agree_with_decisions(p_values: list[float], alpha: float) -> None:
    """An interval at level 1 - a excludes 0 where p <= a: at the level given, exactly where Holm rejects."""
    found = holm({str(i): p for i, p in enumerate(p_values)}, alpha)
    for i, p in enumerate(p_values):
        assert found[str(i)].rejected == (p <= (1 - found[str(i)].level) * (1 + 1e-9))
