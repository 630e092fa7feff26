"""Calibrations kept in the store: simulating takes seconds, and the same values give the same figures."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from harness.seeds import stream
from harness.statistics import Comparison
from harness.statistics.results import Calibration
from harness.store import Entry, Store

VERSION = 3
"""Raised when the simulation or the rule that it tries changes, so that none is read from an older store."""


def find_or_calibrate(
    store: Store, claim: str, parts: Sequence[Comparison], printed: Sequence[float], alpha: float, seed: int, runs: int
) -> Calibration:
    """Return the calibration of a claim (see `harness.statistics.calibration`).

    Kept in the store under the hash of all that it is drawn from.
    """

    def compute() -> Entry:
        from harness.statistics.calibration import calibrate  # noqa: PLC0415  # only where it is not kept

        rng = stream(seed, "calibration", claim)
        return Entry({}, asdict(calibrate(claim, parts, alpha, rng, printed=printed, runs=runs)))

    key = {"claim": claim, "parts": [identity(part) for part in parts], "printed": list(printed), "alpha": alpha}
    key |= {"runs": runs, "version": VERSION, "seed": seed}
    kept: dict[str, Any] = dict(store.find_or_compute("calibration", key, compute).facts)
    return Calibration(**{**kept, "examples": tuple(kept["examples"]), "printed": tuple(kept["printed"])})


def identity(part: Comparison) -> list[object]:
    """Return what decides a comparison's figures: its values as a hash."""
    values = hashlib.sha256(b"".join(np.ascontiguousarray(cell, np.float64).tobytes() for cell in part.cells))
    shapes = [list(cell.shape) for cell in part.cells]
    rule = [part.kind, part.null, part.minimum_units, part.matters, part.alike, part.shared_draws, part.bounds]
    return [part.name, *rule, shapes, values.hexdigest()]
