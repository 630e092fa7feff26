"""S1 and S2 on families whose trend is known, from prompt to verdict: sizes grow tenfold, and what grows is made."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.data import JSON
from harness.judging.verdicts import Verdict
from harness.statistics.results import Outcome
from harness.tests.known.pipeline import LOOKUP, mixture, trends_of
from harness.tests.known.project import TEST

DESCENT = [mixture(share) for share in (0.1, 0.5, 0.9)]
"""What of the update is descent's: all three answer by looking up, and so gain the same."""
LOOKUPS = [{**mixture(0.0), "lookup": lookup} for lookup in (0.0, 0.1 * LOOKUP, LOOKUP)]
"""How far the looked-up answer counts: from nothing to all, with an update that is random."""


def _effects(verdict: Verdict) -> list[float]:
    return [part.estimate.effect for part in verdict.parts]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("models", "sign", "outcome"), [(DESCENT, 1, Outcome.SUPPORTED), (DESCENT[::-1], -1, Outcome.REFUTED)]
)
def test_similarity_that_grows_with_size_is_found(
    tmp_path: Path, seeds: range, models: Sequence[JSON], sign: int, outcome: Outcome
) -> None:
    """SimAOU goes from .13 to .90 over two tenfolds, or back; all sizes gain the same, and S1 is not decided."""
    found = trends_of(models, seeds[0], tmp_path)
    assert found["S2"].outcome is outcome
    assert _effects(found["S2"]) == pytest.approx([sign * 0.38] * 3, abs=0.05)
    assert (_effects(found["S1"]), found["S1"].outcome) == ([0.0], Outcome.INCONCLUSIVE)
    assert found["S2"].control is not None
    assert found["S2"].control.passed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("models", "sign", "outcome"), [(LOOKUPS, 1, Outcome.SUPPORTED), (LOOKUPS[::-1], -1, Outcome.REFUTED)]
)
def test_gain_that_grows_with_size_is_found(
    tmp_path: Path, seeds: range, models: Sequence[JSON], sign: int, outcome: Outcome
) -> None:
    """ICL gains nothing, most, or all, or the reverse; one of three sizes learned nothing, and S2 says so."""
    found = trends_of(models, seeds[0], tmp_path, sets=8, queries=TEST)
    assert found["S1"].outcome is outcome
    (effect,) = _effects(found["S1"])
    assert effect == pytest.approx(sign * 0.2, abs=0.05)
    assert found["S2"].outcome is Outcome.NOT_TESTABLE
    assert "at most 2 of known learned one (kinds)" in found["S2"].reason
