"""Comparisons of several models: what is paired, what is left out, what is shown."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from harness.evidence.sized import SizedModel
from harness.judging.trends import less, size_table, trends
from harness.seeds import stream
from harness.tests.planted.worlds import World

SIZES = {"small": 10**6, "middle": 10**7, "large": 10**8}
VALUES = {name: {"t": stream(0, name).normal(size=(3, 8))} for name in (*SIZES, "other")}


def models(sets: Mapping[str, tuple[int, ...]] | None = None) -> list[SizedModel]:
    """Return three models of a family in no order, under sets of a task, and one of another family."""
    of = dict.fromkeys(SIZES, (0, 1, 2)) | (dict(sets) if sets else {})
    found = [SizedModel(name, "llama", SIZES[name], World(), {"t": of[name]}) for name in ("large", "small", "middle")]
    return [*found, SizedModel("other", "gpt2", 5, World(), {"t": (0, 1, 2)})]


def test_slope_is_paired_by_set_and_example() -> None:
    """Half of what the model of 10^8 has over that of 10^6, cell by cell; the other family has no comparison."""
    (found,) = trends("gain", "b > 0", "accuracy", models(), {k: {"t": np.tanh(v["t"])} for k, v in VALUES.items()})
    np.testing.assert_allclose(
        found.cells[0][:, 0], np.tanh(VALUES["large"]["t"]) / 2 - np.tanh(VALUES["small"]["t"]) / 2
    )
    assert (found.name, found.unit, found.tasks) == ("llama: gain", "accuracy per tenfold size", ("t",))
    assert found.bounds == pytest.approx((-1.0, 1.0))


def test_sets_are_paired_by_their_numbers() -> None:
    """Of models that report other sets, or in another order, those that all have; none in common is no comparison."""
    given = models({"large": (2, 0, 5), "small": (0, 1, 2), "middle": (0, 3, 2)})
    (found,) = trends("x", "b > 0", "cosine", given, VALUES)
    large, small = VALUES["large"]["t"][[1, 0]], VALUES["small"]["t"][[0, 2]]
    np.testing.assert_allclose(found.cells[0][:, 0], (large - small) / 2)
    assert found.bounds is None
    assert trends("x", "b > 0", "cosine", models({"large": (4, 5, 6)}), VALUES) == ()


def test_layers_are_averaged_in_each_model_first() -> None:
    """Larger models have more of them, which differ about the same mean."""
    about = {name: (1 + i) * np.linspace(-1, 1, 2 + i) for i, name in enumerate(VALUES)}
    deep = {name: {"t": of["t"][..., None] + about[name]} for name, of in VALUES.items()}
    (one,), (other,) = (trends("x", "b > 0", "cosine", models(), values) for values in (VALUES, deep))
    np.testing.assert_allclose(one.cells[0], other.cells[0])


def test_task_that_a_model_did_not_learn_is_left_out_of_its_slope() -> None:
    """Of four models the three that learned it; where two did, the task has no slope."""
    fourth = SizedModel("huge", "llama", 10**9, World(), {"t": (0, 1, 2)})
    values = VALUES | {"huge": {"t": np.full((3, 8), 7.0)}}
    (found,) = trends("x", "b > 0", "cosine", [*models(), replace(fourth, left_out={"t": "no"})], values)
    (without,) = trends("x", "b > 0", "cosine", models(), VALUES)
    np.testing.assert_allclose(found.cells[0], without.cells[0])
    few = [replace(model, left_out={"t": "no"}) if model.name == "small" else model for model in models()]
    assert trends("x", "b > 0", "cosine", few, VALUES) == ()


def test_sets_that_a_task_lacks_count_for_nothing() -> None:
    """Where models share two sets of one task and three of another."""
    given = [replace(model, sets={"t": model.sets["t"], "u": (0, 1, 2)}) for model in models({"large": (0, 1, 9)})]
    (found,) = trends("x", "b > 0", "cosine", given, {k: {"t": v["t"], "u": v["t"]} for k, v in VALUES.items()})
    assert [np.isnan(cell).all(axis=(1, 2)).tolist() for cell in found.cells] == [[False, False, True], [False] * 3]


def test_each_family_of_three_sizes_has_a_comparison() -> None:
    """All must hold for the claim: no one chooses which family decides."""
    twins = [replace(model, name=f"{model.name} too", family="opt") for model in models()[:3]]
    values = {**VALUES, **{twin.name: VALUES[twin.name.removesuffix(" too")] for twin in twins}}
    found = trends("x", "b > 0", "cosine", [*twins, *models()], values)
    assert [part.name for part in found] == ["llama: x", "opt: x"]


def test_sizes_at_random_differ_from_task_to_task_and_are_drawn_by_the_seed() -> None:
    """The same each time, and others for another task of the same values."""
    given = [replace(model, sets={"t": (0, 1, 2), "u": (0, 1, 2)}) for model in models()]
    values = {k: {"t": v["t"], "u": v["t"]} for k, v in VALUES.items()}
    (one,), (again,) = (trends("x", "b > 0", "cosine", given, values, at_random=True) for _ in range(2))
    np.testing.assert_array_equal(one.cells[0], again.cells[0])
    assert not np.allclose(one.cells[0], one.cells[1])


def test_table_shows_all_models_by_family_and_size() -> None:
    """Judged or not; a dash for one that learned no task."""
    values = {**VALUES, "small": {}}
    table = size_table("by size", models(), {"x": values, "x - x": less(values, values)})
    names = ("gpt2, 5e-06 M: other", "llama, 1 M: small", "llama, 10 M: middle", "llama, 100 M: large")
    assert tuple(name for name, _ in table.rows) == names
    assert table.rows[1][1] == (None, None)
    assert table.rows[3][1] == pytest.approx((VALUES["large"]["t"].mean(), 0.0))
