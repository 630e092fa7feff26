"""Measurements on cells made by hand, where every slice shows in the numbers."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.measurements import MEASUREMENTS, attention_to_demonstrations
from harness.runner import Cell
from harness.types import Recording, Setting

START, SEPARATOR = 100.0, 200.0
SPANS = ((1, 4), (5, 7), (8, 9))
CONTEXT = [START, 1.0, 2.0, 3.0, SEPARATOR, 4.0, 5.0, SEPARATOR, 6.0, SEPARATOR]
"""Three demonstrations of 3, 2 and 1 tokens, numbered 1 to 6, as ICL reads them."""
TRAINING = [START, 1.0, 2.0, 3.0, START, 4.0, 5.0, START, 6.0]
"""The same as finetuning reads them: one text each, start token first."""


def _recording(setting: Setting, gold: list[int], predicted: list[int], rng: np.random.Generator) -> Recording:
    """Return a recording of 2 layers, 3 heads, 5 query tokens and width 4, all noise but for the answers."""
    examples = len(gold)

    def noise(*shape: int) -> np.ndarray:
        return rng.standard_normal((examples, 2, *shape)).astype(np.float32)

    context = len(CONTEXT) if setting is Setting.ICL else 1
    logits = np.eye(2, dtype=np.float32)[predicted]
    return Recording(setting, np.array(gold), logits, noise(4), noise(3, 5), noise(context), noise(4))


def _cell(gold: list[int], zsl: list[int], icl: list[int], ft: list[int]) -> Cell:
    rng = np.random.default_rng(0)
    training = rng.standard_normal((2, len(TRAINING), 4)).astype(np.float32)
    return Cell(
        zsl=_recording(Setting.ZSL, gold, zsl, rng),
        icl=_recording(Setting.ICL, gold, icl, rng),
        ft=_recording(Setting.FT, gold, ft, rng),
        spans=SPANS,
        training_queries=training,
    )


def test_attention_to_the_same_token_stands_in_the_same_place() -> None:
    """Where scores and training queries hold each token's number, both sides read 1 to 6, and no other token."""
    cell = _cell([0], [0], [0], [0])
    context = np.array(CONTEXT, np.float32).reshape(1, 1, -1)
    training = np.array(TRAINING, np.float32).reshape(1, -1, 1)
    vectors = np.ones((1, 1, 1), np.float32)
    numbered = replace(
        cell,
        icl=replace(cell.icl, scores_context=context),
        ft=replace(cell.ft, query_vectors=vectors),
        training_queries=training,
    )
    in_context, in_training = attention_to_demonstrations(numbered)
    assert in_context.ravel().tolist() == in_training.ravel().tolist() == [1, 2, 3, 4, 5, 6]


GOLD = [0, 1, 0, 1, 0, 1]
ZSL = [1, 0, 1, 1, 0, 0]  # right on examples 3 and 4
ICL = [0, 0, 1, 1, 1, 1]  # right on 0, 3 and 5
FT = [0, 1, 1, 0, 0, 0]  # right on 0, 1 and 4


def test_accuracy_compares_predictions_with_gold_labels() -> None:
    """Counted by hand from the lists above."""
    found = MEASUREMENTS["accuracy"][1](_cell(GOLD, ZSL, ICL, FT), np.random.default_rng(0))
    right = {name: np.flatnonzero(found[name]).tolist() for name in ("zsl", "icl", "ft")}
    assert right == {"zsl": [3, 4], "icl": [0, 3, 5], "ft": [0, 1, 4]}


def test_rec2ftp_counts_icl_where_ft_corrects_zsl() -> None:
    """FT corrects 0 and 1, of which ICL has 0; of the other misses of ZSL, 2 and 5, ICL has 5."""
    found = MEASUREMENTS["rec2ftp"][1](_cell(GOLD, ZSL, ICL, FT), np.random.default_rng(0))
    counted = {name: {i: v for i, v in enumerate(found[name].tolist()) if v == v} for name in found}  # noqa: PLR0124
    assert counted["rec2ftp"] == {0: 1.0, 1: 0.0}
    assert counted["icl_uncorrected"] == {2: 0.0, 5: 1.0}
    assert counted["control"].keys() == {0, 1}


def _alike(cell: Cell) -> Cell:
    """Return the cell with ICL's recording in FT's place, and training queries that give ICL's attention."""
    return replace(cell, ft=replace(cell.icl, setting=Setting.FT))


@pytest.mark.parametrize(
    ("name", "same", "value"),
    [("sim_aou", "ft", 1.0), ("sim_am", "ft", 1.0), ("sim_am", "differences", 1.0)],
)
def test_settings_that_did_the_same_have_similarity_one(name: str, same: str, value: float) -> None:
    """Where FT's recording is ICL's, every example and layer has cosine 1."""
    found = MEASUREMENTS[name][1](_alike(_cell(GOLD, ZSL, ICL, FT)), np.random.default_rng(0))
    assert found[same] == pytest.approx(np.full((6, 2), value))


def test_kendall_is_one_where_finetuning_orders_tokens_as_icl_does() -> None:
    """Where X'^T q equals ICL's scores at every demonstration token, tau is 1."""
    cell = _cell([0] * 3, [0] * 3, [0] * 3, [0] * 3)
    scores = np.tile(np.array(CONTEXT, np.float32), (3, 2, 1))
    vectors = np.ones((3, 2, 1), np.float32)
    training = np.tile(np.array(TRAINING, np.float32).reshape(1, -1, 1), (2, 1, 1))
    ordered = replace(
        cell,
        icl=replace(cell.icl, scores_context=scores),
        ft=replace(cell.ft, query_vectors=vectors),
        training_queries=training,
    )
    found = MEASUREMENTS["kendall"][1](ordered, np.random.default_rng(0))
    assert found["ft"] == pytest.approx(np.ones((3, 2)))


UNBALANCED = _cell([0] * 9 + [1] * 3, [1] * 12, [0] * 12, [0] * 6 + [1] * 6)
"""ICL always answers the larger class, ZSL the smaller: the worst for a control of accuracy."""


@pytest.mark.parametrize(
    ("name", "control"),
    [
        ("accuracy", lambda found: found["icl_control"] - found["zsl_control"]),
        ("accuracy", lambda found: found["icl_control"] - found["ft_control"]),
        ("accuracy", lambda found: found["ft_control"] - found["zsl_control"]),
        ("rec2ftp", lambda found: found["control"] - 0.5),
        ("sim_aou", lambda found: found["control"] - found["isotropic"]),
        ("sim_am", lambda found: found["control_ft"] - found["control_zsl"]),
        ("kendall", lambda found: found["control"] - found["isotropic"]),
    ],
)
def test_control_has_no_effect_in_expectation(
    name: str, control: Callable[[dict[str, np.ndarray]], np.ndarray]
) -> None:
    """Over 150 draws the control's mean effect is within 4 standard errors of 0, though ICL and FT do the same.

    One fixed cell, its examples unbalanced between the classes.
    """
    cell = _alike(UNBALANCED) if name in {"sim_aou", "sim_am"} else UNBALANCED
    effects = [
        np.nanmean(control(dict(MEASUREMENTS[name][1](cell, np.random.default_rng(seed))))) for seed in range(150)
    ]
    assert abs(np.mean(effects)) < 4 * np.std(effects) / np.sqrt(len(effects))


@pytest.mark.parametrize("name", [name for name, (source, _) in MEASUREMENTS.items() if source == "cell"])
def test_measurement_is_decided_by_cell_and_generator(name: str) -> None:
    """The same seed gives the same arrays, whatever was drawn elsewhere."""
    cell = _cell(GOLD, ZSL, ICL, FT)
    first, second = (MEASUREMENTS[name][1](cell, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(first[key], second[key], equal_nan=True) for key in first)
