"""Numbers of the report, against what a reader would write by hand."""

import math

import pytest

from harness.report import numbers
from harness.statistics.results import Estimate


def estimate(effect: float, low: float, high: float) -> Estimate:
    """Return an estimate of which only the effect and its interval matter."""
    return Estimate(effect, low, high, 0.95, 0.01, 100, 5, 1, 0.1, 4.0)


def test_accuracy_is_written_in_percentage_points() -> None:
    """A gain of 0.0516 with an interval 5.9 points wide is read as 5.2 points."""
    gain = estimate(0.0516, 0.022, 0.081)
    assert numbers.effect(gain, "accuracy") == "+5.2 pp"
    assert numbers.interval(gain, "accuracy") == "[+2.2, +8.1]"


def test_cosine_keeps_its_own_scale() -> None:
    """An interval 0.018 wide is written with three decimals: two digits of its width."""
    similarity = estimate(0.192, 0.183, 0.201)
    assert numbers.effect(similarity, "cosine") == "+0.192"
    assert numbers.interval(similarity, "cosine") == "[+0.183, +0.201]"


@pytest.mark.parametrize(("width", "decimals"), [(30.0, 2), (0.3, 2), (0.018, 3), (0.0018, 4), (1e-9, 5)])
def test_digits_follow_the_width_of_the_interval(width: float, decimals: int) -> None:
    """Two significant digits of the width, within 2 to 5 decimals: 0.018 asks for 3."""
    assert numbers.decimals_for(estimate(0, -width / 2, width / 2), "tau") == decimals


def test_minus_is_the_real_one_and_zero_has_no_sign() -> None:
    """A hyphen is no minus, and what rounds to zero is neither negative nor positive."""
    assert [numbers.number(v, 2, signed=True) for v in (-0.25, -0.001, 0.25)] == [
        "\N{MINUS SIGN}0.25",
        "0.00",
        "+0.25",
    ]


def test_missing_numbers_are_a_dash(no_estimate: Estimate) -> None:
    """Nothing is shown where nothing was measured: no 'nan' reaches a reader."""
    shown = [numbers.number(None), numbers.number(math.inf), numbers.effect(no_estimate, "accuracy")]
    shown += [
        numbers.interval(no_estimate, "tau"),
        numbers.magnitude(math.nan, "tau"),
        numbers.p_value(math.nan),
    ]
    shown += [numbers.level(math.nan), numbers.duration(math.nan), numbers.cell(None, 1, percent=True)]
    assert set(shown) == {"\N{EN DASH}"}


@pytest.mark.parametrize(("p", "text"), [(0.00099, "< 0.001"), (0.001, "0.001"), (0.0416, "0.042"), (1.0, "1.000")])
def test_small_p_values_are_only_said_to_be_small(p: float, text: str) -> None:
    """Below 0.001 a p-value's digits say nothing more."""
    assert numbers.p_value(p) == text


@pytest.mark.parametrize(
    ("level", "text"), [(0.95, "95 %"), (1 - 0.05 / 6, "99.17 %"), (0.995, "99.5 %"), (0.9, "90 %")]
)
def test_levels_are_written_without_idle_zeros(level: float, text: str) -> None:
    """1 - 0.05 / 6 is 99.1667 %."""
    assert numbers.level(level) == text


def test_sizes_have_no_sign_and_two_digits() -> None:
    """0.0612 of accuracy is 6.1 points; 0.0171 of cosine is 0.017."""
    assert (numbers.magnitude(-0.0612, "accuracy"), numbers.magnitude(0.0171, "cosine")) == (
        "6.1 pp",
        "0.017",
    )


def test_a_fraction_in_a_percent_table_is_multiplied_by_100() -> None:
    """0.714 is 71.4 percent."""
    assert (numbers.cell(0.714, 1, percent=True), numbers.cell(0.714, 2, percent=False)) == ("71.4", "0.71")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (42.4, "42 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)
def test_time_spans_read_as_a_clock_does(seconds: float, text: str) -> None:
    """7620 s = 2 h + 420 s."""
    assert numbers.duration(seconds) == text


def test_hyphens_of_words_and_exponents_are_left_alone() -> None:
    """Only a hyphen that begins a number is a minus."""
    assert numbers.with_minus("-0.2, SST-2, 1e-3, 2-3") == "\N{MINUS SIGN}0.2, SST-2, 1e-3, 2-3"
