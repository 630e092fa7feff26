"""Judged comparisons kept in the store: resampling takes seconds, and the same values give the same figures."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from harness.seeds import stream
from harness.statistics import Comparison, judge_family
from harness.statistics.results import Calibration, Estimate, Outcome, PartResult
from harness.store import Entry, Store

VERSION = 1
"""Raised when the statistics change, so that no figure is read from an older store."""

_NUMBERS = ("effect", "low", "high", "level", "p_value", "standard_error")

Family = Mapping[str, Sequence[Comparison]]
"""The comparisons of each claim of a family."""


def find_or_judge(
    store: Store, family: Family, alpha: float, seed: int, purpose: str
) -> Mapping[str, tuple[PartResult, ...]]:
    """Return what `judge_family` says, each part drawing from the stream of the seed, the purpose and its name."""
    if not any(family.values()):  # claims that are exact have no comparisons
        return dict.fromkeys(family, ())

    def compute() -> Entry:
        return _to_entry(judge_family(family, alpha, lambda part: stream(seed, purpose, part)))

    key = {"family": family_identity(family), "alpha": alpha, "seed": seed, "purpose": purpose, "version": VERSION}
    return _from_entry(store.find_or_compute("judged", key, compute), family)


def family_identity(family: Family) -> dict[str, list[object]]:
    """Return what decides a family's figures: its parts by claim, their values as a hash."""
    return {claim: [_identity(part) for part in parts] for claim, parts in family.items()}


def _identity(part: Comparison) -> list[object]:
    values = hashlib.sha256(b"".join(np.ascontiguousarray(cell, np.float64).tobytes() for cell in part.cells))
    shapes = [list(cell.shape) for cell in part.cells]
    words = [part.name, part.prediction, part.unit, part.kind]
    return [*words, part.null, part.minimum_units, shapes, values.hexdigest()]


def _to_entry(judged: Mapping[str, tuple[PartResult, ...]]) -> Entry:
    """Put numbers, which may be NaN, in an array, and words in the facts."""
    parts = [part for of_claim in judged.values() for part in of_claim]
    numbers = [[*(getattr(p.estimate, n) for n in _NUMBERS), p.p_holm, p.smallest_detectable] for p in parts]
    words = [
        {
            "name": part.name,
            "prediction": part.prediction,
            "outcome": part.outcome.value,
            "reason": part.reason,
            "unit": part.unit,
            "n": part.estimate.n,
            "degenerate": part.estimate.degenerate,
        }
        for part in parts
    ]
    return Entry({"numbers": np.array(numbers, float).reshape(len(parts), len(_NUMBERS) + 2)}, {"parts": words})


def _from_entry(entry: Entry, family: Family) -> Mapping[str, tuple[PartResult, ...]]:
    words: list[dict[str, object]] = entry.facts["parts"]  # type: ignore[assignment]
    results = iter([_part(said, row) for said, row in zip(words, entry.tensors["numbers"].tolist(), strict=True)])
    return {claim: tuple(next(results) for _ in parts) for claim, parts in family.items()}


def _part(words: Mapping[str, object], numbers: Sequence[float]) -> PartResult:
    *of_estimate, p_holm, smallest_detectable = numbers
    figures = dict(zip(_NUMBERS, of_estimate, strict=True))
    estimate = Estimate(**figures, n=words["n"], degenerate=words["degenerate"])  # type: ignore[arg-type]
    kept = {f.name: words[f.name] for f in fields(PartResult) if f.name in words and f.name != "outcome"}
    return PartResult(
        **kept,  # type: ignore[arg-type]
        estimate=estimate,
        p_holm=p_holm,
        outcome=Outcome(str(words["outcome"])),
        smallest_detectable=smallest_detectable,
    )


CALIBRATION_VERSION = 1
"""Raised when the simulation changes, so that none is read from an older store."""


def find_or_calibrate(
    store: Store, family: Family, effects: Mapping[str, Sequence[float]], alpha: float, seed: int, runs: int
) -> Mapping[str, Calibration]:
    """Return the calibration of each claim of a family that has comparisons (see `harness.statistics.calibration`).

    Kept in the store under the hash of all that it is drawn from.
    """

    def compute() -> Entry:
        from harness.statistics.calibration import calibrate  # noqa: PLC0415  # only where it is not kept

        found = calibrate(family, alpha, stream(seed, "calibration"), effects=effects, runs=runs)
        return Entry({}, {one.claim: asdict(one) for one in found})

    key = {"family": family_identity(family), "effects": effects, "alpha": alpha, "runs": runs}
    key |= {"version": CALIBRATION_VERSION, "seed": seed}
    facts = store.find_or_compute("calibration", key, compute).facts
    return {claim: _calibration(kept) for claim, kept in facts.items()}  # type: ignore[arg-type]


def _calibration(kept: Mapping[str, Any]) -> Calibration:
    effect = None if kept["effect"] is None else tuple(kept["effect"])
    return Calibration(**{**kept, "examples": tuple(kept["examples"]), "effect": effect})
