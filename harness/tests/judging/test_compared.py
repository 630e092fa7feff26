"""Two runs beside each other: pairs of verdicts, how far effects moved, and which changes are more than rounding."""

import math
from dataclasses import replace

from harness.judging.claims import Claim
from harness.judging.compared import compare, said
from harness.judging.verdicts import Verdict
from harness.statistics.results import Estimate, Outcome, PartResult

YES, NO, OPEN = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE


def verdict(claim: str, outcome: Outcome, *effects: float, margin: float | None = 0.5, error: float = 0.1) -> Verdict:
    """Return a verdict on so many comparisons, each with this standard error."""
    parts = tuple(
        PartResult(
            f"part {i}", "", Estimate(e, e - 1, e + 1, 0.95, 0.01, 40, 5, 1, error, 4.0), outcome, "", 0.1, "cosine"
        )
        for i, e in enumerate(effects)
    )
    return Verdict(Claim(claim, *["x"] * 9), outcome, "because", parts, None, subject="m", margin=margin)


def test_largest_move_is_in_standard_errors_of_the_first() -> None:
    """Of moves by .05 and .3 at errors of .1 the second is 3 errors; the other run's errors are of no account."""
    (pair,) = compare([verdict("C1", YES, 1.0, 2.0)], [verdict("C1", YES, 1.05, 1.7, error=9.0)])
    assert (pair.claim, pair.subject, pair.first, pair.second, pair.why) == ("C1", "m", YES, YES, "")
    assert math.isclose(pair.moved, 3.0)


def test_change_is_held_to_the_firsts_margin() -> None:
    """From half an error off a change is rounding; from two off it is not, nor from one verdict to its contrary."""
    near, far = (verdict("C1", OPEN, 1.0, margin=margin) for margin in (0.5, 2.0))
    assert compare([near], [verdict("C1", YES, 1.0, margin=9.0)])[0].why == ""
    assert "2 standard errors" in compare([far], [verdict("C1", YES, 1.0, margin=0.1)])[0].why
    assert compare([verdict("C1", YES, 1.0)], [verdict("C1", NO, 1.0)])[0].why == "expected SUPPORTED"


def test_verdict_of_one_run_alone_is_said() -> None:
    """Claims are paired by id and subject, whatever their order; what one run lacks has no pair."""
    first = [verdict("C1", YES, 1.0), verdict("C2", NO, 1.0)]
    second = [verdict("C3", OPEN, 1.0), replace(verdict("C2", NO, 1.0), subject="n"), verdict("C1", YES, 1.0)]
    found = [(pair.claim, pair.subject, pair.first, pair.second, pair.why) for pair in compare(first, second)]
    assert found == [
        ("C1", "m", YES, YES, ""),
        ("C2", "m", NO, None, ""),
        ("C3", "m", None, OPEN, ""),
        ("C2", "n", None, NO, ""),
    ]
    *_, row, last = said(compare(first, second))
    assert row.split() == ["C2", "REFUTED", "in", "one", "run", "alone"]
    assert last == "0 of 1 verdicts of both differ, 0 by more than the first's margin"


def test_what_can_not_be_measured_moved_by_nothing_known() -> None:
    """Without an error, or an effect in both, there is no number; an exact claim has no comparison."""
    assert math.isnan(compare([verdict("C1", OPEN, 1.0, error=0.0)], [verdict("C1", OPEN, 2.0)])[0].moved)
    assert math.isnan(compare([verdict("C1", OPEN, 1.0)], [verdict("C1", OPEN, math.nan)])[0].moved)
    assert math.isnan(compare([verdict("C4", YES)], [verdict("C4", YES)])[0].moved)


def test_table_says_both_and_counts_what_differs() -> None:
    """A line a claim, and a last one with how many differ and how many beyond their edge."""
    first = [verdict("C1", YES, 1.0), verdict("C2", OPEN, 1.0), verdict("C3", YES, 1.0)]
    second = [verdict("C1", YES, 1.02), verdict("C2", YES, 1.0), verdict("C3", NO, 1.0)]
    head, *rows, last = said(compare(first, second))
    assert head.split() == ["claim", "first", "second", "effect", "moved", "margin"]
    assert rows[0].split() == ["C1", "SUPPORTED", "SUPPORTED", "0.2", "SE", "0.5", "SE"]
    assert rows[2].endswith("expected SUPPORTED")
    assert last == "2 of 3 verdicts of both differ, 1 by more than the first's margin"
