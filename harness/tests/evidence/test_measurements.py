"""Measurements on cells made by hand, where every slice shows in the numbers."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from harness.data import Cell, CellAndReading, CellAndStart, ExpandedParts, Recording, Setting
from harness.errors import HarnessError
from harness.evidence.measurements import MEASUREMENTS, attention_to_demonstrations

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


def _cell(gold: list[int], zsl: list[int], icl: list[int], ft: list[int]) -> CellAndStart:
    rng = np.random.default_rng(0)
    training = rng.standard_normal((2, len(TRAINING), 4)).astype(np.float32)
    return CellAndStart(
        zsl=_recording(Setting.ZSL, gold, zsl, rng),
        icl=_recording(Setting.ICL, gold, icl, rng),
        ft=_recording(Setting.FT, gold, ft, rng),
        spans=SPANS,
        training_queries=training,
        starting_queries=rng.standard_normal(training.shape).astype(np.float32),
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


def test_kendall_of_other_texts_is_refused() -> None:
    """Where finetuning read other texts than the context holds, no token is in both."""
    unlike = replace(_cell(GOLD, ZSL, ICL, FT), trained_on_context=False)
    with pytest.raises(HarnessError, match="finetuned on other texts"):
        MEASUREMENTS["kendall"][1](unlike, np.random.default_rng(0))


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


ON_CELLS = [name for name, (source, _) in MEASUREMENTS.items() if source in {"cell", "cell from start"}]


@pytest.mark.parametrize("name", ON_CELLS)
def test_measurement_is_decided_by_cell_and_generator(name: str) -> None:
    """The same seed gives the same arrays, whatever was drawn elsewhere."""
    cell = _cell(GOLD, ZSL, ICL, FT)
    first, second = (MEASUREMENTS[name][1](cell, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(first[key], second[key], equal_nan=True) for key in first)


def test_noise_is_the_papers_where_it_says_uniform_and_has_no_direction_where_it_says_isotropic() -> None:
    """Along the vector of ones uniform noise has cosine sqrt(3) / 2, normal noise and a scrambled update none.

    Widths of 2,000 leave a standard error of 0.022 a vector, and four vectors 0.011.
    """
    ones = np.ones((2, 2, 2000), np.float32)
    cell = _cell([0, 0], [0, 0], [0, 0], [0, 0])
    along = replace(
        cell,
        zsl=replace(cell.zsl, attn_out=-ones, scores_query=-ones[:, :, None]),
        icl=replace(cell.icl, attn_out=ones, scores_query=ones[:, :, None]),
        ft=replace(cell.ft, attn_out=ones, scores_query=ones[:, :, None]),
    )
    for name in ("sim_aou", "sim_am"):
        found = MEASUREMENTS[name][1](along, np.random.default_rng(0))
        assert found["uniform"].mean() == pytest.approx(np.sqrt(3) / 2, abs=0.02)
        assert found["isotropic"].mean() == pytest.approx(0, abs=0.05)
    assert MEASUREMENTS["sim_aou"][1](along, np.random.default_rng(0))["control"].mean() == pytest.approx(0, abs=0.05)


def test_another_examples_update_is_the_one_befores() -> None:
    """ICL's update of example i against FT's of example i - 1, the first's against the last's, layer by layer."""
    cell = _cell(GOLD, ZSL, ICL, FT)
    found = MEASUREMENTS["sim_aou"][1](cell, np.random.default_rng(0))["other_example"]

    def unit(h: np.ndarray) -> np.ndarray:
        return np.array(h / np.sqrt((h.astype(float) ** 2).sum()))

    for example, layer in np.ndindex(6, 2):
        u = unit(cell.icl.attn_out[example, layer]) - unit(cell.zsl.attn_out[example, layer])
        v = unit(cell.ft.attn_out[example - 1, layer]) - unit(cell.zsl.attn_out[example - 1, layer])
        assert found[example, layer] == pytest.approx(u @ v / np.sqrt((u @ u) * (v @ v)), abs=1e-6)


def test_sim_am_tells_zero_shot_from_finetuning() -> None:
    """Where ICL's scores are ZSL's, their similarity is 1 and that to FT is not."""
    cell = _cell(GOLD, ZSL, ICL, FT)
    found = MEASUREMENTS["sim_am"][1](replace(cell, icl=cell.zsl), np.random.default_rng(0))
    assert found["zsl"] == pytest.approx(np.ones((6, 2)))
    assert found["ft"].max() < 0.99


def test_heads_that_read_labels_are_apart() -> None:
    """Of 2 x 10 heads the two that read most, wherever they are: theirs is the mean cosine, the others' that of 18."""
    rng, shape = np.random.default_rng(0), (6, 2, 10, 5)
    maps = [rng.standard_normal(shape).astype(np.float32) for _ in range(3)]
    cell = _cell(GOLD, ZSL, ICL, FT)
    zsl, icl, ft = (
        replace(of, scores_query=scores) for of, scores in zip((cell.zsl, cell.icl, cell.ft), maps, strict=True)
    )
    reading = rng.uniform(0, 0.5, shape[:3]).astype(np.float32)
    reading[:, 1, 3], reading[:, 0, 9] = 0.9, 0.8
    known = {f.name: getattr(replace(cell, zsl=zsl, icl=icl, ft=ft), f.name) for f in fields(Cell)}
    found = MEASUREMENTS["sim_am_by_head"][1](CellAndReading(**known, label_reading=reading), rng)
    u, v = maps[1] - maps[0], maps[2] - maps[0]
    by_head = (u * v).sum(-1) / np.sqrt((u * u).sum(-1) * (v * v).sum(-1))
    readers = (by_head[:, 1, 3] + by_head[:, 0, 9]) / 2
    assert found["readers"] == pytest.approx(readers, abs=1e-5)
    assert found["others"] == pytest.approx((by_head.sum((1, 2)) - 2 * readers) / 18, abs=1e-5)


def test_random_change_is_of_finetunings_size() -> None:
    """Where FT changed nothing, so does what is of its size; it is drawn last, which leaves the other draws be."""
    cell = _cell(GOLD, ZSL, ICL, FT)
    one, other = (MEASUREMENTS["sim_aou"][1](of, np.random.default_rng(0)) for of in (cell, replace(cell, ft=cell.zsl)))
    assert list(one)[-1] == "random_change"
    assert np.abs(one["random_change"]).max() > 0
    assert np.abs(other["random_change"]).max() < 1e-6


def _parts(setting: Setting, seed: int) -> ExpandedParts:
    """Return parts of 3 examples, 2 layers, 4 heads of width 5, all noise, a third of the mass on the prefix."""
    rng = np.random.default_rng(seed)
    mass = np.full((3, 2, 4), 1 / 3, np.float32)
    return ExpandedParts(setting, mass, *rng.standard_normal((5, 3, 2, 4, 5)).astype(np.float32))


def test_relaxed_attention_is_compared_head_by_head() -> None:
    """Mean, best and worst of each layer's cosines with the real output, and sizes, worked out one head at a time."""
    icl = _parts(Setting.ICL, 1)
    found = MEASUREMENTS["relaxed"][1]((_parts(Setting.ZSL, 0), icl), np.random.default_rng(0))

    def cosine(u: np.ndarray, v: np.ndarray) -> float:
        return float(u @ v / np.sqrt((u @ u) * (v @ v)))

    for place in np.ndindex(3, 2):
        real = [c / 3 + 2 * o / 3 for c, o in zip(icl.context[place], icl.own[place], strict=True)]
        relaxed = [cosine(form, r) for form, r in zip(icl.relaxed[place], real, strict=True)]
        uniform = [cosine(form, r) for form, r in zip(icl.uniform[place], real, strict=True)]
        first = [cosine(form, r) for form, r in zip(icl.first_order[place], real, strict=True)]
        sizes, first_sizes = (
            [np.log10(np.linalg.norm(f) / np.linalg.norm(r)) for f, r in zip(form[place], real, strict=True)]
            for form in (icl.relaxed, icl.first_order)
        )
        expected = {
            "relaxed": np.mean(relaxed),
            "relaxed_best_head": max(relaxed),
            "relaxed_worst_head": min(relaxed),
            "uniform": np.mean(uniform),
            "log_size": np.mean(sizes),
            "first_order": np.mean(first),
            "first_order_best_head": max(first),
            "first_order_worst_head": min(first),
            "first_order_log_size": np.mean(first_sizes),
            "mass": 1 / 3,
        }
        assert {name: found[name][place] for name in expected} == pytest.approx(expected, abs=1e-5)


def test_demonstrations_part_is_the_whole_change_where_nothing_else_changed() -> None:
    """Where ICL's own part is ZSL's output, mass (context - own) explains all of the change; elsewhere it does not."""
    zsl, icl = _parts(Setting.ZSL, 0), _parts(Setting.ICL, 1)
    alone = replace(icl, own=zsl.whole.astype(np.float32))
    shares = [MEASUREMENTS["relaxed"][1]((zsl, one), np.random.default_rng(0))["explained"] for one in (alone, icl)]
    assert shares[0] == pytest.approx(np.ones((3, 2)), abs=1e-5)
    assert shares[1].max() < 0.9


def test_first_orders_own_change_is_held_to_the_real_one() -> None:
    """Where the form errs alike under ZSL and ICL its change is the real one: all explained; where ICL's errs, less."""
    zsl, icl = _parts(Setting.ZSL, 0), _parts(Setting.ICL, 1)
    error = np.random.default_rng(2).standard_normal(icl.whole.shape).astype(np.float32)
    before, after = (replace(parts, first_order=parts.whole + error) for parts in (zsl, icl))
    found = [
        MEASUREMENTS["relaxed"][1]((before, form), np.random.default_rng(0))["first_order_explained"]
        for form in (after, replace(icl, first_order=icl.whole))
    ]
    assert found[0] == pytest.approx(np.ones((3, 2)), abs=1e-5)
    assert found[1].max() < 0.9


@pytest.mark.parametrize(("form", "control"), [("relaxed", "control"), ("first_order", "first_order_control")])
def test_scrambled_relaxed_attention_has_no_direction(form: str, control: str) -> None:
    """Where a form is the real output, its cosine is 1 and the scrambled one's 0 within 4 standard errors."""
    zsl, icl = _parts(Setting.ZSL, 0), _parts(Setting.ICL, 1)
    whole: dict[str, Any] = {form: icl.whole}
    same = replace(icl, **whole)
    found = [MEASUREMENTS["relaxed"][1]((zsl, same), np.random.default_rng(seed)) for seed in range(150)]
    means = np.array([each[control].mean() for each in found])
    assert found[0][form] == pytest.approx(np.ones((3, 2)), abs=1e-6)
    assert abs(means.mean()) < 4 * means.std() / np.sqrt(len(means))


def test_weight_updates_are_averaged_over_heads() -> None:
    """Heads of 1 and 0 give 0.5, in each of two layers by itself."""
    found = MEASUREMENTS["updates"][1]({"cosine_icl": np.array([[[1.0, 0.0], [0.0, 0.0]]])}, np.random.default_rng(0))
    assert found["cosine_icl"].tolist() == [[0.5, 0.0]]


def test_permuted_training_tokens_keep_no_order() -> None:
    """Where FT orders six tokens as ICL does, tau is 1; permuted anew for each of 200 examples, 0 on average."""
    cell = _cell([0] * 200, [0] * 200, [0] * 200, [0] * 200)
    ordered = replace(
        cell,
        icl=replace(cell.icl, scores_context=np.tile(np.array(CONTEXT, np.float32), (200, 2, 1))),
        ft=replace(cell.ft, query_vectors=np.ones((200, 2, 1), np.float32)),
        training_queries=np.tile(np.array(TRAINING, np.float32).reshape(1, -1, 1), (2, 1, 1)),
    )
    found = MEASUREMENTS["kendall"][1](ordered, np.random.default_rng(0))
    assert found["ft"] == pytest.approx(np.ones((200, 2)))
    assert abs(found["control"].mean()) < 4 * found["control"].std() / np.sqrt(400)
