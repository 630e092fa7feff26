"""Errors planted in what claims presuppose of a task, and in how they are compared between sets and draws."""

from harness.tests.planted.planted import Planted

PRESUPPOSITIONS, MEASURE = "harness/evidence/presuppositions.py", "harness/judging/measure.py"
OF_PRESUPPOSITIONS = "harness/tests/evidence/test_presuppositions.py"
OF_MEASURE = "harness/tests/judging/test_measure.py::test_"
COMPARISONS, OF_COMPARISONS = "harness/judging/comparisons.py", "harness/tests/judging/test_comparisons.py::test_"
PRESUMING = "C10 C11 C12 C13 Q1 O1 O2 O3 O4 O5 O6 O7 O8 O9"
BETWEEN = "O1 O2 O4 O7 O9"
EXPERIMENT, SCORING = "harness/runs/experiment.py", "harness/runs/scoring.py"
OF_KEPT = "harness/tests/runs/test_kept_weights.py::test_"


def presumed(name: str, right: str, wrong: str, caught_by: str = OF_PRESUPPOSITIONS) -> Planted:
    """Plant an error in what is presupposed."""
    return Planted(name, PRESUMING, PRESUPPOSITIONS, right, wrong, caught_by)


def measured(name: str, right: str, wrong: str, caught_by: str) -> Planted:
    """Plant an error in how the tasks are left out."""
    return Planted(name, PRESUMING, MEASURE, right, wrong, OF_MEASURE + caught_by)


def compared(name: str, concerns: str, right: str, wrong: str, caught_by: str) -> Planted:
    """Plant an error in a comparison."""
    return Planted(name, concerns, COMPARISONS, right, wrong, OF_COMPARISONS + caught_by)


KEPT = [
    Planted(
        "the first set's finetuning asked for",
        PRESUMING,
        EXPERIMENT,
        "kept=self.own_cell(task, chosen, candidate).finetuned",
        "kept=self.own_cell(task, chosen, chosen.candidates[0]).finetuned",
        f"{OF_KEPT}no_reported_set_is_finetuned_on_twice",
    ),
    Planted(
        "answers from the untouched weights",
        PRESUMING,
        SCORING,
        "return weights_of(store.find_or_run(self.kept))",
        "return {}",
        f"{OF_KEPT}answers_are_those_of_finetuning_anew",
    ),
    Planted(
        "weights of other texts taken",
        PRESUMING,
        SCORING,
        "prompts_of(self.kept, store).demonstrations != prompts.demonstrations",
        "not prompts_of(self.kept, store).demonstrations",
        f"{OF_KEPT}other_texts_are_finetuned_on_anew",
    ),
    Planted(
        "every set finetuned on anew",
        PRESUMING,
        SCORING,
        "if self.kept is None or",
        "if self is not None or",
        f"{OF_KEPT}no_reported_set_is_finetuned_on_twice",
    ),
]
ERRORS = [
    *KEPT,
    presumed("more than the threshold wanted", "/ asked >= least_gain", "/ asked > least_gain"),
    presumed("corrected answers without those that broke", "if (corrected - broke) / asked", "if corrected / asked"),
    presumed(
        "the threshold multiplied, which rounds",
        "(corrected - broke) / asked >= least_gain",
        "corrected - broke >= least_gain * asked",
    ),
    presumed("the first set for all", "broke, sum(found.number for found in sets)", "broke, sets[0].number"),
    presumed(
        "finetuning's corrections for ICL's",
        'found.icl_corrected if setting == "icl"',
        'found.ft_corrected if setting == "icl"',
    ),
    presumed(
        "finetuning's losses for ICL's",
        'found.icl_broke if setting == "icl"',
        'found.ft_broke if setting == "icl"',
    ),
    presumed("the first reason alone", '"; ".join(reasons)', "reasons[0]"),
    measured(
        "a task left out silently",
        "(*measured.notes, *said)",
        "measured.notes",
        "task_that_was_not_learned_is_left_out_and_said",
    ),
    measured("the claim's own notes lost", "(*measured.notes, *said)", "said", "notes_of_the_claim_stay"),
    measured(
        "all tasks measured, whatever was learned",
        "_measured(module, kept)",
        "_measured(module, evidence)",
        "task_that_was_not_learned_is_left_out_and_said",
    ),
    measured(
        "control tasks not asked about",
        "(module.on_controls and not kept.control_tasks)",
        "False",
        "claim_on_controls_wants_a_control_task",
    ),
    measured(
        "control tasks wanted of every claim", "module.on_controls and not", "not", "claim_on_all_tasks_wants_any"
    ),
    measured(
        "what is presumed of all claims",
        "presumed = module.claim.presumes",
        'presumed = ("icl", "ft")',
        "claim_that_presumes_nothing_is_measured_on_all_tasks",
    ),
    Planted(
        "tasks that were not learned are run all the same",
        PRESUMING,
        "harness/plugin/study.py",
        "frozenset(left_out(asking[0].claim, self._evidence))",
        "frozenset[str]()",
        "harness/tests/plugin/test_study.py::test_nothing_is_run_on_tasks_that_were_not_learned",
    ),
    Planted(
        "how tasks that are left out were run is not planned",
        PRESUMING,
        "harness/plugin/study.py",
        "[HowItRan()] if any(",
        "[HowItRan()] if not any(",
        "harness/tests/plugin/test_study.py::test_nothing_is_run_on_tasks_that_were_not_learned",
    ),
    Planted(
        "what was left out comes back where more is",
        PRESUMING,
        "harness/evidence/sources.py",
        "frozenset(self.left_out) | {*tasks}",
        "frozenset(tasks)",
        "harness/tests/evidence/test_evidence.py::test_tasks_left_out_stay_out_where_more_are",
    ),
    compared(
        "sets against the next round a ring",
        BETWEEN,
        "of[first : 2 * pairs : 2]",
        "np.roll(of, -first, axis=0)",
        "every_other_set_stands_against_the_next",
    ),
    compared(
        "one pair of sets for a control", BETWEEN, "if pairs < 2:", "if pairs < 1:", "one_pair_of_sets_is_no_control"
    ),
    compared(
        "draws that tasks share as each task's own",
        "O1 O2",
        "cell.swapaxes(0, 1) for cell",
        "cell for cell",
        "sets_stand_as_draws_where_tasks_share_them",
    ),
    compared(
        "the first draw for the mean of all",
        "O1 O2",
        "others[task].mean(axis=1)",
        "others[task][:, 0]",
        "less_takes_the_mean_over_draws_away",
    ),
    compared(
        "an equivalence taken for a difference",
        "O5",
        "alike=alike > 0",
        "alike=False",
        "alike_is_a_size_that_the_difference_is_held_to",
    ),
]
