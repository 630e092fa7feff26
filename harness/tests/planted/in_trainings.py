"""Errors planted in which trainings are run, on what text, and what is read of them."""

from harness.tests.planted.planted import Planted

CLAIMS = "C14 C15 Q3"
TRAININGS, RUNS, TEXT_TASKS = (
    "harness/trainings/grid.py",
    "harness/trainings/training.py",
    "harness/trainings/text_tasks.py",
)
OF_TRAININGS, OF_RUNS, OF_TEXT_TASKS = (
    "harness/tests/trainings/test_grid.py",
    "harness/tests/trainings/test_training.py",
    "harness/tests/trainings/test_text_tasks.py",
)
CORPUS, SOURCES, OF_CORPUS = (
    "harness/tasks/corpus.py",
    "harness/tasks/corpus_sources.py",
    "harness/tests/tasks/test_corpus.py",
)


def error(file: str, name: str, right: str, wrong: str, caught_by: str) -> Planted:
    """Plant an error in a file that all three claims rest on."""
    return Planted(name, CLAIMS, file, right, wrong, caught_by)


CHOSEN = [
    error(
        TRAININGS,
        "eta of the largest loss",
        "return min(self.tried",
        "return max(self.tried",
        f"{OF_TRAININGS}::test_eta_is_the_one_of_least_loss",
    ),
    error(
        TRAININGS,
        "eta chosen on a reported run",
        '(seed,) = self._seeds("choice of eta", 1)',
        '(seed,) = self._seeds("training run", 1)',
        f"{OF_TRAININGS}::test_eta_is_the_one_of_least_loss",
    ),
    error(
        TRAININGS,
        "one attention's results for all",
        "self.reported(problem, attention, self.eta)]\n            names",
        'self.reported(problem, "vanilla", self.eta)]\n            names',
        f"{OF_TRAININGS}::test_results_stand_under_their_attention",
    ),
    error(
        RUNS,
        "eta chosen on the reported half",
        "network, dev,",
        "network, test,",
        f"{OF_RUNS}::test_choice_of_eta_reads_none_of_what_is_reported",
    ),
    error(
        RUNS,
        "arms with different batches and weights",
        "context.recall_pairs, training.seed)",
        "context.recall_pairs, training.seed + len(training.attention))",
        f"{OF_RUNS}::test_arms_differ_by_their_attention_alone",
    ),
    error(
        RUNS,
        "validation text trained on",
        '_long_enough(training, store)["training"]',
        '_long_enough(training, store)["validation"]',
        f"{OF_RUNS}::test_language_models_learn_the_training_text",
    ),
    error(
        RUNS,
        "training text for validation",
        'store.find_or_run(training.tokens).tensors["validation"]',
        'store.find_or_run(training.tokens).tensors["training"]',
        f"{OF_RUNS}::test_choice_of_eta_reads_none_of_what_is_reported",
    ),
    error(
        RUNS,
        "test sequences of the training seed",
        "replace(training, seed=training.test_seed)",
        "training",
        f"{OF_RUNS}::test_test_sequences_are_alike_for_all_training_seeds",
    ),
    error(
        RUNS,
        "eta left out of the key",
        "[self.attention, self.eta]",
        "[self.attention]",
        f"{OF_RUNS}::test_key_holds_what_decides_the_numbers",
    ),
    error(
        RUNS,
        "vanilla whatever is asked for",
        "AttentionChoice(self.attention, self.eta or 0.5)",
        'AttentionChoice("vanilla", self.eta or 0.5)',
        f"{OF_RUNS}::test_arms_differ_by_their_attention_alone",
    ),
    error(
        TRAININGS,
        "controls of another strength than momentum's",
        'None if attention == "vanilla" else eta',
        'eta if attention == "momentum" else None',
        f"{OF_TRAININGS}::test_etas_are_those_of_momentum",
    ),
    error(
        TRAININGS,
        "least squares on a run's own sequences",
        "least_squares_errors(test_problem_of(self.of, store), sequences)",
        "least_squares_errors(problem_of(self.of, store), sequences)",
        f"{OF_TRAININGS}::test_least_squares_answer_the_test_sequences",
    ),
    error(
        RUNS,
        "a training on two threads",
        'set_num_threads(1 if device.type == "cpu" else before)',
        'set_num_threads(2 if device.type == "cpu" else before)',
        f"{OF_RUNS}::test_training_does_not_depend_on_threads",
    ),
    error(
        RUNS,
        "the process' threads kept after a training",
        "    finally:\n        torch.set_num_threads(before)",
        "    finally:\n        torch.get_num_threads()",
        f"{OF_RUNS}::test_training_does_not_depend_on_threads",
    ),
    error(
        RUNS,
        "checkpoints removed before the entry is kept",
        "        parameters = sum(",
        "        self.clean_up(store)\n        parameters = sum(",
        f"{OF_RUNS}::test_checkpoints_stay_until_the_entry_is_kept",
    ),
    error(
        RUNS,
        "a text that changed taken for the one that was named",
        "corpus.fingerprint != self.corpus",
        "corpus.name != self.name",
        f"{OF_RUNS}::test_text_that_changed_since_is_an_error",
    ),
    error(
        TEXT_TASKS,
        "wrong answers counted",
        "np.stack(predicted) == np",
        "np.stack(predicted) != np",
        f"{OF_TEXT_TASKS}::test_answers_are_the_networks_own",
    ),
    error(
        TEXT_TASKS,
        "another number of examples under one key",
        '"number": self.number,',
        '"number": 0,',
        f"{OF_TEXT_TASKS}::test_answers_rest_on_their_trainings",
    ),
    error(
        TEXT_TASKS,
        "text tasks without demonstrations",
        "Setting.ICL",
        "Setting.ZSL",
        f"{OF_TEXT_TASKS}::test_answers_are_the_networks_own",
    ),
]
TEXT = [
    error(
        CORPUS,
        "validation lines left in training",
        "len(line) >= MIN_LINE_CHARACTERS",
        "len(line) < 0",
        f"{OF_CORPUS}::test_lines_of_validation_leave_training",
    ),
    error(
        CORPUS,
        "copies told apart by case",
        "normalise(text.casefold())",
        "normalise(text)",
        f"{OF_CORPUS}::test_copies_of_a_document_leave_one",
    ),
    error(
        CORPUS,
        "parts by file order",
        'hash_fraction("corpus", key) < VALIDATION_SHARE',
        "text < sorted(distinct.values())[len(distinct) // 10]",
        f"{OF_CORPUS}::test_document_added_later_moves_no_other",
    ),
    error(
        SOURCES,
        "a file's lines for its paragraphs",
        '["\\n".join(paragraph) for',
        "[line for line in lines for",
        f"{OF_CORPUS}::test_paragraphs_of_a_file_are_documents",
    ),
]
ERRORS = [*CHOSEN, *TEXT]
