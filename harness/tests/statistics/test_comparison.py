"""What a comparison takes, refuses and counts."""

from typing import Any

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from harness.errors import HarnessError
from harness.statistics import Comparison

NAN = np.nan


def comparison(*cells: np.ndarray, **more: Any) -> Comparison:
    """Build a comparison of these tasks."""
    return Comparison("part", "a > b", "cosine", cells, **more)


@pytest.mark.parametrize(
    ("cells", "more", "message"),
    [
        ((), {}, "non-empty"),
        ((np.ones((1, 0)),), {}, "non-empty"),
        ((np.ones(5),), {}, r"\[seed, example\]"),
        ((np.ones((1, 5)), np.ones((2, 5))), {}, "as many seeds"),
        ((np.array([[np.inf]]),), {}, "1 infinite"),
        ((np.array([[0.5]]),), {"kind": "proportion"}, "0, 1 or NaN"),
        ((np.ones((1, 5)),), {"minimum_units": 0}, "at least 1"),
    ],
)
def test_malformed_measurements_are_refused(cells: tuple[np.ndarray, ...], more: dict[str, Any], message: str) -> None:
    """Measurements that no test could use are refused where they are handed over, and named."""
    with pytest.raises((HarnessError, TypeCheckError)) as refusal:
        comparison(*cells, **more)
    if refusal.type is HarnessError:
        refusal.match(f"'part' was given .*{message}")


def test_an_example_counts_once_whatever_the_seeds() -> None:
    """Of three examples under two seeds, the first counts twice, the second once, the third never: 2 units."""
    cell = np.array([[1.0, NAN, NAN], [0.0, 1.0, NAN]])
    assert comparison(cell, kind="proportion").units == 2


def test_too_few_cases_are_said_in_numbers() -> None:
    """Three of 200 examples are too few for a claim that needs ten."""
    cell = np.full((1, 200), NAN)
    cell[0, :3] = 1
    expected = "3 of 200 examples count; at least 10 are needed"
    assert comparison(cell, kind="proportion").shortage == expected


def test_a_task_that_counts_nothing_is_no_part_of_a_mean() -> None:
    """A mean of tasks' means needs examples in each task; a pooled proportion does not."""
    cells = np.ones((1, 20)), np.full((1, 20), NAN)
    assert comparison(*cells).shortage == "0 examples count in one of 2 tasks; at least 2 in each are needed"
    assert not comparison(*cells, kind="proportion").shortage
