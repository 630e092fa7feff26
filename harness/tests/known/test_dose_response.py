"""How much descent a similarity stands for: figures of models of which a known share of the update is descent."""

from itertools import pairwise

import pytest

from claims import ladder
from harness.tests.known.pipeline import dose_response

SHARES = 0.0, 0.3, 0.7, 1.0


@pytest.mark.parametrize("figure", ["SimAOU", "SimAM", "Kendall"])
def test_similarity_rises_with_the_share_of_descent(curve: dict[float, dict[str, float]], figure: str) -> None:
    """Each share above the one below it, up to nearly one.

    SimAOU and SimAM begin near 0. Kendall's tau begins at .8 to .96: that of no finetuning, whose order is the texts'.
    """
    values = [curve[share][figure] for share in SHARES]
    assert all(low < high for low, high in pairwise(values))
    assert values[-1] > 0.8


@pytest.mark.parametrize("figure", ["SimAOU", "SimAM"])
def test_report_has_the_doses(curve: dict[float, dict[str, float]], figure: str, seeds: range) -> None:
    """What stands above the ladders was measured so: of one seed to three of its spreads, of twenty to one."""
    shown = dict(zip(ladder.SHARES, ladder.DOSES[figure], strict=True))
    near = 0.09 if len(seeds) > 5 else 0.27
    assert all(curve[share][figure] == pytest.approx(shown[share], abs=near) for share in SHARES)


@pytest.fixture(scope="module")
def curve(seeds: range) -> dict[float, dict[str, float]]:
    """Return the figures by share."""
    return dose_response(SHARES, seeds)
