"""Judged comparisons come back from the store as they were judged, and simulations as they were simulated."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.judging.kept import find_or_calibrate, find_or_judge
from harness.seeds import stream
from harness.statistics import Comparison, judge_family
from harness.statistics.calibration import calibrate
from harness.statistics.results import Calibration
from harness.store import Store


def _part(name: str, shift: float, examples: int = 30, null: float = 0.0) -> Comparison:
    values = stream(0, name).normal(shift, 1, (1, examples))
    return Comparison(name, f"{name} > 0", "cosine", (values,), null=null)


FAMILY = {
    "C1": (_part("a", 0.9), _part("b", 0.0)),
    "C2": (),
    "C3": (_part("too few", 0.5, examples=5),),
}


def test_what_is_kept_is_what_was_judged(tmp_path: Path) -> None:
    """All fields of all parts, NaN among them, whether they are computed or read; the order of claims too."""
    judged = judge_family(FAMILY, 0.05, lambda part: stream(7, "judge", part))
    for _ in range(2):
        kept = find_or_judge(Store(tmp_path), FAMILY, 0.05, 7, "judge")
        assert list(kept) == list(judged)
        assert repr(kept) == repr(judged)  # NaN equals NaN only in words


def _entries(store: Path) -> int:
    return len(list(store.glob("runs/judged/*/facts.json")))


def test_the_same_values_are_judged_once(tmp_path: Path) -> None:
    """A second question finds the first one's entry, which holds whatever order its values lie in memory."""
    find_or_judge(Store(tmp_path), FAMILY, 0.05, 7, "judge")
    again = {claim: tuple(_copied(part) for part in parts) for claim, parts in FAMILY.items()}
    find_or_judge(Store(tmp_path), again, 0.05, 7, "judge")
    assert _entries(tmp_path) == 1


def _copied(part: Comparison) -> Comparison:
    cells = tuple(np.asfortranarray(cell.copy()) for cell in part.cells)
    return Comparison(part.name, part.prediction, part.unit, cells, part.kind, part.null, part.minimum_units)


@pytest.mark.parametrize(
    "other",
    [
        ({**FAMILY, "C1": (_part("a", 0.9, null=0.1), FAMILY["C1"][1])}, 0.05, 7, "judge"),
        ({**FAMILY, "C1": (_part("c", 0.9), FAMILY["C1"][1])}, 0.05, 7, "judge"),
        ({**FAMILY, "C1": FAMILY["C1"][::-1]}, 0.05, 7, "judge"),
        ({"C9" if claim == "C1" else claim: parts for claim, parts in FAMILY.items()}, 0.05, 7, "judge"),
        (FAMILY, 0.01, 7, "judge"),
        (FAMILY, 0.05, 8, "judge"),
        (FAMILY, 0.05, 7, "judge a control"),
    ],
    ids=["null", "values", "order of parts", "claim", "alpha", "seed", "purpose"],
)
def test_whatever_changes_a_figure_is_judged_anew(
    tmp_path: Path, other: tuple[dict[str, tuple[Comparison, ...]], float, int, str]
) -> None:
    """Nothing is read that was judged of other values or by another rule."""
    find_or_judge(Store(tmp_path), FAMILY, 0.05, 7, "judge")
    find_or_judge(Store(tmp_path), *other)
    assert _entries(tmp_path) == 2


STRONG = Comparison(name="a", prediction="", unit="accuracy", cells=(np.arange(40.0)[None] / 40,))
SIMULATED = {"C1": (STRONG,), "C2": (), "C3": (_part("other", 0.0),)}
EFFECTS = {"C1": [1.0]}


def _calibrated(store: Path, **changed: Any) -> Mapping[str, Calibration]:
    given: dict[str, Any] = {"family": SIMULATED, "effects": EFFECTS, "alpha": 0.05, "seed": 7, "runs": 20} | changed
    return find_or_calibrate(Store(store), **given)


def _simulations(store: Path) -> int:
    return len(list(store.glob("runs/calibration/*/facts.json")))


def test_what_is_kept_is_what_was_simulated(tmp_path: Path) -> None:
    """All fields of every claim that has comparisons, with an effect or without, computed or read."""
    simulated = calibrate(SIMULATED, 0.05, stream(7, "calibration"), effects=EFFECTS, runs=20)
    for _ in range(2):
        assert list(_calibrated(tmp_path).values()) == list(simulated)
    assert list(_calibrated(tmp_path)) == ["C1", "C3"]
    assert _simulations(tmp_path) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"effects": {"C1": [0.5]}},
        {"effects": {}},
        {"alpha": 0.01},
        {"seed": 8},
        {"runs": 21},
        {"family": {**SIMULATED, "C1": (_part("a", 0.9),)}},
    ],
    ids=["effect", "no effect", "alpha", "seed", "runs", "values"],
)
def test_whatever_changes_a_simulation_is_simulated_anew(tmp_path: Path, changed: dict[str, Any]) -> None:
    """Nothing is read that was simulated of other values or by another rule."""
    _calibrated(tmp_path)
    _calibrated(tmp_path, **changed)
    assert _simulations(tmp_path) == 2
