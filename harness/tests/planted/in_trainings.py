"""Errors planted in which trainings are run, on what text, and what is read of them."""

from harness.tests.planted.planted import Planted

CLAIMS = "C14 C15 Q3"
TRAININGS, RUNS, TEXT_TASKS = (
    "harness/trainings/grid.py",
    "harness/trainings/training.py",
    "harness/trainings/text_tasks.py",
)
OF_TRAININGS, OF_RUNS = "harness/tests/trainings/test_grid.py", "harness/tests/trainings/test_training.py"
CORPUS, SOURCES, OF_CORPUS = (
    "harness/tasks/corpus.py",
    "harness/tasks/corpus_sources.py",
    "harness/tests/tasks/test_corpus.py",
)
GAPS = "harness/tests/planted/test_gaps.py"


def error(file: str, name: str, right: str, wrong: str, caught_by: str) -> Planted:
    """Plant an error in a file that all three claims rest on."""
    return Planted(name, CLAIMS, file, right, wrong, caught_by)


CHOSEN = [
    error(
        TRAININGS,
        "eta of the largest loss",
        "return min(self.tried",
        "return max(self.tried",
        f"{GAPS}::test_eta_is_the_one_of_least_loss",
    ),
    error(
        TRAININGS,
        "eta chosen on a reported run",
        "for eta in self.size.etas}",
        "for eta in self.size.etas for seed in self.seeds[:1]}",
        f"{GAPS}::test_eta_is_the_one_of_least_loss",
    ),
    error(
        TRAININGS,
        "one attention's results for all",
        "self.reported(problem, attention)]\n            names",
        'self.reported(problem, "vanilla")]\n            names',
        f"{GAPS}::test_results_stand_under_their_attention",
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
        '.tensors["training"]',
        '.tensors["validation"]',
        f"{GAPS}::test_language_models_learn_the_training_text",
    ),
    error(
        RUNS,
        "training text for validation",
        '.tensors["validation"]',
        '.tensors["training"]',
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
        TEXT_TASKS,
        "wrong answers counted",
        "np.stack(predicted) == np",
        "np.stack(predicted) != np",
        f"{GAPS}::test_answers_are_the_networks_own",
    ),
    error(
        TEXT_TASKS,
        "text tasks without demonstrations",
        "Setting.ICL",
        "Setting.ZSL",
        f"{GAPS}::test_answers_are_the_networks_own",
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
