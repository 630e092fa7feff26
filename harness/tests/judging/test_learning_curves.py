"""Learning curves beside ICL as they are shown, worked by hand."""

import numpy as np
import pytest

from harness.evidence.supervised import Taught
from harness.judging.learning_curves import learning_curves, overtaking_table, said
from harness.statistics.overtaking import mean_and_interval

HALF = np.tile([1.0, 0.0], (2, 20))
NONE, ALL = np.zeros((2, 40)), np.ones((2, 40))
ICL = {"a": HALF, "b": ALL}


def _taught(labels: tuple[float, ...], *right: np.ndarray) -> Taught:
    return Taught(labels, np.stack(right), np.zeros((2, 40)))


TAUGHT = {
    "n-grams": {"a": _taught((10, 1000), NONE, ALL), "b": _taught((10, 100), HALF, HALF)},
    "coder": {"a": _taught((10, 1000), HALF, ALL), "b": _taught((10, 100), NONE, NONE)},
}


def test_labels_to_overtake_by_hand() -> None:
    """a: half less at 10, half more at 1000: at 100; as good at 10: 10, and for sure later. b: never."""
    table = overtaking_table(ICL, TAUGHT)
    rows = dict(table.rows)
    assert list(rows) == ["a, n-grams", "b, n-grams", "a, coder", "b, coder"]
    assert rows["a, n-grams"][0] == pytest.approx(100)
    (reached, low, high, pool) = rows["a, coder"]
    assert (reached, low, pool) == (10, 10, 1000)
    assert high is not None
    assert 10 <= high < 1000
    assert rows["b, n-grams"] == (None, None, None, 100)
    assert table.decimals == 0


def test_sentences_say_more_than_the_pool() -> None:
    """A number, or that the pool does not do it."""
    sentences = said(ICL, TAUGHT)
    assert sentences[0].startswith("a, n-grams: labels to be as accurate as ICL: 100 (95 % interval: ")
    never = "more than the pool's 100"
    assert sentences[1] == f"b, n-grams: labels to be as accurate as ICL: {never} (95 % interval: {never} to {never})."


def test_curves_stand_beside_icls_level() -> None:
    """A panel a task: ICL's accuracy from the first size to the last, each model's at its sizes, in equal ratios."""
    curve = learning_curves(ICL, TAUGHT)
    assert (curve.doubling, curve.x_label, [task for task, _ in curve.panels]) == (True, "labels", ["a", "b"])
    (_, (icl, n_grams, coder)), _ = curve.panels
    assert (icl.name, icl.baseline, icl.at, icl.values) == ("ICL", True, (10, 1000), (0.5, 0.5))
    assert (n_grams.name, n_grams.baseline, n_grams.at, n_grams.values) == ("n-grams", False, (10, 1000), (0, 1))
    assert (coder.values, coder.low[0], coder.high[0]) == ((0.5, 1), *mean_and_interval(HALF, (0, 1))[1:])
