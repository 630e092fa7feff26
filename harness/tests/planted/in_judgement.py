"""Errors planted in statistics, verdicts and the numbers of the report."""

from harness.tests.planted.planted import Planted

HOLM, JUDGEMENT = "harness/statistics/holm.py", "harness/statistics/judgement.py"
COMPARISON = "harness/statistics/comparison.py"
VERDICTS, NUMBERS = "harness/judging/judge.py", "harness/report/numbers.py"
OF_JUDGEMENT = "harness/tests/statistics/test_judgement.py"
OF_COMPARISON, OF_HOLM = "harness/tests/statistics/test_comparison.py", "harness/tests/statistics/test_holm.py"
KEPT_FILE, GAPS = "harness/judging/kept.py", "harness/tests/planted/test_gaps.py::test_"
OF_VERDICTS, OF_NUMBERS = "harness/tests/judging/test_judge.py", "harness/tests/report/test_numbers.py"
STUDY, OF_STUDY = "harness/plugin/study.py", "harness/tests/plugin/test_study.py"
COMPARED = "C1 C2 C9 C10 C11 C12 C13 Q1 Q2"
EXACT = "C4 C5 C6 C7 C8 C9"

STATISTICS = [
    Planted(
        "no correction for the family",
        COMPARED,
        JUDGEMENT,
        "decided = holm({claim: float(found.difference[0]) for claim, found in tests.items()}, alpha)",
        "decided = {c: holm({c: float(found.difference[0])}, alpha)[c] for c, found in tests.items()}",
        f"{OF_JUDGEMENT}::test_family_is_corrected_over_claims_and_not_over_comparisons",
    ),
    Planted(
        "family corrected over its comparisons",
        COMPARED,
        JUDGEMENT,
        "decided = holm({claim: float(found.difference[0]) for claim, found in tests.items()}, alpha)",
        "decided = holm({(c, i): float(f.difference[0]) for c, f in tests.items() for i in range(len(f.parts))}, alpha)"
        "; decided = {c: decided[c, 0] for c in tests}",
        f"{OF_JUDGEMENT}::test_family_is_corrected_over_claims_and_not_over_comparisons",
    ),
    Planted(
        "equivalence corrected over claims that have none",
        COMPARED,
        JUDGEMENT,
        "for claim in sized}, alpha)",
        "for claim in tests}, alpha)",
        f"{OF_JUDGEMENT}::test_equivalence_has_a_correction_of_its_own",
    ),
    Planted(
        "no correction of the equivalence",
        COMPARED,
        JUDGEMENT,
        "equal = holm({claim: float(tests[claim].negligible[0]) for claim in sized}, alpha)",
        "equal = {claim: holm({claim: float(tests[claim].negligible[0])}, alpha)[claim] for claim in sized}",
        f"{OF_JUDGEMENT}::test_equivalence_has_a_correction_of_its_own",
    ),
    Planted(
        "false discovery rate for the family-wise one",
        COMPARED,
        HOLM,
        'method="holm"',
        'method="fdr_bh"',
        f"{OF_HOLM}::test_three_hypotheses_by_hand {OF_HOLM}::test_all_rejected_by_hand",
    ),
    Planted(
        "interval at another level than the test",
        COMPARED,
        JUDGEMENT,
        "level = 1 - (equivalence if outcome is Outcome.NEGLIGIBLE else decided)",
        "level = 1 - alpha",
        f"{OF_JUDGEMENT}::test_interval_of_a_negligible_effect_is_that_of_the_equivalence_test",
    ),
    Planted(
        "interval of the equivalence at the level of the other test",
        COMPARED,
        JUDGEMENT,
        "level = 1 - (equivalence if outcome is Outcome.NEGLIGIBLE else decided)",
        "level = 1 - decided",
        f"{OF_JUDGEMENT}::test_interval_of_a_negligible_effect_is_that_of_the_equivalence_test",
    ),
    Planted(
        "sets counted as examples",
        COMPARED,
        JUDGEMENT,
        "return tested(part, [cell[None] for cell in part.cells])",
        "return tested(part, [cell.reshape(1, 1, 1, -1) for cell in part.cells])",
        f"{OF_JUDGEMENT}::test_sets_are_no_further_examples",
    ),
    Planted(
        "demonstration sets taken for more examples",
        COMPARED,
        COMPARISON,
        "sum(int(counts.sum()) for counts in self.counting)",
        "sum(int((~np.isnan(cell)).sum()) for cell in self.cells)",
        OF_COMPARISON,
    ),
    Planted(
        "two cases decide",
        COMPARED,
        COMPARISON,
        "minimum_units: int = 10",
        "minimum_units: int = 2",
        f"{OF_COMPARISON} {OF_JUDGEMENT}::test_too_few_cases_are_inconclusive",
    ),
    Planted(
        "a comparison refuted that is one of several",
        COMPARED,
        JUDGEMENT,
        "2 * parts * whole.fails[0] <= level",
        "2 * whole.fails[0] <= level",
        f"{OF_JUDGEMENT}::test_refutation_that_is_none_among_several_is_said",
    ),
    Planted(
        "refuted and supported swapped",
        COMPARED,
        JUDGEMENT,
        "if 2 * whole.holds[0] <= level:",
        "if 2 * whole.fails[0] <= level:",
        f"{OF_JUDGEMENT}::test_outcome_and_its_reason",
    ),
    Planted(
        "each task at the level of one alone",
        COMPARED,
        JUDGEMENT,
        "1 - alpha / (parts * max(len(tests.tasks), 1))",
        "1 - alpha",
        f"{OF_JUDGEMENT}::test_each_task_is_judged_alone_at_the_corrected_level",
    ),
    Planted(
        "the task alone for all without it",
        COMPARED,
        JUDGEMENT,
        "[i for i in places if i != left_out]",
        "[left_out]",
        f"{OF_JUDGEMENT}::test_each_task_left_out_at_the_comparisons_own_level",
    ),
    Planted(
        "uncorrected p value said to be corrected",
        COMPARED,
        JUDGEMENT,
        "p_holm=decided.p_adjusted",
        "p_holm=float(found.difference[0])",
        f"{OF_JUDGEMENT}::test_family_is_corrected_over_claims_and_not_over_comparisons",
    ),
]
JUDGED = [
    Planted(
        "control ignored",
        f"{COMPARED} {EXACT}",
        VERDICTS,
        "if control.passed:",
        "if control:",
        f"{OF_VERDICTS}::test_verdict_follows_the_effect_and_its_control",
    ),
    Planted(
        "planted error of an exact claim ignored",
        EXACT,
        VERDICTS,
        "passed = passed and not any(check.holds for check in measured.control_checks)",
        "passed = bool(passed)",
        f"{OF_VERDICTS}::test_exact_statements_must_all_hold",
    ),
    Planted(
        "one exact statement that holds is enough",
        EXACT,
        VERDICTS,
        "if not all(check.holds for check in measured.checks):",
        "if measured.checks and not any(check.holds for check in measured.checks):",
        f"{OF_VERDICTS}::test_exact_statements_must_all_hold",
    ),
    Planted(
        "a refutation withdrawn as support is",
        COMPARED,
        VERDICTS,
        "return _with_control(verdict) if outcome is Outcome.SUPPORTED else verdict",
        "return _with_control(verdict) if outcome is not Outcome.INCONCLUSIVE else verdict",
        f"{OF_VERDICTS}::test_verdict_follows_the_effect_and_its_control",
    ),
    Planted(
        "each claim corrected alone",
        COMPARED,
        VERDICTS,
        "(judge_family(_with_parts(of), alpha) for of in (parts, controls))",
        "({c: judge_family({c: p}, alpha)[c] for c, p in _with_parts(of).items()} for of in (parts, controls))",
        f"{OF_VERDICTS}::test_siblings_make_the_correction_sterner",
    ),
    Planted(
        "a claim of the family left out of the correction",
        COMPARED,
        STUDY,
        "[each for each, of in self._claims.items() if (of.claim.family, of.claim.subject) == alike]",
        "[claim_id]",
        f"{OF_STUDY}::test_verdict_is_corrected_over_the_whole_family",
    ),
    Planted(
        "the claims' own results for their controls",
        COMPARED,
        VERDICTS,
        "for of in (parts, controls))",
        "for of in (parts, parts))",
        f"{OF_VERDICTS}::test_verdict_follows_the_effect_and_its_control",
    ),
    Planted(
        "a claim that measures more than the paper printed calibrated with the paper's effects",
        COMPARED,
        VERDICTS,
        "claim.paper_effects if len(claim.paper_effects) == len(of_claim) else ()",
        "claim.paper_effects",
        f"{OF_VERDICTS}::test_rule_is_calibrated_where_it_is_asked_for",
    ),
    Planted(
        "twice the error that rounding makes allowed",
        EXACT,
        "harness/evidence/checks.py",
        "self.worst <= 1.0",
        "self.worst <= 2.0",
        f"{OF_VERDICTS}::test_exact_statements_must_all_hold",
    ),
]
KEPT = [
    Planted(
        "calibration of other values read from the store",
        COMPARED,
        KEPT_FILE,
        "shapes, values.hexdigest()]",
        "shapes]",
        f"{GAPS}calibration_is_kept_by_what_it_is_drawn_from",
    ),
    Planted(
        "calibration of another effect that matters read from the store",
        COMPARED,
        KEPT_FILE,
        "part.matters, part.alike, part.shared_draws, part.bounds]",
        "part.bounds]",
        f"{GAPS}calibration_is_kept_by_what_it_is_drawn_from",
    ),
    Planted(
        "calibration read for another effect of the paper's",
        COMPARED,
        KEPT_FILE,
        '"printed": list(printed), "alpha": alpha}',
        '"alpha": alpha}',
        f"{GAPS}calibration_is_kept_by_what_it_is_drawn_from",
    ),
]
SHOWN = [
    Planted(
        "fractions shown as percent without the factor",
        "C1 C2 C10",
        NUMBERS,
        "100.0 if unit in PERCENT_UNITS else 1.0",
        "1.0",
        OF_NUMBERS,
    ),
    Planted("minus sign lost", COMPARED, NUMBERS, 'MINUS if value < 0 else "+"', '"+"', OF_NUMBERS),
    Planted(
        "ends of the interval swapped",
        COMPARED,
        NUMBERS,
        "for end in (estimate.low, estimate.high)",
        "for end in (estimate.high, estimate.low)",
        OF_NUMBERS,
    ),
    Planted(
        "p values below 0.01 called smaller than 0.001",
        COMPARED,
        NUMBERS,
        "value < SMALLEST_P",
        "value < 0.01",
        OF_NUMBERS,
    ),
    Planted(
        "missing numbers shown as 0",
        "C10",
        NUMBERS,
        "if value is None or not math.isfinite(value):\n        return MISSING",
        "if value is None or not math.isfinite(value):\n        return number(0.0, decimals)",
        OF_NUMBERS,
    ),
]
ERRORS = [*STATISTICS, *JUDGED, *KEPT, *SHOWN]
