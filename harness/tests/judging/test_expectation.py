"""Expected verdicts: what a change means, how near its edge it was, and the file."""

import json
import math
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.evidence.checks import Check
from harness.judging.claims import Claim
from harness.judging.expectation import (
    FORMAT_VERSION,
    Expectation,
    Expected,
    changes,
    expectation_of,
    failure,
    read_expectation,
    write_expectation,
)
from harness.judging.verdicts import ControlResult, Verdict
from harness.settings import Settings
from harness.statistics.results import Estimate, Outcome, PartResult

YES, NO, OPEN, ERROR = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE, Outcome.ERROR
SMALL, MIXED, UNTESTABLE = Outcome.NEGLIGIBLE, Outcome.MIXED, Outcome.NOT_TESTABLE
HOLDS, FAILS = (Check("an identity", "a = b", 7, worst, 1e-16, "all") for worst in (0.5, 2.0))


def part(effect: float, *, n: int = 40, name: str = "a") -> PartResult:
    """Return a comparison with this effect."""
    estimate = Estimate(effect, effect - 0.2, effect + 0.2, 0.95, 0.01, n, 5, 1, 0.1, 4.0)
    return PartResult(name, "", estimate, YES, "", 0.1, "cosine")


def verdict(outcome: Outcome, margin: float | None = None, *parts: PartResult, near: float | None = None) -> Verdict:
    """Return a verdict with this margin, and this distance from being testable or not."""
    words, result = Claim("C10", *["x"] * 9), ControlResult("", (), passed=True)
    return Verdict(words, outcome, "because", parts, result, subject="tiny", margin=margin, presupposed=near)


def expected(before: Verdict) -> Expected:
    """Return what a verdict makes later runs expect."""
    found = expectation_of({}, [before]).of(before)
    assert found is not None
    return found


JUDGED = (YES, NO, SMALL, MIXED, OPEN)
"""What comparisons decide between."""


@pytest.mark.parametrize(("before", "after"), [*product(JUDGED, JUDGED)])
def test_change_between_judged_outcomes_fails_unless_it_was_within_a_standard_error(
    before: Outcome, after: Outcome
) -> None:
    """Support turned into refutation, or back, always; any other from a margin of 1 on, or where there is none."""
    always, never = {before, after} == {YES, NO}, before is after
    for margin, beyond in ((0.0, False), (0.99, False), (1.0, True), (5.0, True), (None, True)):
        why = failure(verdict(after, 0.1, near=0.1), expected(verdict(before, margin, near=0.1)))
        assert bool(why) is (not never and (always or beyond)), (margin, why)
        assert why.startswith(f"expected {before}" if why else "")


@pytest.mark.parametrize("judged", JUDGED)
@pytest.mark.parametrize("way", ["to", "from"])
def test_no_margin_of_comparisons_excuses_what_can_be_tested_no_more(judged: Outcome, way: str) -> None:
    """Whether it can be is decided by what it presupposes: that was near its number, or the run fails."""
    before, after = (UNTESTABLE, judged) if way == "from" else (judged, UNTESTABLE)
    for near, fails in ((None, True), (1.0, True), (0.99, False), (0.0, False)):
        why = failure(verdict(after), expected(verdict(before, 0.1, near=near)))
        assert bool(why) is fails, (near, why)
        assert why.startswith(f"expected {before}" if fails else "")


@pytest.mark.parametrize("before", Outcome)
def test_error_always_fails(before: Outcome) -> None:
    """However near its edge the verdict was that could not be judged this time."""
    assert failure(verdict(ERROR), expected(verdict(before, 0.0, near=0.0))).endswith("it could not be judged")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (verdict(YES), verdict(OPEN), "which no rounding changes"),
        (verdict(YES, 2.5), verdict(OPEN), "which was 2.5 standard errors from any other verdict"),
        (verdict(YES, near=2.5), verdict(UNTESTABLE), "2.5 standard errors from what decides whether it can be tested"),
        (verdict(UNTESTABLE), verdict(YES), "how near to its edge what it presupposes was is not known"),
        (verdict(YES, 0.5), verdict(NO, 0.5), "expected SUPPORTED"),
    ],
)
def test_failure_says_how_far_from_its_edge_it_was(before: Verdict, after: Verdict, why: str) -> None:
    """And which edge that is."""
    assert failure(after, expected(before)).endswith(why)


def test_exact_statement_that_decides_is_no_rounding() -> None:
    """An identity that fails, or a planted error that goes unseen, whatever margin the comparisons had."""
    broken = replace(verdict(NO), checks=(HOLDS, FAILS))
    unseen = replace(verdict(OPEN), control=ControlResult("", (), passed=False, checks=(HOLDS,)))
    sound = replace(verdict(OPEN), checks=(HOLDS,), control=ControlResult("", (), passed=True, checks=(FAILS,)))
    near = expected(verdict(SMALL, 0.1))
    assert [bool(failure(after, near)) for after in (broken, unseen, sound)] == [True, True, False]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            verdict(YES, 0.5),
            OPEN,
            "SUPPORTED was expected, 0.5 standard errors from its edge, and INCONCLUSIVE came out",
        ),
        (verdict(OPEN, 0.0), NO, "INCONCLUSIVE was expected, 0 standard errors from its edge, and REFUTED came out"),
        (
            verdict(MIXED, 5.0, near=0.25),
            UNTESTABLE,
            "MIXED was expected, 0.25 standard errors from its edge, and NOT TESTABLE came out",
        ),
    ],
)
def test_change_that_fails_no_run_is_said(before: Verdict, after: Outcome, words: str) -> None:
    """What was expected, how near its edge it was, and what came out; and nothing where it fails or is the same."""
    assert changes(verdict(after), expected(before)) == (words,)
    assert changes(before, expected(before)) == ()
    assert changes(verdict(after), expected(replace(before, margin=5.0, presupposed=5.0))) == ()


FOUND = verdict(YES, 5.0, part(0.7))


def test_reference_runs_c10_is_said_and_fails_nothing() -> None:
    """On another processor Rec2FTP's interval left 0 out by a hair, where it had held it by less."""
    before, after = verdict(OPEN, 0.025, part(0.167, n=39)), verdict(YES, 0.17, part(0.184, n=38))
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
    given = expectation_of({}, [FOUND], [[replace(FOUND, parts=(part(other),))] for other in (0.67, 0.69)])
    before = given.of(FOUND)
    assert before is not None
    assert changes(replace(FOUND, parts=(part(effect, n=n),)), before) == said


def test_comparisons_that_came_or_went_are_said() -> None:
    """A comparison under another name is one less and one more."""
    assert changes(replace(FOUND, parts=(part(0.7, name="b"),)), expected(FOUND)) == (
        "'a' was expected, and was not compared",
        "'b' was compared, and was not expected",
    )


def test_error_has_nothing_else_to_say() -> None:
    """What was not compared because of an error is no change of its own."""
    assert changes(verdict(ERROR), expected(FOUND)) == ()


def test_effects_of_other_subjects_are_no_moves() -> None:
    """Only the same claim about the same subject says how far kernels move its effect."""
    here, there = FOUND, replace(FOUND, parts=(part(0.1),), subject="large")
    moved = replace(FOUND, parts=(part(0.6),))
    given = expectation_of({}, [here, there], [[there, moved]])
    moves = {v.subject: found.parts["a"].moves for v in (here, there) if (found := given.of(v)) is not None}
    assert moves == pytest.approx({"tiny": 0.1, "large": 0.0})


GIVEN = expectation_of({}, [FOUND, replace(FOUND, claim=Claim("C2", *["x"] * 9), subject="algebra")])


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
    unknown = replace(verdict(OPEN, None, part(math.nan, n=9)), claim=Claim("C12", *["x"] * 9))
    untestable = replace(verdict(UNTESTABLE, near=1.5), claim=Claim("C13", *["x"] * 9))
    two = replace(FOUND, parts=(part(0.7), part(0.1, name="b")))
    given = expectation_of(settings.numbers, [two, unknown, untestable])
    write_expectation(tmp_path / "e.json", given)
    back = read_expectation(tmp_path / "e.json")
    assert back == given
    assert back.differences(settings.numbers) == []
    written = json.loads((tmp_path / "e.json").read_text())
    assert written["format_version"] == FORMAT_VERSION
    assert written["verdicts"]["C12"]["tiny"] == {
        "outcome": "INCONCLUSIVE",
        "margin": None,
        "presupposed": None,
        "parts": {"a": {"effect": None, "n": 9, "moves": 0.0}},
    }
    assert written["verdicts"]["C13"]["tiny"] == {
        "outcome": "NOT TESTABLE",
        "margin": None,
        "presupposed": 1.5,
        "parts": {},
    }


def test_settings_that_differ_are_named(tmp_path: Path) -> None:
    """Each difference has both values; what decides no verdict (the store) is no difference."""
    expectation = Expectation(Settings().numbers, {})
    other = Settings(queries=7, store=tmp_path, batch_size=1)
    assert expectation.differences(other.numbers) == ["queries is 7, not 40"]


def test_expectation_of_several_models_holds_for_each_of_them_alone() -> None:
    """For a run of one of them; not for another model's, nor where anything else differs. One model's is its own."""
    numbers = Settings(model="a").numbers
    of_both = Expectation({**numbers, "model": ["a", "b"]}, {})
    assert of_both.differences(numbers) == []
    assert of_both.differences({**numbers, "model": "b", "queries": 7}) == ["queries is 7, not 40"]
    assert of_both.differences({**numbers, "model": "c"}) == ["model is 'c', not ['a', 'b']"]
    assert Expectation(numbers, {}).differences({**numbers, "model": "b"}) == ["model is 'b', not 'a'"]


def test_setting_that_one_side_lacks_is_a_difference() -> None:
    """A file from before a setting existed is of another run."""
    numbers = Settings().numbers
    before = Expectation({name: value for name, value in numbers.items() if name != "alpha"} | {"beta": 1}, {})
    assert before.differences(numbers) == ["alpha is 0.05, not None", "beta is None, not 1"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "No such file"),
        ("", "Expecting value"),
        ("[]", "object"),
        ('{"settings": {}, "verdicts": {}}', "format_version is None, and this suite reads 3"),
        ('{"settings": {}, "verdicts": {}, "format_version": 2}', "format_version is 2, and this suite reads 3"),
        ('{"format_version": 3, "settings": {}}', "verdicts: Field required"),
        ('{"format_version": 3, "settings": {}, "outcomes": {"C1": "SUPPORTED"}}', "verdicts: Field required"),
        ('{"format_version": 3, "settings": {}, "verdicts": {"C1": {"m": {"outcome": "MAYBE"}}}}', r"C1\.m\.outcome"),
        ('{"format_version": 3, "settings": 1, "verdicts": {}}', "settings"),
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
