"""What a claim hands to the judge: measurements, and the value that they have if there is no effect."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from harness.errors import HarnessError


@dataclass(frozen=True, eq=False)
class Comparison:
    """One inequality of a claim, with its measurements on every task.

    A cell holds one task: a row for each seed (a set of demonstrations), a column for each test example, the
    same examples under each seed; NaN where an example does not count. A comparison of kind "mean" holds
    'value minus baseline', and its effect is the mean of the tasks' means minus `null`. One of kind
    "proportion" holds 0 or 1, and its effect is the proportion of ones, pooled over tasks, minus `null`.

    Raises HarnessError on cells that are not so: no task, other axes, differing numbers of seeds, infinite
    values, a proportion's value that is neither 0 nor 1, or a minimum below 1.
    """

    name: str
    prediction: str
    unit: str
    cells: tuple[Float[np.ndarray, "_seed _example"], ...]
    kind: Literal["mean", "proportion"] = "mean"
    null: float = 0.0
    minimum_units: int = 10

    def __post_init__(self) -> None:
        shapes = [cell.shape for cell in self.cells]
        if not shapes or any(len(shape) != 2 or 0 in shape for shape in shapes):  # noqa: PLR2004  two axes
            self._refuse(f"cells of shapes {shapes}", "one non-empty [seed, example] array for each task")
        if len({shape[0] for shape in shapes}) > 1:
            self._refuse(f"cells of shapes {shapes}", "as many seeds (rows) in each task")
        if self.minimum_units < 1:
            self._refuse(f"minimum_units = {self.minimum_units}", "at least 1")
        for cell in self.cells:
            if np.isinf(cell).any():
                self._refuse(f"{int(np.isinf(cell).sum())} infinite values", "finite values, or NaN")
            known = cell[~np.isnan(cell)]
            if self.kind == "proportion" and not np.isin(known, (0, 1)).all():
                self._refuse("values other than 0 and 1", "0, 1 or NaN in a comparison of kind 'proportion'")

    def _refuse(self, given: str, expected: str) -> None:
        message = f"comparison '{self.name}' was given {given}, expected {expected}: "
        raise HarnessError(message + "mend what the claim hands over.")

    @property
    def seeds(self) -> int:
        """Number of sets of demonstrations."""
        return int(self.cells[0].shape[0])

    @property
    def counting(self) -> tuple[Bool[np.ndarray, " _example"], ...]:
        """For each task, which examples count under at least one seed."""
        return tuple(~np.isnan(cell).all(axis=0) for cell in self.cells)

    @property
    def units(self) -> int:
        """Number of distinct examples that count, over all tasks."""
        return sum(int(counts.sum()) for counts in self.counting)

    @property
    def shortage(self) -> str:
        """Why too few cases count for any estimate, in words with numbers; empty where enough do."""
        total = sum(cell.shape[1] for cell in self.cells)
        if self.units < self.minimum_units:
            return f"{self.units} of {total} examples count; at least {self.minimum_units} are needed"
        fewest = min(int(counts.sum()) for counts in self.counting)
        if self.kind == "mean" and fewest < 2:  # noqa: PLR2004  one example has no variance
            return f"{fewest} examples count in one of {len(self.cells)} tasks; at least 2 in each are needed"
        return ""
