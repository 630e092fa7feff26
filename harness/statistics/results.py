"""What statistics say: outcomes, estimates, judged comparisons, judged claims, calibrations."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What the data say of a claim. Where several fit it is the first, as `harness.statistics.judgement` has them."""

    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    NEGLIGIBLE = "NEGLIGIBLE"
    """The effect is smaller than any that would matter, whatever its sign."""
    MIXED = "MIXED"
    """Parts or tasks say opposite things, each beyond chance."""
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_TESTABLE = "NOT TESTABLE"
    """What the claim presupposes does not hold here."""
    ERROR = "ERROR"


@dataclass(frozen=True)
class Estimate:
    """An effect with its uncertainty. Effects are differences from the value under 'no effect', so 0 is null."""

    effect: float
    low: float
    high: float
    level: float
    """Confidence level of [low, high]."""
    p_value: float
    """Two-sided, against an effect of 0, uncorrected: the same test that the interval inverts."""
    n: int
    """How many distinct examples count."""
    sets: int
    """How many demonstration sets, or training runs, a task."""
    draws: int
    """How many draws of what is drawn beside them."""
    standard_error: float
    freedom: float
    """Degrees of freedom, Satterthwaite's; infinite where the variance is the binomial's."""
    degenerate: str = ""
    """Why there is no usable estimate, in words with numbers; empty where there is one."""


@dataclass(frozen=True)
class TaskResult:
    """A comparison on one task alone, or with one task left out."""

    task: str
    effect: float
    low: float
    high: float
    level: float
    outcome: Outcome
    """SUPPORTED or REFUTED where the interval leaves 0 out (of `alike`: lies within or beyond what matters), else
    INCONCLUSIVE."""


@dataclass(frozen=True)
class PartResult:
    """One comparison of a claim, judged."""

    name: str
    prediction: str
    estimate: Estimate
    outcome: Outcome
    reason: str
    smallest_detectable: float
    """Effect that this design would find with 80 % power at the interval's level."""
    unit: str
    """Name of the effect's scale, such as 'accuracy', 'cosine', 'tau'."""
    matters: float = 0.0
    """The smallest effect that would matter, fixed beforehand; 0 where none is."""
    alike: bool = False
    """Whether it says that the effect is smaller than what matters, not that it is above 0."""
    by_task: tuple[TaskResult, ...] = ()
    """Each task alone, corrected over tasks and parts of the claim; none where there is one task."""
    without: tuple[TaskResult, ...] = ()
    """All tasks but the one named, at the comparison's own level: descriptive."""


@dataclass(frozen=True)
class ClaimResult:
    """A claim's comparisons, judged together."""

    outcome: Outcome
    parts: tuple[PartResult, ...]
    reason: str
    p_value: float
    """Of SUPPORTED or REFUTED, whichever is nearer: two-sided, uncorrected. NaN where there is none."""
    p_holm: float
    """The same corrected over the claims of the family."""
    p_negligible: float
    """Of the equivalence test, two-sided, corrected over the family's claims that have one. NaN where there is none."""
    margin: float | None = None
    """How far the outcome is from any other, in standard errors of what must move for it; None where unknown."""


@dataclass(frozen=True)
class Calibration:
    """How often a claim's decision rule errs under the null that is worst for it, and how often it finds an effect.

    Shares of simulated runs with this run's own sets, draws and examples; the standard error of a share is
    sqrt(share (1 - share) / runs).
    """

    claim: str
    runs: int
    sets: int
    draws: int
    examples: tuple[int, ...]
    """A task."""
    false_support: float
    """SUPPORTED where one comparison has no effect and the others have large ones; of the worst comparison."""
    false_refutation: float
    """REFUTED where no comparison has an effect."""
    false_negligible: float
    """NEGLIGIBLE where every comparison's effect is just what matters, or one's is that below 0 and no other is in
    its way, whichever is worse."""
    power: float | None
    """SUPPORTED where every comparison's effect is just what matters; None where none is fixed."""
    power_printed: float | None
    """SUPPORTED with the effects that the paper prints; None where it prints none."""
    printed: tuple[float, ...] = ()
