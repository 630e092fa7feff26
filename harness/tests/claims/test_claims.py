"""Each claim on worlds that are known: what it compares, and the verdict that must come of it.

A new claim that compares measurements needs a row in COMPARED (harness/tests/planted/worlds.py); one that is not there
is not tried here.
"""

import gc
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

import claims
from harness.judging.claims import load_claims
from harness.judging.judge import judge
from harness.judging.verdicts import Verdict
from harness.models.gpt.sizes import TINY
from harness.statistics.results import Outcome
from harness.store import Store
from harness.tests.planted.worlds import AT_LENGTH, COMPARED, LENGTHS, World
from harness.trainings.grid import ATTENTIONS

CLAIMS = load_claims(claims)
WITH_CONTROLS = [claim for claim, row in COMPARED.items() if row.control]
BY_COIN = [claim for claim in COMPARED if claim not in WITH_CONTROLS]


@pytest.fixture(scope="module", autouse=True)
def frozen() -> Iterator[None]:
    """Keep what is loaded out of garbage collections: statsmodels starts two a verdict, which took half of the time."""
    gc.freeze()
    yield
    gc.unfreeze()


def verdict(claim: str, world: World) -> Verdict:
    """Return the claim's verdict in a world, judged alone."""
    measured = {CLAIMS[claim].claim: CLAIMS[claim].measure(world)}
    with TemporaryDirectory() as folder:
        return judge(measured, Store(Path(folder)), alpha=0.05, seed=0)[claim]


def by_example(values: np.ndarray) -> np.ndarray:
    """Average layers, or pairs of a sequence that count."""
    return np.asarray(np.nanmean(values, axis=2) if values.ndim > 2 else values)


@pytest.mark.parametrize("claim", COMPARED)
def test_claim_compares_the_value_with_its_baseline(claim: str) -> None:
    """Every part and every control is value minus baseline, example by example, of the arrays in the table."""
    world, row = World(), COMPARED[claim]
    measured = CLAIMS[claim].measure(world)
    for comparisons, pairs in ((measured.parts, row.parts), (measured.control[: len(row.control)], row.control)):
        for comparison, (value, baseline) in zip(comparisons, pairs, strict=True):
            assert (comparison.kind, comparison.null) == ("mean", 0)
            for cell, task in zip(comparison.cells, row.cells, strict=True):
                arrays = [by_example(world.array(name, task)) for name in (value, baseline)]
                np.testing.assert_allclose(cell[:, 0], arrays[0] - arrays[1], atol=1e-12)


@pytest.mark.parametrize("claim", BY_COIN)
def test_coin_decides_in_the_control(claim: str) -> None:
    """Each entry of the two arrays is subtracted one way or the other, each way now and then."""
    world, row = World(), COMPARED[claim]
    (control,) = CLAIMS[claim].measure(world).control
    for (cell,), task in zip((np.moveaxis(each, 1, 0) for each in control.cells), row.cells, strict=True):
        one, other = (world.array(name, task) for name in row.tossed)
        entries = by_example(one) - by_example(other) if "" in row.cells else one - other  # pairs are averaged before
        entries = entries.reshape(*entries.shape[:2], -1)
        signs = np.array(list(product((1, -1), repeat=entries.shape[2])))
        allowed = (signs[:, None, None, :] * entries).mean(axis=-1)
        assert np.abs(allowed - cell).min(axis=0).max() < 1e-12
        assert not np.allclose(cell, allowed[0])
        assert not np.allclose(cell, allowed[-1])


@pytest.mark.parametrize("claim", [claim for claim, row in COMPARED.items() if row.shown])
def test_table_shows_the_means_under_their_names(claim: str) -> None:
    """Column by column, the first table's rows are the two tasks' means."""
    world, row = World(), COMPARED[claim]
    table = CLAIMS[claim].measure(world).tables[0]
    for task, shown in table.rows[:2]:
        assert shown == pytest.approx([world.array(name, task).mean() for name in row.shown])


@pytest.mark.parametrize(
    ("claim", "effect", "outcome"),
    [
        *((claim, 0.5, Outcome.SUPPORTED) for claim in COMPARED),
        *((claim, -0.5, Outcome.REFUTED) for claim in COMPARED),
        *((claim, 0.0, Outcome.INCONCLUSIVE) for claim in ("C2", "C13", "Q3", "O8")),
    ],
)
def test_verdict_is_the_worlds(claim: str, effect: float, outcome: Outcome) -> None:
    """True, false and without an effect; the control has none in any of them."""
    found = verdict(claim, World(COMPARED[claim].levels(effect)))
    assert found.outcome is outcome
    assert found.control is not None
    assert found.control.passed


@pytest.mark.parametrize("claim", WITH_CONTROLS)
def test_control_that_has_the_effect_takes_the_support_away(claim: str) -> None:
    """Where what the claim says is true of the control too, it says nothing of the model."""
    found = verdict(claim, World(COMPARED[claim].levels(0.5, 0.5)))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.control is not None
    assert not found.control.passed


@pytest.mark.parametrize(
    ("shares", "outcome"),
    [({"vanilla": 0.2, "momentum": 0.6}, Outcome.SUPPORTED), ({"vanilla": 0.6, "momentum": 0.2}, Outcome.MIXED)],
)
def test_text_tasks_are_a_part_where_they_are_asked(shares: dict[str, float], outcome: Outcome) -> None:
    """Where momentum learns better in both small problems, the text tasks decide."""
    found = verdict("C15", World(COMPARED["C15"].levels(0.5), text_tasks=shares))
    assert [part.name for part in found.parts] == ["regression", "recall", "text tasks"]
    assert found.parts[2].estimate.effect == pytest.approx(shares["momentum"] - shares["vanilla"])
    assert found.outcome is outcome
    assert dict(found.tables[1].rows)["a"] == pytest.approx((shares["vanilla"], shares["momentum"]))


def test_tables_of_trained_models_are_means_by_attention() -> None:
    """Perplexity is e to the mean loss; scores are means over runs, sequences and pairs that count; Q3 counts wrong."""
    world = World()

    def mean(name: str) -> list[float]:
        return [float(by_example(world.array(f"{name} {attention}", "")).mean()) for attention in ATTENTIONS]

    by_length, in_context, mixing = (CLAIMS[claim].measure(world).tables[0] for claim in ("C14", "C15", "Q3"))
    for length in LENGTHS:
        perplexity = np.exp(mean(f"language validation_{length}"))
        assert dict(by_length.rows)[f"{length} tokens"] == pytest.approx(perplexity)
    regression, recall = ([*mean(f"{name} score")] for name in ("regression", "recall"))
    assert in_context.columns == (*ATTENTIONS, "optimum", "guessing")
    assert dict(in_context.rows) == {
        "regression": pytest.approx([*regression, 0.25, 1]),
        "recall": pytest.approx([*recall, 1, 1 / TINY.in_context.values]),
    }
    assert mixing.columns == by_length.columns == ATTENTIONS
    wrong = [1 - share for share in recall]
    expected = {"text": mean(AT_LENGTH), "regression": regression, "recall": wrong}
    assert dict(mixing.rows) == {name: pytest.approx(values) for name, values in expected.items()}


@pytest.mark.parametrize(
    ("levels", "outcome"),
    [
        ({"excess": 0.5}, Outcome.SUPPORTED),
        ({"excess": -0.5}, Outcome.REFUTED),
        ({}, Outcome.INCONCLUSIVE),
        ({"excess": 0.5, "control": 0.5}, Outcome.INCONCLUSIVE),
    ],
)
def test_base_rate_is_exceeded_or_not(levels: dict[str, float], outcome: Outcome) -> None:
    """The half of the examples that counts is compared with 0; FT's two shares are shown in their order."""
    found = verdict("O3", World(base_rate=levels))
    assert (found.outcome, found.parts[0].estimate.n) == (outcome, 15)
    assert found.parts[0].estimate.effect == pytest.approx(levels.get("excess", 0), abs=0.1)
    assert dict(found.tables[0].rows)["a"] == pytest.approx((0.7, 0.4), abs=0.1)


@pytest.mark.parametrize(
    ("share", "control", "outcome"),
    [
        (0.9, 0.5, Outcome.SUPPORTED),
        (0.1, 0.5, Outcome.REFUTED),
        (0.5, 0.5, Outcome.INCONCLUSIVE),
        (0.9, 0.9, Outcome.INCONCLUSIVE),
    ],
)
def test_rec2ftp_is_held_to_one_half(share: float, control: float, outcome: Outcome) -> None:
    """Of 60 corrected queries ICL has nine in ten, one in ten, or half; its other misses decide nothing."""
    found = verdict("C10", World({"rec2ftp rec2ftp": share, "rec2ftp control": control}))
    assert (found.outcome, found.parts[0].estimate.n) == (outcome, 60)
    assert found.parts[0].estimate.effect == pytest.approx(share - 0.5)
    assert found.tables[0].rows[0][1] == pytest.approx((share, 0.5))


ALGEBRA = {
    "C4": ["dual form"],
    "C5": ["trained weight", "accumulated gradient"],
    "C6": ["ICL as an update"],
    "C7": ["finetuning as an update"],
    "C9": ["softmax split"],
}


@pytest.mark.parametrize("claim", ALGEBRA)
def test_identities_of_the_claim_are_tried(claim: str) -> None:
    """All identities of this claim and no other's hold, and what is planted for its control breaks one."""
    measured = CLAIMS[claim].measure(World())
    assert [check.name for check in measured.checks] == ALGEBRA[claim]
    assert all(check.holds for check in measured.checks)
    assert not any(check.holds for check in measured.control_checks)
    assert measured.control or measured.control_checks


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({"keys_values": 0.9e-4}, Outcome.SUPPORTED),
        ({"keys_values": 1.1e-4}, Outcome.REFUTED),
        ({"tokens": 1.0}, Outcome.REFUTED),
        ({"weights": 1e-9}, Outcome.REFUTED),
        ({"others": 1.0}, Outcome.REFUTED),
        ({"keys_values_control": 0.9e-4}, Outcome.SUPPORTED),
    ],
)
def test_shared_properties_are_exact(error: dict[str, float], outcome: Outcome) -> None:
    """Keys and values have 1e-4, the others nothing: an error on one task of two refutes."""
    assert verdict("C8", World(causality=error)).outcome is outcome


def test_keys_and_values_that_nothing_changes_prove_nothing() -> None:
    """Where replacing the first half changes the second by 1e-5 on every task, the control holds: no support."""
    assert verdict("C8", World(everywhere={"keys_values_control": 1e-5})).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("levels", "outcome"),
    [
        ({}, Outcome.SUPPORTED),
        ({"explained": 0.8}, Outcome.MIXED),
        ({"cosine_untrained": 0.99}, Outcome.NEGLIGIBLE),
        ({"cosine": -0.5}, Outcome.MIXED),
    ],
)
def test_trained_layers_are_held_to_the_gradient_step(levels: dict[str, float], outcome: Outcome) -> None:
    """Nine tenths are to be explained, and the sensitivities to be nearer than an untrained layer's."""
    world = World(regression=levels)
    assert verdict("Q2", world).outcome is outcome
    control = CLAIMS["Q2"].measure(world).control[0].cells[0]
    untrained = world.regression()["cosine_untrained"]
    np.testing.assert_allclose(control[0, 0], untrained - untrained[::-1])
