"""Errors planted in what stands in finetuning's place, and in the rungs of ladders."""

from harness.tests.planted.planted import Planted

STAND_INS, OF_STAND_INS = "harness/evidence/stand_ins.py", "harness/tests/evidence/test_stand_ins.py::test_"
LADDERS, OF_LADDERS = "harness/judging/ladders.py", "harness/tests/judging/test_ladders.py::test_"
MEASURING, PAGE, DRAWN = "harness/evidence/measuring.py", "harness/report/page.py", "harness/report/ladder_figure.py"
OF_DRAWN = "harness/tests/report/test_ladder_figure.py::test_"
RUNGS = "Q4"
NEAREST = "claims/q04_nearest_update.py"
OF_NEAREST = "harness/tests/claims/test_nearest_update.py::test_"

BY_HEAD, READING = "harness/evidence/by_head.py", "harness/models/label_reading.py"
OF_READING = "harness/tests/models/test_label_reading.py::test_"
OF_HEADS = "harness/tests/evidence/test_measurements.py::test_heads_that_read_labels_are_apart"

HEADS = [
    Planted(
        "heads that read least", "sim_am_by_head Q4", BY_HEAD, "np.argsort(-reading,", "np.argsort(reading,", OF_HEADS
    ),
    Planted("readers among the others", "sim_am_by_head Q4", BY_HEAD, "of_heads[:, number:]", "of_heads", OF_HEADS),
    Planted(
        "an answer word in the text for the answer",
        RUNGS,
        READING,
        "range(starts[-1], last)",
        "range(starts[0], last)",
        f"{OF_READING}labels_are_where_answers_begin_last",
    ),
    Planted(
        "weight on labels among demonstrations alone",
        RUNGS,
        "harness/models/prefix_attention.py",
        "(mass[at_last][..., 0] * share.exp())",
        "share.exp()",
        f"{OF_READING}reading_is_the_attention_weight_on_labels",
    ),
    Planted(
        "the scale of descent read the wrong way",
        RUNGS,
        "harness/judging/exhibits.py",
        "np.interp(similarity, similarities, shares)",
        "np.interp(similarity, shares, similarities)",
        f"{OF_DRAWN}known_doses_stand_above",
    ),
    Planted(
        "another example's change is the example's own",
        RUNGS,
        "claims/ladder.py",
        '{"sim_aou": "other_of_class", "sim_am": "other_of_class"}',
        '{"sim_aou": "ft", "sim_am": "differences"}',
        "harness/tests/known/test_ladder.py",
    ),
]
ERRORS = [
    *HEADS,
    Planted(
        "a task of the same kind for one of another",
        RUNGS,
        LADDERS,
        "step.of_another_kind and evidence.of_other_kind(task) is None",
        "step.of_another_kind and evidence.of_other_kind(task) is False",
        f"{OF_NEAREST}another_task_is_one_of_another_kind",
    ),
    Planted(
        "Q4: a fit that came to nothing is a ceiling",
        RUNGS,
        NEAREST,
        "if max(left) <= FITTED]",
        "]",
        f"{OF_NEAREST}fit_that_came_to_nothing_is_no_ceiling",
    ),
    Planted(
        "a share of no way is a number",
        RUNGS,
        LADDERS,
        "if not total > 0:",
        "if total == 0:",
        f"{OF_LADDERS}scale_of_shares_says_where_there_is_no_way_to_go",
    ),
    Planted(
        "a share far below nothing squeezes the others",
        RUNGS,
        DRAWN,
        "max(v, LEAST) for v in known",
        "v for v in known",
        f"{OF_DRAWN}share_far_below_nothing_is_an_arrow_at_the_edge",
    ),
    Planted(
        "Q4: all of the nearest update for half",
        RUNGS,
        NEAREST,
        'scaled(of["nearest update"], 0.5)',
        'scaled(of["nearest update"], 1.0)',
        f"{OF_NEAREST}finetuning_is_held_to_half_of_the_nearest_update",
    ),
    Planted(
        "Q4: finetuning in its own control",
        RUNGS,
        NEAREST,
        'of["random update"], half[m]',
        'of["FT"], half[m]',
        f"{OF_NEAREST}finetuning_is_held_to_half_of_the_nearest_update",
    ),
    Planted(
        "FT for ICL once more",
        RUNGS,
        STAND_INS,
        "replace(own, ft=standing.icl)",
        "replace(own, ft=standing.ft)",
        f"{OF_STAND_INS}icl_once_more_in_another_order",
    ),
    Planted(
        "the stand-in's ICL on both sides",
        RUNGS,
        STAND_INS,
        "cell = replace(own, ft=standing.ft, finetuned=standing.finetuned)",
        "cell = standing",
        f"{OF_STAND_INS}finetuning_on_random_labels_beside_icl_on_its_own",
    ),
    Planted(
        "the same set for another",
        RUNGS,
        STAND_INS,
        "in_a_ring(sets_of(sources, task), self.behind)",
        "in_a_ring(sets_of(sources, task), 0)",
        f"{OF_STAND_INS}other_set_is_the_next_in_the_ring",
    ),
    Planted(
        "a set beside itself where there is no other",
        RUNGS,
        STAND_INS,
        "if not self.behind or shown != other",
        "if place >= 0",
        f"{OF_STAND_INS}one_reported_set_has_no_other",
    ),
    Planted(
        "a stand-in under the claims' own key",
        RUNGS,
        MEASURING,
        '{"against": self.against} if self.against else {}',
        "{}",
        f"{OF_STAND_INS}each_has_a_key_of_its_own",
    ),
    Planted(
        "the share that is left for the share of the way",
        RUNGS,
        LADDERS,
        "1 - ratio - (remaining",
        "ratio - (remaining",
        f"{OF_LADDERS}share_of_the_way_by_hand",
    ),
    Planted(
        "the whole way taken for certain",
        RUNGS,
        LADDERS,
        "(remaining - ratio * whole) / total",
        "(remaining - ratio * total) / total",
        f"{OF_LADDERS}share_spreads_as_new_examples_would",
    ),
    Planted(
        "a rung of nothing at 0",
        RUNGS,
        LADDERS,
        "if task not in alone and not np.isnan(of).all()}",
        "if task not in alone}",
        f"{OF_LADDERS}what_is_not_there_is_left_out_with_its_reason",
    ),
    Planted(
        "finetuning among the ceilings",
        RUNGS,
        PAGE,
        'rung.kind == "ceiling" and rung.value is not None',
        "rung.value is not None",
        f"{OF_DRAWN}shares_are_of_ceilings_alone",
    ),
    Planted(
        "a rung that was left out is not drawn",
        RUNGS,
        DRAWN,
        '"left out", color',
        '"", color',
        f"{OF_DRAWN}drawing_is_the_same_bytes_and_tells_every_rung",
    ),
]
