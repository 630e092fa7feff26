"""Errors planted in the sentences of the overall reading, and in the figures of the report and what it says of them."""

from harness.tests.planted.planted import Planted

READING, OF_READING = "harness/judging/reading.py", "harness/tests/judging/test_reading.py::test_"
FIGURES, PAGE, SENTENCES = (f"harness/report/{name}.py" for name in ("figures", "page", "sentences"))
OF_FIGURES = "harness/tests/report/test_figures.py::test_"
GAPS = "harness/tests/planted/test_gaps.py::test_"
COMPARED = "C1 C2 C10 C11 C12 C13"
ALL_READ = "C10 C11 C12 C13 O1 O2 O3 O4 O6 O7 O8"

READ = [
    Planted(
        "a refuted claim among others passed over",
        ALL_READ,
        READING,
        "    Outcome.REFUTED,\n    Outcome.NOT_TESTABLE,",
        "    Outcome.NOT_TESTABLE,",
        f"{OF_READING}terms_begin_with_the_papers_own_claims {OF_READING}several_say_what_the_weakest_says",
    ),
    Planted(
        "a withdrawn control ignored",
        ALL_READ,
        READING,
        "and not verdict.control.passed",
        "and verdict.control.passed is None",
        f"{OF_READING}failed_control_takes_support_away_and_leaves_a_refutation",
    ),
    Planted(
        "a refutation withdrawn as support is",
        ALL_READ,
        READING,
        "if withdrawn and found is Outcome.SUPPORTED else",
        "if withdrawn else",
        f"{OF_READING}failed_control_takes_support_away_and_leaves_a_refutation",
    ),
    Planted(
        "other levels' comparisons speak too",
        ALL_READ,
        READING,
        "if not rival.parts or part.name.startswith(rival.parts)]",
        "]",
        f"{OF_READING}only_the_levels_own_comparisons_speak",
    ),
    Planted(
        "words of support and refutation swapped",
        ALL_READ,
        READING,
        "{Outcome.SUPPORTED: supported, Outcome.REFUTED: refuted,",
        "{Outcome.SUPPORTED: refuted, Outcome.REFUTED: supported,",
        f"{OF_READING}rival_has_words_for_each_outcome",
    ),
    Planted(
        "comparisons that were not made taken for support",
        ALL_READ,
        READING,
        "if outcome in found), Outcome.INCONCLUSIVE)",
        "if outcome in found), Outcome.SUPPORTED)",
        f"{OF_READING}comparisons_that_were_not_made_leave_it_open",
    ),
    Planted(
        "a level read without all of its claims",
        ALL_READ,
        READING,
        "if all(claim in by_id for claim in level.claims)",
        "if any(claim in by_id for claim in level.claims)",
        f"{OF_READING}level_whose_claims_were_not_all_judged_has_no_sentence",
    ),
    Planted(
        "C10 before C2",
        "C10 C11 C12 C13 C14 C15",
        READING,
        "return claim[0], int(claim[1:])",
        "return claim[0], claim[1:]",
        f"{OF_READING}numbers_of_ids_count_as_numbers",
    ),
    Planted(
        "rivals behind the first claim they speak of",
        ALL_READ,
        READING,
        "*max(qualified)",
        "*min(qualified)",
        f"{OF_READING}rival_stands_behind_the_last_claim_that_it_speaks_of",
    ),
]
SHOWN = [
    Planted(
        "values one after the other, not at their places",
        "C14 C15",
        FIGURES,
        "axes.plot(places, values,",
        "axes.plot(range(len(values)), values,",
        f"{OF_FIGURES}values_stand_at_their_places",
    ),
    Planted(
        "layers for all places",
        "C14 C15",
        FIGURES,
        "axes.set_xlabel(label(curve.x_label))",
        'axes.set_xlabel("layer")',
        f"{OF_FIGURES}chart_says_what_its_places_are",
    ),
    Planted(
        "effects in points on an axis of fractions",
        COMPARED,
        FIGURES,
        "_finite(v * scale(unit) for e",
        "_finite(v for e",
        f"{OF_FIGURES}percent_axes_count_points",
    ),
    Planted(
        "rivals linked from themselves",
        ALL_READ,
        PAGE,
        "found.setdefault(qualified.key, [])",
        "found.setdefault(verdict.key, [])",
        "harness/tests/report/test_rivals_on_page.py::test_rivals_and_the_claims_they_speak_of_link_each_other",
    ),
    Planted(
        "false support as a fraction of a percent",
        COMPARED,
        SENTENCES,
        "{outcome} in {_percent(share, 1)}",
        "{outcome} in {share:.1f} %",
        f"{GAPS}calibration_is_said_in_percent",
    ),
    Planted(
        "power for false support",
        COMPARED,
        SENTENCES,
        "matters in {_percent(found.power)}",
        "matters in {_percent(found.false_support)}",
        f"{GAPS}calibration_is_said_in_percent",
    ),
]
ERRORS = [*READ, *SHOWN]
