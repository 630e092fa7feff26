"""Errors planted in wrong pairs, what precedes finetuning, attention to first order, and orders against sets."""

from harness.tests.planted.planted import Planted

PAIRING, SIM_AM, NOISE = (f"harness/metrics/{name}.py" for name in ("pairing", "sim_am", "noise"))
ORDER, MEASUREMENTS = "harness/metrics/order.py", "harness/evidence/measurements.py"
QUESTIONS, MEASURING = "harness/evidence/questions.py", "harness/evidence/measuring.py"
EXPERIMENT, FINETUNING = "harness/runs/experiment.py", "harness/models/finetuning.py"
ATTENTION, CELLS = "harness/models/prefix_attention.py", "harness/runs/cells.py"
OF_PAIRING, OF_SIM_AM, OF_NOISE, OF_ORDER = (
    f"harness/tests/metrics/test_{name}.py" for name in ("pairing", "sim_am", "noise", "order")
)
OF_PAIRS, OF_MEASUREMENTS = (f"harness/tests/evidence/test_{name}.py::test_" for name in ("pairings", "measurements"))
OF_CELLS, OF_ACROSS = (
    "harness/tests/runs/test_cells.py::test_",
    "harness/tests/evidence/test_control_measurements.py::test_",
)
OF_FORMS = "harness/tests/models/test_prefix_attention.py::test_"
ACROSS = "orders_and_sets O5"

PAIRS = [
    Planted(
        "an example paired with itself",
        "others_of_class sim_aou sim_am kendall O6",
        PAIRING,
        "np.fill_diagonal(same, val=False)",
        "np.fill_diagonal(same, val=True)",
        f"{OF_PAIRING}::test_partner_is_another_example_of_the_same_label",
    ),
    Planted(
        "label ignored",
        "others_of_class sim_aou sim_am kendall O6",
        PAIRING,
        "same = gold[:, None] == gold",
        "same = gold[:, None] >= gold.min()",
        f"{OF_PAIRING}::test_partner_is_another_example_of_the_same_label",
    ),
    Planted(
        "the same label for another",
        "others_of_other_class sim_aou sim_am kendall O6",
        PAIRING,
        "_drawn(gold[:, None] != gold,",
        "_drawn(gold[:, None] == gold,",
        f"{OF_PAIRING}::test_other_partner_is_of_another_label",
    ),
    Planted(
        "the first candidate for all draws",
        "others_of_class others_of_other_class",
        PAIRING,
        "rng.integers(np.maximum(number, 1), size=(draws, len(allowed)))",
        "0 * rng.integers(np.maximum(number, 1), size=(draws, len(allowed)))",
        f"{OF_PAIRING}::test_every_candidate_is_equally_likely",
    ),
    Planted(
        "the last example for nobody",
        "of_partners",
        PAIRING,
        "np.where(alone, np.nan, values[partners])",
        "values[partners]",
        f"{OF_PAIRING}::test_partners_values_by_hand",
    ),
    Planted(
        "cut from the wrong end",
        "aligned_at_end sim_am_of_partners O6",
        SIM_AM,
        "(np.arange(longest) - (longest - tokens)[:, None]) % longest",
        "(np.arange(longest) + 0 * tokens[:, None]) % longest",
        f"{OF_SIM_AM}::test_partners_are_compared_over_the_tokens_that_both_have_counted_from_the_end",
    ),
    Planted(
        "the example's own map not cut",
        "sim_am_of_partners O6",
        SIM_AM,
        "np.where(np.isnan(other), np.nan, ft)",
        "ft",
        f"{OF_SIM_AM}::test_partners_are_compared_over_the_tokens_that_both_have_counted_from_the_end",
    ),
    Planted(
        "the partner's ICL for its FT",
        "sim_am_of_partners O6",
        SIM_AM,
        "other = of_partners(ft, of_draw)",
        "other = of_partners(icl, of_draw)",
        f"{OF_SIM_AM}::test_partners_are_compared_over_the_tokens_that_both_have_counted_from_the_end",
    ),
    Planted(
        "sim_aou: own update for another's of the label",
        "sim_aou O6",
        MEASUREMENTS,
        "of_partners(update, p))",
        "of_partners(update, np.arange(len(p))))",
        f"{OF_PAIRS}pairs_within_a_label_are_of_two_examples[sim_aou]",
    ),
    Planted(
        "pairs within a label and across swapped",
        "sim_aou sim_am kendall O6",
        MEASUREMENTS,
        'yield "other_of_class", others_of_class(',
        'yield "other_of_class", others_of_other_class(',
        f"{OF_PAIRS}pairs_within_a_label_are_of_two_examples[sim_aou]",
    ),
]
BASELINES = [
    Planted(
        "permuted across demonstrations",
        "permuted_within kendall C13",
        NOISE,
        "for stretch in np.split(array, cuts, axis=-1)]",
        "for stretch in np.split(array, cuts[:0], axis=-1)]",
        f"{OF_NOISE}::test_each_stretch_is_permuted_in_itself",
    ),
    Planted(
        "kendall: within demonstrations permuted across them",
        "kendall C13",
        MEASUREMENTS,
        "permuted_within(in_training, lengths, rng)",
        "permuted(in_training, rng)",
        f"{OF_PAIRS}permuted_within_demonstrations_keeps_what_is_between_them",
    ),
    Planted(
        "kendall: finetuned query vectors for untouched ones",
        "kendall C13",
        MEASUREMENTS,
        "training_attention(cell.zsl.query_vectors, cell.starting_queries",
        "training_attention(cell.ft.query_vectors, cell.starting_queries",
        f"{OF_PAIRS}unfinetuned_attention_is_the_untouched_models",
    ),
    Planted(
        "kendall: training's query vectors for those before it",
        "kendall C13",
        MEASUREMENTS,
        "cell.starting_queries[:, _trained_on(cell)]",
        "cell.training_queries[:, _trained_on(cell)]",
        f"{OF_PAIRS}unfinetuned_attention_is_the_untouched_models",
    ),
    Planted(
        "the trained model's start for the rival's",
        "kendall C13",
        EXPERIMENT,
        "learning_rate=None, rates=(), variant=variant)",
        "learning_rate=None, rates=(), variant=OWN)",
        f"{OF_CELLS}start_is_what_finetuning_records_before_its_first_step",
    ),
    Planted(
        "training's query vectors read where the start's are asked for",
        "kendall C13",
        CELLS,
        'starting_queries=store.find_or_run(self.start).tensors["query_vectors"]',
        "starting_queries=cell.training_queries",
        f"{OF_CELLS}start_is_what_finetuning_records_before_its_first_step",
    ),
    Planted(
        "the first text's query vectors for all texts'",
        "kendall C13",
        FINETUNING,
        "for text in demonstrations:",
        "for text in [demonstrations[0]] * len(demonstrations):",
        "harness/tests/models/test_finetuning.py::test_starting_queries_are_those_of_the_untouched_model",
    ),
]
FIRST_ORDER = [
    Planted(
        "first order without the mean taken off",
        "relaxed C9",
        ATTENTION,
        "weighted(own_scores - mean, prefix_scores - mean)",
        "weighted(own_scores, prefix_scores)",
        f"{OF_FORMS}first_order_does_not_see_a_constant_in_all_scores",
    ),
    Planted(
        "mean score over padding too",
        "relaxed C9",
        ATTENTION,
        "all_prefix.sum(-1, keepdim=True)) / number[..., None]",
        "all_prefix.sum(-1, keepdim=True)) / (prefix_scores.shape[-1] + own_scores.shape[-1])",
        f"{OF_FORMS}forms_without_softmax_are_their_sums",
    ),
    Planted(
        "sum for mean in the first order",
        "relaxed C9",
        ATTENTION,
        "prefix_scores - mean) / number[..., None]",
        "prefix_scores - mean)",
        f"{OF_FORMS}forms_without_softmax_are_their_sums",
    ),
    Planted(
        "first order of ZSL's form for ICL's",
        "relaxed C9",
        MEASUREMENTS,
        "direction(icl.first_order, real), icl.whole",
        "direction(zsl.first_order, real), icl.whole",
        f"{OF_MEASUREMENTS}relaxed_attention_is_compared_head_by_head",
    ),
    Planted(
        "the form for its change",
        "relaxed C9",
        MEASUREMENTS,
        "icl.first_order - zsl.first_order",
        "icl.first_order",
        f"{OF_MEASUREMENTS}first_orders_own_change_is_held_to_the_real_one",
    ),
    Planted(
        "first order of the other setting",
        "relaxed C9",
        CELLS,
        "return parts.becoming(FirstOrderRun)",
        "return parts.becoming(FirstOrderRun, setting=None)",
        "harness/tests/runs/test_theory.py::test_first_order_is_kept_beside_the_parts",
    ),
]
ORDERS = [
    Planted(
        "what is common left in",
        f"spread_of_orders_and_sets {ACROSS}",
        ORDER,
        "centred -= centred.mean(axis=(0, 1))",
        "centred -= 0 * centred.mean(axis=(0, 1))",
        f"{OF_ORDER}::test_orders_and_sets_by_hand",
    ),
    Planted(
        "each set's own mean taken off",
        f"spread_of_orders_and_sets {ACROSS}",
        ORDER,
        "centred -= centred.mean(axis=(0, 1))",
        "centred -= centred.mean(axis=1, keepdims=True)",
        f"{OF_ORDER}::test_orders_and_sets_by_hand",
    ),
    Planted(
        "the last order of each set for its own",
        f"spread_of_orders_and_sets {ACROSS}",
        ORDER,
        "spread(centred[:, 0])",
        "spread(centred[:, -1])",
        f"{OF_ORDER}::test_sets_are_compared_in_their_own_order",
    ),
    Planted(
        "orders of the first set alone",
        f"disagreement_of_orders_and_sets {ACROSS}",
        ORDER,
        "[disagreement(of_set) for of_set in predicted]",
        "[disagreement(of_set) for of_set in predicted[:1]]",
        f"{OF_ORDER}::test_answers_of_orders_and_sets_by_hand",
    ),
    Planted(
        "ratio upside down",
        f"log_ratio {ACROSS}",
        ORDER,
        "np.log(np.divide(orders, sets,",
        "np.log(np.divide(sets, orders,",
        f"{OF_ORDER}::test_log_ratio_by_hand",
    ),
    Planted(
        "influence of sets forgotten",
        f"log_ratio_of_means {ACROSS}",
        ORDER,
        "+ orders / of_orders - sets / of_sets",
        "+ orders / of_orders - 1.0",
        f"{OF_ORDER}::test_values_vary_as_the_ratio_does",
    ),
    Planted(
        "ICL's orders and sets for FT's",
        ACROSS,
        MEASUREMENTS,
        "[[getattr(cell, setting) for cell in cells] for cells in sets]",
        "[[cell.icl for cell in cells] for cells in sets]",
        f"{OF_ACROSS}orders_are_measured_against_sets",
    ),
    Planted(
        "the best set's orders for every set's",
        ACROSS,
        QUESTIONS,
        "experiment.orders(task, chosen, c) for c in sets",
        "experiment.orders(task, chosen, sets[0]) for c in sets",
        f"{OF_ACROSS}orders_are_measured_against_sets",
    ),
    Planted(
        "orders against sets kept whichever the sets",
        ACROSS,
        MEASURING,
        'orders of sets {sets}"',
        'orders of {len(self.source.sets)} sets"',
        f"{OF_ACROSS}measurement_across_sets_names_them_all",
    ),
]
ERRORS = [*PAIRS, *BASELINES, *FIRST_ORDER, *ORDERS]
