"""What is measured on controls alone: the spread over orders, and output distributions, worked out again."""

from collections.abc import Mapping

import numpy as np
import pytest

from harness.data import Setting
from harness.errors import HarnessError
from harness.evidence.evidence import Evidence
from harness.evidence.questions import AcrossSets, OnControls
from harness.runs.variants import Variant
from harness.tests.evidence.conftest import Asking
from harness.tests.evidence.test_questions import cell
from harness.tests.two_tasks import QUERIES

ACROSS, DISTRIBUTIONS = AcrossSets("orders_and_sets"), OnControls("distributions")


@pytest.fixture(scope="module")
def two_sets(asking: Asking) -> Evidence:
    """Return both tasks with two demonstration sets in two orders each."""
    return asking(ACROSS, demonstration_sets=2)


def test_orders_are_measured_against_sets(two_sets: Evidence) -> None:
    """In two orders of two sets: answers that differ, and 1 - cosine of what is not common, pair by pair, by hand."""
    sets = two_sets.sources.selection("toy").candidates
    cells = [[cell(two_sets, "toy", c, Variant(order=i)) for i in range(2)] for c in sets]

    def unit(h: np.ndarray) -> np.ndarray:
        long = h.astype(float)
        return np.array(long / np.sqrt((long**2).sum(axis=-1, keepdims=True)))

    def distance(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.array(1 - (u * v).sum(-1) / np.sqrt((u**2).sum(-1) * (v**2).sum(-1)))

    for setting in ("icl", "ft"):
        (a, b), (c, d) = ([getattr(of, setting) for of in row] for row in cells)
        answers = [
            ((a.predicted != b.predicted) * 0.5 + (c.predicted != d.predicted) * 0.5),
            a.predicted != c.predicted,
        ]
        outputs = [unit(recording.attn_out) for recording in (a, b, c, d)]  # ZSL's is common to all
        one, two, three, four = (each - sum(outputs) / 4 for each in outputs)
        spreads = [(distance(one, two) + distance(three, four)) / 2, distance(one, three)]
        for kind, answered, spread in zip(("orders", "sets"), answers, spreads, strict=True):
            np.testing.assert_array_equal(two_sets.of(ACROSS, f"{setting}_answers_{kind}")["toy"][0], answered)
            np.testing.assert_allclose(two_sets.of(ACROSS, f"{setting}_outputs_{kind}")["toy"][0], spread, atol=1e-9)
        ratio = two_sets.of(ACROSS, f"{setting}_outputs_ratio")["toy"][0]
        np.testing.assert_allclose(ratio, np.log(spreads[0] / spreads[1]), atol=1e-6)
        means = [float(each.mean()) for each in answers]
        expected = np.log(means[0] / means[1]) if all(means) else np.nan
        found = two_sets.of(ACROSS, f"{setting}_answers_ratio")["toy"]
        assert found.shape == (1, QUERIES)
        assert found.mean() == pytest.approx(expected, nan_ok=True)


def test_measurement_across_sets_names_them_all(two_sets: Evidence) -> None:
    """Its key is the best set's run with which sets and how many orders; it rests on the cells of all."""
    (record,) = ACROSS.records(two_sets.sources)["toy"]
    sets = two_sets.sources.selection("toy").candidates
    assert record.key == {**record.of.key, "measurement": f"orders_and_sets 2, 2 orders of sets {sets[0]}, {sets[1]}"}
    assert len(record.inputs) == 16


def test_orders_are_kept_apart_by_their_number(asking: Asking, two_sets: Evidence) -> None:
    """What three orders of a set differ by is not read for what two do."""
    three = asking(ACROSS, demonstration_sets=2, orders=3)
    for name in ("icl_outputs_orders", "ft_outputs_orders"):
        assert not np.allclose(three.of(ACROSS, name)["toy"], two_sets.of(ACROSS, name)["toy"])


def test_one_demonstration_has_one_order(asking: Asking, two_sets: Evidence) -> None:
    """All its orders are equal, so nothing is spread; with six demonstrations something is."""
    one = asking(ACROSS, demonstrations=1, demonstration_sets=2, learning_rates=(2.0,))
    for setting in ("icl", "ft"):
        assert not any(array.any() for array in one.of(ACROSS, f"{setting}_answers_orders").values())
        assert all(array.max() < 1e-6 for array in one.of(ACROSS, f"{setting}_outputs_orders").values())  # rounding
        assert all(array.min() > 0 for array in two_sets.of(ACROSS, f"{setting}_outputs_orders").values())


def test_one_set_has_no_others(asking: Asking) -> None:
    """With one demonstration set reported there is nothing to compare: the error names the option."""
    with pytest.raises(HarnessError, match=r"1 set .*raise --demonstration-sets"):
        asking(ACROSS)


def test_divergences_are_of_icl_from_the_others(asking: Asking) -> None:
    """Sum of p_ICL ln(p_ICL / p) over the answer words, one example at a time."""
    asked = OnControls("divergences")
    evidence = asking(asked)
    of = cell(evidence, "toy", evidence.sources.selection("toy").candidates[0], Variant())
    for name in ("ft", "zsl"):
        found = evidence.of(asked, f"kl_icl_{name}")["toy"]
        assert found.shape == (1, QUERIES)
        for i in range(QUERIES):
            logits = (of.icl.label_logits[i].astype(float), getattr(of, name).label_logits[i].astype(float))
            p, q = (np.exp(x) / np.exp(x).sum() for x in logits)
            assert found[0, i] == pytest.approx(float((p * np.log(p / q)).sum()), abs=1e-9)
        assert found.max() > 0.1


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
