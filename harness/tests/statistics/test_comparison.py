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
        ((np.ones(5),), {}, r"\[set, draw, example\]"),
        ((np.ones((1, 5)), np.ones((2, 5))), {}, "as many sets, and as many draws"),
        ((np.ones((1, 2, 5)), np.ones((1, 3, 5))), {}, "as many sets, and as many draws"),
        ((np.ones((1, 5)),), {"tasks": ("a", "b")}, "names of 2 tasks, expected 1"),
        ((np.array([[np.inf]]),), {}, "1 infinite"),
        ((np.array([[0.5]]),), {"kind": "proportion"}, "0, 1 or NaN"),
        ((np.ones((1, 5)),), {"minimum_units": 0}, "at least 1"),
        ((np.ones((1, 5)),), {"alike": True}, "matters = 0.0, expected a size above 0"),
        (
            (np.array([[0.2, 1.5]]),),
            {"bounds": (-1.0, 1.0)},
            r"values from 0.2 to 1.5, expected values in \[-1.0, 1.0\]",
        ),
        ((np.array([[-2, 0.5]]),), {"bounds": (-1.0, 1.0)}, "values from -2 to 0.5"),
    ],
)
def test_malformed_measurements_are_refused(cells: tuple[np.ndarray, ...], more: dict[str, Any], message: str) -> None:
    """Measurements that no test could use are refused where they are handed over, and named."""
    with pytest.raises((HarnessError, TypeCheckError)) as refusal:
        comparison(*cells, **more)
    if refusal.type is HarnessError:
        refusal.match(f"'part' was given .*{message}")


def test_sets_alone_are_sets_of_one_draw() -> None:
    """[set, example] is [set, draw, example] with one draw; tasks without names have numbers."""
    found = comparison(np.ones((3, 5)), np.ones((3, 6)))
    assert [cell.shape for cell in found.cells] == [(3, 1, 5), (3, 1, 6)]
    assert (found.sets, found.draws, found.tasks) == (3, 1, ("1", "2"))
    assert comparison(np.ones((3, 4, 5))).draws == 4


def test_share_lies_between_0_and_1() -> None:
    """A proportion's bounds are known, whatever is given; a mean's are those that are given."""
    assert comparison(np.ones((1, 5)), kind="proportion").bounds == (0, 1)
    assert comparison(np.ones((1, 5)), bounds=(-1.0, 1.0)).bounds == (-1, 1)
    assert comparison(np.ones((1, 5))).bounds is None


def test_some_of_the_tasks_alone() -> None:
    """Cells and names of the tasks that are asked for; all else stays."""
    cells = [np.full((1, 5), float(i)) for i in range(3)]
    found = comparison(*cells, tasks=("a", "b", "c"), matters=0.5, shared_draws=True).of_tasks([0, 2])
    assert (found.tasks, found.matters, found.shared_draws) == (("a", "c"), 0.5, True)
    assert [cell.mean() for cell in found.cells] == [0, 2]


def test_one_set_of_each_task_alone() -> None:
    """The second set of the one task and the first of the other, each at its own place; all else stays."""
    cells = [np.arange(12.0).reshape(2, 3, 2) + 100 * i for i in range(2)]
    found = comparison(*cells, tasks=("a", "b"), matters=0.5, minimum_units=4).of_sets({"b": 0, "a": 1, "c": 9})
    assert [cell.tolist() for cell in found.cells] == [
        [[[6, 7], [8, 9], [10, 11]]],
        [[[100, 101], [102, 103], [104, 105]]],
    ]
    assert (found.sets, found.draws, found.tasks, found.matters, found.minimum_units) == (1, 3, ("a", "b"), 0.5, 4)


@pytest.mark.parametrize("places", [{}, {"a": 0}, {"a": 0, "b": 2}, {"a": -1, "b": 0}])
def test_set_that_is_not_there_is_refused(places: dict[str, int]) -> None:
    """A task without a place, and a place without a set: -1 is not the last."""
    found = comparison(np.ones((2, 5)), np.ones((2, 5)), tasks=("a", "b"))
    with pytest.raises(HarnessError, match=r"one of 2, from 0, for each of \['a', 'b'\]"):
        found.of_sets(places)


def test_an_example_counts_once_whatever_the_sets() -> None:
    """Of three examples under two sets, the first counts twice, the second once, the third never: 2 units."""
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


@pytest.mark.parametrize("kind", ["mean", "proportion"])
@pytest.mark.parametrize("counts", [(20, 20), (9, 0), (9, 1), (9, 2), (5, 4), (5, 5), (20, 1), (20, 0)])
def test_what_is_too_few_is_what_is_said_to_be(kind: str, counts: tuple[int, int]) -> None:
    """The rule for many runs at once agrees with the words for one."""
    cells = tuple(np.where(np.arange(20) < n, 1.0, NAN)[None] for n in counts)
    part = comparison(*cells, kind=kind)
    assert part.too_few(np.array(counts)[:, None]).tolist() == [bool(part.shortage)]
