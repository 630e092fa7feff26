"""What a claim hands to the judge: measurements, and the value that they have if there is no effect."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from harness.errors import HarnessError

AXES = 3


@dataclass(frozen=True, eq=False)
class Comparison:
    """One inequality of a claim, with its measurements on every task.

    A cell holds one task, [set, draw, example]: sets of demonstrations (or training runs), draws of what is drawn
    beside them (labels, orders, weights, pairings), and test examples, all crossed; NaN where an example does not
    count. [set, example] is one draw. Sets and examples are each task's own; draws are too, but where they are shared.

    A comparison of kind "mean" holds 'value minus baseline', and its effect is the mean of the tasks' means minus
    `null`. One of kind "proportion" holds 0 or 1, and its effect is the proportion of ones, pooled over tasks, minus
    `null`.

    Raises HarnessError on cells that are not so: no task, other axes, differing numbers of sets or draws, infinite
    values, values outside `bounds`, a proportion's value that is neither 0 nor 1, or a minimum below 1.
    """

    name: str
    prediction: str
    unit: str
    cells: tuple[Float[np.ndarray, "_set _draw _example"], ...]
    kind: Literal["mean", "proportion"] = "mean"
    null: float = 0.0
    minimum_units: int = 10
    tasks: tuple[str, ...] = ()
    """Names of the tasks; numbers where none are given."""
    matters: float = 0.0
    """The smallest effect that would matter, fixed beforehand; 0 where none is."""
    alike: bool = False
    """Whether it says that the effect is smaller than what matters (equivalence), not that it is above 0."""
    shared_draws: bool = False
    """Whether the draws are the same in every task, as an untrained model's weights are."""
    bounds: tuple[float, float] | None = None
    """Between which all values lie, such as (-1, 1) for a difference of accuracies: the interval keeps to them."""

    def __post_init__(self) -> None:
        cells = tuple(cell[:, None, :] if cell.ndim == AXES - 1 else cell for cell in self.cells)
        object.__setattr__(self, "cells", cells)
        object.__setattr__(self, "tasks", self.tasks or tuple(str(i + 1) for i in range(len(cells))))
        if self.kind == "proportion":
            object.__setattr__(self, "bounds", (0.0, 1.0))
        self._require_shapes([cell.shape for cell in cells])
        self._require_values()

    def _require_shapes(self, shapes: list[tuple[int, ...]]) -> None:
        if not shapes or any(len(shape) != AXES or 0 in shape for shape in shapes):
            self._refuse(f"cells of shapes {shapes}", "one non-empty [set, draw, example] array for each task")
        if len({shape[:2] for shape in shapes}) > 1:
            self._refuse(f"cells of shapes {shapes}", "as many sets, and as many draws, in each task")
        if len(self.tasks) != len(shapes):
            self._refuse(f"names of {len(self.tasks)} tasks", f"{len(shapes)}, one for each cell")
        if self.minimum_units < 1:
            self._refuse(f"minimum_units = {self.minimum_units}", "at least 1")
        if self.alike and not self.matters > 0:
            self._refuse(f"matters = {self.matters}", "a size above 0, as it says that the effect is smaller")

    def _require_values(self) -> None:
        for cell in self.cells:
            if np.isinf(cell).any():
                self._refuse(f"{int(np.isinf(cell).sum())} infinite values", "finite values, or NaN")
            known = cell[~np.isnan(cell)]
            if self.kind == "proportion" and not np.isin(known, (0, 1)).all():
                self._refuse("values other than 0 and 1", "0, 1 or NaN in a comparison of kind 'proportion'")
            if self.bounds and known.size and not self.bounds[0] <= known.min() <= known.max() <= self.bounds[1]:
                self._refuse(f"values from {known.min():g} to {known.max():g}", f"values in {list(self.bounds)}")

    def _refuse(self, given: str, expected: str) -> None:
        message = f"comparison '{self.name}' was given {given}, expected {expected}: "
        raise HarnessError(message + "mend what the claim hands over.")

    @property
    def sets(self) -> int:
        """Number of sets of demonstrations, or of training runs."""
        return int(self.cells[0].shape[0])

    @property
    def draws(self) -> int:
        """Number of draws of what is drawn beside the sets."""
        return int(self.cells[0].shape[1])

    @property
    def counting(self) -> tuple[Bool[np.ndarray, " _example"], ...]:
        """For each task, which examples count under at least one set and draw."""
        return tuple(~np.isnan(cell).all(axis=(0, 1)) for cell in self.cells)

    @property
    def units(self) -> int:
        """Number of distinct examples that count, over all tasks."""
        return sum(int(counts.sum()) for counts in self.counting)

    @property
    def shortage(self) -> str:
        """Why too few cases count for any estimate, in words with numbers; empty where enough do."""
        total = sum(cell.shape[2] for cell in self.cells)
        if self.units < self.minimum_units:
            return f"{self.units} of {total} examples count; at least {self.minimum_units} are needed"
        fewest = min(int(counts.sum()) for counts in self.counting)
        if self.kind == "mean" and fewest < 2:  # noqa: PLR2004  one example has no variance
            return f"{fewest} examples count in one of {len(self.cells)} tasks; at least 2 in each are needed"
        return ""

    def too_few(self, units: Int[np.ndarray, "task run"]) -> Bool[np.ndarray, " run"]:
        """Return of runs in which so many examples of each task count whether that is too few for any estimate."""
        alone = (self.kind == "mean") & (units.min(axis=0) < 2)  # noqa: PLR2004  one example has no variance
        return np.asarray((units.sum(axis=0) < self.minimum_units) | alone)

    def of_tasks(self, places: list[int]) -> "Comparison":
        """Return the same on some of the tasks alone."""
        cells, names = tuple(self.cells[i] for i in places), tuple(self.tasks[i] for i in places)
        return replace(self, cells=cells, tasks=names)

    def of_sets(self, places: Mapping[str, int]) -> "Comparison":
        """Return the same on one set of each task alone: `places` holds its place among the sets, from 0, by task.

        Raises:
            HarnessError: a task has no place, or no set there.

        """
        if any(not 0 <= places.get(task, -1) < self.sets for task in self.tasks):
            self._refuse(f"the sets {dict(places)}", f"one of {self.sets}, from 0, for each of {list(self.tasks)}")
        cells = tuple(cell[[places[task]]] for task, cell in zip(self.tasks, self.cells, strict=True))
        return replace(self, cells=cells)
