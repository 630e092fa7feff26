"""From arrays to comparisons, worked by hand."""

import numpy as np
import pytest

from harness.judging.comparisons import between_sets, difference, difference_if_any, less, mean_of, proportion

NAN = float("nan")


def test_difference_averages_layers_then_pairs_examples() -> None:
    """Layers (1, 3) and (5, 7) average to 2 and 6; less 1 and 2 that is 1 and 4."""
    value, baseline = {"a": np.array([[[1.0, 3], [5, 7]]])}, {"a": np.array([[[1.0, 1], [2, 2]]])}
    assert difference("d", "d > 0", "cosine", value, baseline).cells[0].tolist() == [[[1, 4]]]


def test_one_draw_stands_beside_several() -> None:
    """Two draws of three examples less one that all draws share, in one set: three differences a draw."""
    drawn = {"a": np.arange(6.0).reshape(1, 2, 3, 1)}  # set, draw, example, layer
    shared = {"a": np.array([[1.0, 1.0, 1.0]])}
    found = difference("d", "d > 0", "cosine", drawn, shared)
    assert found.cells[0].tolist() == [[[-1, 0, 1], [2, 3, 4]]]
    assert (found.sets, found.draws, found.units, found.shared_draws) == (1, 2, 3, False)


def test_sets_stand_as_draws_where_tasks_share_them() -> None:
    """Two sets, each with a draw of its own that both tasks have: one set of two draws, and the same differences."""
    values = {task: np.arange(6.0).reshape(2, 3) for task in ("a", "b")}  # set, example
    none = {task: np.zeros((2, 3)) for task in ("a", "b")}
    own, shared = (difference("d", "d > 0", "cosine", values, none, shared_draws=of) for of in (False, True))
    assert [(of.sets, of.draws, of.shared_draws) for of in (own, shared)] == [(2, 1, False), (1, 2, True)]
    assert [of.cells[1].tolist() for of in (own, shared)] == [[[[0, 1, 2]], [[3, 4, 5]]], [[[0, 1, 2], [3, 4, 5]]]]


def test_alike_is_a_size_that_the_difference_is_held_to() -> None:
    """It says that the two differ by less, where others say that the one is larger."""
    values = {"a": np.array([[1.0, 0]])}
    alike, larger = (difference("d", "d", "cosine", values, values, alike=size) for size in (0.2, 0.0))
    assert [(of.alike, of.matters) for of in (alike, larger)] == [(True, 0.2), (False, 0.0)]


def test_less_takes_the_mean_over_draws_away() -> None:
    """One set, two draws, two examples of one layer: 5 less the mean of 1 and 3 is 3; of 2 and NaN there is none."""
    values = {"a": np.array([[[5.0], [7.0]]])}
    others = {"a": np.array([[[[1.0], [2.0]], [[3.0], [NAN]]]])}
    np.testing.assert_array_equal(less(values, others)["a"], [[[3.0], [NAN]]])


def test_every_other_set_stands_against_the_next() -> None:
    """Of five sets the first less the second, the third less the fourth; the fifth has none to stand against."""
    values = {"a": np.array([[1.0, 2], [10, 20], [3, 4], [30, 40], [100, 100]])}
    (own,), (shared,) = (between_sets("b", "b > 0", "cosine", values, shared_draws=of) for of in (False, True))
    assert own.cells[0].tolist() == [[[-9, -18]], [[-27, -36]]]
    assert (shared.cells[0].tolist(), shared.shared_draws) == ([[[-9, -18], [-27, -36]]], True)


def test_set_that_counts_nowhere_is_none() -> None:
    """Of three sets the second counts in no task and is gone; where it counts in one of two it stays."""
    none, some = np.array([[1.0, 2], [NAN, NAN], [3, 4]]), np.array([[5.0, 6], [7, 8], [9, 10]])
    nothing = {task: np.zeros((3, 2)) for task in ("a", "b")}
    (alone,) = difference("d", "d", "cosine", {"a": none}, {"a": nothing["a"]}).cells
    assert alone.tolist() == [[[1, 2]], [[3, 4]]]
    assert difference("d", "d", "cosine", {"a": none, "b": some}, nothing).sets == 3
    assert difference("d", "d", "cosine", {"a": none * NAN}, {"a": nothing["a"]}).sets == 3


def test_sets_that_count_nowhere_stand_in_no_pair() -> None:
    """Of five sets the second counts for nothing: the first stands against the third, the fourth against the fifth."""
    values = {"a": np.array([[1.0, 2], [NAN, NAN], [3, 4], [30, 40], [100, 100]])}
    (found,) = between_sets("b", "b > 0", "cosine", values)
    assert found.cells[0].tolist() == [[[-2, -2]], [[-70, -60]]]
    values["a"][2] = NAN
    assert between_sets("b", "b > 0", "cosine", values) == ()


@pytest.mark.parametrize(("sets", "number"), [(1, 0), (3, 0), (4, 1)])
def test_one_pair_of_sets_is_no_control(sets: int, number: int) -> None:
    """Of one pair nothing says how far apart two sets are by chance; of two there is a variance."""
    assert len(between_sets("b", "b > 0", "cosine", {"a": np.ones((sets, 2))})) == number


@pytest.mark.parametrize(
    ("unit", "bounds"), [("accuracy", (-1.0, 1.0)), ("probability", (-1.0, 1.0)), ("cosine", None)]
)
def test_differences_of_shares_are_bounded(unit: str, bounds: tuple[float, float] | None) -> None:
    """Two shares are at most 1 apart, two cosines may be 2; the tasks keep their names."""
    values = {"a": np.array([[1.0, 0]]), "b": np.array([[0.0, 0]])}
    found = difference("d", "d > 0", unit, values, values)
    assert (found.bounds, found.tasks, found.alike) == (bounds, ("a", "b"), False)


def test_proportion_keeps_cases_that_do_not_count_apart() -> None:
    """NaN stays NaN; the null is what was given."""
    cases = proportion("p", "p > 0.5", "fraction", {"a": np.array([[1.0, NAN]])}, 0.5)
    assert (cases.kind, cases.null, np.isnan(cases.cells[0]).tolist()) == ("proportion", 0.5, [[[False, True]]])


def test_mean_of_keeps_what_counts() -> None:
    """Of three examples one counts under no set and is left out; one counts under the second set alone."""
    cases = mean_of("m", "m > 0", "accuracy", {"all tasks": np.array([[1.0, NAN, NAN], [0.5, NAN, 2.0]])})
    assert (cases.kind, cases.null, cases.units) == ("mean", 0.0, 2)
    np.testing.assert_array_equal(cases.cells[0], [[[1.0, NAN]], [[0.5, 2.0]]])


def test_mean_of_nothing_is_a_shortage_and_no_error() -> None:
    """Where no example counts the judge is told so, with numbers."""
    assert mean_of("m", "m > 0", "accuracy", {"all tasks": np.full((1, 7), NAN)}).shortage.startswith("0 of 7 examples")


def test_control_on_no_task_is_none() -> None:
    """Where no task is left that a control is run on, nothing is compared; where one is, there is one comparison."""
    assert difference_if_any("c", "a > b", "cosine", {}, {}) == ()
    one, other = {"a": np.array([[3.0, 5.0]])}, {"a": np.array([[1.0, 1.0]])}
    (found,) = difference_if_any("c", "a > b", "cosine", one, other)
    np.testing.assert_array_equal(found.cells[0], difference("c", "a > b", "cosine", one, other).cells[0])
