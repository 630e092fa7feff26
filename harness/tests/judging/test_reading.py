"""The overall reading: each branch of its rule on verdicts made by hand, and the order in which verdicts are read."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from claims.levels import LEVELS
from harness.judging import reading
from harness.judging.claims import Claim
from harness.judging.reading import Level, Reading, in_reading_order, readings
from harness.judging.verdicts import ControlResult, Verdict
from harness.statistics.results import Estimate, Outcome, PartResult

YES, NO, OPEN, ERROR = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE, Outcome.ERROR
SMALL, MIXED, UNTESTABLE = Outcome.NEGLIGIBLE, Outcome.MIXED, Outcome.NOT_TESTABLE


def _verdict(
    claim: str,
    outcome: Outcome,
    parts: Mapping[str, Outcome] | None = None,
    *,
    passed: bool = True,
    qualifies: tuple[str, ...] = (),
) -> Verdict:
    """Return a verdict with parts of these names and outcomes, or one part of the verdict's own."""
    estimate = Estimate(0.1, 0.0, 0.2, 0.95, 0.01, 40, 5, 1, 0.05, 4.0)
    given = parts or {"a part": outcome}
    judged = tuple(PartResult(name, "", estimate, each, "", 0.1, "cosine") for name, each in given.items())
    words = Claim(claim, *["x"] * 9, qualifies=qualifies)
    return Verdict(words, outcome, "", judged, ControlResult("", (), passed))


def _reading(level: str, *verdicts: Verdict) -> str:
    return {found.level: found.terms for found in readings(verdicts, LEVELS)}[level]


@pytest.mark.parametrize(
    ("c12", "c13", "paper"),
    [
        (YES, YES, "supported as the paper states it (C12 supported, C13 supported)"),
        (YES, NO, "mixed (C12 supported, C13 refuted)"),
        (MIXED, YES, "mixed (C12 mixed, C13 supported)"),
        (OPEN, NO, "refuted as the paper states it (C12 inconclusive, C13 refuted)"),
        (UNTESTABLE, NO, "refuted as the paper states it (C12 not testable, C13 refuted)"),
        (YES, OPEN, "undecided (C12 supported, C13 inconclusive)"),
        (SMALL, OPEN, "undecided (C12 negligible, C13 inconclusive)"),
        (OPEN, OPEN, "undecided (C12 inconclusive, C13 inconclusive)"),
        (YES, UNTESTABLE, "not testable here (C12 supported, C13 not testable)"),
        (SMALL, YES, "too small to matter (C12 negligible, C13 supported)"),
    ],
)
def test_terms_begin_with_the_papers_own_claims(c12: Outcome, c13: Outcome, paper: str) -> None:
    """What the weakest of them says; without rivals it says that there were none."""
    found = _reading("Attention", _verdict("C12", c12), _verdict("C13", c13))
    assert found == f"{paper}; rival explanations were not tested."


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (YES, "more than ICL's own accuracy explains (O3)"),
        (NO, "less than ICL's own accuracy explains (O3)"),
        (OPEN, "not shown to be more than ICL's own accuracy explains (O3)"),
    ],
)
def test_rival_has_words_for_each_outcome(outcome: Outcome, words: str) -> None:
    """They follow the paper's own verdict, whatever that was."""
    found = _reading("Prediction", _verdict("O3", outcome), _verdict("C10", NO))
    assert found == f"refuted as the paper states it (C10 refuted); {words}."


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (SMALL, "the difference is too small to matter"),
        (MIXED, "tasks or measures disagree"),
        (UNTESTABLE, "not testable here"),
    ],
)
def test_rival_that_is_neither_says_why(outcome: Outcome, why: str) -> None:
    """It does not show what it would show if it were supported."""
    found = _reading("Prediction", _verdict("O3", outcome), _verdict("C10", YES))
    assert f"; not shown to be more than ICL's own accuracy explains: {why} (O3)." in found


def test_rival_that_cannot_be_tested_shows_nothing_by_its_parts() -> None:
    """Whatever its comparisons would say."""
    o3 = _verdict("O3", UNTESTABLE, {"a part": YES})
    assert ": not testable here (O3)." in _reading("Prediction", o3, _verdict("C10", YES))


@pytest.mark.parametrize(
    ("outcomes", "weakest"),
    [
        ([], OPEN),
        ([YES, YES], YES),
        ([YES, SMALL], SMALL),
        ([YES, SMALL, OPEN], OPEN),
        ([YES, OPEN, UNTESTABLE], UNTESTABLE),
        ([OPEN, UNTESTABLE, NO], NO),
        ([YES, OPEN, NO], MIXED),
        ([NO, MIXED], MIXED),
    ],
)
def test_several_say_what_the_weakest_says(outcomes: list[Outcome], weakest: Outcome) -> None:
    """Support only where all have it; where one has it and another the contrary they are mixed."""
    assert reading.weakest(outcomes) is weakest
    assert reading.weakest(outcomes[::-1]) is weakest


@pytest.mark.parametrize("outcome", [YES, NO, SMALL, MIXED, OPEN, UNTESTABLE])
def test_plain_sentence_is_the_levels_own_for_its_weakest_claim(outcome: Outcome) -> None:
    """C12 is supported and C13 is not: the level says what C13 does; beside a contrary it is mixed. Rivals are none."""
    plain = {each: f"in words: {each.lower()}" for each in Outcome}
    level = Level("Attention", ("C12", "C13"), (), plain=plain)
    (found,) = readings([_verdict("C12", YES), _verdict("C13", outcome), _verdict("O1", NO)], [level])
    assert found.plain == f"in words: {'mixed' if outcome is NO else outcome.lower()}"


def test_rivals_follow_in_the_levels_order() -> None:
    """O3 before O8, however they were judged; O1 says nothing of predictions."""
    found = _reading("Prediction", *(_verdict(c, YES) for c in ("O8", "O1", "C10", "O3")))
    assert [found.index(f"({claim})") for claim in ("O3", "O8")] == sorted(found.index(f"({c})") for c in ("O3", "O8"))
    assert "O1" not in found


def test_only_the_levels_own_comparisons_speak() -> None:
    """SimAOU is larger in the trained model, and the rest smaller: O1 is mixed, and of each level it is one of both."""
    o1 = _verdict("O1", MIXED, {"SimAOU: over fresh": YES, "SimAM: over fresh": NO, "Kendall: over fresh": NO})
    verdicts = [o1, *(_verdict(c, YES) for c in ("C11", "C12", "C13"))]
    assert "; specific to the trained model (O1)." in _reading("Representation", *verdicts)
    assert "; not specific to trained models (O1)." in _reading("Attention", *verdicts)


def test_one_open_comparison_of_the_level_leaves_it_open() -> None:
    """Both of O1's comparisons of SimAOU must be supported."""
    o1 = _verdict("O1", OPEN, {"SimAOU: over fresh": YES, "SimAOU: over shuffled": OPEN})
    assert "not shown to be specific to trained models (O1)" in _reading("Representation", _verdict("C11", YES), o1)


def test_comparisons_that_were_not_made_leave_it_open() -> None:
    """A rival none of whose comparisons belongs to the level shows nothing of it."""
    o7 = _verdict("O7", YES, {"SimAM on differences": YES})
    assert "whether FT or layer-causal descent is closer to ICL is open (O7)" in _reading(
        "Representation", _verdict("C11", YES), o7
    )


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (YES, "not shown to be more than ICL's own accuracy explains"),
        (NO, "less than ICL's own accuracy explains"),
    ],
)
def test_failed_control_takes_support_away_and_leaves_a_refutation(outcome: Outcome, words: str) -> None:
    """As with any verdict: support that the control has too is none; a refutation stays."""
    assert f"; {words} (O3)." in _reading("Prediction", _verdict("C10", YES), _verdict("O3", outcome, passed=False))


def test_level_whose_claims_were_not_all_judged_has_no_sentence() -> None:
    """C13 is missing, or stopped by an error: nothing is said of attention, whatever the rivals found."""
    verdicts = [_verdict("C12", YES), _verdict("O1", YES)]
    assert readings(verdicts, LEVELS) == ()
    assert readings([*verdicts, _verdict("C13", ERROR)], LEVELS) == ()
    assert [found.level for found in readings([*verdicts, _verdict("C13", YES)], LEVELS)] == ["Attention"]


def test_verdicts_about_different_subjects_are_read_apart() -> None:
    """C12 of one model and C13 of another make no level; a level of each model has a sentence of each."""
    of_one, of_other = (replace(_verdict("C10", outcome), subject=s) for outcome, s in ((YES, "one"), (NO, "other")))
    c12, c13 = replace(_verdict("C12", YES), subject="one"), replace(_verdict("C13", YES), subject="other")
    given = [of_one, c12, of_other, c13, replace(_verdict("O3", YES), subject="other")]
    assert [(found.level, found.subject) for found in readings(given, LEVELS)] == [
        ("Prediction", "one"),
        ("Prediction", "other"),
    ]
    assert [found.terms.split(" ")[0] for found in readings(given, LEVELS)] == ["supported", "refuted"]
    assert ["(O3)" in found.terms for found in readings(given, LEVELS)] == [False, True]


def test_levels_of_another_suite_are_read_by_the_same_rule() -> None:
    """With words of its own, and none of a paper; without plain words it has its terms alone."""
    said = readings([replace(_verdict("A1", YES), subject="coin")], [Level("Fairness", ("A1",), ())])
    sentence = "supported as stated (A1 supported); rival explanations were not tested."
    assert said == (Reading("Fairness", "coin", "", sentence),)


def test_rival_that_was_stopped_is_left_out() -> None:
    """An error says nothing of the claim."""
    assert _reading("Prediction", _verdict("C10", YES), _verdict("O3", ERROR)).endswith("were not tested.")


def _order(*claims: tuple[str, tuple[str, ...]]) -> str:
    verdicts = [_verdict(claim, YES, qualifies=qualifies) for claim, qualifies in claims]
    return " ".join(verdict.claim.id for verdict in in_reading_order(verdicts))


def test_numbers_of_ids_count_as_numbers() -> None:
    """C2 before C10, and letters before numbers."""
    assert _order(("Q1", ()), ("C10", ()), ("O1", ()), ("C2", ())) == "C2 C10 O1 Q1"


def test_rival_stands_behind_the_last_claim_that_it_speaks_of() -> None:
    """O1 speaks of C11 and C12 and stands behind C12; O2 behind O1; Q3 behind the claim it speaks of."""
    given = (
        ("O2", ("C12",)),
        ("Q3", ("C9",)),
        ("O1", ("C12", "C11")),
        ("C13", ()),
        ("C9", ()),
        ("C12", ()),
        ("C11", ()),
    )
    assert _order(*given) == "C9 Q3 C11 C12 O1 O2 C13"


def test_rival_whose_claims_did_not_run_stands_by_its_own_id() -> None:
    """Where C12 did not run, O1 stands behind C11; where neither did, among the others by its letter."""
    rival = ("O1", ("C11", "C12"))
    assert _order(("C13", ()), rival, ("C11", ())) == "C11 O1 C13"
    assert _order(("Q1", ()), rival, ("C13", ())) == "C13 O1 Q1"


def test_order_keeps_every_verdict_as_it_is() -> None:
    """Nothing is lost or changed, and what is in order stays so."""
    verdicts = tuple(replace(_verdict(claim, OPEN), notes=(claim,)) for claim in ("C1", "C2", "O1"))
    assert in_reading_order(verdicts[::-1]) == verdicts == in_reading_order(verdicts)
