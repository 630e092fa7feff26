"""Errors planted in how the verdicts of a run are gathered, counted, read together and shown."""

from harness.tests.planted.planted import Planted

GATHERING, OF_GATHERING = "harness/plugin/gathering.py", "harness/tests/plugin/test_gathering.py::test_"
READING, OF_READING = "harness/judging/reading.py", "harness/tests/judging/test_reading.py::test_"
PAGE, OF_PAGE = "harness/report/page.py", "harness/tests/report/test_page.py::test_"
STUDY, OF_STUDY = "harness/plugin/study.py", "harness/tests/plugin/test_study.py::test_"
ALL_READ = "C10 C11 C12 C13 O1 O2 O3 O4 O6 O7 O8"
COMPARED = "C1 C2 C10 C11 C12 C13"
EXACT = "C4 C5 C6 C7 C8 C9"

ERRORS = [
    Planted(
        "what neither passes nor fails counted as passed",
        ALL_READ,
        "harness/plugin/plugin.py",
        "if outcome in NEITHER:",
        "if outcome is Outcome.INCONCLUSIVE:",
        f"{OF_GATHERING}each_outcome_has_a_letter_and_is_counted_under_its_own_word",
    ),
    Planted(
        "a level as strong as its strongest claim",
        ALL_READ,
        READING,
        "for outcome in _WEAKEST_FIRST if outcome in found",
        "for outcome in _WEAKEST_FIRST[::-1] if outcome in found",
        f"{OF_READING}several_say_what_the_weakest_says",
    ),
    Planted(
        "support and refutation together called refuted",
        ALL_READ,
        READING,
        "if {Outcome.SUPPORTED, Outcome.REFUTED} <= found:",
        "if False:",
        f"{OF_READING}several_say_what_the_weakest_says",
    ),
    Planted(
        "identities counted among what data have decided",
        EXACT,
        "harness/judging/verdicts.py",
        "return bool(self.checks) and not self.parts",
        "return False",
        "harness/tests/report/test_sentences.py",
    ),
    Planted(
        "exact statements beside comparisons counted as identities",
        EXACT,
        "harness/judging/verdicts.py",
        "return bool(self.checks) and not self.parts",
        "return bool(self.checks)",
        "harness/tests/report/test_sentences.py",
    ),
    Planted(
        "the p value of a difference shown for one that is negligible",
        COMPARED,
        "harness/report/sentences.py",
        "if verdict.outcome is Outcome.NEGLIGIBLE else verdict.p_holm",
        "if False else verdict.p_holm",
        "harness/tests/report/test_sentences.py::test_p_values_are_those_of_the_verdict",
    ),
    Planted(
        "one side of what matters drawn",
        COMPARED,
        "harness/report/figures.py",
        "for size in (-part.matters, part.matters):",
        "for size in (part.matters,):",
        "harness/tests/report/test_figures.py::test_dotted_lines_stand_at_what_matters_on_both_sides",
    ),
    Planted(
        "verdicts in the order in which they came",
        ALL_READ,
        GATHERING,
        "in_reading_order(sorted(self.verdicts.values(), key=lambda verdict: self._turn(verdict.subject)))",
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
        "return self.of_model if claim.subject == MODEL else",
        "return self.of_model if claim.subject else",
        f"{OF_STUDY}facts_of_a_claim_with_a_subject_of_its_own_run_nothing",
    ),
]
