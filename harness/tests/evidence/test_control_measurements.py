"""What is measured on controls alone: the spread over orders, and output distributions, worked out again."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pytest

from harness.data import Setting
from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls
from harness.runs.variants import Variant
from harness.tests.evidence.conftest import Asking
from harness.tests.evidence.test_questions import LAYERS, cell
from harness.tests.two_tasks import QUERIES

SPREAD, DISTRIBUTIONS = OnControls("order_spread"), OnControls("distributions")


def test_spread_is_over_pairs_of_orders(asking: Asking) -> None:
    """With three orders: answers that differ, and 1 - cosine of unit outputs less ZSL's, averaged over three pairs."""
    evidence = asking(SPREAD, orders=3)
    best = evidence.sources.selection("toy").candidates[0]
    cells = [cell(evidence, "toy", best, Variant(order=i)) for i in range(3)]

    def unit(h: np.ndarray) -> np.ndarray:
        long = h.astype(float)
        return np.array(long / np.sqrt((long**2).sum(axis=-1, keepdims=True)))

    for setting in ("icl", "ft"):
        recordings = [getattr(of, setting) for of in cells]
        changes = [unit(r.attn_out) - unit(cells[0].zsl.attn_out) for r in recordings]
        answers, outputs = np.zeros(QUERIES), np.zeros((QUERIES, LAYERS))
        for i, j in combinations(range(3), 2):
            answers += (recordings[i].predicted != recordings[j].predicted) / 3
            lengths = np.sqrt((changes[i] ** 2).sum(-1) * (changes[j] ** 2).sum(-1))
            outputs += (1 - (changes[i] * changes[j]).sum(-1) / lengths) / 3
        np.testing.assert_allclose(evidence.of(SPREAD, f"{setting}_answers")["toy"], answers[None])
        np.testing.assert_allclose(evidence.of(SPREAD, f"{setting}_outputs")["toy"], outputs[None])


def test_one_demonstration_has_one_order(asking: Asking) -> None:
    """All its orders are equal, so nothing is spread; with six demonstrations something is."""
    one = asking(SPREAD, demonstrations=1, learning_rates=(2.0,))
    six = asking(SPREAD)
    for setting in ("icl", "ft"):
        assert not any(array.any() for array in one.of(SPREAD, f"{setting}_answers").values())
        assert all(array.max() < 1e-6 for array in one.of(SPREAD, f"{setting}_outputs").values())  # rounding
        assert all(array.min() > 0 for array in six.of(SPREAD, f"{setting}_outputs").values())


@pytest.fixture(scope="module")
def following(controls: Evidence) -> Mapping[str, np.ndarray]:
    """Return the next token's logits of toy by setting."""
    sources = controls.sources
    best = sources.selection("toy").candidates[0]
    found = sources.experiment.next_tokens("toy", sources.chosen, best).logits(sources.store)
    assert list(found) == [Setting.ZSL, Setting.ICL, Setting.FT]
    return {setting.value: logits for setting, logits in found.items()}


def test_distributions_are_compared_over_answers_and_over_all_tokens(
    controls: Evidence, following: Mapping[str, np.ndarray]
) -> None:
    """Half the sum of differences of probabilities, and the ten likeliest in common, worked one example at a time."""
    of = cell(controls, "toy", controls.sources.selection("toy").candidates[0], Variant())

    def distance(one: np.ndarray, other: np.ndarray) -> float:
        p, q = (np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum() for logits in (one, other))
        return float(sum(max(a - b, 0.0) for a, b in zip(p, q, strict=True)))

    for to in ("ft", "zsl"):
        answers, tokens, shared = (
            controls.of(DISTRIBUTIONS, f"{what}_icl_{to}")["toy"] for what in ("answers", "next", "overlap")
        )
        assert answers.shape == tokens.shape == shared.shape == (1, QUERIES)
        for i in range(QUERIES):
            words = of.icl.label_logits[i], getattr(of, to).label_logits[i]
            whole = following["icl"][i], following[to][i]
            top = [set(np.argsort(logits)[-10:].tolist()) for logits in whole]
            assert answers[0, i] == pytest.approx(distance(*words), abs=1e-9)
            assert tokens[0, i] == pytest.approx(distance(*whole), abs=1e-9)
            assert shared[0, i] == len(top[0] & top[1]) / 10


def test_agreement_is_that_of_changes_from_zero_shot(controls: Evidence, following: Mapping[str, np.ndarray]) -> None:
    """Cosine of ICL's and FT's centred changes of the logits over the vocabulary."""
    zsl, icl, ft = (following[setting].astype(float) for setting in ("zsl", "icl", "ft"))
    found = controls.of(DISTRIBUTIONS, "agreement")["toy"][0]
    expected = [np.corrcoef(icl[i] - zsl[i], ft[i] - zsl[i])[0, 1] for i in range(QUERIES)]
    assert found == pytest.approx(expected)
