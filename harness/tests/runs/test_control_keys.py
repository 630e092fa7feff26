"""What decides a control run is in its key, and what is in the store is not computed again."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.runs.control_runs import ControlRuns, Variant
from harness.tests.models.families import assert_identical
from harness.tests.tiny import Project
from harness.tests.two_tasks import QUERIES, controls_of, entries, select, two_tasks

VARIANTS = (
    Variant(weights="fresh"),
    Variant(weights="shuffled"),
    Variant(labels="random"),
    Variant(labels="flipped"),
    Variant(order=1),
    Variant(order=2),
    Variant(another_task=True),
    Variant(gradient="layer_causal"),
)


@pytest.fixture(scope="module")
def both(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the tiny model with two tasks."""
    return two_tasks(project, tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that this module's tests share."""
    return tmp_path_factory.mktemp("controls")


OTHER: dict[str, Callable[[ControlRuns], None]] = {
    "control_queries": lambda c: setattr(c, "number", QUERIES - 1),
    "learning rate": lambda c: select(c, learning_rate=1.0),
    "grid": lambda c: _set(c, learning_rates=(2.0, 1.0)),
    "queries": lambda c: _set(c, queries=29),
    "seed": lambda c: _set(c, seed=1),
    "dtype": lambda c: _set(c, dtype="bfloat16"),
    "demonstrations": lambda c: _set(c, demonstrations=5),
}


def _set(controls: ControlRuns, **options: Any) -> None:
    changed = controls.runner.settings.model_copy(update=options)
    controls.runner.settings = controls.runs.settings = changed


@pytest.mark.parametrize("name", OTHER)
def test_whatever_decides_a_control_is_in_its_key(both: Project, store: Path, name: str) -> None:
    """How many queries, what was selected, from what grid, and all that decides the claims' own runs."""
    controls = controls_of(both, store)
    controls.runner.selection("toy")
    before = controls._key("toy", 0, Variant(labels="random"))
    OTHER[name](controls)
    assert controls._key("toy", 0, Variant(labels="random")) != before


def test_every_field_of_a_variant_and_the_set_change_the_key(both: Project, store: Path) -> None:
    """Five fields, in all their values, and the number of the demonstration set: no two keys are alike."""
    assert {f.name for f in fields(Variant)} == {"weights", "labels", "order", "another_task", "gradient"}
    controls, variants = controls_of(both, store), (Variant(), *VARIANTS)
    keys = [json.dumps(controls._key("toy", c, v), sort_keys=True) for v in variants for c in (0, 1)]
    assert len(set(keys)) == 2 * len(variants)


@pytest.mark.parametrize("change", [{"candidates": (1,)}, {}])
def test_another_tasks_data_are_in_the_key(both: Project, store: Path, change: dict[str, Any]) -> None:
    """Which of doll's demonstration sets, and what is in doll's data, decide toy's run behind doll."""
    controls = controls_of(both, store)
    select(controls, "doll", candidates=(0,))
    before = controls._key("toy", 0, Variant(another_task=True)), controls._key("toy", 0, Variant())
    if change:
        select(controls, "doll", **change)
    else:
        changed = replace(controls.runs.tasks["doll"], fingerprint="other")
        controls.runs.tasks = {**controls.runs.tasks, "doll": changed}
    assert controls._key("toy", 0, Variant(another_task=True)) != before[0]
    assert controls._key("toy", 0, Variant()) == before[1]


def test_zero_shot_is_run_once_for_the_same_weights(both: Project, tmp_path: Path) -> None:
    """Fresh weights under gold and flipped labels, two orders and two sets: one zero-shot run, an ICL and FT each."""
    controls = controls_of(both, tmp_path)
    fresh = Variant(weights="fresh")
    for candidate, variant in (
        (0, fresh),
        (0, replace(fresh, labels="flipped")),
        (0, replace(fresh, order=1)),
        (1, fresh),
    ):
        controls.cell("toy", candidate, variant)
    settings = [entry["key"]["setting"] for entry in entries(tmp_path, "control_recording")]
    assert {setting: settings.count(setting) for setting in set(settings)} == {"zsl": 1, "icl": 4, "ft": 4}


def test_second_run_computes_nothing(both: Project, store: Path) -> None:
    """With the store full, another session gives the same cells, loads no model and writes no entry."""
    controls = controls_of(both, store)
    first = [controls.cell("toy", 0, variant) for variant in VARIANTS]
    written = {path: path.stat().st_mtime_ns for path in store.glob("runs/*/*/*")}
    again = controls_of(both, store)
    for variant, cell in zip(VARIANTS, first, strict=True):
        found = again.cell("toy", 0, variant)
        for one, other in ((found.zsl, cell.zsl), (found.icl, cell.icl), (found.ft, cell.ft)):
            assert_identical(one, other)
    assert {"model", "builder"}.isdisjoint(vars(again.runs))
    assert {path: path.stat().st_mtime_ns for path in store.glob("runs/*/*/*")} == written


def test_measurement_is_kept_by_name_and_variant(both: Project, tmp_path: Path) -> None:
    """Asked for twice it is worked out once; under another name or variant it is another one."""
    controls, asked = controls_of(both, tmp_path), []

    def compute(task: str, candidate: int) -> dict[str, np.ndarray]:
        asked.append((task, candidate))
        return {"number": np.array([len(asked)])}

    given = [("m", Variant()), ("m", Variant()), ("n", Variant()), ("m", Variant(order=1)), ("m", Variant())]
    found = [int(controls.measured(name, "toy", 0, variant, compute)["number"][0]) for name, variant in given]
    assert found == [1, 1, 2, 3, 1]
    assert asked == [("toy", 0)] * 3
