"""Calibrations come back from the store as they were simulated."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.judging.kept import find_or_calibrate
from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.calibration import calibrate
from harness.statistics.results import Calibration
from harness.store import Store

VALUES = stream(0, "values").normal(0.4, 0.3, (2, 2, 20))
PART = Comparison("a", "a > 0", "cosine", (VALUES, VALUES + 0.1), matters=0.1)
PARTS = (PART, replace(PART, name="b", cells=(VALUES - 0.1, VALUES)))
PRINTED = (0.3, 0.2)


def _calibrated(store: Path, **changed: Any) -> Calibration:
    given: dict[str, Any] = {"claim": "C1", "parts": PARTS, "printed": PRINTED, "alpha": 0.05, "seed": 7, "runs": 20}
    return find_or_calibrate(Store(store), **(given | changed))


def _simulations(store: Path) -> int:
    return len(list(store.glob("runs/calibration/*/facts.json")))


def test_what_is_kept_is_what_was_simulated(tmp_path: Path) -> None:
    """All fields, whether they are computed or read, and of the same kinds."""
    simulated = calibrate("C1", PARTS, 0.05, stream(7, "calibration", "C1"), printed=PRINTED, runs=20)
    for _ in range(2):
        kept = _calibrated(tmp_path)
        assert kept == simulated
        assert [type(value) for value in asdict(kept).values()] == [type(v) for v in asdict(simulated).values()]
    assert _simulations(tmp_path) == 1


def test_the_same_values_are_simulated_once(tmp_path: Path) -> None:
    """Whatever order they lie in memory."""
    _calibrated(tmp_path)
    copies = tuple(replace(part, cells=tuple(np.asfortranarray(c.copy()) for c in part.cells)) for part in PARTS)
    _calibrated(tmp_path, parts=copies)
    assert _simulations(tmp_path) == 1


def _with(**changed: Any) -> tuple[Comparison, ...]:
    return (replace(PART, **changed), PARTS[1])


@pytest.mark.parametrize(
    "changed",
    [
        {"claim": "C2"},
        {"printed": (0.3, 0.1)},
        {"printed": ()},
        {"alpha": 0.01},
        {"seed": 8},
        {"runs": 21},
        {"parts": PARTS[::-1]},
        {"parts": _with(cells=(VALUES, VALUES + 0.2))},
        {"parts": _with(null=0.1)},
        {"parts": _with(matters=0.2)},
        {"parts": _with(alike=True)},
        {"parts": _with(shared_draws=True)},
        {"parts": _with(bounds=(-9.0, 9.0))},
        {"parts": _with(minimum_units=9)},
        {"parts": tuple(replace(p, cells=tuple(c.reshape(4, 1, 20) for c in p.cells)) for p in PARTS)},
    ],
    ids=lambda changed: " ".join(f"{name}" for name in changed),
)
def test_whatever_changes_a_simulation_is_simulated_anew(tmp_path: Path, changed: dict[str, Any]) -> None:
    """Nothing is read that was simulated of other values, or of the same in other places, or by another rule."""
    _calibrated(tmp_path)
    _calibrated(tmp_path, **changed)
    assert _simulations(tmp_path) == 2
