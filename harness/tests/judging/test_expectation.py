"""Expected verdicts: how near each was to another, what a change means, and the file."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.evidence.checks import Check
from harness.judging.claims import Claim
from harness.judging.expectation import (
    Expectation,
    Expected,
    changes,
    expectation_of,
    failure,
    margin,
    read_expectation,
    write_expectation,
)
from harness.judging.verdicts import ControlResult, Verdict
from harness.settings import Settings
from harness.statistics import overall
from harness.statistics.results import Estimate, Outcome, PartResult

YES, NO, OPEN, ERROR = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE, Outcome.ERROR
HOLDS, FAILS = (Check("an identity", "a = b", 7, worst, 1e-16, "all") for worst in (0.5, 2.0))


def part(outcome: Outcome, low: float, high: float, *, error: float = 0.1, n: int = 40, name: str = "a") -> PartResult:
    """Return a comparison with this interval and standard error, its effect in the middle."""
    estimate = Estimate((low + high) / 2, low, high, 0.95, 0.01, n, error)
    return PartResult(name, "", estimate, 0.01, outcome, "", 0.1, "cosine")


def with_effect(of: PartResult, effect: float) -> PartResult:
    """Return the comparison with an effect that is not in the middle of its interval."""
    return replace(of, estimate=replace(of.estimate, effect=effect))


def verdict(*parts: PartResult, control: Sequence[PartResult] = (), outcome: Outcome | None = None) -> Verdict:
    """Return the verdict on these comparisons; support that the control has too is withdrawn."""
    passed = all(each.outcome is not YES for each in control)
    found = overall(parts) if parts else YES
    found = OPEN if found is YES and not passed else found
    words = Claim("C10", *["x"] * 9)
    result = ControlResult("", tuple(control), passed)
    return Verdict(words, outcome or found, "because", parts, result, subject="tiny")


def expected(before: Verdict) -> Expected:
    """Return what a verdict makes later runs expect."""
    found = expectation_of({}, [before]).of(before)
    assert found is not None
    return found


FAR, NEAR, EDGE = part(YES, 0.5, 0.9), part(YES, 0.2, 0.6), part(YES, 0.05, 0.45)
BELOW, ALMOST = part(NO, -0.9, -0.3), part(NO, -0.5, -0.1)
WIDE = part(OPEN, -0.2, 0.7)
UNCORRECTED = part(OPEN, 0.01, 0.4)
"""Its interval leaves 0 out, and Holm's correction does not reject."""
NULL = part(OPEN, -0.4, 0.3)
FEW = part(OPEN, math.nan, math.nan, error=math.nan, n=9)


@pytest.mark.parametrize(
    ("parts", "control", "errors"),
    [
        ([NEAR], [], 2.0),  # 0.2 above 0
        ([FAR, NEAR], [], 2.0),  # the nearer one would do
        ([BELOW], [], 3.0),  # 0.3 below 0
        ([BELOW, ALMOST, FAR], [], 3.0),  # both must move, or one is still refuted
        ([WIDE], [], 2.0),  # up to support, 0.2; down to refutation, 0.7
        ([part(OPEN, -0.7, 0.2)], [], 2.0),  # the other way round
        ([WIDE, FAR], [], 2.0),  # the supported part need not move
        ([WIDE, NULL], [], 3.0),  # support: 0.2 and 0.4, so 0.4; refutation: 0.3 of one is enough
        ([UNCORRECTED], [], 0.0),  # on the line already
        ([part(OPEN, -0.5, -0.02)], [], 0.0),  # as much on the other side
        ([FAR], [NULL], 4.0),  # the control's 0.4 up to support is nearer than the part's 0.5
        ([FAR], [BELOW], 5.0),  # and this one's 0.9 is not
        ([FAR], [EDGE], 0.5),  # withdrawn; the control's 0.05 would give it back
        ([WIDE], [NEAR], 2.0),  # support takes both, 0.2 each
        ([WIDE], [FAR], 5.0),  # and here 0.5 of the control; refutation would take 0.7
        ([BELOW], [EDGE], 3.0),  # a refutation stays, whatever the control says
        ([WIDE, FEW], [], 7.0),  # nobody knows what moves the second: refutation by the first is left
    ],
)
def test_margin_is_how_far_the_deciding_ends_must_move(
    parts: list[PartResult], control: list[PartResult], errors: float
) -> None:
    """In standard errors of 0.1, by hand, to the nearest of the other outcomes."""
    assert margin(verdict(*parts, control=control)) == pytest.approx(errors)


def test_margin_is_in_standard_errors() -> None:
    """The same interval is twice as many errors from 0 where they are half as large."""
    assert margin(verdict(part(YES, 0.2, 0.6, error=0.05))) == pytest.approx(4.0)


@pytest.mark.parametrize("found", [(), (FEW,), (part(YES, 0.2, 0.2, error=0.0),)])
def test_without_a_standard_error_there_is_no_margin(found: tuple[PartResult, ...]) -> None:
    """Exact claims, too few cases, and values that are all one."""
    assert margin(verdict(*found)) is None


def test_exact_statement_that_decided_has_no_margin() -> None:
    """An identity that fails, or holds with an error planted in it, decides whatever the comparisons say."""
    broken = replace(verdict(FAR, outcome=NO), checks=(HOLDS, FAILS))
    passes = replace(verdict(FAR, outcome=OPEN), control=ControlResult("", (), passed=False, checks=(HOLDS,)))
    sound = replace(verdict(FAR), checks=(HOLDS,), control=ControlResult("", (), passed=True, checks=(FAILS,)))
    assert [margin(broken), margin(passes)] == [None, None]
    assert margin(sound) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("before", "after", "fails"),
    [
        (verdict(NEAR), verdict(FAR), False),
        (verdict(NEAR), verdict(WIDE), True),
        (verdict(EDGE), verdict(WIDE), False),
        (verdict(part(YES, 0.1, 0.6)), verdict(WIDE), True),  # one standard error, to the digit
        (verdict(EDGE), verdict(BELOW), True),
        (verdict(part(NO, -0.5, -0.05)), verdict(EDGE), True),
        (verdict(part(NO, -0.5, -0.05)), verdict(NULL), False),
        (verdict(ALMOST), verdict(NULL), True),
        (verdict(UNCORRECTED), verdict(EDGE), False),
        (verdict(UNCORRECTED), verdict(BELOW), False),
        (verdict(WIDE), verdict(EDGE), True),
        (verdict(FEW), verdict(EDGE), True),
        (verdict(), verdict(outcome=OPEN), True),
        (verdict(), verdict(outcome=NO), True),
        (verdict(EDGE), replace(verdict(EDGE, outcome=OPEN), control=ControlResult("", (), False, (HOLDS,))), True),
        (verdict(EDGE), verdict(outcome=ERROR), True),
        (verdict(FAR), verdict(outcome=ERROR), True),
    ],
)
def test_change_fails_unless_it_was_within_a_standard_error(before: Verdict, after: Verdict, fails: bool) -> None:
    """From support to refutation and back always; an ERROR always; what is exact always."""
    why = failure(after, expected(before))
    assert bool(why) is fails
    assert why.startswith(f"expected {before.outcome}" if fails else "")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (EDGE, NULL, "SUPPORTED was expected, 0.5 standard errors from its edge, and INCONCLUSIVE came out"),
        (UNCORRECTED, BELOW, "INCONCLUSIVE was expected, 0 standard errors from its edge, and REFUTED came out"),
    ],
)
def test_change_that_fails_no_run_is_said(before: PartResult, after: PartResult, words: str) -> None:
    """What was expected, how near its edge it was, and what came out."""
    assert changes(verdict(after), expected(verdict(before)))[0] == words


def test_reference_runs_c10_is_said_and_fails_nothing() -> None:
    """On another processor Rec2FTP's interval left 0 out by a hair, where it had held it by less."""
    before = verdict(with_effect(part(OPEN, -0.002, 0.309, error=0.080, n=39), 0.167))
    after = verdict(with_effect(part(YES, 0.0135, 0.325, error=0.079, n=38), 0.184))
    assert (before.outcome, after.outcome) == (OPEN, YES)
    assert failure(after, expected(before)) == ""
    assert changes(after, expected(before)) == (
        "INCONCLUSIVE was expected, 0.025 standard errors from its edge, and SUPPORTED came out",
        "'a': effect 0.184, not 0.167 (moved by 0.017, other kernels move it by 0), n = 38, not 39",
    )


@pytest.mark.parametrize(
    ("effect", "n", "said"),
    [
        (0.7, 40, ()),
        (0.72, 40, ()),
        (0.731, 40, ("'a': effect 0.731, not 0.7 (moved by 0.031, other kernels move it by 0.03)",)),
        (0.669, 40, ("'a': effect 0.669, not 0.7 (moved by 0.031, other kernels move it by 0.03)",)),
        (0.7, 39, ("'a': n = 39, not 40",)),
        (math.nan, 40, ("'a': effect None, not 0.7",)),
    ],
)
def test_effect_that_moved_further_than_kernels_move_it_is_said(effect: float, n: int, said: tuple[str, ...]) -> None:
    """Whatever the verdict, in either direction, and with it the number of cases."""
    given = expectation_of({}, [verdict(FAR)], [[verdict(with_effect(FAR, 0.67))], [verdict(with_effect(FAR, 0.69))]])
    before = given.of(verdict(FAR))
    now = with_effect(part(YES, 0.5, 0.9, n=n), effect)
    assert before is not None
    assert changes(verdict(now), before) == said


def test_comparisons_that_came_or_went_are_said() -> None:
    """A comparison under another name is one less and one more."""
    other = replace(FAR, name="b")
    assert changes(verdict(other), expected(verdict(FAR))) == (
        "'a' was expected, and was not compared",
        "'b' was compared, and was not expected",
    )


def test_error_has_nothing_else_to_say() -> None:
    """What was not compared because of an error is no change of its own."""
    assert changes(verdict(outcome=ERROR), expected(verdict(FAR))) == ()


def test_effects_of_other_subjects_are_no_moves() -> None:
    """Only the same claim about the same subject says how far kernels move its effect."""
    here, there = verdict(FAR), replace(verdict(with_effect(FAR, 0.1)), subject="large")
    moved = replace(verdict(with_effect(FAR, 0.6)), subject="tiny")
    given = expectation_of({}, [here, there], [[there, moved]])
    moves = {v.subject: found.parts["a"].moves for v in (here, there) if (found := given.of(v)) is not None}
    assert moves == pytest.approx({"tiny": 0.1, "large": 0.0})


GIVEN = expectation_of({}, [verdict(FAR), replace(verdict(FAR), claim=Claim("C2", *["x"] * 9), subject="algebra")])


@pytest.mark.parametrize(
    ("selected", "existing", "judged", "missing"),
    [
        ({"C2", "C10"}, {"C2", "C10"}, {("C2", "algebra"), ("C10", "tiny")}, []),
        ({"C2", "C10"}, {"C2", "C10"}, {("C2", "algebra")}, ["C10 about tiny"]),
        ({"C2", "C10"}, {"C2", "C10"}, {("C2", "algebra"), ("C10", "large")}, ["C10 about tiny"]),
        ({"C2"}, {"C2", "C10"}, {("C2", "algebra")}, []),
        ({"C2"}, {"C2"}, {("C2", "algebra")}, ["C10 about tiny"]),
        ({"C2"}, {"C2", "C3"}, {("C2", "algebra")}, []),
        ({"C2", "C3"}, {"C2", "C3"}, {("C2", "algebra"), ("C3", "tiny")}, ["C10 about tiny"]),
    ],
)
def test_verdicts_that_a_run_lacks_are_named(
    selected: set[str], existing: set[str], judged: set[tuple[str, str]], missing: list[str]
) -> None:
    """Of claims that were selected; and of claims that exist no more, where all that exist were."""
    assert [said.split(":")[0] for said in GIVEN.missing(selected, existing, judged)] == missing


def test_expectation_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Verdicts and settings survive the file, what can't be measured too, and the settings still match the run's."""
    settings = Settings(learning_rates=(1e-3, 0.1))
    unknown = replace(verdict(with_effect(FEW, math.nan)), claim=Claim("C12", *["x"] * 9))
    given = expectation_of(settings.numbers, [verdict(FAR, replace(WIDE, name="b")), unknown])
    write_expectation(tmp_path / "e.json", given)
    back = read_expectation(tmp_path / "e.json")
    assert back == given
    assert back.differences(settings.numbers) == []
    assert json.loads((tmp_path / "e.json").read_text())["verdicts"]["C12"]["tiny"] == {
        "outcome": "INCONCLUSIVE",
        "margin": None,
        "parts": {"a": {"effect": None, "n": 9, "moves": 0.0}},
    }


def test_settings_that_differ_are_named(tmp_path: Path) -> None:
    """Each difference has both values; what decides no verdict (the store) is no difference."""
    expectation = Expectation(Settings().numbers, {})
    other = Settings(queries=7, store=tmp_path, batch_size=1)
    assert expectation.differences(other.numbers) == ["queries is 7, not 100"]


def test_setting_that_one_side_lacks_is_a_difference() -> None:
    """A file from before a setting existed is of another run."""
    numbers = Settings().numbers
    before = Expectation({name: value for name, value in numbers.items() if name != "alpha"} | {"beta": 1}, {})
    assert before.differences(numbers) == ["alpha is 0.05, not None", "beta is None, not 1"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "No such file"),
        ("", "Invalid JSON"),
        ("[]", "object"),
        ('{"settings": {}}', "verdicts: Field required"),
        ('{"settings": {}, "outcomes": {"C1": "SUPPORTED"}}', "verdicts: Field required"),
        ('{"settings": {}, "verdicts": {"C1": {"m": {"outcome": "MAYBE"}}}}', r"C1\.m\.outcome"),
        ('{"settings": 1, "verdicts": {}}', "settings"),
    ],
)
def test_file_that_cannot_be_used_is_one_error(tmp_path: Path, text: str | None, reason: str) -> None:
    """Missing, cut, of an older form or of none: one line names the file, what is wrong, and how one is made."""
    path = tmp_path / "e.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(HarnessError, match=rf"e\.json' can't be used .*{reason}.*python -m harness expect") as raised:
        read_expectation(path)
    assert "\n" not in str(raised.value)
