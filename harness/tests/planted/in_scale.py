"""Errors planted in what grows with size: slopes, sizes, what is paired, and whose turn it is."""

from harness.tests.planted.planted import Planted

TREND, OF_TREND = "harness/statistics/trend.py", "harness/tests/statistics/test_trend.py::test_"
SIZED, OF_SIZED = "harness/evidence/sized.py", "harness/tests/evidence/test_sized.py::test_"
TRENDS, OF_TRENDS = "harness/judging/trends.py", "harness/tests/judging/test_trends.py::test_"
MEASURE, CLAIMS = "harness/judging/measure.py", "harness/tests/claims/test_scale_claims.py::test_"
S1, S2 = "claims/s01_gain_grows.py", "claims/s02_similarity_grows.py"
S3 = "claims/s03_smaller_finetuned.py"
SEVERAL, OF_SEVERAL = "harness/plugin/several.py", "harness/tests/plugin/test_together_bench.py::test_"


def of(name: str, file: str, right: str, wrong: str, caught_by: str, concerns: str = "S1 S2") -> Planted:
    """Plant an error that concerns claims about several models."""
    return Planted(name, concerns, file, right, wrong, caught_by)


IS_THE_MODELS = f"{CLAIMS}verdict_is_the_models"
BY_HAND, NUMPYS = f"{OF_TREND}slope_by_hand", f"{OF_TREND}slope_is_numpys_of_a_line_through_all_models"
SLOPES_OF = f"{CLAIMS}slopes_are_of_value_less_each_baseline"
SHOWN = f"{CLAIMS}two_sizes_of_a_family_are_shown_and_not_judged"
ERRORS = [
    of("natural logarithms", TREND, "places = np.log10(", "places = np.log(", BY_HAND),
    of("sizes as they are, no logarithms", TREND, "places = np.log10(np.asarray(sizes, float))",
       "places = np.asarray(sizes, float)", BY_HAND),
    of("sizes that are not centred", TREND, "np.asarray(centred / (", "np.asarray(places / (", NUMPYS),
    of("a level in the place of a slope", TREND, "centred / (centred**2).sum()", "places / places.sum()", BY_HAND),
    of("one order of sizes for all examples", TREND, "wide = permuted.permuted(wide, axis=0)",
       "wide = permuted.permutation(wide, axis=0)", f"{OF_TREND}sizes_at_random_are_the_same_sizes_in_another_order"
       "_for_each_example"),
    of("rounding taken for a slope", TREND, "(wide * (values - values[:1]))", "(wide * values)",
       f"{OF_TREND}equal_values_have_no_slope_to_the_last_bit"),
    of("bounds of the mean slope, not of a slope", TREND, "np.abs(_weights(sizes)).sum()",
       "np.abs(_weights(sizes)).max()", f"{OF_TREND}steepest_slope_is_of_ones_above_and_below_the_middle"),
    of("models counted, not sizes", SIZED, "return len(_sizes(models)) >= LEAST", "return len([*models]) >= LEAST",
       f"{OF_SIZED}three_sizes_are_enough_and_three_models_of_two_sizes_are_not"),
    of("a line through two", SIZED, "LEAST = 3", "LEAST = 2", SHOWN),
    of("all families as one", SIZED, "found[model.family] = (*found.get(model.family, ()), model)",
       'found["all"] = (*found.get("all", ()), model)', SHOWN),
    of("a task that nobody learned counts", SIZED, "evidence=self.evidence.without(without), left_out=without,",
       "evidence=self.evidence,", f"{CLAIMS}s2_is_of_tasks_that_three_sizes_learned", "S2"),
    of("a task counts where one model learned it", SIZED, "if any(map(enough, counts.values())):",
       "if any(counts.values()):", f"{CLAIMS}s2_is_not_testable_where_no_task_was_learned_by_three_sizes", "S2"),
    of("the surest model decides how far a task is", SIZED, "reverse=True)[LEAST - 1])", "reverse=True)[0])",
       f"{OF_SIZED}distance_is_the_third_models_on_the_nearest_task", "S2"),
    of("a task that was not learned is said to be", SIZED, "-away if task in without else away", "away",
       f"{OF_SIZED}margin_is_below_zero_where_a_task_was_not_learned", "S2"),
    of("embeddings left out of a model's size", SIZED, "size_of(configuration_of(folder)).parameters",
       "size_of(configuration_of(folder)).body", f"{OF_SIZED}model_is_sized_by_its_configuration"),
    of("sets paired by their places", TRENDS, "[[model.sets[task].index(number) for number in sets]]", "[: len(sets)]",
       f"{OF_TRENDS}sets_are_paired_by_their_numbers"),
    of("the first layer for all", TRENDS, "values.mean(axis=-1) if values.ndim", "values[..., 0] if values.ndim",
       f"{OF_TRENDS}layers_are_averaged_in_each_model_first", "S2"),
    of("models that did not learn a task in its slope", TRENDS, "_joined(learned(of, task), task, values)",
       "_joined(of, task, values)", f"{OF_TRENDS}task_that_a_model_did_not_learn_is_left_out_of_its_slope", "S2"),
    of("the baseline added", TRENDS, "of - baselines[name][task]", "of + baselines[name][task]", SLOPES_OF),
    of("one draw of sizes for all tasks", TRENDS, '"sizes at random", family, task)', '"sizes at random", family)',
       f"{OF_TRENDS}sizes_at_random_differ_from_task_to_task_and_are_drawn_by_the_seed"),
    of("sets that a task lacks count as no slope", TRENDS, "constant_values=np.nan", "constant_values=0.0",
       f"{OF_TRENDS}sets_that_a_task_lacks_count_for_nothing"),
    of("a model against the next larger one", TRENDS, "for smaller, larger in pairwise(by_size):",
       "for larger, smaller in pairwise(by_size):", f"{CLAIMS}s3_sets_each_model_against_the_next_smaller_one", "S3"),
    of("the larger model's finetuning for the smaller's", TRENDS, "((values, larger), (baselines, smaller))",
       "((values, larger), (baselines, larger))", f"{CLAIMS}s3_sets_each_model_against_the_next_smaller_one", "S3"),
    of("ICL and FT swapped", S3, "*asked, icl, ft)", "*asked, ft, icl)",
       f"{CLAIMS}s3_sets_each_model_against_the_next_smaller_one", "S3"),
    of("the control = the claim", S3, "*asked, random_icl, random_ft)", "*asked, icl, ft)",
       f"{CLAIMS}s3_sets_each_model_against_the_next_smaller_one", "S3"),
    of("tasks that were not learned are compared", MEASURE, "model.presuming(module.claim.presumes)",
       "model.presuming(())", f"{CLAIMS}s2_is_of_tasks_that_three_sizes_learned", "S2"),
    of("ICL and ZSL swapped", S1, "less(icl, zsl)", "less(zsl, icl)", IS_THE_MODELS, "S1"),
    of("the control = the claim", S1, "*asked, at_random=True)", "*asked)", IS_THE_MODELS, "S1"),
    of("a baseline and FT swapped", S2, 'less(of["ft"], of[name])', 'less(of[name], of["ft"])', IS_THE_MODELS, "S2"),
    of("the control = the claim", S2, '", sizes at random", at_random=True)', '", sizes at random")', IS_THE_MODELS,
       "S2"),
    of("isotropic noise for all baselines", S2, "of[name]) for name, words", 'of["isotropic"]) for name, words',
       SLOPES_OF, "S2"),
    of("one model run for nothing", SEVERAL, "if len(self._studies) == 1:", "if not self._studies:",
       f"{OF_SEVERAL}of_one_model_nothing_is_run"),
    of("all but the first model left out", SEVERAL, "models = [sized_model(study.sources) for study in self._studies]",
       "models = [sized_model(study.sources) for study in self._studies[:1]]",
       f"{OF_SEVERAL}verdict_is_of_all_models_by_their_names"),
    of("a subject by the order of the command line", SEVERAL, '", ".join(sorted(study', '", ".join(list(study',
       f"{OF_SEVERAL}claims_of_the_family_are_judged_together"),
]  # fmt: skip
