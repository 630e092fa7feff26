"""Errors planted in what ICL is set beside: supervised models, their learning curves, where they overtake it."""

from harness.tests.planted.planted import Planted

CLAIM, COMPARES = "claims/c03_supervised_models.py", "harness/tests/claims/test_claims.py::test_"
CLASSIFIERS, OF_CLASSIFIERS = "harness/models/classifiers.py", "harness/tests/models/test_classifiers.py::test_"
ENCODER, OF_ENCODER = "harness/models/encoder.py", "harness/tests/models/test_encoder.py::test_"
RUNS, OF_RUNS = "harness/runs/supervised.py", "harness/tests/runs/test_supervised.py::test_"
QUESTION, OF_QUESTION = "harness/evidence/supervised.py", "harness/tests/evidence/test_supervised.py::test_"
CURVES, OF_CURVES = "harness/judging/learning_curves.py", "harness/tests/judging/test_learning_curves.py::test_"
OVERTAKING, OF_OVERTAKING = "harness/statistics/overtaking.py", "harness/tests/statistics/test_overtaking.py::test_"
FIGURES, OF_FIGURES = "harness/report/figures.py", "harness/tests/report/test_figures.py::test_"


def of(name: str, file: str, right: str, wrong: str, caught_by: str) -> Planted:
    """Plant an error that concerns C3."""
    return Planted(name, "C3", file, right, wrong, caught_by)


BY_HAND, ALONE = f"{OF_CLASSIFIERS}weights_by_hand", f"{OF_CLASSIFIERS}features_are_those_of_a_vectorizer"
VECTORIZED = f"{ALONE}_that_saw_the_labelled_texts_alone"
OWN_LABELS = f"{OF_RUNS}labels_are_the_demonstrations_and_those_that_follow"
CROSSINGS, DOUBLED = f"{OF_OVERTAKING}crossings_by_hand", f"{OF_QUESTION}sizes_double_up_to_the_pool"
COMPARED = f"{COMPARES}claim_compares_the_value_with_its_baseline[C3]"
LEARNED = [
    of("idf of unlabelled texts", CLASSIFIERS, ".fit(of_labelled[:, known])", ".fit(counts[:, known])", VECTORIZED),
    of("n-grams of no label", CLASSIFIERS, "np.unique(of_labelled.indices)", "np.arange(counts.shape[1])", BY_HAND),
    of("plain counts", CLASSIFIERS, "TfidfTransformer(sublinear_tf=True)", "TfidfTransformer()", BY_HAND),
    of("words alone", CLASSIFIERS, "(self.words, self.characters)", "(self.words, self.words)", VECTORIZED),
    of("signs are no words", CLASSIFIERS, r'r"\w+|[^\w\s]+"', r'r"\w+"', f"{OF_CLASSIFIERS}signs_are_words"),
    of(
        "another penalty",
        CLASSIFIERS,
        "C=PENALTY, tol",
        "C=1.0, tol",
        f"{OF_CLASSIFIERS}logistic_regression_is_the_least_of_its_loss",
    ),
    of(
        "answers without a label pushed together",
        CLASSIFIERS,
        "found[:, model.classes_]",
        "found[:, : len(seen)]",
        f"{OF_CLASSIFIERS}answer_without_a_label_is_never_given",
    ),
    of(
        "the first answer for the only one",
        CLASSIFIERS,
        "found[:, seen[0]]",
        "found[:, 0]",
        f"{OF_CLASSIFIERS}one_class_alone_answers_that_class",
    ),
    of("padding in the mean", ENCODER, "(hidden * kept).sum", "hidden.sum", f"{OF_ENCODER}mean_of_tokens_by_hand"),
    of(
        "embeddings in another order",
        ENCODER,
        "[texts[i] for i in places]",
        "[texts[i] for i in sorted(places)]",
        f"{OF_ENCODER}embeddings_are_those_of_each_sentence_alone",
    ),
    of(
        "all tokens read",
        ENCODER,
        "max_length=encoder.tokens",
        "max_length=16",
        f"{OF_ENCODER}embeddings_are_those_of_each_sentence_alone",
    ),
]
ASKED = [
    of(
        "the first set's labels for all",
        RUNS,
        "drawn.seed, drawn.candidate)\n        places",
        "drawn.seed, 0)\n        places",
        OWN_LABELS,
    ),
    of("test examples teach", RUNS, "for e in labelled])", "for e in pool[: len(labelled)]])", OWN_LABELS),
    of("the last examples", RUNS, "len(pool) + np.arange(self.number)", "-1 - np.arange(self.number)", OWN_LABELS),
    of(
        "control = gold labels",
        RUNS,
        "predicted == rng.integers(answers, size=len(gold))",
        "predicted == gold",
        f"{OF_RUNS}control_is_right_by_chance",
    ),
    of(
        "one control for all sets",
        RUNS,
        "self.task.name, drawn.candidate)\n            found",
        "self.task.name)\n            found",
        f"{OF_RUNS}control_is_right_by_chance",
    ),
    of(
        "the pool's first embeddings",
        RUNS,
        'embedded["pool"][labelled]',
        'embedded["pool"][: len(labelled)]',
        f"{OF_RUNS}embeddings_are_learned_where_an_encoder_is_given",
    ),
    of("any encoder", RUNS, '["encoder", encoder.fingerprint]', '"encoder"', f"{OF_RUNS}each_field_changes_the_key"),
    of("sizes treble", QUESTION, "demonstrations * 2**i", "demonstrations * 3**i", DOUBLED),
    of("the pool twice", QUESTION, "if labels < pool", "if labels <= pool", DOUBLED),
    of(
        "labels that no context held",
        QUESTION,
        "run(candidate, sources.shown(task, candidate))",
        "run(candidate, settings.demonstrations)",
        f"{OF_QUESTION}labels_are_as_many_as_the_context_holds",
    ),
    of(
        "control of the largest size",
        QUESTION,
        "for tensors in found[0]]",
        "for tensors in found[1]]",
        f"{OF_QUESTION}what_is_right_stands_by_size_and_set",
    ),
]
SHOWN = [
    of("ICL and supervised swapped", CLAIM, '"accuracy", icl, right)', '"accuracy", right, icl)', COMPARED),
    of("the whole pool for the demonstrations", CLAIM, "found.right[0]", "found.right[-1]", COMPARED),
    of("control = the claim itself", CLAIM, '"accuracy", random_icl, right)', '"accuracy", icl, right)', COMPARED),
    of(
        "a family of its own",
        CLAIM,
        'family="performance"',
        'family="supervised"',
        "harness/tests/claims/test_families.py",
    ),
    of(
        "from where ICL overtakes",
        CURVES,
        "of[task].right - right)",
        "right - of[task].right)",
        f"{OF_CURVES}labels_to_overtake_by_hand",
    ),
    of(
        "linear in labels",
        OVERTAKING,
        "sizes[place - 1] * math.exp(way * -before / (after - before))",
        "sizes[place - 1] + (sizes[place] - sizes[place - 1]) * -before / (after - before) + 0 * way",
        CROSSINGS,
    ),
    of("reached where it is above 0", OVERTAKING, "if value >= 0)", "if value > 0)", CROSSINGS),
    of(
        "for sure where it once was",
        OVERTAKING,
        "_lasting(sizes, lows)",
        "_first(sizes, lows)",
        f"{OF_OVERTAKING}what_is_reached_once_is_not_kept_for_sure",
    ),
    of(
        "low and high ends swapped",
        OVERTAKING,
        "means, lows, highs = zip",
        "means, highs, lows = zip",
        f"{OF_OVERTAKING}differences_without_spread_cross_where_their_mean_does",
    ),
    of(
        "sets for examples",
        OVERTAKING,
        "values[None, :, None, :]",
        "values[None, :, None, :1]",
        f"{OF_OVERTAKING}mean_and_interval_are_of_sets_and_examples",
    ),
    of(
        "no ratios on the axis",
        FIGURES,
        'set_xscale("log", base=2)',
        'set_xscale("linear")',
        f"{OF_FIGURES}doublings_are_equally_far_apart",
    ),
]
ERRORS = [*LEARNED, *ASKED, *SHOWN]
