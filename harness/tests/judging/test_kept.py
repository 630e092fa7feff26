"""Judged comparisons come back from the store as they were judged."""

from pathlib import Path

import numpy as np
import pytest

from harness.judging.kept import find_or_judge
from harness.seeds import stream
from harness.statistics import Comparison, judge_family
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
