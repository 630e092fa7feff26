"""What jobs ask of machines."""

from pathlib import Path

import pytest

from harness.engines.demand import Demand, Demands
from harness.engines.shares import BESIDE, COPIES
from harness.tests.engines.noted import Noted

WEIGHTS = 5_000_000_000


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (Noted("of a model", Path()), Demand(4, BESIDE + COPIES * WEIGHTS)),
        (Noted("of one thread", Path(), of_threads=1), Demand(1, BESIDE)),
        (Noted("of three", Path(), of_threads=3), Demand(3, BESIDE + COPIES * WEIGHTS)),
        (Noted("on a GPU", Path(), of_gpu=True), Demand(4, BESIDE + WEIGHTS, 1)),
    ],
)
def test_a_job_asks_for_what_its_record_says(record: Noted, expected: Demand) -> None:
    """A record's own threads before the run's; what names one needs no model; a GPU is asked for whole."""
    assert Demands(4, lambda: WEIGHTS).of([record]) == expected


def test_what_needs_no_model_does_not_ask_how_large_it_is() -> None:
    """Its weights may not be there."""
    assert Demands(4, lambda: pytest.fail("asked")).of([Noted("a", Path(), of_threads=1)]).threads == 1


def test_demand_is_said_in_words() -> None:
    """As errors say it."""
    said = [str(Demand(1, 1_500_000_000)), str(Demand(2, 10**9, 1))]
    assert said == ["1 processor, 1.5 GB", "2 processors, 1.0 GB, 1 GPU"]
