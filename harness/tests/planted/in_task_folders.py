"""Errors planted in what is read of task folders, what is left out of them, and what is said of it."""

from harness.tests.planted.planted import Planted

ROWS, LOCAL, SPLIT = "harness/tasks/rows.py", "harness/tasks/local.py", "harness/tasks/split.py"
CORPUS, SETTINGS, PROMPTS = "harness/tasks/corpus_sources.py", "harness/settings.py", "harness/prompts.py"
OF_ROWS, OF_LOCAL = "harness/tests/tasks/test_rows.py", "harness/tests/tasks/test_local.py"
OF_CORPUS, OF_SETTINGS = "harness/tests/tasks/test_corpus.py", "harness/tests/test_settings.py"
OF_PROMPTS, OF_FILES = "harness/tests/test_prompts.py", "harness/tests/test_files.py"
MODEL = "C1 C2 C8 C9 C10 C11 C12 C13 Q1"

COUNTS = [
    Planted(
        "rows of test dropped from train without a count",
        MODEL,
        SPLIT,
        '("train", IN_TEST, in_test)',
        '("train", IN_TEST, 0)',
        f"{OF_ROWS}::test_every_row_is_an_example_or_counted",
    ),
    Planted(
        "contradictions counted as copies",
        MODEL,
        SPLIT,
        "len(labels[example.content_hash]) > 1 for example in given",
        "len(labels[example.content_hash]) > 2 for example in given",
        f"{OF_ROWS}::test_what_is_left_out_is_counted_by_reason",
    ),
    Planted(
        "skipped rows not counted",
        MODEL,
        ROWS,
        "(*skipped, *parts.left_out)",
        "parts.left_out",
        f"{OF_ROWS}::test_rows_that_cannot_be_used_are_skipped_and_counted_by_kind",
    ),
    Planted(
        "rows that can't be used skipped unasked",
        MODEL,
        ROWS,
        "    if not skip:\n        _refuse",
        "    if skip:\n        _refuse",
        f"{OF_ROWS}::test_all_rows_that_cannot_be_used_are_in_one_message",
    ),
    Planted(
        "only the last rows that can't be used named",
        MODEL,
        ROWS,
        "if len(found.unusable) < LISTED:",
        "if not found.unusable:",
        f"{OF_ROWS}::test_all_rows_that_cannot_be_used_are_in_one_message",
    ),
    Planted(
        "a report silent on what was left out",
        MODEL,
        "harness/runs/facts.py",
        "for left in labelled.left_out",
        "for left in ()",
        "harness/tests/runs/test_facts.py::test_rows_that_were_left_out_are_said_by_reason",
    ),
    Planted(
        "too few examples said without what was left out",
        MODEL,
        PROMPTS,
        "if task.left_out else",
        "if not task.left_out else",
        f"{OF_PROMPTS}::test_too_few_examples_are_said_with_what_was_left_out",
    ),
]
BOUNDS = [
    Planted(
        "a line read whole whatever its length",
        MODEL,
        LOCAL,
        "lines.readline(LONGEST):",
        "lines.readline():",
        f"{OF_LOCAL}::test_line_of_fifty_megabytes_is_not_parsed",
    ),
    Planted(
        "the rest of a long line taken for rows",
        MODEL,
        LOCAL,
        "while len(piece) == LONGEST and",
        "while len(piece) > LONGEST and",
        f"{OF_LOCAL}::test_line_of_fifty_megabytes_is_not_parsed",
    ),
    Planted(
        "halves of surrogate pairs let through",
        MODEL,
        ROWS,
        '"[\\ud800-\\udfff]"',
        '"[\\ud800-\\udbff]"',
        f"{OF_ROWS} {OF_LOCAL}",
    ),
    Planted(
        "piles of marks normalised",
        MODEL,
        SPLIT,
        "_pile().search(text)",
        "None",
        f"{OF_ROWS}::test_row_that_cannot_be_used_is_named {OF_CORPUS}::test_piles_of_combining_marks_are_named",
    ),
    Planted(
        "dotted keys not counted as nesting",
        MODEL,
        "harness/files.py",
        "if _DOTTED.search(text):",
        "if not text:",
        f"{OF_FILES}::test_dotted_keys_nest_too",
    ),
    Planted(
        "texts of any length tokenized",
        MODEL,
        PROMPTS,
        "return len(text) > LONGEST_TOKEN * self.context_length",
        "return False",
        f"{OF_PROMPTS}::test_text_that_no_context_holds_is_not_tokenized",
    ),
    Planted(
        "text files of a corpus that can't be read passed over",
        "C14 C15",
        CORPUS,
        "onerror=_raise) for name in names]",
        "onerror=_raise) for name in names if Path(folder, name).is_file()]",
        f"{OF_CORPUS}::test_what_is_no_regular_text_is_refused_before_anything_is_read",
    ),
]
NAMES = [
    Planted(
        "a folder above taken for a task",
        MODEL,
        SETTINGS,
        'name not in {"", ".", ".."}',
        'name not in {"", "."}',
        f"{OF_SETTINGS}::test_task_is_named_by_a_plain_name {OF_LOCAL}::test_name_that_is_a_path_is_no_task",
    ),
    Planted(
        "folders that lead out of the data followed",
        MODEL,
        LOCAL,
        "if not folder.resolve().is_relative_to(data_dir.resolve()):",
        "if not folder.is_relative_to(data_dir):",
        f"{OF_LOCAL}::test_folder_that_leads_out_of_the_data_is_refused",
    ),
    Planted(
        "a linked data folder known by one name alone",
        MODEL,
        LOCAL,
        "{Path(os.path.abspath(data_dir)).name, data_dir.resolve().name}",
        "{data_dir.resolve().name}",
        f"{OF_LOCAL}::test_link_is_the_task_under_either_name",
    ),
    Planted(
        "skipping taken for a setting that decides a verdict",
        MODEL,
        SETTINGS,
        'elsewhere |= {"skip_bad_rows", "wordnet"}',
        'elsewhere |= {"wordnet"}',
        f"{OF_SETTINGS}::test_numbers_are_the_settings_that_decide_a_verdict",
    ),
]
ERRORS = [*COUNTS, *BOUNDS, *NAMES]
