"""Errors planted in the files of the claims on trained models and of the rival explanations."""

from harness.tests.planted.in_claims import SHOWS, of

BETWEEN, TEXT_TASKS, MEANS, BASE_RATE, FAMILIES = (
    "harness/tests/claims/test_claims.py::test_control_sets_every_other_set_against_the_next[{claim}]",
    "harness/tests/claims/test_claims.py::test_text_tasks_are_a_part_where_they_are_asked",
    "harness/tests/claims/test_claims.py::test_tables_of_trained_models_are_means_by_attention",
    "harness/tests/claims/test_claims.py::test_base_rate_is_exceeded_or_not",
    "harness/tests/claims/test_families.py",
)
ALIKE, SHIFTED, OF_PAIRS, KINDS = (
    f"harness/tests/claims/test_objections.py::test_{name}"
    for name in (
        "dependence_on_order_is_alike_within_what_matters",
        "equivalence_has_a_control_on_the_same_numbers",
        "control_of_pairs_sets_one_draw_against_the_next",
        "tasks_with_the_same_answer_words_stand_in_for_none",
    )
)
UNTRAINED, CHANGES, CAUSAL = "o01_untrained", "o02_changes_alone", "o07_layer_causal"
MODELS = "untrained"
PERPLEXITY, IN_CONTEXT, MIXING = "c14_momentum_perplexity", "c15_momentum_icl", "q03_momentum_or_mixing"

TRAINED = [
    of("C14", "momentum over vanilla", PERPLEXITY, '{"text": of["vanilla"]}', '{"text": of["momentum"]}'),
    of("C14", "uniform average for vanilla", PERPLEXITY, '{"text": of["vanilla"]}', '{"text": of["uniform"]}'),
    of("C14", "twice the training length for one of three", PERPLEXITY, "if n <= size.length", "if n >= 64"),
    of("C14", "mean of perplexities", PERPLEXITY, "np.exp(values.mean())", "np.exp(values).mean()", MEANS),
    of("C14", "momentum in the control", PERPLEXITY, '[size.length]["vanilla"]', '[size.length]["momentum"]', BETWEEN),
    of(
        "C15",
        "larger error for the better",
        IN_CONTEXT,
        '{"": error["vanilla"]}, {"": error["momentum"]}',
        '{"": error["momentum"]}, {"": error["vanilla"]}',
    ),
    of(
        "C15",
        "smaller accuracy for the better",
        IN_CONTEXT,
        '{"": right["momentum"]}, {"": right["vanilla"]}',
        '{"": right["vanilla"]}, {"": right["momentum"]}',
    ),
    of("C15", "last pair for the mean over pairs", IN_CONTEXT, "np.nanmean(of, axis=2)", "of[:, :, -1]"),
    of(
        "C15",
        "text tasks for vanilla's sake",
        IN_CONTEXT,
        'texts["momentum"], texts["vanilla"])',
        'texts["vanilla"], texts["momentum"])',
        TEXT_TASKS,
    ),
    of("C15", "guessing among two", IN_CONTEXT, "1 / evidence", "0.5 + 0 * evidence", MEANS),
    of(
        "C15",
        "momentum in the control",
        IN_CONTEXT,
        '"accuracy", {"": right["vanilla"]})',
        '"accuracy", {"": right["momentum"]})',
        BETWEEN,
    ),
    of("Q3", "vanilla for the controls", MIXING, '{"": by[rival]}', '{"": by["vanilla"]}'),
    of("Q3", "right values for wrong ones", MIXING, '1 - np.nanmean(f["score"], 2)', 'np.nanmean(f["score"], 2)'),
    of("Q3", "a family of its own", MIXING, 'family="momentum"', 'family="mixing"', FAMILIES),
    of("Q3", "momentum in the control", MIXING, '{"": by["shift"]}', '{"": by["momentum"]}', BETWEEN),
    of("Q3", "momentum's last starts", MIXING, '["momentum"][: len(by[rival])]', '["momentum"][-len(by[rival]) :]'),
]
OBJECTIONS = [
    of(
        "O1", "trained and untrained swapped", UNTRAINED, 'of["trained"], of[r], shared', 'of[r], of["trained"], shared'
    ),
    of("O1", "raw similarities of models that can't be compared", UNTRAINED, "less(of, others[model])", "of"),
    of("O1", "an example of any class for one of its own", UNTRAINED, '"other_of_class")', '"other_class")'),
    of("O1", "the trained model for a rival", MODELS, 'Variant(weights="embeddings")', "Variant()"),
    of("O1", "draws of the tasks' own", UNTRAINED, "of[r], shared_draws=True)", "of[r])"),
    of(
        "O1",
        "the norms' rival shown as the embeddings'",
        MODELS,
        'Variant(weights="embeddings")',
        'Variant(weights="norms")',
        SHOWS,
    ),
    of(
        "O1",
        "the trained model's sets in the control",
        UNTRAINED,
        '["SimAOU"]["norms kept"]',
        '["SimAOU"]["trained"]',
        BETWEEN,
    ),
    of("O1", "draws of the tasks' own in the control", UNTRAINED, "drawn, shared_draws=True", "drawn", BETWEEN),
    of("O2", "similarity to ZSL for that of changes", CHANGES, '"own_cut")', '"zsl")'),
    of(
        "O2",
        "all tokens for those that both have",
        CHANGES,
        'evidence.of(question, "own_cut")',
        '{t: v[:, None] for t, v in evidence.of(question, "differences").items()}',
    ),
    of(
        "O2",
        "trained and untrained swapped",
        CHANGES,
        'specific["trained"], specific[r],',
        'specific[r], specific["trained"],',
    ),
    of("O2", "draws of the tasks' own", CHANGES, "specific[r], shared_draws=True)", "specific[r])"),
    of("O2", "the first pair for all", CHANGES, "values.mean(axis=1)", "values[:, 0]"),
    of("O3", "the control for the excess", "o03_base_rate", 'found["excess"]', 'found["control"]', BASE_RATE),
    of("O3", "control = the claim itself", "o03_base_rate", 'found["control"]', 'found["excess"]', BASE_RATE),
    of("O3", "base rate shown as Rec2FTP", "o03_base_rate", 'found["corrected"]', 'found["uncorrected"]', BASE_RATE),
    of("O4", "flipped labels for random ones", "o04_labels", 'Variant(labels="random")', 'Variant(labels="flipped")'),
    of("O4", "gold and random swapped", "o04_labels", 'by["gold"], by["random"])', 'by["random"], by["gold"])'),
    of("O4", "gold labels in the control", "o04_labels", '["SimAOU"]["random"]', '["SimAOU"]["gold"]', BETWEEN),
    of("O5", "FT over ICL", "o05_order", '"log ratio", icl, ft, alike', '"log ratio", ft, icl, alike'),
    of("O5", "one side alone", "o05_order", "icl, ft, alike=SIZE)", "icl, ft)", ALIKE),
    of("O5", "whatever differs is alike", "o05_order", "icl, ft, alike=SIZE)", "icl, ft, alike=9 * SIZE)", ALIKE),
    of("O5", "spreads for their ratios", "o05_order", '"{setting}_outputs_ratio"', '"{setting}_outputs_orders"'),
    of("O5", "a control of no data", "o05_order", '"log ratio", icl, apart', '"log ratio", apart, ft', SHIFTED),
    of("O5", "a control that is alike", "o05_order", "values + 3 * SIZE", "values + 0 * SIZE", SHIFTED),
    of(
        "O6",
        "an example of any class for one of its own",
        "o06_pairing",
        '(question, "other_of_class")',
        '(question, "other_class")',
    ),
    of("O6", "own and other swapped", "o06_pairing", '"similarity", own, same)', '"similarity", same, own)'),
    of(
        "O6", "all tokens for those that both have", "o06_pairing", '("sim_am", "own_cut")', '("sim_am", "differences")'
    ),
    of(
        "O6",
        "control = the claim itself",
        "o06_pairing",
        "(slice(0, 1), slice(1, 2))",
        "(slice(0, 1), slice(0, 1))",
        OF_PAIRS,
    ),
    of(
        "O7",
        "a rival at finetuning's rate",
        CAUSAL,
        "(measurement, variant, tuned=True), name)",
        "(measurement, variant), name)",
    ),
    of("O7", "plain finetuning for layer-causal", CAUSAL, 'Variant(gradient="layer_causal")', "Variant()"),
    of(
        "O7",
        "layer-causal over FT",
        CAUSAL,
        '"similarity", *outputs.values()),',
        '"similarity", *reversed(outputs.values())),',
    ),
    of(
        "O7",
        "layer-causal over FT in attention",
        CAUSAL,
        '"similarity", *maps.values()),',
        '"similarity", *reversed(maps.values())),',
    ),
    of(
        "O7", "the rival's sets in the control", CAUSAL, 'outputs["FT"]),', 'outputs["layer-causal descent"]),', BETWEEN
    ),
    of("O9", "the own task for another", "o09_another_task", "Variant(another_task=True)", "Variant()"),
    of("O9", "another task over the own", "o09_another_task", "own[m], other[m])", "other[m], own[m])"),
    of(
        "O9",
        "the same answer words in another task",
        "o09_another_task",
        "if other is None]",
        "if other == task]",
        KINDS,
    ),
    of("O9", "the own task's sets in the control", "o09_another_task", 'other["SimAOU"])', 'own["SimAOU"])', BETWEEN),
    of(
        "O8",
        "FT over ZSL",
        "o08_distributions",
        '"probability", by["zsl"], by["ft"])',
        '"probability", by["ft"], by["zsl"])',
    ),
    of(
        "O8",
        "overlap taken for a distance",
        "o08_distributions",
        'overlap["ft"], overlap["zsl"])',
        'overlap["zsl"], overlap["ft"])',
    ),
    of("O8", "control = the claim itself", "o08_distributions", 'Variant(update="random")', "Variant()"),
]
ERRORS = [*TRAINED, *OBJECTIONS]
