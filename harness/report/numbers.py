"""How the report writes a number: digits as its uncertainty asks, a real minus, percent where natural."""

import math
import re

from harness.statistics.results import Estimate

MISSING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
PERCENT_UNITS = frozenset({"accuracy", "fraction", "accuracy per tenfold size"})
SMALLEST_P = 0.001
MOST_DECIMALS = 5


def scale(unit: str) -> float:
    """Return the factor from stored to shown values: 100 for fractions, shown in percent, else 1."""
    return 100.0 if unit in PERCENT_UNITS else 1.0


def scale_name(unit: str) -> str:
    """Return what a difference on this scale is counted in.

    >>> scale_name("accuracy"), scale_name("cosine")
    ('accuracy, percentage points', 'cosine')
    """
    return f"{unit}, percentage points" if unit in PERCENT_UNITS else unit


def number(value: float | None, decimals: int = 3, *, signed: bool = False) -> str:
    """Write a number with fixed decimals; None, NaN and infinities are a dash, and zero bears no sign.

    >>> number(0.251, 2), number(-0.0001, 2), number(0.5, 1, signed=True)
    ('0.25', '0.00', '+0.5')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    digits = f"{abs(value):.{decimals}f}"
    if not digits.strip("0."):
        return digits
    return (MINUS if value < 0 else "+" if signed else "") + digits


def tiny(value: float) -> str:
    """Write an error of any size with two digits; an infinite or missing one is a dash.

    >>> tiny(0.0), tiny(0.25), tiny(3.2e-16)
    ('0', '0.25', '3.2e-16')
    """
    return f"{value:.2g}" if math.isfinite(value) else MISSING


def cell(value: float | None, decimals: int, *, percent: bool) -> str:
    """Write a table's cell: with `percent`, a fraction of 1 is shown times 100."""
    return number(None if value is None else value * (100.0 if percent else 1.0), decimals)


def decimals_for(estimate: Estimate, unit: str) -> int:
    """Return how many decimals show two significant digits of the interval's width.

    At least 1 in percent and 2 elsewhere, at most 5; where there is no interval, 1 and 3.
    """
    least = 1 if unit in PERCENT_UNITS else 2
    width = abs(estimate.high - estimate.low) * scale(unit)
    if not math.isfinite(width) or width == 0:
        return 1 if unit in PERCENT_UNITS else 3
    return min(max(1 - math.floor(math.log10(width)), least), MOST_DECIMALS)


def effect(estimate: Estimate, unit: str) -> str:
    """Write the effect, signed, as a difference: '+3.2 pp' (percentage points) or '+0.124'."""
    text = number(estimate.effect * scale(unit), decimals_for(estimate, unit), signed=True)
    return f"{text} pp" if unit in PERCENT_UNITS and text != MISSING else text


def interval(estimate: Estimate, unit: str) -> str:
    """Write the corrected interval with the effect's digits: '[+1.0, +5.4]'; a dash where there is none."""
    if not (math.isfinite(estimate.low) or math.isfinite(estimate.high)):
        return MISSING
    decimals = decimals_for(estimate, unit)
    ends = (number(end * scale(unit), decimals, signed=True) for end in (estimate.low, estimate.high))
    return f"[{', '.join(ends)}]"


def magnitude(value: float, unit: str) -> str:
    """Write the size of an effect without a sign: '4.1 pp' or '0.032', to two significant digits."""
    shown = abs(value) * scale(unit)
    if not math.isfinite(shown):
        return MISSING
    decimals = 1 if shown == 0 else min(max(1 - math.floor(math.log10(shown)), 1), MOST_DECIMALS)
    return number(shown, decimals) + (" pp" if unit in PERCENT_UNITS else "")


def p_value(value: float) -> str:
    """Write a p-value with three decimals; below 0.001 it is only said to be below."""
    return f"< {SMALLEST_P}" if value < SMALLEST_P else number(value)


def with_minus(text: str) -> str:
    """Write the negative numbers of a sentence with a real minus sign; other hyphens stay.

    >>> with_minus("-0.2 on SST-2, at 1e-3, in 2-3 tasks") == f"{MINUS}0.2 on SST-2, at 1e-3, in 2-3 tasks"
    True
    """
    return re.sub(r"(?<![\w.-])-(?=\.?\d)", MINUS, text)


def level(value: float) -> str:
    """Write a confidence level in percent, with no more digits than it has: '95 %', '99.17 %'."""
    return f"{value * 100:.2f}".rstrip("0").rstrip(".") + " %" if math.isfinite(value) else MISSING


def duration(seconds: float) -> str:
    """Write a time span: '0.4 s', '42 s', '3 min 05 s' or '2 h 07 min'."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 10:  # noqa: PLR2004 - below ten seconds a tenth is worth reading
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
