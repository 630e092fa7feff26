"""The rule: from the moments of a claim's comparisons to its outcome, for one run or many at once.

A claim says that all its comparisons hold: its effect is that of the weakest. With p+ and p- the one-sided p values
for a comparison and against it, and m comparisons,

    for the claim       p = max p+                     (intersection-union test: no correction among the comparisons)
    against it          p = m min p-                   (one is enough, so they are corrected)
    it is negligible    p = max(max p(effect > -d), m min p(effect < d)),      d the smallest effect that matters,

each taken two-sided: doubled, and compared with the level that Holm's correction over the claims of the family leaves.
The equivalence test has a Holm correction of its own. Comparisons, and the tasks of one, disagree where one holds and
another the contrary, or where one is larger than what matters and another negligible, at the level alpha, corrected
over all of the claim's.

Sources: intersection-union tests: Berger 1982, Technometrics 24, 295-300; two one-sided tests of equivalence:
Schuirmann 1987, J. Pharmacokinetics and Biopharmaceutics 15, 657-680.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from harness.statistics.comparison import Comparison
from harness.statistics.intervals import Located
from harness.statistics.results import Outcome
from harness.statistics.variance import Moments, Runs, moments

PerRun = Float[np.ndarray, " run"]


@dataclass(frozen=True)
class Tested:
    """A comparison, or one of its tasks, with its one-sided p values in each run."""

    located: Located
    matters: float
    alike: bool
    short: Bool[np.ndarray, " run"]
    """Whether too few cases count for any test."""

    @cached_property
    def holds(self) -> PerRun:
        """Of what it says: that the effect is above 0, or smaller than what matters."""
        if not self.alike:
            return self._known(self.located.above(0.0))
        return self._known(np.maximum(self.located.above(-self.matters), self.located.below(self.matters)))

    @cached_property
    def fails(self) -> PerRun:
        """Of the contrary: that it is below 0, or larger than what matters, on either side."""
        if not self.alike:
            return self._known(self.located.below(0.0))
        sides = np.minimum(self.located.above(self.matters), self.located.below(-self.matters))
        return self._known(np.minimum(1.0, 2 * sides))

    @cached_property
    def above_negligible(self) -> PerRun:
        """That the effect is above minus what matters."""
        return self._known(self.located.above(-self.matters), usable=self._has_size)

    @cached_property
    def below_negligible(self) -> PerRun:
        """That the effect is below what matters."""
        return self._known(self.located.below(self.matters), usable=self._has_size)

    @cached_property
    def negligible(self) -> PerRun:
        """That the effect is smaller than what matters."""
        return np.asarray(np.maximum(self.above_negligible, self.below_negligible))

    @cached_property
    def large(self) -> PerRun:
        """That the effect is above what matters."""
        return self._known(self.located.above(self.matters), usable=self._has_size)

    @property
    def _has_size(self) -> bool:
        return self.matters > 0 and not self.alike

    def _known(self, p: PerRun, *, usable: bool = True) -> PerRun:
        return np.where(self.short, 1.0, p) if usable else np.ones_like(p)

    def shifted(self, shifts: PerRun) -> "Tested":
        """Return as many runs as there are shifts, with these added to the effect of the one run that there is."""
        found = self.located.moments
        one = np.ones_like(shifts)
        moved = replace(found, effect=found.effect + shifts, variance=found.variance * one, freedom=found.freedom * one)
        return replace(self, located=replace(self.located, moments=moved))


@dataclass(frozen=True)
class TestedPart:
    """A comparison with its tests, over all tasks and for each."""

    whole: Tested
    tasks: tuple[Tested, ...]
    """None where there is one task, which is the whole."""

    def shifted(self, shifts: PerRun) -> "TestedPart":
        """Shift the whole and each task alike."""
        return TestedPart(self.whole.shifted(shifts), tuple(task.shifted(shifts) for task in self.tasks))


def tested(part: Comparison, cells: Runs) -> TestedPart:
    """Return the tests of a comparison, and of each of its tasks, on runs of its cells [run, set, draw, example]."""
    pooled = part.kind == "proportion"
    whole, alone = moments(cells, pooled=pooled, shared_draws=part.shared_draws, null=part.null)
    bounds = None if part.bounds is None else (part.bounds[0] - part.null, part.bounds[1] - part.null)

    def tests(found: Moments, of_tasks: Int[np.ndarray, "task run"]) -> Tested:
        return Tested(Located(found, of_tasks.sum(axis=0), bounds), part.matters, part.alike, part.too_few(of_tasks))

    units = np.stack([(~np.isnan(cell)).any(axis=(1, 2)).sum(axis=1) for cell in cells])
    tasks = zip(alone, units, strict=True) if len(cells) > 1 else ()
    return TestedPart(tests(whole, units), tuple(tests(found, of_task[None]) for found, of_task in tasks))


@dataclass(frozen=True)
class ClaimTests:
    """A claim's p values in each run: uncorrected, two-sided, as the module's text has them."""

    parts: tuple[TestedPart, ...]
    others: int = 0
    """Further comparisons that are in no outcome's way, as the least favourable null has them: their number counts."""

    @cached_property
    def support(self) -> PerRun:
        """For the claim."""
        return np.asarray(np.minimum(1.0, 2 * np.max([part.whole.holds for part in self.parts], axis=0)))

    @cached_property
    def refutation(self) -> PerRun:
        """Against it."""
        return np.asarray(np.minimum(1.0, 2 * self._number * np.min([part.whole.fails for part in self.parts], axis=0)))

    @property
    def difference(self) -> PerRun:
        """For or against it, whichever is nearer."""
        return np.asarray(np.minimum(self.support, self.refutation))

    @cached_property
    def negligible(self) -> PerRun:
        """That its weakest comparison's effect is smaller than what matters."""
        above = np.max([part.whole.above_negligible for part in self.parts], axis=0)
        below = self._number * np.min([part.whole.below_negligible for part in self.parts], axis=0)
        return np.asarray(np.minimum(1.0, 2 * np.maximum(above, below)))

    def mixed(self, alpha: float) -> Bool[np.ndarray, " run"]:
        """Whether comparisons, or tasks of one, disagree at alpha, corrected over all of the claim's."""
        found = _disagree([part.whole for part in self.parts], alpha / (2 * self._number))
        for part in self.parts:
            found = found | disagree(part, alpha, self._number)
        return found

    @property
    def _number(self) -> int:
        return len(self.parts) + self.others

    def outcomes(self, alpha: float, level: float | PerRun, equivalence: float | PerRun) -> np.ndarray:
        """Return each run's outcome: `level` and `equivalence` are what Holm leaves of alpha for the two tests."""
        conditions = [
            self.mixed(alpha),
            self.negligible <= equivalence,
            self.support <= level,
            self.refutation <= level,
        ]
        chosen = [Outcome.MIXED, Outcome.NEGLIGIBLE, Outcome.SUPPORTED, Outcome.REFUTED]
        return np.select(conditions, [outcome.value for outcome in chosen], Outcome.INCONCLUSIVE.value)


def disagree(part: TestedPart, alpha: float, parts: int) -> Bool[np.ndarray, " run"]:
    """Whether tasks of a comparison disagree, corrected over the tasks and comparisons of its claim."""
    return _disagree(part.tasks, alpha / (2 * parts * max(len(part.tasks), 1)))


def _disagree(tests: Sequence[Tested], level: float) -> Bool[np.ndarray, " run"]:
    if not tests:
        return np.array([False])
    names = ("holds", "fails", "large", "negligible")
    holds, fails, large, negligible = (np.min([getattr(t, name) for t in tests], axis=0) <= level for name in names)
    return np.asarray((holds & fails) | (large & negligible))
