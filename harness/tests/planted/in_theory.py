"""Errors planted in what holds the theory to a model: relaxed attention, weight updates, causality, identities."""

from harness.tests.planted.planted import Planted

RELAXED, UPDATES = "harness/metrics/relaxed.py", "harness/metrics/weight_updates.py"
TYPES, MEASUREMENTS = "harness/data.py", "harness/evidence/measurements.py"
THEORY, CHECKS = "harness/runs/theory.py", "harness/evidence/checks.py"
OF_RELAXED, OF_UPDATES = "harness/tests/metrics/test_relaxed.py", "harness/tests/metrics/test_weight_updates.py"
OF_MEASUREMENTS, OF_THEORY = "harness/tests/evidence/test_measurements.py", "harness/tests/runs/test_theory.py"
OF_CHECKS = "harness/tests/evidence/test_checks.py"

METRICS = [
    Planted(
        "sign of the cosine lost",
        "direction",
        RELAXED,
        "return cosine(form, real)",
        "return np.abs(cosine(form, real))",
        OF_RELAXED,
    ),
    Planted(
        "ratio upside down",
        "log_size_ratio",
        RELAXED,
        "np.divide(sizes[0], sizes[1], out=ratio",
        "np.divide(sizes[1], sizes[0], out=ratio",
        OF_RELAXED,
    ),
    Planted("natural logarithm for tens", "log_size_ratio", RELAXED, "np.log10(ratio)", "np.log(ratio)", OF_RELAXED),
    Planted(
        "the part added to the change",
        "explained_share",
        RELAXED,
        "change.astype(np.float64) - part",
        "change.astype(np.float64) + part",
        OF_RELAXED,
    ),
    Planted(
        "one update transposed",
        "frobenius_cosine",
        UPDATES,
        "b.reshape(flat))",
        "b.swapaxes(-1, -2).reshape(flat))",
        OF_UPDATES,
    ),
    Planted(
        "cosines of rows averaged",
        "frobenius_cosine",
        UPDATES,
        "cosine(a.reshape(flat), b.reshape(flat))",
        "cosine(a, b).mean(axis=-1)",
        OF_UPDATES,
    ),
    Planted(
        "the smallest singular directions for the leading",
        "leading_directions",
        UPDATES,
        "left[..., :rank], right[..., :rank, :]",
        "left[..., -rank:], right[..., -rank:, :]",
        OF_UPDATES,
    ),
    Planted(
        "overlap of the left side alone",
        "shared_directions",
        UPDATES,
        "(right**2)",
        "(left**2)",
        OF_UPDATES,
    ),
]
FORMS = [
    Planted(
        "mean of values under ZSL",
        "relaxed C9",
        MEASUREMENTS,
        "direction(icl.uniform, real)",
        "direction(zsl.uniform, real)",
        f"{OF_MEASUREMENTS}::test_relaxed_attention_is_compared_head_by_head",
    ),
    Planted(
        "heads averaged before the direction",
        "relaxed C9",
        MEASUREMENTS,
        "direction(icl.uniform, real).mean(axis=2)",
        "direction(icl.uniform.mean(axis=2, keepdims=True), real.mean(axis=2, keepdims=True))[..., 0]",
        f"{OF_MEASUREMENTS}::test_relaxed_attention_is_compared_head_by_head",
    ),
    Planted(
        "the relaxed form as its own control",
        "relaxed C9",
        MEASUREMENTS,
        "direction(scrambled(icl.relaxed, rng), real)",
        "direction(icl.relaxed, real)",
        f"{OF_MEASUREMENTS}::test_scrambled_relaxed_attention_has_no_direction",
    ),
    Planted(
        "own part taken for the demonstrations'",
        "relaxed C9",
        MEASUREMENTS,
        "(icl.context - icl.own)",
        "(icl.own - icl.context)",
        f"{OF_MEASUREMENTS}::test_demonstrations_part_is_the_whole_change_where_nothing_else_changed",
    ),
    Planted(
        "masses of prefix and own tokens swapped",
        "relaxed C9",
        TYPES,
        "mass * self.context + (1 - mass) * self.own",
        "mass * self.own + (1 - mass) * self.context",
        f"{OF_MEASUREMENTS}::test_relaxed_attention_is_compared_head_by_head",
    ),
    Planted(
        "largest head for the mean",
        "updates Q1",
        MEASUREMENTS,
        "{name: values.mean(axis=2) for",
        "{name: values.max(axis=2) for",
        f"{OF_MEASUREMENTS}::test_weight_updates_are_averaged_over_heads",
    ),
    Planted(
        "values and keys left in their pairs",
        "updates Q1",
        THEORY,
        "(keys, keys[..., shuffled, :])",
        "(keys, keys)",
        f"{OF_THEORY}::test_baselines_of_the_updates_differ_from_them",
    ),
    Planted(
        "dW_FT compared with itself",
        "updates Q1",
        THEORY,
        '"cosine_icl": frobenius_cosine(explicit, implicit.update)',
        '"cosine_icl": frobenius_cosine(explicit, explicit)',
        f"{OF_THEORY}::test_updates_are_compared_head_by_head",
    ),
    Planted(
        "dW_FT as its own control",
        "updates Q1",
        THEORY,
        "frobenius_cosine(control, implicit.update)",
        "frobenius_cosine(explicit, implicit.update)",
        f"{OF_THEORY}::test_baselines_of_the_updates_differ_from_them",
    ),
]
CHECKED = [
    Planted(
        "smallest error of the tasks",
        "C8",
        CHECKS,
        "max(figures[error] for figures",
        "min(figures[error] for figures",
        "harness/tests/claims/test_claims.py::test_shared_properties_are_exact",
    ),
    Planted(
        "control without its error",
        "C4 C5 C6 C7",
        CHECKS,
        "_verified(identity, seed, PLANTED_CASES, wrong)",
        "_verified(identity, seed, PLANTED_CASES, (wrong, RIGHT)[1])",
        f"{OF_CHECKS}::test_planted_error_is_caught_under_any_seed",
    ),
    Planted(
        "later tokens' keys and values looked at",
        "C8",
        THEORY,
        "change(later, slice(0, middle))",
        "change(later, slice(0, None))",
        f"{OF_THEORY}::test_causal_order_holds_to_the_bit",
    ),
    Planted(
        "changes outside of keys and values not counted",
        "C8",
        THEORY,
        "int((outside[name] != before[name]).sum())",
        "0 * int((outside[name] != before[name]).sum())",
        f"{OF_THEORY}::test_finetuning_that_touches_the_queries_is_seen",
    ),
]
ERRORS = [*METRICS, *FORMS, *CHECKED]
