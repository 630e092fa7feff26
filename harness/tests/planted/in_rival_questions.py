"""Errors planted in how rivals are tuned and asked for, and in what is asked of dev."""

from harness.tests.planted.planted import Planted

EXPERIMENT = "harness/runs/experiment.py"
SELECTION = "harness/runs/selection.py"
STEADINESS = "harness/runs/steadiness.py"
LEARNING = "harness/runs/learning.py"
QUESTIONS = "harness/evidence/questions.py"
SELECTING = "harness/evidence/selecting.py"
MEASURING = "harness/evidence/measuring.py"
SOURCES = "harness/evidence/sources.py"
EVIDENCE = "harness/evidence/evidence.py"
MEASUREMENTS = "harness/evidence/measurements.py"
OF_CELLS = "harness/tests/runs/test_cells.py::test_"
OF_SELECTION = "harness/tests/runs/test_selection.py::test_"
OF_LEARNING = "harness/tests/runs/test_learning.py::test_"
OF_QUESTIONS = "harness/tests/evidence/test_rival_questions.py::test_"
OF_EVIDENCE = "harness/tests/evidence/test_evidence.py::test_"
OF_SOURCES = "harness/tests/evidence/test_sources.py::test_"
CONTROLS = "C10 C11 C12 C13"
LEARNED = "C1 C2 C10 C11 C12 C13"

ERRORS = [
    Planted(
        "FT of the same set across sets",
        CONTROLS,
        EXPERIMENT,
        "ft=other.ft, finetuned=other.finetuned)",
        "finetuned=other.finetuned)",
        f"{OF_CELLS}across_sets_nothing_is_run_anew",
    ),
    Planted(
        "ICL of the other set as well",
        CONTROLS,
        EXPERIMENT,
        "replace(self.own_cell(task, chosen, candidate), ft=",
        "replace(self.own_cell(task, chosen, trained), ft=",
        f"{OF_CELLS}across_sets_nothing_is_run_anew",
    ),
    Planted(
        "every set's FT paired with itself",
        CONTROLS,
        QUESTIONS,
        "in in_a_ring(sets, self.behind)",
        "in in_a_ring(sets, 1)",
        f"{OF_QUESTIONS}other_sets_are_the_reported_ones_behind_each",
    ),
    Planted(
        "the context's set left out of the key",
        CONTROLS,
        MEASURING,
        'else {"context": self.context}',
        "else {}",
        f"{OF_QUESTIONS}measurement_across_sets_is_kept_apart",
    ),
    Planted(
        "rival tuned on test",
        "O7",
        EXPERIMENT,
        "run = self.run(kind, task, Setting.FT, candidate, rate, self.selection_part)",
        'run = self.run(kind, task, Setting.FT, candidate, rate, "test" if variant != OWN else self.selection_part)',
        f"{OF_SELECTION}rival_is_tuned_by_its_own_accuracy_on_dev",
    ),
    Planted(
        "plain finetuning tuned for the rival",
        "O7",
        EXPERIMENT,
        "return run if variant == OWN else replace(run, variant=variant, fitting=run.number)",
        "return run if variant == OWN else replace(run, fitting=run.number)",
        f"{OF_SELECTION}rival_is_tuned_by_its_own_accuracy_on_dev",
    ),
    Planted(
        "the rival's rate ranked by the claims' own accuracies",
        "O7",
        SELECTION,
        "tried = experiment.rates_tried(task, sets_chosen(experiment, task, store)[0], variant)",
        "tried = experiment.rates_tried(task, sets_chosen(experiment, task, store)[0])",
        f"{OF_SOURCES}variants_rate_is_chosen_among_its_own",
    ),
    Planted(
        "the claims' own steadiness for the rival's",
        "O7",
        SELECTION,
        "store.read(experiment.steadiness(task, best, rate, variant))",
        "store.read(experiment.steadiness(task, best, rate))",
        f"{OF_SOURCES}variants_rate_is_chosen_among_its_own",
    ),
    Planted(
        "a tuned rival finetuned at the claims' own rate",
        "O7",
        EXPERIMENT,
        "ft = ft if rate is None else replace(ft, learning_rate=rate)",
        "ft = ft if rate is None else replace(ft, learning_rate=ft.learning_rate)",
        f"{OF_QUESTIONS}tuned_rival_is_finetuned_at_its_own_rate",
    ),
    Planted(
        "a tuned rival measured under the claims' own rate",
        "O7",
        QUESTIONS,
        "of = of if rate is None else replace(of, learning_rate=rate)",
        "of = of if rate is None else replace(of)",
        f"{OF_QUESTIONS}tuned_rival_is_finetuned_at_its_own_rate",
    ),
    Planted(
        "steadiness at a rate tried taken from one that was lowered",
        "O7",
        STEADINESS,
        "        if not self.rates:\n            return self.becoming(AccuracyRun)",
        "        if self.rates:\n            return self.becoming(AccuracyRun)",
        f"{OF_SELECTION}rival_is_tuned_by_its_own_accuracy_on_dev harness/tests/runs/test_steadiness.py",
    ),
    Planted(
        "the best sets for random ones",
        LEARNED,
        SELECTION,
        'if settings.selection == "random":',
        'if settings.selection == "drawn":',
        f"{OF_SELECTION}random_sets_are_the_first_drawn",
    ),
    Planted(
        "ZSL on test for dev",
        LEARNED,
        EXPERIMENT,
        "Setting.ZSL: self.run(AccuracyRun, task, Setting.ZSL, part=part)",
        "Setting.ZSL: self.run(AccuracyRun, task, Setting.ZSL)",
        f"{OF_QUESTIONS}what_was_learned_is_asked_on_dev_for_every_reported_set",
    ),
    Planted(
        "what the first set learned for every set",
        LEARNED,
        QUESTIONS,
        "[answers(t, sources.selection(t), c) for c in sets_of(sources, t)]",
        "[answers(t, sources.selection(t), 0) for c in sets_of(sources, t)]",
        f"{OF_QUESTIONS}what_was_learned_is_asked_on_dev_for_every_reported_set",
    ),
    Planted(
        "broken for corrected",
        LEARNED,
        LEARNING,
        "ft_corrected=int((~before & finetuned).sum())",
        "ft_corrected=int((before & ~finetuned).sum())",
        f"{OF_LEARNING}counts_by_hand",
    ),
    Planted(
        "corrected by ICL for corrected by FT",
        LEARNED,
        LEARNING,
        "ft_broke=int((before & ~finetuned).sum())",
        "ft_broke=int((before & ~in_context).sum())",
        f"{OF_LEARNING}counts_by_hand",
    ),
    Planted(
        "FT's answers for ICL's",
        LEARNED,
        EVIDENCE,
        "(Setting.ZSL, Setting.ICL, Setting.FT)\n        asked",
        "(Setting.ZSL, Setting.FT, Setting.ICL)\n        asked",
        f"{OF_EVIDENCE}what_was_learned_is_counted_on_dev",
    ),
    Planted(
        "rates of a tuned rival tried on every task",
        "O7",
        SELECTING,
        "yield from _tuning(sources, sources.control_tasks, variant.of_tuning)",
        "yield from _tuning(sources, sources.control_tasks, OWN)",
        f"{OF_QUESTIONS}rivals_rates_are_tried_before_it_is_measured",
    ),
    Planted(
        "one tuning for all variants",
        "O7",
        SOURCES,
        "return self.selection(task).learning_rate if tuned_for == OWN else",
        "return self.selection(task).learning_rate if tuned_for else",
        f"{OF_SOURCES}variants_rate_is_chosen_among_its_own",
    ),
    Planted(
        "Kendall's tau of a cell whose tokens are not matched",
        "kendall C13",
        MEASUREMENTS,
        "if not cell.trained_on_context:",
        "if cell.icl is None:",
        "harness/tests/evidence/test_measurements.py::test_kendall_of_other_texts_is_refused",
    ),
]
