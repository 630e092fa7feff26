"""Errors planted in the files of the claims on trained models and of the rival explanations."""

from harness.tests.planted.in_claims import SHOWS, of
from harness.tests.planted.planted import Planted

COIN, TEXT_TASKS, MEANS, BASE_RATE, FAMILIES = (
    "harness/tests/claims/test_claims.py::test_coin_decides_in_the_control[{claim}]",
    "harness/tests/claims/test_claims.py::test_text_tasks_are_a_part_where_they_are_asked",
    "harness/tests/claims/test_claims.py::test_tables_of_trained_models_are_means_by_attention",
    "harness/tests/claims/test_claims.py::test_base_rate_is_exceeded_or_not",
    "harness/tests/claims/test_families.py",
)
PERPLEXITY, IN_CONTEXT, MIXING = "c14_momentum_perplexity", "c15_momentum_icl", "q03_momentum_or_mixing"


def coin(claim: str, file: str, arrays: str) -> Planted:
    """Plant a control that is the claim itself: no coin is tossed for the two arrays."""
    toss = "by_coin" if claim in {"C14", "C15", "Q3"} else "by_coin_of"
    return of(claim, "no coin in the control", file, f'{toss}(evidence.seed, "{claim}", {arrays})', arrays, COIN)


TRAINED = [
    of("C14", "momentum over vanilla", PERPLEXITY, '{"text": of["vanilla"]}', '{"text": of["momentum"]}'),
    of("C14", "uniform average for vanilla", PERPLEXITY, '{"text": of["vanilla"]}', '{"text": of["uniform"]}'),
    of("C14", "twice the training length for one of three", PERPLEXITY, "if n <= size.length", "if n >= 64"),
    of("C14", "mean of perplexities", PERPLEXITY, "np.exp(values.mean())", "np.exp(values).mean()", MEANS),
    coin("C14", PERPLEXITY, 'losses[size.length]["vanilla"], losses[size.length]["momentum"]'),
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
    coin("C15", IN_CONTEXT, 'error["vanilla"], error["momentum"]'),
    of("Q3", "vanilla for the controls", MIXING, '{"": by[rival]}', '{"": by["vanilla"]}'),
    of("Q3", "right values for wrong ones", MIXING, '1 - np.nanmean(f["score"], 2)', 'np.nanmean(f["score"], 2)'),
    of("Q3", "a family of its own", MIXING, 'family="momentum"', 'family="mixing"', FAMILIES),
    coin("Q3", MIXING, 'scores["text"][1]["shift"], scores["text"][1]["momentum"]'),
]
OBJECTIONS = [
    of(
        "O1",
        "trained and untrained swapped",
        "o01_untrained",
        'shown[m]["trained"], shown[m][rival]',
        'shown[m][rival], shown[m]["trained"]',
    ),
    of("O1", "the trained model for the fresh one", "o01_untrained", 'Variant(weights="fresh")', "Variant()"),
    of(
        "O1",
        "shuffled shown as fresh",
        "o01_untrained",
        '"fresh": Variant(weights="fresh")',
        '"fresh": Variant(weights="shuffled")',
        SHOWS,
    ),
    coin("O1", "o01_untrained", 'shown["SimAOU"]["trained"], shown["SimAOU"]["fresh"]'),
    of(
        "O2",
        "similarity to ZSL for that of changes",
        "o02_changes_alone",
        'of(MAPS, "differences"), of',
        'of(MAPS, "zsl"), of',
    ),
    of(
        "O2",
        "scaled outputs for unscaled",
        "o02_changes_alone",
        'of(OUTPUTS, "ft"), of',
        'of(SCALED, "ft"), of',
    ),
    of("O2", "noise for another example", "o02_changes_alone", "outputs, other_example)", "outputs, noise)"),
    coin("O2", "o02_changes_alone", "maps, fresh_maps"),
    of("O3", "the control for the excess", "o03_base_rate", 'found["excess"]', 'found["control"]', BASE_RATE),
    of("O3", "control = the claim itself", "o03_base_rate", 'found["control"]', 'found["excess"]', BASE_RATE),
    of("O3", "base rate shown as Rec2FTP", "o03_base_rate", 'found["corrected"]', 'found["uncorrected"]', BASE_RATE),
    of("O4", "flipped labels for random ones", "o04_labels", 'by["gold"], by["random"])', 'by["gold"], by["flipped"])'),
    of("O4", "gold and random swapped", "o04_labels", 'by["gold"], by["random"])', 'by["random"], by["gold"])'),
    coin("O4", "o04_labels", 'found["SimAOU"]["gold"], found["SimAOU"]["random"]'),
    of("O5", "FT over ICL", "o05_order", 'answers["icl"], answers["ft"])', 'answers["ft"], answers["icl"])'),
    of(
        "O5",
        "answers for outputs",
        "o05_order",
        '"cosine", outputs["icl"], outputs["ft"])',
        '"cosine", answers["icl"], answers["ft"])',
    ),
    coin("O5", "o05_order", 'outputs["icl"], outputs["ft"]'),
    of("O6", "another example for another task", "o06_pairing", "own, other_task)", "own, other_example)"),
    of("O6", "own and other swapped", "o06_pairing", "maps, other_maps)", "other_maps, maps)"),
    of("O6", "the own task for another", "o06_pairing", "Variant(another_task=True)", "Variant()"),
    coin("O6", "o06_pairing", "own, other_example"),
    of("O7", "plain finetuning for layer-causal", "o07_layer_causal", 'Variant(gradient="layer_causal")', "Variant()"),
    of(
        "O7",
        "FT over layer-causal",
        "o07_layer_causal",
        '"SimAOU", CLAIM.prediction, "cosine", *outputs.values()',
        '"SimAOU", CLAIM.prediction, "cosine", outputs["FT"], outputs["layer-causal GD"]',
    ),
    of(
        "O7",
        "no coin in the control",
        "o07_layer_causal",
        'by_coin_of(evidence.seed, "O7", *outputs.values())',
        "outputs.values()",
        COIN,
    ),
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
    coin("O8", "o08_distributions", 'distance["next token"]["zsl"], distance["next token"]["ft"]'),
]
ERRORS = [*TRAINED, *OBJECTIONS]
