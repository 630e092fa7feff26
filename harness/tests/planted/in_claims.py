"""Errors planted in the claims' own files."""

from harness.tests.planted.planted import Planted

COMPARES, SHOWS, TRIED, SHARED, REC2FTP, TRAINED, PRESUMES = (
    f"harness/tests/claims/test_claims.py::test_{name}"
    for name in (
        "claim_compares_the_value_with_its_baseline[{claim}]",
        "table_shows_the_means_under_their_names[{claim}]",
        "identities_of_the_claim_are_tried[{claim}]",
        "shared_properties_are_exact",
        "rec2ftp_is_held_to_one_half",
        "trained_layers_are_held_to_the_gradient_step",
        "claims_of_likeness_presume_that_both_learned[{claim}]",
    )
)
FAMILIES = "harness/tests/claims/test_families.py"


def of(claim: str, name: str, file: str, right: str, wrong: str, caught_by: str = COMPARES) -> Planted:
    """Plant an error in a claim's file, to be caught by a test that may have a case for each claim."""
    return Planted(f"{claim}: {name}", claim, f"claims/{file}.py", right, wrong, caught_by.format(claim=claim))


ACCURACY = [
    of("C1", "ICL and ZSL swapped", "c01_icl_beats_zero_shot", '"accuracy", icl, zsl)', '"accuracy", zsl, icl)'),
    of("C1", "control = the claim itself", "c01_icl_beats_zero_shot", "random_icl, random_zsl)", "icl, zsl)"),
    of(
        "C1",
        "ICL shown as ZSL",
        "c01_icl_beats_zero_shot",
        '{"ZSL": zsl, "ICL": icl}',
        '{"ZSL": icl, "ICL": zsl}',
        SHOWS,
    ),
    of(
        "C2",
        "ICL over ZSL for FT over ZSL",
        "c02_icl_beats_finetuning",
        '"accuracy", ft, zsl)',
        '"accuracy", icl, zsl)',
    ),
    of("C2", "control = the claim itself", "c02_icl_beats_finetuning", 'drawn["icl"], drawn["ft"])', "icl, ft)"),
    of(
        "C2", "a family of its own", "c02_icl_beats_finetuning", 'family="performance"', 'family="finetuning"', FAMILIES
    ),
]
IDENTITIES = [
    of(claim, name, file, right, wrong, TRIED)
    for claim, file, own, other in (
        ("C4", "c04_dual_form", "dual form", "outer products"),
        ("C5", "c05_outer_products", "outer products", "dual form"),
        ("C6", "c06_icl_update", "ICL as an update", "finetuning as an update"),
        ("C7", "c07_ft_update", "finetuning as an update", "ICL as an update"),
    )
    for name, right, wrong in (
        (f"identities of {other}", f'identity_checks("{own}"', f'identity_checks("{other}"'),
        ("nothing planted in the control", f'(planted_check("{own}", seed),)', f'identity_checks("{own}", seed)'),
    )
]
THEORY = [
    of("C8", "tolerance for weights", "c08_shared_properties", '"weights", found', '"weights", found, 1.0', SHARED),
    of("C8", "tokens never compared", "c08_shared_properties", '"tokens", found', '"others", found', SHARED),
    of(
        "C8",
        "control = the claim itself",
        "c08_shared_properties",
        '"keys_values_control", found',
        '"keys_values", found',
        SHARED,
    ),
    of(
        "C9",
        "relaxed form against its worst head",
        "c09_relaxed_attention",
        '"cosine", relaxed, uniform)',
        '"cosine", relaxed, worst)',
    ),
    of(
        "C9",
        "control = the claim itself",
        "c09_relaxed_attention",
        '"cosine", *controls)',
        '"cosine", first, uniform)',
    ),
    of(
        "C9",
        "the paper's form for the first order",
        "c09_relaxed_attention",
        '"cosine", first, uniform)',
        '"cosine", relaxed, uniform)',
    ),
    of("C9", "split not checked", "c09_relaxed_attention", '"softmax split"', '"ICL as an update"', TRIED),
    of(
        "Q1",
        "baseline permuted twice",
        "q01_weight_updates",
        'CLAIM.prediction, "cosine", icl, isotropic)',
        'CLAIM.prediction, "cosine", icl, permuted)',
    ),
    of(
        "Q1",
        "control = the claim itself",
        "q01_weight_updates",
        '"cosine", control, isotropic)',
        '"cosine", icl, isotropic)',
    ),
    of("Q2", "any explained share will do", "q02_learned_gradient_step", '["d = 5"] + 0.9', '["d = 5"] + 0.0', TRAINED),
    of(
        "Q2",
        "control = the claim itself",
        "q02_learned_gradient_step",
        '"cosine", one, another)',
        '"cosine", found["cosine"], untrained)',
        TRAINED,
    ),
    of(
        "Q2",
        "a control whose differences sum to nothing",
        "q02_learned_gradient_step",
        "values[:, start::2]",
        "values[:, :: 1 - 2 * start]",
        TRAINED,
    ),
]
SIMILARITY = [
    of("C10", "null of none for one half", "c10_rec2ftp", "covered, 0.5)", "covered, 0.0)", REC2FTP),
    of("C10", "queries that FT misses", "c10_rec2ftp", '"fraction", covered,', '"fraction", others,', REC2FTP),
    of("C10", "control = the claim itself", "c10_rec2ftp", 'evidence.of(REC2FTP, "control")', "covered", REC2FTP),
    of("C11", "noise over FT", "c11_sim_aou", '"cosine", ft, uniform)', '"cosine", uniform, ft)'),
    of("C11", "noise for a random change", "c11_sim_aou", '"cosine", ft, change)', '"cosine", ft, isotropic)'),
    of("C11", "control = the claim itself", "c11_sim_aou", '"cosine", control, isotropic)', '"cosine", ft, isotropic)'),
    of("C11", "another family", "c11_sim_aou", 'family="similarity"', 'family="performance"', FAMILIES),
    of("C12", "ZSL over FT", "c12_sim_am", '"cosine", ft, zsl)', '"cosine", zsl, ft)'),
    of("C12", "noise for ZSL", "c12_sim_am", '"cosine", ft, zsl)', '"cosine", ft, uniform)'),
    of("C12", "control = the claim itself", "c12_sim_am", 'Variant(update="random")', "Variant()"),
    of("C13", "SimAOU for Kendall", "c13_kendall", 'OnTasks("kendall")', 'OnTasks("sim_aou")'),
    of("C13", "noise for no finetuning", "c13_kendall", '"tau", ft, unfinetuned)', '"tau", ft, isotropic)'),
    of("C13", "permuted throughout, not within", "c13_kendall", '"tau", ft, within)', '"tau", ft, control)'),
    of(
        "C1",
        "untestable where nothing is learned",
        "c01_icl_beats_zero_shot",
        'control="',
        'presumes=("icl",), control="',
        PRESUMES,
    ),
    of("C11", "nothing presumed", "c11_sim_aou", 'presumes=("icl", "ft")', "presumes=()", PRESUMES),
    of("C13", "ICL alone presumed", "c13_kendall", 'presumes=("icl", "ft")', 'presumes=("icl",)', PRESUMES),
    of("C13", "control = the claim itself", "c13_kendall", '"tau", control, isotropic)', '"tau", ft, isotropic)'),
]
ERRORS = [*ACCURACY, *IDENTITIES, *THEORY, *SIMILARITY]
