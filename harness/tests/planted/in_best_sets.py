"""Errors planted in what stands beside a verdict: the comparisons on each task's best demonstration set."""

from harness.tests.planted.planted import Planted

PRINTED = "C1 C2 C10 C11 C12 C13"
BEST_SETS, OF_BEST_SETS = "harness/evidence/best_sets.py", "harness/tests/evidence/test_best_sets.py::test_"
BY_HAND = f"{OF_BEST_SETS}best_set_by_hand"
COMPARISON, OF_COMPARISON = "harness/statistics/comparison.py", "harness/tests/statistics/test_comparison.py::test_"
MEASURE, OF_MEASURE = "harness/judging/measure.py", "harness/tests/judging/test_measure.py::test_"
JUDGE, BESIDE = "harness/judging/judge.py", "harness/tests/judging/test_best_sets.py::test_"
JSON_FORM, ON_PAGE = "harness/report/json_form.py", "harness/tests/report/test_best_sets_on_page.py::test_"
FILES = {
    "C1": "c01_icl_beats_zero_shot",
    "C2": "c02_icl_beats_finetuning",
    "C10": "c10_rec2ftp",
    "C11": "c11_sim_aou",
    "C12": "c12_sim_am",
    "C13": "c13_kendall",
}


def of(name: str, file: str, right: str, wrong: str, caught_by: str) -> Planted:
    """Plant an error that concerns every claim whose figures the paper prints."""
    return Planted(name, PRINTED, file, right, wrong, caught_by)


CHOSEN = [
    of("the worst set for the best", BEST_SETS, "(of.icl_accuracy[s], -s)", "(-of.icl_accuracy[s], -s)", BY_HAND),
    of("the last drawn of sets that are as good", BEST_SETS, "[s], -s)", "[s], s)", BY_HAND),
    of(
        "the first that stands of sets that are as good",
        BEST_SETS,
        "(of.icl_accuracy[s], -s)",
        "of.icl_accuracy[s]",
        BY_HAND,
    ),
    of(
        "the best of sets that are not reported",
        BEST_SETS,
        "max(of.candidates,",
        "max(range(len(of.icl_accuracy)),",
        BY_HAND,
    ),
    of("a set's number for its place", BEST_SETS, "of.candidates.index(numbers[task])", "numbers[task]", BY_HAND),
    of(
        "the first set for the best",
        COMPARISON,
        "cell[[places[task]]]",
        "cell[:1]",
        f"{OF_COMPARISON}one_set_of_each_task_alone",
    ),
    of(
        "one task's place for all",
        COMPARISON,
        "cell[[places[task]]]",
        "cell[[places[self.tasks[0]]]]",
        f"{OF_COMPARISON}one_set_of_each_task_alone {BESIDE}each_tasks_own_best_set_is_compared",
    ),
    of(
        "the last set where there is none",
        COMPARISON,
        "not 0 <= places.get(task, -1)",
        "not -1 <= places.get(task, -1)",
        f"{OF_COMPARISON}set_that_is_not_there_is_refused",
    ),
    of("one set shown twice", MEASURE, "best.of > 1", "best.of > 0", f"{OF_MEASURE}one_set_is_not_shown_twice"),
    of(
        "best sets beside every claim",
        MEASURE,
        "if not module.claim.on_best_sets:",
        "if False:",
        f"{OF_MEASURE}claims_whose_figures_the_paper_prints_are_measured_on_the_best_sets_too",
    ),
]
JUDGED = [
    of(
        "the best sets decide",
        JUDGE,
        "replace(of, on_best_sets=beside.get(claim_id))",
        "replace(of, on_best_sets=beside.get(claim_id), outcome=(beside.get(claim_id) or of).outcome)",
        f"{BESIDE}it_decides_nothing",
    ),
    of(
        "the best sets stand for all in the family",
        JUDGE,
        "judged, judged_controls = (",
        "parts |= {c.id: tuple(p.of_sets(m.best_sets.places) for p in m.parts) "
        "for c, m in tried.items() if m.best_sets}"
        "; judged, judged_controls = (",
        f"{BESIDE}it_decides_nothing",
    ),
    of(
        "the best sets corrected for the family",
        JUDGE,
        "for part in parts]}, alpha)[claim.id]",
        "for part in parts]}, alpha / 3)[claim.id]",
        f"{BESIDE}no_other_claim_corrects_it",
    ),
    of(
        "no size matters on the best sets",
        JUDGE,
        "_on_best_sets(claim, measured, parts[claim.id], alpha) for",
        "_on_best_sets(claim, measured, measured.parts, alpha) for",
        f"{BESIDE}what_matters_is_the_claims",
    ),
    of(
        "all sets for the best",
        JUDGE,
        "[part.of_sets(best.places) for part in parts]",
        "list(parts)",
        f"{BESIDE}each_tasks_own_best_set_is_compared",
    ),
]
SHOWN = [
    of(
        "reports of before refused",
        JSON_FORM,
        "[name for name in hints if name in given or name not in later]",
        "list(hints)",
        f"{ON_PAGE}reports_of_before_are_still_read",
    ),
    of(
        "any field of a report may be missing",
        JSON_FORM,
        "if name in given or name not in later]",
        "if name in given or kind in LATER]",
        f"{ON_PAGE}no_other_field_may_be_missing",
    ),
    of(
        "chosen on what is reported and not said",
        "harness/report/sentences.py",
        '    if found.selected_on == "test":',
        "    if not found:",
        f"{ON_PAGE}words_for_the_best_sets",
    ),
]
ASKED = [
    Planted(
        f"{claim}: not on the best sets",
        claim,
        f"claims/{file}.py",
        "on_best_sets=True",
        "on_best_sets=False",
        f"{OF_MEASURE}claims_whose_figures_the_paper_prints_are_measured_on_the_best_sets_too",
    )
    for claim, file in FILES.items()
]
ERRORS = [*CHOSEN, *JUDGED, *SHOWN, *ASKED]
