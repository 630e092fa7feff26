"""Each claim on worlds that are known: what it compares, and the verdict that must come of it.

A new claim that compares measurements needs a row in COMPARED (harness/tests/planted/compared.py); one that is not
there is not tried here.
"""

import gc
from collections.abc import Iterator
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
from harness.tests.planted.compared import AT_LENGTH, COMPARED, LENGTHS
from harness.tests.planted.worlds import World
from harness.trainings.grid import ATTENTIONS

CLAIMS = load_claims(claims)
WITH_CONTROLS = [claim for claim, row in COMPARED.items() if row.control]
BETWEEN_SETS = [claim for claim, row in COMPARED.items() if row.between]
ALIKE = ("O5",)
"""Claims of equivalence, which have tests of their own (test_objections.py)."""
DIRECTED = [claim for claim in COMPARED if claim not in ALIKE]
EFFECT = 0.4
"""Differences of shares are at most 1."""


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
    """Average layers, or pairs of a sequence that count: [set, example], or [set, draw, example]."""
    return np.asarray(np.nanmean(values, axis=-1) if values.ndim > 2 else values)


def cell_of(one: np.ndarray, other: np.ndarray, *, shared: bool = False) -> np.ndarray:
    """Return what a comparison must hold of two arrays, [set, draw, example]; sets are draws where those are shared."""
    means = [of if of.ndim > 2 else of[:, None] for of in (by_example(one), by_example(other))]
    difference = np.asarray(means[0] - means[1])
    return difference.swapaxes(0, 1) if shared else difference


@pytest.mark.parametrize("claim", COMPARED)
def test_claim_compares_the_value_with_its_baseline(claim: str) -> None:
    """Every part and every control is value minus baseline, example by example, of the arrays in the table."""
    world, row = World(), COMPARED[claim]
    measured = CLAIMS[claim].measure(world)
    for comparisons, pairs in ((measured.parts, row.parts), (measured.control[: len(row.control)], row.control)):
        for comparison, (value, baseline) in zip(comparisons, pairs, strict=True):
            assert (comparison.kind, comparison.null, comparison.alike) == ("mean", 0, claim in ALIKE)
            assert comparison.shared_draws is row.shared
            for cell, task in zip(comparison.cells, row.cells, strict=True):
                one, other = (world.array(name, task) for name in (value, baseline))
                one, other = one[: len(other)], other[: len(one)]  # of some attentions there are more training runs
                np.testing.assert_allclose(cell, cell_of(one, other, shared=row.shared), atol=1e-12)


@pytest.mark.parametrize("claim", BETWEEN_SETS)
def test_control_sets_every_other_set_against_the_next(claim: str) -> None:
    """Of four sets the first less the second and the third less the fourth: no set in both pairs."""
    world, row = World(), COMPARED[claim]
    for control, name in zip(CLAIMS[claim].measure(world).control, row.between, strict=True):
        assert control.shared_draws is row.shared
        for cell, task in zip(control.cells, row.cells, strict=True):
            values = world.array(name, task)
            pairs = 2 * (len(values) // 2)
            one, following = values[0:pairs:2], values[1:pairs:2]
            np.testing.assert_allclose(cell, cell_of(one, following, shared=row.shared), atol=1e-12)


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
        *((claim, EFFECT, Outcome.SUPPORTED) for claim in DIRECTED),
        *((claim, -EFFECT, Outcome.REFUTED) for claim in DIRECTED),
    ],
)
def test_verdict_is_the_worlds(claim: str, effect: float, outcome: Outcome) -> None:
    """True and false; the control has no effect in either."""
    found = verdict(claim, World(COMPARED[claim].levels(effect)))
    assert found.outcome is outcome
    assert found.control is not None
    assert found.control.passed


@pytest.mark.parametrize(
    ("claim", "noise"), [("C2", 0.1), ("C3", 0.2), ("C13", 0.4), ("Q3", 0.1), ("O1", 0.4), ("O8", 0.1)]
)
def test_without_an_effect_nothing_is_concluded(claim: str, noise: float) -> None:
    """Under noise that could hide an effect that matters."""
    assert verdict(claim, World(noise=noise)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("claim", ["C2", "C3", "C9", "C13", "O1", "O4", "O6", "O8"])
def test_effect_that_is_too_small_to_matter_is_negligible(claim: str) -> None:
    """Half a point is beyond chance where noise is small, and smaller than what the claim fixes to matter."""
    assert verdict(claim, World(COMPARED[claim].levels(0.005), noise=0.005)).outcome is Outcome.NEGLIGIBLE


@pytest.mark.parametrize("claim", WITH_CONTROLS)
def test_control_that_has_the_effect_takes_the_support_away(claim: str) -> None:
    """Where what the claim says is true of the control too, it says nothing of the model."""
    found = verdict(claim, World(COMPARED[claim].levels(EFFECT, EFFECT)))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.control is not None
    assert not found.control.passed


@pytest.mark.parametrize("claim", BETWEEN_SETS)
def test_sets_that_differ_from_the_next_take_the_support_away(claim: str) -> None:
    """Where every other set is above the next one, draws are not drawn alike, and an effect may be one of draws."""
    row = COMPARED[claim]
    for place, name in enumerate(row.between):
        (named, *_) = name.split(" less ")
        found = verdict(claim, World(row.levels(0.5), alternating={named: 0.2}))
        assert found.outcome is Outcome.INCONCLUSIVE
        assert found.control is not None
        assert found.control.parts[place].outcome is Outcome.SUPPORTED


PRESUMING = {*("C10", "C11", "C12", "C13", "Q1", "Q4", "S2"), *(f"O{i}" for i in range(1, 10))}


@pytest.mark.parametrize("claim", CLAIMS)
def test_claims_of_likeness_presume_that_both_learned(claim: str) -> None:
    """C1 to C3 ask just that, so they presume nothing; nor does theory, or what we train ourselves."""
    assert CLAIMS[claim].claim.presumes == (("icl", "ft") if claim in PRESUMING else ())


@pytest.mark.parametrize(("level", "outcome"), [(0.0, Outcome.SUPPORTED), (0.8, Outcome.MIXED)])
def test_supervised_models_on_embeddings_are_a_part_where_there_is_an_encoder(level: float, outcome: Outcome) -> None:
    """ICL exceeds n-grams: both parts must hold, and the encoder's has its name."""
    levels = {"accuracy icl": 0.4, "supervised own embeddings": level}
    found = verdict("C3", World(levels, encoder="minilm"))
    assert [part.name for part in found.parts] == ["ICL over n-grams", "ICL over minilm"]
    assert found.parts[1].estimate.effect == pytest.approx(0.4 - level, abs=0.05)
    assert found.outcome is outcome
    assert found.tables[0].columns == ("ICL", *(f"{n}, {of}" for of in ("same demonstrations", "whole pool")
                                                for n in ("n-grams", "minilm")))  # fmt: skip
    assert [name for name, _ in found.tables[1].rows] == ["a, n-grams", "b, n-grams", "a, minilm", "b, minilm"]


def test_more_labels_decide_nothing_and_are_shown() -> None:
    """ICL exceeds models on its own demonstrations and not on the pool: supported, with the curves' crossing said."""
    found = verdict("C3", World({"accuracy icl": 0.5, "supervised own": 0.1, "supervised pool": 0.9}))
    assert found.outcome is Outcome.SUPPORTED
    ((_, (icl, n_grams)), _) = found.curves[0].panels
    assert (icl.at, n_grams.at) == ((32, 100), (32, 64, 100))
    assert n_grams.values == pytest.approx([0.1, 0.0, 0.9], abs=0.05)
    (reached, *_, pool) = found.tables[1].rows[0][1]
    assert reached is not None
    assert (64 < reached < 100, pool) == (True, 100)
    assert found.notes[0].startswith("a, n-grams: labels to be as accurate as ICL: ")


@pytest.mark.parametrize(
    ("shares", "outcome"),
    [({"vanilla": 0.2, "momentum": 0.6}, Outcome.SUPPORTED), ({"vanilla": 0.6, "momentum": 0.2}, Outcome.MIXED)],
)
def test_text_tasks_are_a_part_where_they_are_asked(shares: dict[str, float], outcome: Outcome) -> None:
    """Where momentum learns better in both small problems, the text tasks say the same, or the contrary."""
    found = verdict("C15", World(COMPARED["C15"].levels(EFFECT), text_tasks=shares))
    assert [part.name for part in found.parts] == ["regression", "recall", "text tasks"]
    assert found.parts[2].estimate.effect == pytest.approx(shares["momentum"] - shares["vanilla"], abs=0.02)
    assert found.outcome is outcome
    assert dict(found.tables[1].rows)["a"] == pytest.approx((shares["vanilla"], shares["momentum"]), abs=0.02)


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
        ({"cosine_untrained": 0.99}, Outcome.MIXED),
        ({"cosine": -0.5}, Outcome.MIXED),
        ({"explained": 0.8, "cosine": -0.5}, Outcome.REFUTED),
    ],
)
def test_trained_layers_are_held_to_the_gradient_step(levels: dict[str, float], outcome: Outcome) -> None:
    """Nine tenths are to be explained, and the sensitivities to be nearer than an untrained layer's."""
    world = World(regression=levels)
    assert verdict("Q2", world).outcome is outcome
    (control,) = CLAIMS["Q2"].measure(world).control
    untrained = world.regression()["cosine_untrained"]
    np.testing.assert_allclose(control.cells[0], [[untrained[::2] - untrained[1::2]]])
    assert control.shortage == ""
