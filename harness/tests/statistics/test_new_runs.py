"""What is drawn for a simulated run: the data's structure, and the effect that was asked for."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.new_runs import Cells, draw_runs
from harness.statistics.variance import moments
from harness.tests.statistics.worlds import World, one_run

NAN = np.nan


def comparison(*cells: np.ndarray, **more: Any) -> Comparison:
    """Build a comparison of these tasks."""
    return Comparison("part", "a > b", "cosine", cells, **more)


def share(*cells: np.ndarray) -> Comparison:
    """Build a proportion of these tasks, against one half."""
    return comparison(*cells, kind="proportion", null=0.5)


def drawn(*parts: Comparison, shift: float = 0.0, runs: int = 50) -> list[Cells]:
    """Draw runs of these comparisons, of the same effect."""
    return draw_runs(parts, [shift] * len(parts), stream(0, "draw"), runs=runs)


def effects(part: Comparison, cells: Cells) -> np.ndarray:
    """Return the effect of each run as the judge works it out."""
    found, _ = moments(cells, pooled=part.kind == "proportion", shared_draws=part.shared_draws, null=part.null)
    return found.effect


@pytest.mark.parametrize("world", [World(), World(sets=3), World(sets=3, draws=4), World(draws=4)], ids=str)
def test_draws_are_shared_between_comparisons(world: World) -> None:
    """Of twice the values about another centre, new runs hold twice the deviations: same examples, sets and draws."""
    (part,) = one_run(world, stream(1), 0.0)
    double = replace(part, cells=tuple(2 * cell + 7 for cell in part.cells))
    once, twice = drawn(part, double)
    for a, b in zip(once, twice, strict=True):
        assert b == pytest.approx(2 * a)


def test_examples_and_sets_are_shared_with_a_comparison_of_other_draws() -> None:
    """One comparison has three draws that all are as the other's one: their new runs' means go together."""
    (part,) = one_run(World(sets=3), stream(2), 0.0)
    beside = replace(part, cells=tuple(np.repeat(cell, 3, axis=1) for cell in part.cells))
    one, three = drawn(part, beside)
    for a, b in zip(one, three, strict=True):
        assert np.corrcoef(a.mean(axis=(1, 2, 3)), b.mean(axis=(1, 2, 3)))[0, 1] > 0.98


def test_tasks_are_drawn_apart() -> None:
    """Two tasks of equal values do not stay equal: each has examples, sets and draws of its own."""
    for world in (World(tasks=1), World(tasks=1, sets=4, set_spread=3), World(tasks=1, draws=4, draw_spread=3)):
        (part,) = one_run(world, stream(3), 0.0)
        first, second = drawn(comparison(*part.cells * 2), runs=200)[0]
        assert np.abs(np.corrcoef(first.mean(axis=(1, 2, 3)), second.mean(axis=(1, 2, 3)))[0, 1]) < 0.3


def test_shared_draws_are_the_same_in_all_tasks() -> None:
    """Two tasks of equal values under draws that they share move together, nearly: examples are their own."""
    (part,) = one_run(World(tasks=1, draws=4, draw_spread=3), stream(4), 0.0)
    first, second = drawn(comparison(*part.cells * 2, shared_draws=True), runs=200)[0]
    assert np.corrcoef(first.mean(axis=(1, 2, 3)), second.mean(axis=(1, 2, 3)))[0, 1] > 0.9


def test_new_values_under_one_set_are_old_deviations_about_the_centre() -> None:
    """Values 1, 2, 6 deviate from 3 by -2, -1 and 3: about the null 10, with an effect of 5, 13, 14 and 18."""
    new = drawn(comparison(np.array([[1.0, 2, 6]]), null=10), shift=5)[0][0]
    assert new.shape == (50, 1, 1, 3)
    assert np.unique(new.round(9)).tolist() == [13, 14, 18]


def test_effect_is_the_one_asked_for() -> None:
    """Whatever the data's own, 1,000 new runs have the mean effect that was asked for (4 standard errors)."""
    (part,) = one_run(World(sets=3, draws=2, shared_draws=True), stream(5), 7.0)
    found = effects(part, drawn(part, shift=0.3, runs=1_000)[0])
    assert found.mean() == pytest.approx(0.3, abs=4 * found.std() / np.sqrt(1_000))


def test_examples_that_do_not_count_are_drawn_as_such() -> None:
    """Half of the examples count: so do half of the new ones, in a mean and in a proportion."""
    for cells in drawn(comparison(np.array([[1, 2, NAN, NAN]])), share(np.array([[1, 0, NAN, NAN]])), runs=1_000):
        assert np.isnan(cells[0]).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(4_000))


def test_task_in_which_nothing_counts_stays_so() -> None:
    """Nothing is drawn from nothing, in a mean and in a proportion of two sets."""
    nothing, ones = np.full((2, 5), NAN), np.ones((2, 5))
    for part in (comparison(ones, nothing), share(ones, nothing)):
        full, empty = drawn(part)[0]
        assert np.isnan(empty).all()
        assert not np.isnan(full).any()


@pytest.mark.parametrize("sets", [1, 3])
@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_proportion_has_the_effect_asked_for(sets: int, shift: float) -> None:
    """Whatever the share in the data, 1,000 new runs have the mean effect that was asked for (4 standard errors)."""
    (part,) = one_run(World(kind="proportion", sets=sets, set_spread=0.3, examples=40), stream(6, sets), 0.1)
    found = effects(part, drawn(part, shift=shift, runs=1_000)[0])
    assert found.mean() == pytest.approx(shift, abs=4 * found.std() / np.sqrt(1_000))


def test_sets_that_disagree_leave_a_proportion_at_its_centre() -> None:
    """All right under one set, none under the other: about 0.8, new sets reach 0.6 and 1, and the mean stays 0.8."""
    part = share(np.array([[1.0] * 20, [0.0] * 20]))
    found = effects(part, drawn(part, shift=0.3, runs=1_000)[0])
    assert found.mean() == pytest.approx(0.3, abs=4 * found.std() / np.sqrt(1_000))


def test_answers_to_an_example_agree_across_sets_as_in_the_data() -> None:
    """Examples that are right under all three sets or under none stay so."""
    answers = np.tile((np.arange(40) % 2).astype(float), (3, 1))
    new = drawn(share(answers))[0][0]
    assert (new == new[:, :1]).all()
    assert new.mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(50 * 40))


def components(cell: np.ndarray) -> tuple[float, float, float, float]:
    """Variances of sets, draws, examples and rest by the textbook's mean squares."""
    mean, squares = cell.mean(), []
    for axis in range(3):
        own = cell.mean(axis=tuple(other for other in range(3) if other != axis)) - mean
        squares.append(cell.size / len(own) * (own**2).sum() / (len(own) - 1))
        cell = cell - np.expand_dims(own, tuple(other for other in range(3) if other != axis))
    noise = ((cell - mean) ** 2).sum() / (cell.size - 1 - sum(levels - 1 for levels in cell.shape))
    sets, draws, examples = (
        (square - noise) * levels / cell.size for square, levels in zip(squares, cell.shape, strict=True)
    )
    return float(sets), float(draws), float(examples), float(noise)


def test_new_sets_draws_and_examples_vary_as_the_old() -> None:
    """Over 2,000 runs each axis' means vary by its own variance and the rest's share, the data's own, within 12 %.

    The standard error of a variance of 2,000 normal values is 3 %; estimating from 40 examples adds 1 / 40. Drawing
    the axes' means as they are, with the rest in them, would make it twice as large.
    """
    rng, shape = stream(7), (4, 3, 40)
    cell = sum(
        rng.normal(0, s, [n if a == axis else 1 for a, n in enumerate(shape)]) for axis, s in enumerate((0.3, 0.3, 0.5))
    )
    cell = cell + rng.normal(0, 2, shape)
    sets, draws, examples, noise = components(cell)
    assert min(sets, draws, examples) > 0
    new = drawn(comparison(cell), runs=2_000)[0][0]
    within = np.var(new - new.mean(axis=3, keepdims=True), axis=3, ddof=1).mean()
    assert within == pytest.approx(examples + noise, rel=0.12)
    assert np.var(new, axis=0).mean() == pytest.approx(sets + draws + examples + noise, rel=0.12)


def test_effect_varies_as_sets_draws_and_examples_make_it() -> None:
    """Over 2,000 runs the effect varies by set / S + draw / D + example / n + rest / (S D n), within 15 %."""
    rng, shape = stream(8), (4, 3, 40)
    cell = rng.normal(0, 0.3, (4, 1, 1)) + rng.normal(0, 0.3, (1, 3, 1)) + rng.normal(0, 1, (1, 1, 40))
    cell = cell + rng.normal(0, 0.5, shape)
    sets, draws, examples, noise = components(cell)
    new = drawn(comparison(cell), runs=2_000)[0][0]
    expected = sets / 4 + draws / 3 + examples / 40 + noise / (4 * 3 * 40)
    assert np.var(new.mean(axis=(1, 2, 3))) == pytest.approx(expected, rel=0.15)


def test_one_sets_noise_is_not_drawn_twice() -> None:
    """Of sets and examples alone: set / S + example / n + rest / (S n), where the rest is nearly all, within 12 %."""
    cell = stream(4).normal(0, 0.2, (3, 1)) + stream(5).normal(0, 0.4, (1, 40)) + stream(6).normal(0, 2, (3, 40))
    sets, examples, noise = two_way(cell)
    assert min(sets, examples) > 0
    new = drawn(comparison(cell), runs=2_000)[0][0]
    expected = sets / 3 + examples / 40 + noise / (3 * 40)
    assert np.var(new.mean(axis=(1, 2, 3))) == pytest.approx(expected, rel=0.12)


def two_way(cell: np.ndarray) -> tuple[float, float, float]:
    """Variances of sets, examples and rest by mean squares, entry by entry."""
    sets, examples = cell.shape
    of_set = [np.mean([cell[s, i] for i in range(examples)]) for s in range(sets)]
    of_example = [np.mean([cell[s, i] for s in range(sets)]) for i in range(examples)]
    rest = [(cell[s, i] - of_set[s] - of_example[i] + cell.mean()) ** 2 for s in range(sets) for i in range(examples)]
    noise = sum(rest) / ((sets - 1) * (examples - 1))
    return (
        float(np.var(of_set, ddof=1)) - noise / examples,
        float(np.var(of_example, ddof=1)) - noise / sets,
        noise,
    )
