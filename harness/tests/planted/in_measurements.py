"""Errors planted in what is measured on a cell, and in what a claim is handed of it."""

from harness.tests.planted.planted import Planted

TYPES, MEASUREMENTS = "harness/data.py", "harness/evidence/measurements.py"
COMPARISONS, EXHIBITS = "harness/judging/comparisons.py", "harness/judging/exhibits.py"
OF_TYPES, OF_MEASUREMENTS = "harness/tests/test_data.py", "harness/tests/evidence/test_measurements.py"
OF_COMPARISONS, OF_EXHIBITS = (f"harness/tests/judging/test_{name}.py" for name in ("comparisons", "exhibits"))
OF_CONTROLS = f"{OF_MEASUREMENTS}::test_control_has_no_effect_in_expectation"
OF_NOISE = (
    f"{OF_MEASUREMENTS}::test_noise_is_the_papers_where_it_says_uniform_and_has_no_direction_where_it_says_isotropic"
)

ANSWERS = [
    Planted(
        "gold label used as prediction",
        "accuracy rec2ftp C1 C2 C10",
        TYPES,
        "np.argmax(self.label_logits, axis=1)",
        "self.gold",
        f"{OF_TYPES} {OF_MEASUREMENTS}::test_accuracy_compares_predictions_with_gold_labels",
    ),
    Planted(
        "accuracy: ICL and ZSL swapped",
        "accuracy C1 C2",
        MEASUREMENTS,
        '{"zsl": cell.zsl, "icl": cell.icl,',
        '{"zsl": cell.icl, "icl": cell.zsl,',
        f"{OF_MEASUREMENTS}::test_accuracy_compares_predictions_with_gold_labels",
    ),
    Planted(
        "accuracy: control against the gold labels",
        "accuracy C1 C2",
        MEASUREMENTS,
        "(r.predicted == drawn)",
        "(r.predicted == r.gold)",
        f"{OF_CONTROLS}[accuracy-<lambda>0]",
    ),
    Planted(
        "accuracy: control against permuted gold labels, which favours the larger class",
        "accuracy C1 C2",
        MEASUREMENTS,
        "rng.integers(cell.zsl.label_logits.shape[1], size=len(cell.zsl.gold))",
        "rng.permutation(cell.zsl.gold)",
        f"{OF_CONTROLS}[accuracy-<lambda>0]",
    ),
    Planted(
        "rec2ftp: ICL and FT swapped",
        "rec2ftp C10",
        MEASUREMENTS,
        '"rec2ftp": rec2ftp(zsl, icl, ft)',
        '"rec2ftp": rec2ftp(zsl, ft, icl)',
        f"{OF_MEASUREMENTS}::test_rec2ftp_counts_icl_where_ft_corrects_zsl",
    ),
    Planted(
        "rec2ftp: ICL's own answers as its control",
        "rec2ftp C10",
        MEASUREMENTS,
        "rec2ftp(zsl, guessed, ft)",
        "rec2ftp(zsl, icl, ft)",
        f"{OF_CONTROLS}[rec2ftp-<lambda>]",
    ),
    Planted(
        "rec2ftp: ICL's answers where ZSL is right for where FT is wrong",
        "rec2ftp C10",
        MEASUREMENTS,
        "rec2ftp(zsl, icl, ~ft)",
        "rec2ftp(~zsl, icl, ft)",
        f"{OF_MEASUREMENTS}::test_rec2ftp_counts_icl_where_ft_corrects_zsl",
    ),
]
SIMILARITIES = [
    Planted(
        "sim_aou: ICL and ZSL swapped",
        "sim_aou C11",
        MEASUREMENTS,
        '"ft": sim_aou(zsl, icl, cell.ft.attn_out)',
        '"ft": sim_aou(icl, zsl, cell.ft.attn_out)',
        f"{OF_MEASUREMENTS}::test_settings_that_did_the_same_have_similarity_one",
    ),
    Planted(
        "sim_aou: isotropic noise for the paper's",
        "sim_aou C11",
        MEASUREMENTS,
        "sim_aou_with_update(zsl, icl, uniform_like(update, rng))",
        "sim_aou_with_update(zsl, icl, isotropic_like(update, rng))",
        OF_NOISE,
    ),
    Planted(
        "sim_aou: FT's own update as its control",
        "sim_aou C11",
        MEASUREMENTS,
        "scrambled(update, rng)",
        "update",
        f"{OF_CONTROLS}[sim_aou-<lambda>]",
    ),
    Planted(
        "sim_aou: another layer's update for another example's",
        "sim_aou C11",
        MEASUREMENTS,
        "np.roll(update, 1, axis=0)",
        "np.roll(update, 1, axis=1)",
        f"{OF_MEASUREMENTS}::test_another_examples_update_is_the_one_befores",
    ),
    Planted(
        "sim_am: FT's similarity to ZSL for ICL's",
        "sim_am C12",
        MEASUREMENTS,
        '"zsl": sim_am(icl, zsl)',
        '"zsl": sim_am(ft, zsl)',
        f"{OF_MEASUREMENTS}::test_sim_am_tells_zero_shot_from_finetuning",
    ),
    Planted(
        "sim_am: FT and ZSL swapped",
        "sim_am C12",
        MEASUREMENTS,
        '"ft": sim_am(icl, ft)',
        '"ft": sim_am(icl, zsl)',
        f"{OF_MEASUREMENTS}::test_settings_that_did_the_same_have_similarity_one",
    ),
    Planted(
        "sim_aou: a random change of ICL's size for one of FT's",
        "sim_aou C11",
        MEASUREMENTS,
        "changed_at_random(cell.ft.attn_out, zsl, rng)",
        "changed_at_random(icl, zsl, rng)",
        f"{OF_MEASUREMENTS}::test_random_change_is_of_finetunings_size",
    ),
    Planted(
        "kendall: FT's own order as its control",
        "kendall C13",
        MEASUREMENTS,
        "permuted(in_training, rng)",
        "in_training",
        f"{OF_MEASUREMENTS}::test_permuted_training_tokens_keep_no_order",
    ),
    Planted(
        "kendall: noise in FT's place",
        "kendall C13",
        MEASUREMENTS,
        '"ft": kendall(icl, ft)',
        '"ft": kendall(icl, uniform_like(in_training, rng))',
        f"{OF_MEASUREMENTS}::test_kendall_is_one_where_finetuning_orders_tokens_as_icl_does",
    ),
    Planted(
        "kendall: training tokens off by one: start tokens in, last tokens out",
        "kendall C13",
        MEASUREMENTS,
        "np.arange(s + 1, s + 1 + n)",
        "np.arange(s, s + n)",
        f"{OF_MEASUREMENTS}::test_attention_to_the_same_token_stands_in_the_same_place",
    ),
    Planted(
        "kendall: context tokens off by one: separators in, first tokens out",
        "kendall C13",
        MEASUREMENTS,
        "np.arange(first, last) for",
        "np.arange(first + 1, last + 1) for",
        f"{OF_MEASUREMENTS}::test_attention_to_the_same_token_stands_in_the_same_place",
    ),
    Planted(
        "kendall: later training texts' start tokens forgotten",
        "kendall C13",
        MEASUREMENTS,
        "[0, *(n + 1 for n in lengths[:-1])]",
        "[0, *lengths[:-1]]",
        f"{OF_MEASUREMENTS}::test_attention_to_the_same_token_stands_in_the_same_place",
    ),
]
HANDED = [
    Planted(
        "value and baseline swapped",
        "C1 C2 C9 C11 C12 C13 Q1 Q2",
        COMPARISONS,
        "_over_layers(value[task]) - _over_layers(baseline[task])",
        "_over_layers(baseline[task]) - _over_layers(value[task])",
        OF_COMPARISONS,
    ),
    Planted(
        "last layer for the mean over layers",
        "C9 C11 C12 C13 Q1",
        COMPARISONS,
        "means: np.ndarray = values.mean(axis=-1)",
        "means: np.ndarray = values[..., -1]",
        OF_COMPARISONS,
    ),
    Planted(
        "what does not count shown as 0",
        "C10",
        EXHIBITS,
        "known = values[~np.isnan(values.astype(float))]",
        "known = np.nan_to_num(values.astype(float))",
        OF_EXHIBITS,
    ),
    Planted(
        "null ignored",
        "C10",
        COMPARISONS,
        'kind="proportion", null=null',
        'kind="proportion", null=0.0',
        OF_COMPARISONS,
    ),
    Planted(
        "band of standard deviations, not errors",
        "C9 C11 C12 C13 Q1",
        EXHIBITS,
        " / np.sqrt(len(by_example))",
        "",
        OF_EXHIBITS,
    ),
]
ERRORS = [*ANSWERS, *SIMILARITIES, *HANDED]
