"""Sensitivity to the order of demonstrations, worked by hand."""

from collections.abc import Callable

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.metrics.order import (
    disagreement,
    disagreement_of_orders_and_sets,
    log_ratio,
    log_ratio_of_means,
    spread,
    spread_of_orders_and_sets,
)

quick = settings(deadline=None, max_examples=50)
CHANGES = hnp.arrays(np.float64, (3, 2, 2, 1, 5), elements=st.integers(-9, 9).map(float))
SPREADS = hnp.arrays(np.float64, (2, 6, 2), elements=st.integers(1, 50).map(float))


def test_disagreement_is_the_share_of_pairs_that_answer_differently() -> None:
    """Of three orders' three pairs, example 0 (0, 0, 1) differs in two, example 1 in none, example 2 in three."""
    predicted = np.array([[0, 1, 0], [0, 1, 1], [1, 1, 2]])
    assert disagreement(predicted) == pytest.approx([2 / 3, 0, 1])


def test_spread_is_the_mean_over_pairs_of_one_minus_cosine() -> None:
    """Right, up and left: right angles twice and opposites once, (1 + 1 + 2) / 3, whatever the lengths."""
    changes = np.array([[3.0, 0.0], [0.0, 0.1], [-1.0, 0.0]]).reshape(3, 1, 1, 2)
    assert spread(changes) == pytest.approx(np.array([[4 / 3]]))


def test_examples_and_layers_are_apart() -> None:
    """Two orders of two examples with two layers: alike, opposed; at right angles, alike."""
    one = np.array([[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 1.0]]])
    other = np.array([[[2.0, 0.0], [-1.0, 0.0]], [[0.0, 1.0], [1.0, 1.0]]])
    assert spread(np.stack([one, other])) == pytest.approx(np.array([[0.0, 2.0], [1.0, 0.0]]))


def test_equal_orders_have_no_spread() -> None:
    """To the last bit 0: of an update that is there, and of one that is none (where a cosine would say 1)."""
    change = np.random.default_rng(0).standard_normal((5, 3, 4))
    change[0, 0] = 0.0
    assert not spread(np.stack([change] * 3)).any()
    assert not disagreement(np.ones((3, 5), int)).any()


def test_no_update_is_at_distance_one_from_an_update() -> None:
    """Zeros have no direction: the cosine with anything is 0."""
    assert spread(np.array([[[[0.0, 0.0]]], [[[1.0, 0.0]]]])).tolist() == [[1.0]]


@pytest.mark.parametrize("measure", [disagreement, spread])
@pytest.mark.parametrize("orders", [0, 1])
def test_one_order_has_no_spread_to_speak_of(measure: Callable[[np.ndarray], np.ndarray], orders: int) -> None:
    """A pair takes two: fewer are an error that names the option."""
    with pytest.raises(HarnessError, match=rf"^{orders} order .*at least 2: raise --orders"):
        measure(np.zeros((orders, 3, 2, 4)))


def laid_out(set_part: float, order_part: float, common: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Return two sets in two orders, [set, order, 1, 1, 2]: set moves the first coordinate, order the second."""
    rows = [[(common[0] + s * set_part, common[1] + o * order_part) for o in (1.0, -1.0)] for s in (1.0, -1.0)]
    return np.array(rows)[:, :, None, None]


@pytest.mark.parametrize(
    ("set_part", "order_part", "orders", "sets"),
    [
        (1.0, 1.0, 1.0, 1.0),  # right angles either way
        (3.0, 1.0, 0.2, 1.8),  # (3, 1) and (3, -1): 1 - 8 / 10; (3, 1) and (-3, 1): 1 + 8 / 10
        (1.0, 3.0, 1.8, 0.2),
        (1.0, 0.0, 0.0, 2.0),  # order changes nothing
        (0.0, 1.0, 2.0, 0.0),  # set changes nothing
    ],
)
@pytest.mark.parametrize("common", [(0.0, 0.0), (100.0, -7.0)])
def test_orders_and_sets_by_hand(
    set_part: float, order_part: float, orders: float, sets: float, common: tuple[float, float]
) -> None:
    """What every context does to the output counts for neither: with it or without, distances are those."""
    found = spread_of_orders_and_sets(laid_out(set_part, order_part, common))
    assert [each.item() for each in found] == pytest.approx([orders, sets])


def test_sets_are_compared_in_their_own_order() -> None:
    """Two sets that agree in their first order alone are alike; answers too."""
    changes = np.array([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, -1.0]]])[:, :, None, None]
    assert spread_of_orders_and_sets(changes)[1].item() == 0
    orders, sets = disagreement_of_orders_and_sets(np.array([[[0], [0]], [[0], [1]]]))
    assert (orders.item(), sets.item()) == (0.5, 0.0)


def test_answers_of_orders_and_sets_by_hand() -> None:
    """Three sets in two orders, two examples: orders differ in 1 of 3 sets and in 2; sets in 2 of 3 pairs and in 0."""
    predicted = np.array([[[0, 1], [0, 0]], [[1, 1], [0, 0]], [[0, 1], [0, 1]]])
    orders, sets = disagreement_of_orders_and_sets(predicted)
    assert orders == pytest.approx([1 / 3, 2 / 3])
    assert sets == pytest.approx([2 / 3, 0])


def spread_by_loops(changes: np.ndarray, example: int) -> tuple[float, float]:
    """Spreads over orders and sets of one example's only layer, pair by pair."""
    of = [[list(changes[s, o, example, 0]) for o in range(changes.shape[1])] for s in range(changes.shape[0])]
    every = [row for rows in of for row in rows]
    mean = [sum(column) / len(every) for column in zip(*every, strict=True)]
    of = [[[a - b for a, b in zip(row, mean, strict=True)] for row in rows] for rows in of]

    def distance(u: list[float], v: list[float]) -> float:
        size = np.sqrt(sum(a * a for a in u) * sum(b * b for b in v))
        return 0.0 if u == v else 1 - (sum(a * b for a, b in zip(u, v, strict=True)) / size if size else 0.0)

    def over(rows: list[list[float]]) -> float:
        pairs = [(i, j) for i in range(len(rows)) for j in range(i)]
        return float(sum(distance(rows[i], rows[j]) for i, j in pairs) / len(pairs))

    return sum(over(rows) for rows in of) / len(of), over([rows[0] for rows in of])


@quick
@given(CHANGES)
def test_spreads_are_those_of_all_pairs(changes: np.ndarray) -> None:
    """Whatever the changes, to rounding: those within a thousandth of the common mean have no direction to compare."""
    centred = changes - changes.mean(axis=(0, 1))
    sizes = np.linalg.norm(centred, axis=-1)
    if ((sizes > 0) & (sizes < 1e-3)).any():
        return
    orders, sets = spread_of_orders_and_sets(changes)
    for example in range(changes.shape[2]):
        expected = spread_by_loops(changes, example)
        assert (orders[example, 0], sets[example, 0]) == pytest.approx(expected, abs=1e-9)


@quick
@given(CHANGES, st.integers(1, 7))
def test_common_part_and_unit_do_not_count(changes: np.ndarray, scale: int) -> None:
    """An example's changes all moved by one vector, or measured in another unit, are as far apart as before."""
    offset = np.arange(10.0).reshape(2, 1, 5)
    for before, after in zip(
        spread_of_orders_and_sets(6 * changes), spread_of_orders_and_sets(scale * 6 * (changes + offset)), strict=True
    ):
        np.testing.assert_allclose(after, before, atol=1e-9)


def test_sets_and_orders_of_noise_are_alike() -> None:
    """Where a set matters no more than an order, as in noise, the logarithm of the ratio is 0 in the mean."""
    changes = np.random.default_rng(0).standard_normal((5, 5, 40, 1, 200))
    ratio = log_ratio(*spread_of_orders_and_sets(changes))
    assert abs(ratio.mean()) < 4 * ratio.std() / np.sqrt(40)


def test_log_ratio_by_hand() -> None:
    """ln(2 / 1), ln(1 / 4), and none where either is 0, without a warning."""
    found = log_ratio(np.array([2.0, 1.0, 0.0, 1.0]), np.array([1.0, 4.0, 1.0, 0.0]))
    np.testing.assert_allclose(found, [np.log(2), -np.log(4), np.nan, np.nan])


@quick
@given(SPREADS)
def test_mean_of_values_is_the_ratio_of_means(spreads: np.ndarray) -> None:
    """And orders for sets turn the sign."""
    orders, sets = spreads
    expected = np.log(orders.mean(axis=0) / sets.mean(axis=0))
    np.testing.assert_allclose(log_ratio_of_means(orders, sets).mean(axis=0), expected, atol=1e-12)
    np.testing.assert_allclose(log_ratio_of_means(sets, orders), -log_ratio_of_means(orders, sets), atol=1e-12)


def test_values_vary_as_the_ratio_does() -> None:
    """Over 400 samples of 300 examples the ratio's own spread is what its values' standard error says, to 15 %."""
    rng = np.random.default_rng(0)
    samples = [(rng.random(300) < 0.3, rng.random(300) < 0.5) for _ in range(400)]
    values = [log_ratio_of_means(one.astype(float), other.astype(float)) for one, other in samples]
    said = np.mean([v.std(ddof=1) for v in values]) / np.sqrt(300)
    assert np.std([v.mean() for v in values]) == pytest.approx(said, rel=0.15)


def test_no_difference_has_no_ratio_of_means() -> None:
    """Where no answer differs between orders, or none between sets, every value is NaN, without a warning."""
    none, some = np.zeros(4), np.array([0.0, 1.0, 0.0, 0.0])
    assert np.isnan([log_ratio_of_means(none, some), log_ratio_of_means(some, none)]).all()


@pytest.mark.parametrize("measure", [disagreement_of_orders_and_sets, spread_of_orders_and_sets])
@pytest.mark.parametrize(
    ("sets", "orders", "said"),
    [(1, 2, "1 set .*raise --demonstration-sets"), (2, 1, "1 order .*raise --orders")],
)
def test_one_set_or_order_is_compared_with_none(
    measure: Callable[[np.ndarray], object], sets: int, orders: int, said: str
) -> None:
    """A pair takes two: fewer are an error that names the option."""
    shape = (sets, orders, 3) if measure is disagreement_of_orders_and_sets else (sets, orders, 3, 2, 4)
    dtype = int if measure is disagreement_of_orders_and_sets else float
    with pytest.raises(HarnessError, match=rf"^{said}"):
        measure(np.zeros(shape, dtype))
