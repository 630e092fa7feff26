"""Errors planted in statistics, verdicts and the numbers of the report."""

from harness.tests.planted.planted import Planted

ESTIMATION, HOLM = "harness/statistics/estimation.py", "harness/statistics/holm.py"
JUDGEMENT, COMPARISON = "harness/statistics/judgement.py", "harness/statistics/comparison.py"
VERDICTS, NUMBERS = "harness/judging/judge.py", "harness/report/numbers.py"
OF_ESTIMATION, OF_JUDGEMENT = (
    "harness/tests/statistics/test_estimation.py",
    "harness/tests/statistics/test_judgement.py",
)
OF_COMPARISON, OF_HOLM = "harness/tests/statistics/test_comparison.py", "harness/tests/statistics/test_holm.py"
JUDGED_FILE, OF_JUDGED = "harness/judging/kept.py", "harness/tests/judging/test_kept.py"
OF_VERDICTS, OF_NUMBERS = "harness/tests/judging/test_judge.py", "harness/tests/report/test_numbers.py"
STUDY, OF_STUDY = "harness/plugin/study.py", "harness/tests/plugin/test_study.py"
COMPARED = "C1 C2 C9 C10 C11 C12 C13 Q1 Q2"
MEANS = "C1 C2 C9 C11 C12 C13 Q1 Q2"
EXACT = "C4 C5 C6 C7 C8 C9"

STATISTICS = [
    Planted(
        "no correction for the family",
        COMPARED,
        JUDGEMENT,
        "corrections = holm(p_values, alpha)",
        "corrections = {key: Corrected(p, 1 - alpha, p <= alpha) for key, p in p_values.items()}",
        f"{OF_JUDGEMENT}::test_parts_of_all_claims_are_corrected_together",
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
        "interval at the uncorrected level",
        COMPARED,
        JUDGEMENT,
        "estimate(part, corrected.level,",
        "estimate(part, 1 - alpha,",
        f"{OF_VERDICTS}::test_siblings_make_the_correction_sterner",
    ),
    Planted(
        "one-sided test",
        MEANS,
        ESTIMATION,
        'permutation_type="samples",',
        'permutation_type="samples", alternative="greater",',
        f"{OF_ESTIMATION}::test_sign_flip_p_by_hand {OF_JUDGEMENT}::test_outcome_follows_the_interval",
    ),
    Planted(
        "sets resampled for examples",
        COMPARED,
        ESTIMATION,
        "np.nanmean(cell[:, counts], axis=0) - comparison.null",
        "np.nanmean(cell[:, counts], axis=1) - comparison.null",
        OF_ESTIMATION,
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
        "variance over demonstration sets left out",
        COMPARED,
        ESTIMATION,
        "((1, comparison.seeds), (0, int(counts.sum())))",
        "((0, int(counts.sum())),)",
        f"{OF_ESTIMATION}::test_two_level_variance_by_hand",
    ),
    Planted(
        "normal quantile for Student's",
        COMPARED,
        ESTIMATION,
        "float(stats.t.isf((1 - level) / 2, freedom))",
        "float(stats.norm.isf((1 - level) / 2))",
        f"{OF_ESTIMATION}::test_student_interval_by_hand",
    ),
    Planted(
        "one-sided interval",
        COMPARED,
        ESTIMATION,
        "stats.t.isf((1 - level) / 2, freedom)",
        "stats.t.isf(1 - level, freedom)",
        f"{OF_ESTIMATION}::test_student_interval_by_hand",
    ),
    Planted(
        "tasks weighed by their examples",
        MEANS,
        ESTIMATION,
        "np.mean([np.nanmean(cell) for cell in _groups(comparison)])",
        "np.nanmean(np.concatenate(_groups(comparison), axis=1))",
        f"{OF_ESTIMATION}::test_tasks_weigh_equally_in_a_mean",
    ),
    Planted(
        "effect of a share not less its null",
        "C10",
        ESTIMATION,
        "for cell in _groups(comparison)]) - comparison.null)",
        "for cell in _groups(comparison)]))",
        OF_ESTIMATION,
    ),
    Planted(
        "share tested against half its null",
        "C10",
        ESTIMATION,
        "stats.binomtest(whole, comparison.units, comparison.null)",
        "stats.binomtest(whole, comparison.units, comparison.null / 2)",
        f"{OF_ESTIMATION}::test_binomial_by_hand",
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
        "supported by the effect's sign alone",
        COMPARED,
        JUDGEMENT,
        "if corrected.rejected and found.low > 0:",
        "if found.effect > 0:",
        f"{OF_JUDGEMENT}::test_outcome_follows_the_interval {OF_JUDGEMENT}::test_test_and_interval_must_agree",
    ),
    Planted(
        "refuted and supported swapped",
        COMPARED,
        JUDGEMENT,
        "if corrected.rejected and found.low > 0:",
        "if corrected.rejected and found.high < 0:",
        f"{OF_JUDGEMENT}::test_outcome_follows_the_interval",
    ),
    Planted(
        "one supported part supports the claim",
        "C2 C11 C13 Q1 Q2",
        JUDGEMENT,
        "if outcomes == {Outcome.SUPPORTED}:",
        "if Outcome.SUPPORTED in outcomes:",
        f"{OF_JUDGEMENT}::test_a_claim_is_as_strong_as_its_weakest_part",
    ),
]
JUDGED = [
    Planted(
        "control ignored",
        f"{COMPARED} {EXACT}",
        VERDICTS,
        "return verdict if passed else _doubted(verdict)",
        "return verdict",
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
        "if not all(check.holds for check in checks):",
        "if checks and not any(check.holds for check in checks):",
        f"{OF_VERDICTS}::test_exact_statements_must_all_hold",
    ),
    Planted(
        "a refutation withdrawn as support is",
        COMPARED,
        VERDICTS,
        "if verdict.outcome is not Outcome.SUPPORTED:\n        return verdict",
        "if verdict.outcome is Outcome.INCONCLUSIVE:\n        return verdict",
        f"{OF_VERDICTS}::test_verdict_follows_the_effect_and_its_control",
    ),
    Planted(
        "each claim corrected alone",
        COMPARED,
        VERDICTS,
        "find_or_judge(store, parts,",
        "(lambda store, parts, *more: {c: find_or_judge(store, {c: parts[c]}, *more)[c] for c in parts})(store, parts,",
        f"{OF_VERDICTS}::test_siblings_make_the_correction_sterner",
    ),
    Planted(
        "a claim of the family left out of the correction",
        COMPARED,
        STUDY,
        "[m for m in self._claims.values() if (m.claim.family, m.claim.subject) == alike]",
        "[self._claims[claim_id]]",
        f"{OF_STUDY}::test_verdict_is_corrected_over_the_whole_family",
    ),
    Planted(
        "the claims' own results for their controls",
        COMPARED,
        VERDICTS,
        'find_or_judge(store, controls, alpha, seed, "judge a control")',
        "judged",
        f"{OF_VERDICTS}::test_verdict_follows_the_effect_and_its_control",
    ),
    Planted(
        "a claim that measures more than the paper printed calibrated with the paper's effects",
        COMPARED,
        VERDICTS,
        "if sizes and len(sizes) == len(parts[c])}",
        "if sizes}",
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
        "verdict of other values read from the store",
        COMPARED,
        JUDGED_FILE,
        "shapes, values.hexdigest()]",
        "shapes]",
        "harness/tests/planted/test_gaps.py::test_verdict_of_other_values_is_not_read",
    ),
    Planted(
        "verdict at another level read from the store",
        COMPARED,
        JUDGED_FILE,
        'family_identity(family), "alpha": alpha, "seed"',
        'family_identity(family), "seed"',
        f"{OF_JUDGED}::test_whatever_changes_a_figure_is_judged_anew",
    ),
    Planted(
        "ends of the interval swapped in the store",
        COMPARED,
        JUDGED_FILE,
        "zip(_NUMBERS, of_estimate, strict=True)",
        'zip(("effect", "high", "low", *_NUMBERS[3:]), of_estimate, strict=True)',
        f"{OF_JUDGED}::test_what_is_kept_is_what_was_judged",
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
