"""Errors planted in what verdicts are held to, and in how those of a run are gathered, read and shown."""

from harness.tests.planted.planted import Planted

EXPECTATION, OF_EXPECTATION = "harness/judging/expectation.py", "harness/tests/judging/test_expectation.py::test_"
GATHERING, OF_GATHERING = "harness/plugin/gathering.py", "harness/tests/plugin/test_gathering.py::test_"
READING, OF_READING = "harness/judging/reading.py", "harness/tests/judging/test_reading.py::test_"
PAGE, OF_PAGE = "harness/report/page.py", "harness/tests/report/test_page.py::test_"
TEMPLATE = "harness/report/template.html.j2"
STUDY, OF_STUDY = "harness/plugin/study.py", "harness/tests/plugin/test_study.py::test_"
COMPARED = "C1 C2 C10 C11 C12 C13"
EXACT = "C4 C5 C6 C7 C8 C9"
ALL_READ = "C10 C11 C12 C13 O1 O2 O3 O4 O6 O7 O8"
JUDGE, OF_JUDGE = "harness/judging/judge.py", "harness/tests/judging/test_judge.py::test_"
NEARER = f"{OF_JUDGE}margin_is_the_nearer_of_claim_and_control"
WHICH_FAIL = f"{OF_EXPECTATION}change_between_judged_outcomes_fails_unless_it_was_within_a_standard_error"

MARGINS = [
    Planted(
        "a control that would change the verdict forgotten",
        COMPARED,
        JUDGE,
        "(verdict.margin, _margin(control.parts))",
        "(verdict.margin,)",
        NEARER,
    ),
    Planted(
        "support lost when all of the control is supported",
        COMPARED,
        JUDGE,
        "min(map(_distance, control), default=math.inf)",
        "max(map(_distance, control), default=math.inf)",
        NEARER,
    ),
    Planted(
        "support given back by one comparison of the control",
        COMPARED,
        JUDGE,
        "max(map(_distance, supported)) if",
        "min(map(_distance, supported)) if",
        NEARER,
    ),
    Planted(
        "a control's distance in units of the effect",
        COMPARED,
        JUDGE,
        "return away / found.standard_error if",
        "return away if",
        NEARER,
    ),
    Planted(
        "a control's distance of the wrong sign",
        COMPARED,
        JUDGE,
        "inside if part.outcome is Outcome.SUPPORTED else -inside",
        "inside",
        NEARER,
    ),
    Planted(
        "what matters forgotten in a control that is negligible",
        COMPARED,
        JUDGE,
        "inside = min(inside, found.high - part.matters)",
        "inside = inside + 0.0",
        f"{OF_JUDGE}control_within_what_matters_has_that_far_to_go",
    ),
    Planted(
        "a margin where a planted error went unseen",
        COMPARED,
        JUDGE,
        "margin=None if unseen else min(known, default=None)",
        "margin=min(known, default=None)",
        f"{OF_JUDGE}exact_statement_that_decides_leaves_no_margin",
    ),
]
HELD_TO = [
    Planted(
        "a change within its margin fails",
        COMPARED,
        EXPECTATION,
        "if far >= LEAST_MARGIN else",
        "if far >= 0 else",
        f"{WHICH_FAIL} {OF_EXPECTATION}reference_runs_c10_is_said_and_fails_nothing",
    ),
    Planted(
        "a change beyond its margin passes",
        COMPARED,
        EXPECTATION,
        "LEAST_MARGIN = 1.0",
        "LEAST_MARGIN = 1e9",
        WHICH_FAIL,
    ),
    Planted(
        "one standard error to the digit passes",
        COMPARED,
        EXPECTATION,
        "if far >= LEAST_MARGIN else",
        "if far > LEAST_MARGIN else",
        WHICH_FAIL,
    ),
    Planted(
        "support turned into refutation passes at its edge",
        COMPARED,
        EXPECTATION,
        "if {verdict.outcome, expected.outcome} == {Outcome.SUPPORTED, Outcome.REFUTED}:",
        "if (verdict.outcome, expected.outcome) == (Outcome.SUPPORTED, Outcome.REFUTED):",
        WHICH_FAIL,
    ),
    Planted(
        "refutation turned into support passes at its edge",
        COMPARED,
        EXPECTATION,
        "if {verdict.outcome, expected.outcome} == {Outcome.SUPPORTED, Outcome.REFUTED}:",
        "if (verdict.outcome, expected.outcome) == (Outcome.REFUTED, Outcome.SUPPORTED):",
        WHICH_FAIL,
    ),
    Planted(
        "an error passes at an edge",
        COMPARED,
        EXPECTATION,
        "if verdict.outcome is Outcome.ERROR:\n        return f",
        "if verdict.outcome is None:\n        return f",
        f"{OF_EXPECTATION}error_always_fails",
    ),
    Planted(
        "a broken exact statement passes at the edge of the comparisons",
        EXACT,
        EXPECTATION,
        "if _broken(verdict) or (far is None and not presupposed):",
        "if far is None and not presupposed:",
        f"{OF_EXPECTATION}exact_statement_that_decides_is_no_rounding",
    ),
    Planted(
        "what can be tested no more excused by the comparisons' margin",
        COMPARED,
        EXPECTATION,
        "return self.presupposed if self.presupposes(outcome) else self.margin",
        "return self.margin",
        f"{OF_EXPECTATION}no_margin_of_comparisons_excuses_what_can_be_tested_no_more",
    ),
    Planted(
        "an effect that falls is never said",
        COMPARED,
        EXPECTATION,
        "(far := abs(now - before.effect))",
        "(far := now - before.effect)",
        f"{OF_EXPECTATION}effect_that_moved_further_than_kernels_move_it_is_said",
    ),
    Planted(
        "an effect that other kernels move as far is said",
        COMPARED,
        EXPECTATION,
        "_spread([part, *(other for other in others if other.name == part.name)]),",
        "_spread([part]),",
        f"{OF_EXPECTATION}effect_that_moved_further_than_kernels_move_it_is_said",
    ),
    Planted(
        "another subject's effects taken for other kernels'",
        COMPARED,
        EXPECTATION,
        "if other.key == verdict.key for",
        "if other.claim.id == verdict.claim.id for",
        f"{OF_EXPECTATION}effects_of_other_subjects_are_no_moves",
    ),
    Planted(
        "a verdict on another subject taken for the missing one",
        COMPARED,
        EXPECTATION,
        "(claim, subject) not in judged:",
        "claim not in {key[0] for key in judged}:",
        f"{OF_EXPECTATION}verdicts_that_a_run_lacks_are_named",
    ),
    Planted(
        "claims that were not selected missing",
        COMPARED,
        EXPECTATION,
        "if claim in selected and",
        "if",
        f"{OF_EXPECTATION}verdicts_that_a_run_lacks_are_named",
    ),
    Planted(
        "a claim that exists no more goes unsaid",
        COMPARED,
        EXPECTATION,
        "elif whole and claim not in existing:",
        "elif whole and claim in existing:",
        f"{OF_EXPECTATION}verdicts_that_a_run_lacks_are_named",
    ),
]
GATHERED = [
    Planted(
        "verdicts in the order in which they came",
        ALL_READ,
        GATHERING,
        "in_reading_order(tuple(self.verdicts.values()))",
        "tuple(self.verdicts.values())",
        f"{OF_GATHERING}rivals_are_said_and_reported_behind_the_claims_they_speak_of",
    ),
    Planted(
        "one subject's verdict in the place of another's",
        ALL_READ,
        GATHERING,
        "self.verdicts[document.verdicts[0].key] =",
        'self.verdicts[(document.verdicts[0].claim.id, "")] =',
        f"{OF_GATHERING}verdicts_on_one_claim_about_two_models_are_two",
    ),
    Planted(
        "claims read together that are about different subjects",
        ALL_READ,
        READING,
        "found.setdefault(verdict.subject, {})",
        'found.setdefault("", {})',
        f"{OF_READING}verdicts_about_different_subjects_are_read_apart",
    ),
    Planted(
        "a rival linked to the claim about another subject",
        ALL_READ,
        PAGE,
        "if verdict.subject == subject), found[0]",
        "if verdict.subject != subject), found[0]",
        "harness/tests/report/test_rivals_on_page.py::test_verdicts_of_one_claim_about_two_subjects_stand_apart",
    ),
    Planted(
        "one anchor for the verdicts about all subjects",
        ALL_READ,
        PAGE,
        '"-".join(part for part in verdict.key if part)',
        "verdict.claim.id",
        "harness/tests/report/test_rivals_on_page.py::test_verdicts_of_one_claim_about_two_subjects_stand_apart",
    ),
    Planted(
        "the overall reading worked out anew by the page",
        ALL_READ,
        PAGE,
        "document=document,",
        'document=__import__("dataclasses").replace(document, readings=__import__("harness.judging.reading", '
        'fromlist=["readings"]).readings(document.verdicts, __import__("claims.levels", fromlist=["LEVELS"]).LEVELS)),',
        f"{OF_PAGE}overall_reading_is_the_documents_own",
    ),
    Planted(
        "a claim on models trained for it said to be about the model under test",
        "C4 C14 C15 Q2 Q3",
        STUDY,
        "if claim.subject == MODEL else claim.subject",
        "if claim.subject else claim.subject",
        f"{OF_STUDY}subject_is_the_model_unless_the_claim_has_its_own",
    ),
    Planted(
        "the model run for the report of a claim that is not about it",
        "C4 C14 C15 Q2 Q3",
        STUDY,
        "return self._of_model if claim.subject == MODEL else",
        "return self._of_model if claim.subject else",
        f"{OF_STUDY}facts_of_a_claim_with_a_subject_of_its_own_run_nothing",
    ),
]
ERRORS = [*MARGINS, *HELD_TO, *GATHERED]
