"""What is drawn for a simulated run: the data's structure, and the effect that was asked for."""

import numpy as np
import pytest

from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.estimation import effect
from harness.statistics.new_runs import Cells, draw_runs
from harness.tests.statistics.worlds import mean_claims, proportion_claim

NAN = np.nan


def comparison(*cells: np.ndarray, null: float = 0.0) -> Comparison:
    """Build a comparison of these tasks."""
    return Comparison("part", "a > b", "cosine", cells, null=null)


def drawn(*parts: Comparison, shift: float = 0.0, runs: int = 50, examples: int | None = None) -> list[Cells]:
    """Draw runs of these comparisons, of the same effect."""
    return draw_runs(parts, [shift] * len(parts), stream(0, "draw"), runs=runs, examples=examples)


def effects(part: Comparison, cells: Cells) -> np.ndarray:
    """Return the effect of each run as the judge works it out."""
    new = (Comparison(part.name, "", "", tuple(task[i] for task in cells), part.kind, part.null) for i in range(1000))
    return np.array([effect(run) for run in new])


@pytest.mark.parametrize("seeds", [1, 3])
def test_draws_are_shared_between_comparisons(seeds: int) -> None:
    """Of twice the values about another centre, new runs hold twice the deviations: same examples, same seeds."""
    part = mean_claims(stream(1), seeds=seeds, seed_spread=1)[0]
    double = comparison(*(2 * cell + 7 for cell in part.cells))
    once, twice = drawn(part, double)
    for a, b in zip(once, twice, strict=True):
        assert b == pytest.approx(2 * a)


def test_tasks_are_drawn_apart() -> None:
    """Two tasks of equal values do not stay equal: each has examples of its own."""
    cell = stream(2).normal(0, 1, (1, 30))
    first, second = drawn(comparison(cell, cell))[0]
    assert np.abs(np.corrcoef(first.mean(axis=2)[:, 0], second.mean(axis=2)[:, 0])[0, 1]) < 0.5


def test_new_values_under_one_seed_are_old_deviations_about_the_centre() -> None:
    """Values 1, 2, 6 deviate from 3 by -2, -1 and 3: about the null 10, with an effect of 5, 13, 14 and 18."""
    new = drawn(comparison(np.array([[1.0, 2, 6]]), null=10), shift=5, examples=7)[0][0]
    assert new.shape == (50, 1, 7)
    assert np.unique(new.round(9)).tolist() == [13, 14, 18]


def test_examples_that_do_not_count_are_drawn_as_such() -> None:
    """Half of the examples count: so do half of the new ones, in a mean and in a proportion."""
    share = Comparison("share", "", "", (np.array([[1, 0, NAN, NAN]]),), "proportion", 0.5)
    for cells in drawn(comparison(np.array([[1, 2, NAN, NAN]])), share, runs=1_000):
        assert np.isnan(cells[0]).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(4_000))


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_a_proportion_has_the_effect_asked_for(seeds: int, shift: float) -> None:
    """Whatever the share in the data, 1,000 new runs have the mean effect that was asked for (4 standard errors)."""
    part = proportion_claim(stream(3, seeds), seeds=seeds, seed_spread=0.3)
    found = effects(part, drawn(part, shift=shift, runs=1_000)[0])
    assert found.mean() == pytest.approx(shift, abs=4 * found.std() / np.sqrt(1_000))


def test_seeds_that_disagree_leave_a_proportion_at_its_centre() -> None:
    """All right under one seed, none under the other: about 0.8, new seeds reach 0.6 and 1, and the mean stays 0.8."""
    part = Comparison("share", "", "", (np.array([[1.0] * 20, [0.0] * 20]),), "proportion", 0.5)
    found = effects(part, drawn(part, shift=0.3, runs=1_000)[0])
    assert found.mean() == pytest.approx(0.3, abs=4 * found.std() / np.sqrt(1_000))


def two_way_variances(cell: np.ndarray) -> tuple[float, float, float]:
    """Variances of seed, example and rest by the textbook's mean squares, entry by entry."""
    seeds, examples = cell.shape
    of_seed = [np.mean([cell[s, i] for i in range(examples)]) for s in range(seeds)]
    of_example = [np.mean([cell[s, i] for s in range(seeds)]) for i in range(examples)]
    rest = [(cell[s, i] - of_seed[s] - of_example[i] + cell.mean()) ** 2 for s in range(seeds) for i in range(examples)]
    noise = sum(rest) / ((seeds - 1) * (examples - 1))
    return (
        float(np.var(of_seed, ddof=1)) - noise / examples,
        float(np.var(of_example, ddof=1)) - noise / seeds,
        noise,
    )


def test_new_seeds_and_examples_vary_as_the_old() -> None:
    """Over 2,000 runs the effect varies by seed / S + example / n + rest / (S n), the data's own, within 12 %.

    The standard error of a variance of 2,000 normal values is 3 %; estimating from 40 examples adds 1 / 40.
    Drawing seed and example means as they are, with the rest in them, would make it twice as large.
    """
    cell = stream(4).normal(0, 0.2, (3, 1)) + stream(5).normal(0, 0.4, (1, 40)) + stream(6).normal(0, 2, (3, 40))
    seed, example, rest = two_way_variances(cell)
    assert min(seed, example) > 0
    new = drawn(comparison(cell), runs=2_000)[0][0]
    expected = seed / 3 + example / 40 + rest / (3 * 40)
    assert np.var(new.mean(axis=(1, 2))) == pytest.approx(expected, rel=0.12)


def test_answers_to_an_example_agree_across_seeds_as_in_the_data() -> None:
    """Examples that are right under all three seeds or under none stay so."""
    answers = np.tile((np.arange(40) % 2).astype(float), (3, 1))
    new = drawn(Comparison("share", "", "", (answers,), "proportion", 0.5))[0][0]
    assert (new == new[:, :1]).all()
    assert new.mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(50 * 40))
