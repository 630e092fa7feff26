"""Errors planted in what notices that numbers can't be trusted: inexact splits, empty models, chaotic finetuning."""

from harness.tests.planted.planted import Planted

WHOLE_PROMPT, WHOLE_PROMPTS = "harness/models/whole_prompt.py", "harness/runs/whole_prompts.py"
STEADINESS, FINETUNING = "harness/runs/steadiness.py", "harness/models/finetuning.py"
SELECTION, SCORING, FACTS = "harness/runs/selection.py", "harness/runs/scoring.py", "harness/runs/facts.py"
OF_WHOLE_PROMPTS, OF_STEADINESS = "harness/tests/runs/test_whole_prompts.py", "harness/tests/runs/test_steadiness.py"
OF_SOURCES, OF_SCORING = "harness/tests/evidence/test_sources.py", "harness/tests/runs/test_scoring.py"
MODEL = "C1 C2 C8 C9 C10 C11 C12 C13 Q1"
TUNED = "C2 C10 C11 C12 C13 Q1"

WHOLE = [
    Planted(
        "any difference from whole prompts excused",
        MODEL,
        WHOLE_PROMPT,
        "return self.largest <= self.allowed",
        "return self.largest >= 0",
        f"{OF_WHOLE_PROMPTS}::test_positions_that_change_with_length_are_refused",
    ),
    Planted(
        "whole prompts compared with themselves",
        MODEL,
        WHOLE_PROMPT,
        "for found, exact in zip(split, whole, strict=True)",
        "for found, exact in zip(whole, whole, strict=True)",
        OF_WHOLE_PROMPTS,
    ),
    Planted(
        "rounding taken from unchanged prompts",
        MODEL,
        WHOLE_PROMPT,
        "layers[: int(nudged)]",
        "layers[:0]",
        OF_WHOLE_PROMPTS,
    ),
    Planted(
        "model of zeros believed",
        MODEL,
        WHOLE_PROMPTS,
        "np.ptp(of_prompt) == 0",
        "np.ptp(of_prompt) < 0",
        f"{OF_WHOLE_PROMPTS}::test_model_of_zeros_is_one_message",
    ),
    Planted(
        "model that reads nothing believed",
        MODEL,
        WHOLE_PROMPTS,
        "len(logits) > 1",
        "len(logits) > 2",
        f"{OF_WHOLE_PROMPTS}::test_model_that_reads_nothing_is_one_message",
    ),
    Planted(
        "whole prompts tried once for all versions and devices",
        MODEL,
        WHOLE_PROMPTS,
        '{**super().key, **libraries, "device": choose_device(self.device).type}',
        "{**super().key}",
        f"{OF_WHOLE_PROMPTS}::test_other_libraries_and_devices_are_tried_anew",
    ),
    Planted(
        "whole prompts tried on ZSL",
        MODEL,
        SCORING,
        "(whole_prompts_of(run),) if run.setting is Setting.ICL and",
        "(whole_prompts_of(run),) if run.setting is Setting.ZSL and",
        f"{OF_SCORING}::test_icl_is_held_to_whole_prompts_once_a_task_and_part",
    ),
]
STEADY = [
    Planted(
        "no bit changed",
        TUNED,
        FINETUNING,
        "torch.finfo(weight.dtype).eps * signs",
        "0 * signs",
        f"{OF_STEADINESS}::test_last_bit_of_every_trained_weight_changes",
    ),
    Planted(
        "every bit changed the same way",
        TUNED,
        FINETUNING,
        "rng.integers(0, 2, weight.shape, dtype=np.int8)",
        "rng.integers(1, 2, weight.shape, dtype=np.int8)",
        f"{OF_STEADINESS}::test_last_bit_of_every_trained_weight_changes",
    ),
    Planted(
        "smallest move taken for the largest",
        TUNED,
        STEADINESS,
        "np.abs(other - own).max()",
        "np.abs(other - own).min()",
        f"{OF_STEADINESS}::test_move_is_the_largest_over_the_usual_gap",
    ),
    Planted(
        "gap between best and worst answer",
        TUNED,
        STEADINESS,
        "best[:, -1] - best[:, -2]",
        "best[:, -1] - best[:, 0]",
        f"{OF_STEADINESS}::test_move_is_the_largest_over_the_usual_gap",
    ),
    Planted(
        "divergence taken for steady",
        TUNED,
        STEADINESS,
        "self.moved is None or self.moved > CHAOTIC",
        "self.moved is not None and self.moved > CHAOTIC",
        OF_STEADINESS,
    ),
    Planted(
        "best rate taken though chaotic",
        TUNED,
        SELECTION,
        "        if not found[rate].chaotic:\n            break",
        "        break",
        f"{OF_SOURCES}::test_rate_whose_finetuning_is_chaotic_is_passed_over",
    ),
    Planted(
        "of chaotic rates the wildest taken",
        TUNED,
        SELECTION,
        "(found[rate].chaotic, found[rate].moved or math.inf)",
        "(found[rate].chaotic, -(found[rate].moved or math.inf))",
        f"{OF_SOURCES}::test_where_every_rate_is_chaotic_the_least_is_taken",
    ),
    Planted(
        "next rate not asked after",
        TUNED,
        SELECTION,
        "        if not steadiness_of(entry).chaotic:\n            return None",
        "        return None",
        f"{OF_SOURCES}::test_rate_whose_finetuning_is_chaotic_is_passed_over",
    ),
    Planted(
        "rate that was passed over not said",
        TUNED,
        FACTS,
        "for tried, how in chosen.tuning.steadiness.items() if how.chaotic",
        "for tried, how in chosen.tuning.steadiness.items() if not how.chaotic",
        f"{OF_STEADINESS}::test_report_says_what_was_passed_over_and_what_is_chaotic",
    ),
]
QUESTIONS, EVIDENCE = "harness/evidence/questions.py", "harness/evidence/evidence.py"
OF_EVIDENCE = "harness/tests/evidence/test_evidence.py"
LEFT_OUT = f"{OF_EVIDENCE}::test_set_that_rounding_decides_counts_for_nothing"
RIVALS = "O1 O2 O4 O5 O7 O9"
BESIDE = [
    Planted(
        "doubt where the loss fell",
        RIVALS,
        STEADINESS,
        "max(losses) > losses[0] + ROSE",
        "min(losses) < losses[0] - ROSE",
        f"{OF_STEADINESS}::test_a_loss_a_nat_above_the_first_is_cause_for_doubt",
    ),
    Planted(
        "doubt at once",
        RIVALS,
        STEADINESS,
        "max(losses) > losses[0] + ROSE",
        "max(losses) > losses[0]",
        f"{OF_STEADINESS}::test_a_loss_a_nat_above_the_first_is_cause_for_doubt",
    ),
    Planted(
        "sets in doubt not tried",
        RIVALS,
        QUESTIONS,
        "if not p or sources.in_doubt(run)}",
        "if not p}",
        f"{OF_EVIDENCE}::test_only_sets_in_doubt_are_tried_beyond_the_first",
    ),
    Planted(
        "first set not tried",
        RIVALS,
        QUESTIONS,
        "if not p or sources.in_doubt(run)}",
        "if sources.in_doubt(run)}",
        f"{OF_EVIDENCE}::test_only_sets_in_doubt_are_tried_beyond_the_first",
    ),
    Planted(
        "steady sets left out",
        RIVALS,
        EVIDENCE,
        "if steadiness_of(read(run)).chaotic}",
        "if not steadiness_of(read(run)).chaotic}",
        LEFT_OUT,
    ),
    Planted("chaotic sets kept", RIVALS, EVIDENCE, "found[task][list(places)] = np.nan", "pass", LEFT_OUT),
    Planted(
        "chaos not said",
        RIVALS,
        "harness/judging/measure.py",
        "*evidence.chaos_notes(module.asks)",
        "",
        "harness/tests/judging/test_measure.py::test_what_rounding_decides_is_said",
    ),
    Planted(
        "a stand-in's finetuning not tried",
        RIVALS,
        "harness/evidence/stand_ins.py",
        'if self.role == "icl" or self.variant.update != "finetuned":',
        "if True:",
        "harness/tests/evidence/test_stand_ins.py::test_finetuning_in_finetunings_place_is_tried_again",
    ),
    Planted(
        "empty sets counted",
        RIVALS,
        "harness/judging/comparisons.py",
        "return [cell[kept] for cell in cells] if kept.any() else cells",
        "return cells",
        "harness/tests/judging/test_comparisons.py::test_set_that_counts_nowhere_is_none",
    ),
]
ERRORS = [*WHOLE, *STEADY, *BESIDE]
