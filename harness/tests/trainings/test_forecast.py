"""What trainings will take, said before they begin."""

import re
from dataclasses import replace

import pytest
import torch

from harness.models.gpt.sizes import SIZES, training_cost
from harness.tests.trainings.test_training import training
from harness.trainings.forecast import forecast, measured_rate

SLOWEST, FASTEST = 1e8, 1e12
"""FLOP a second of one thread of a processor, whichever it is."""


def test_rate_is_that_of_a_processor() -> None:
    """One thread of a processor makes between a tenth and a thousand GFLOP a second."""
    assert SLOWEST < measured_rate(torch.device("cpu")) < FASTEST


def test_rate_is_measured_on_one_thread() -> None:
    """In a process of two threads one is measured, and the threads are given back."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    measured_rate(torch.device("cpu"))
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def test_forecast_is_one_line() -> None:
    """How many, of which size, on what: one line that one can read at a glance."""
    line = forecast([training("recall"), training("regression")], 3)
    said = r"momentum: 2 trainings of size 'minuscule' are ahead, about 0\.0 minutes on 3 x cpu, up to \S+ GB each"
    assert re.fullmatch(said, line), line


@pytest.mark.parametrize("problem", ["language", "regression", "recall"])
def test_time_is_that_of_the_operations(problem: str) -> None:
    """Four trainings of the largest size on two processes take twice what one does, at the rate of a processor."""
    size = max(SIZES.values(), key=lambda size: size.language.shape.width * size.language.shape.layers)
    language, context = size.language, size.in_context
    cost = {
        "language": (language.shape, language.schedule, language.length, language.vocabulary),
        "regression": (context.shape, context.schedule, 2 * context.regression_pairs, context.keys + context.values),
        "recall": (context.shape, context.schedule, 2 * context.recall_pairs, context.keys + context.values),
    }[problem]
    line = forecast([replace(training(problem), size=size)] * 4, 2)
    found = re.search(r"about ([\d.]+) (minutes|hours)", line)
    assert found, line
    seconds = float(found[1]) * {"minutes": 60, "hours": 3600}[found[2]]
    operations = 2 * training_cost(*cost).flops
    assert operations / FASTEST < seconds + 3 < operations / SLOWEST
