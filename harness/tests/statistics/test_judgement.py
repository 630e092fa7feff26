"""The judge's outcomes, and how often simulated claims come out supported."""

import re

import numpy as np
import pytest
from scipy import stats

from harness.errors import HarnessError
from harness.seeds import stream
from harness.statistics import Comparison, Corrected, estimate, judge_family, overall, p_value
from harness.statistics.judgement import _judge, smallest_detectable
from harness.statistics.results import Estimate, Outcome, PartResult

SIMULATIONS = 400
RESAMPLES = 499


def rng_of(name: str) -> np.random.Generator:
    """Return the stream that belongs to a part."""
    return stream(0, name)


def shifted(shift: float, name: str = "part", examples: int = 40) -> Comparison:
    """Build a comparison of normal values, of standard deviation 1, about a shift."""
    values = stream(1, name).normal(0, 1, (1, examples))
    return Comparison(name, "a > b", "cosine", (values - values.mean() + shift,))


def judged(part: Comparison) -> PartResult:
    """Judge one part alone at 5 %."""
    return judge_family({"C": [part]}, 0.05, rng_of, RESAMPLES)["C"][0]


@pytest.mark.parametrize(
    ("shift", "outcome", "reason"),
    [
        (1.0, Outcome.SUPPORTED, r"95 % interval \[.*\] \(n = 40\) lies above 0"),
        (-1.0, Outcome.REFUTED, r"95 % interval \[.*\] \(n = 40\) lies below 0"),
        (0.0, Outcome.INCONCLUSIVE, r"holds 0; an effect of 0\.\d+ would be found with 80 % power"),
    ],
)
def test_outcome_follows_the_interval(shift: float, outcome: Outcome, reason: str) -> None:
    """Six standard errors above 0 support a claim, six below refute it, none decides nothing."""
    part = judged(shifted(shift))
    assert part.outcome is outcome
    assert re.search(reason, part.reason)


@pytest.mark.parametrize(
    ("low", "high", "rejected", "reason"),
    [
        (0.1, 0.5, False, "leaves 0 out, but the corrected p value is 0.2"),
        (-0.5, -0.1, False, "leaves 0 out, but the corrected p value is 0.2"),
        (-0.1, 0.5, True, "holds 0"),
        (-0.5, 0.1, True, "holds 0"),
        (0.0, 0.5, True, "holds 0"),
    ],
)
def test_test_and_interval_must_agree(low: float, high: float, rejected: bool, reason: str) -> None:
    """A claim is decided where Holm rejects and the interval leaves 0 out; one of them is not enough."""
    found = Estimate((low + high) / 2, low, high, 0.95, 0.2, 100, 0.1)
    part = _judge(shifted(0.0), found, Corrected(0.2, 0.95, rejected))
    assert part.outcome is Outcome.INCONCLUSIVE
    assert reason in part.reason


def test_too_few_cases_are_inconclusive() -> None:
    """Five examples, however clear, decide nothing where ten are needed."""
    part = judged(Comparison("part", "a > b", "cosine", (np.full((1, 5), 9.0),)))
    assert part.outcome is Outcome.INCONCLUSIVE
    assert part.reason == "5 of 5 examples count; at least 10 are needed"


def test_parts_of_all_claims_are_corrected_together() -> None:
    """A p value below 5 % decides alone, but not beside nine parts of no effect in another claim."""
    part = shifted(0.4)
    alone = judged(part)
    family = {"C": [part], "D": [shifted(0.0, str(i)) for i in range(9)]}
    among = judge_family(family, 0.05, rng_of, RESAMPLES)["C"][0]
    assert alone.outcome is Outcome.SUPPORTED
    assert among.outcome is Outcome.INCONCLUSIVE
    assert among.p_holm == pytest.approx(10 * alone.p_holm)
    assert among.estimate.level == pytest.approx(1 - 0.05 / 10)


def test_other_members_change_no_draw() -> None:
    """A part's p value is the same alone, among others, and in another order."""
    parts = [shifted(0.3, name) for name in "abc"]
    forward, backward = (judge_family({"C": order}, 0.05, rng_of, RESAMPLES)["C"] for order in (parts, parts[::-1]))
    assert forward == backward[::-1]
    assert forward[0].estimate.p_value == judged(parts[0]).estimate.p_value


def test_two_parts_of_one_name_are_refused() -> None:
    """Parts are told apart by name: two of one name in a claim would share a verdict."""
    with pytest.raises(HarnessError, match="distinct names"):
        judge_family({"C": [shifted(0), shifted(1)]}, 0.05, rng_of)


def test_smallest_detectable_effect_by_hand() -> None:
    """A normal 95 % interval of SE 1 reaches 1.96: with 80 % power 1.96 + 0.84 = 2.80 is found."""
    normal = Estimate(0, -1.96, 1.96, 0.95, 1.0, 100, 1.0)
    assert smallest_detectable(normal) == pytest.approx(2.80, abs=0.005)


@pytest.mark.parametrize(
    ("shifts", "outcome"),
    [
        ([1.0, 1.0], Outcome.SUPPORTED),
        ([1.0, 0.0], Outcome.INCONCLUSIVE),
        ([1.0, 0.0, -1.0], Outcome.REFUTED),
    ],
)
def test_a_claim_is_as_strong_as_its_weakest_part(shifts: list[float], outcome: Outcome) -> None:
    """All parts must be supported; one that is refuted refutes the claim."""
    assert overall([judged(shifted(shift)) for shift in shifts]) is outcome


def test_a_claim_of_no_parts_has_no_outcome() -> None:
    """Nothing can't support a claim."""
    with pytest.raises(HarnessError, match="no parts"):
        overall([])


def judged_uncorrected(part: Comparison) -> PartResult:
    """Judge a family of one, which Holm leaves as it is; without statsmodels' 45 ms of garbage collection."""
    p = p_value(part, rng_of(part.name), RESAMPLES)
    found = estimate(part, 0.95, rng_of(part.name), p, RESAMPLES)
    return _judge(part, found, Corrected(p, 0.95, p <= 0.05))


def simulated(seeds: int, shift: float, index: int) -> Comparison:
    """Draw two tasks of 30 examples: examples vary, and so do several sets of demonstrations."""
    rng = stream(5, seeds, index)
    cells = []
    for _ in range(2):
        demonstrations = rng.normal(0, 0.5, (seeds, 1)) if seeds > 1 else 0.0
        cells.append(shift + demonstrations + rng.normal(0, 1, (1, 30)) + rng.normal(0, 1, (seeds, 30)))
    return Comparison(str(index), "a > b", "cosine", tuple(cells))


@pytest.mark.parametrize("seeds", [1, 3])
def test_without_an_effect_claims_are_rarely_decided(seeds: int) -> None:
    """Without an effect no more than 5 % of claims are decided, but for chance (99.9 % of a binomial)."""
    parts = [judged_uncorrected(simulated(seeds, 0.0, i)) for i in range(SIMULATIONS)]
    decided = sum(part.outcome is not Outcome.INCONCLUSIVE for part in parts)
    assert decided <= stats.binom.ppf(0.999, SIMULATIONS, 0.05)


@pytest.mark.parametrize(("seeds", "shift"), [(1, 1.0), (3, 2.0)])
def test_large_effects_are_found(seeds: int, shift: float) -> None:
    """An effect of five standard errors or more is found nearly always."""
    parts = [judged_uncorrected(simulated(seeds, shift, i)) for i in range(50)]
    assert sum(part.outcome is Outcome.SUPPORTED for part in parts) >= 48
