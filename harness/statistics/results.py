"""What statistics say: outcomes, estimates, judged comparisons, calibrations."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What the data say of a claim."""

    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Estimate:
    """An effect with its uncertainty. Effects are differences from the value under 'no effect', so 0 is null."""

    effect: float
    low: float
    high: float
    level: float
    """Confidence level of [low, high]: 1 - alpha after the family's correction."""
    p_value: float
    """Two-sided, against an effect of 0, uncorrected."""
    n: int
    """How many units were resampled."""
    standard_error: float
    degenerate: str = ""
    """Why there is no usable estimate, in words with numbers; empty where there is one."""


@dataclass(frozen=True)
class PartResult:
    """One comparison of a claim, judged."""

    name: str
    prediction: str
    estimate: Estimate
    p_holm: float
    outcome: Outcome
    reason: str
    smallest_detectable: float
    """Effect that this many units would find with 80 % power at the corrected level."""
    unit: str
    """Name of the effect's scale, such as 'accuracy', 'cosine', 'tau'."""


@dataclass(frozen=True)
class Calibration:
    """How often a claim's decision rule says SUPPORTED, without an effect and with one."""

    claim: str
    runs: int
    """Simulated runs behind each share: its standard error is sqrt(share (1 - share) / runs)."""
    examples: tuple[int, ...]
    """Test examples drawn a task."""
    false_support: float
    """Share of runs SUPPORTED with no effect in any claim of the family."""
    effect: tuple[float, ...] | None
    """Of each part, where one was given."""
    power: float | None
    """Share of runs SUPPORTED with the effects given, in the whole family; None where this claim was given none."""
    needed: int | None
    """Examples a task that reach a power of 0.8; None where power does already or is None, or where none up to the
    limit of the search do."""
