"""Errors planted in C15's own tasks: multiple choice by likelihood, and reviews that are too long."""

from harness.tests.planted.planted import Planted

ASKING, OF_ASKING = "harness/trainings/text_tasks.py", "harness/tests/trainings/test_own_tasks.py::test_"
LIKELIHOODS, OF_LIKELIHOODS = (
    "harness/models/gpt/prompting.py",
    "harness/tests/models/gpt/test_prompting.py::test_options_likelihoods_are_those_of_whole_prompts",
)
PROMPTS, OF_PROMPTS = "harness/models/gpt/choice_prompts.py", "harness/tests/models/gpt/test_choice_prompts.py::test_"
OF_ROWS = "harness/tests/tasks/test_choices.py::test_"


def error(file: str, name: str, right: str, wrong: str, caught_by: str) -> Planted:
    """Plant an error in what C15 rests on alone."""
    return Planted(name, "C15", file, right, wrong, caught_by)


ERRORS = [
    error(
        LIKELIHOODS,
        "an option's tokens told from themselves",
        "state[len(query) - 1 : len(query) + len(option) - 1]",
        "state[len(query) : len(query) + len(option)]",
        OF_LIKELIHOODS,
    ),
    error(
        LIKELIHOODS,
        "the first token of an option alone",
        "[:, None]).sum())",
        "[:, None])[0])",
        OF_LIKELIHOODS,
    ),
    error(
        LIKELIHOODS,
        "options without demonstrations",
        "torch.tensor([prompts.prefix], device=device), past)",
        "torch.tensor([prompts.prefix[:1]], device=device), past)",
        OF_LIKELIHOODS,
    ),
    error(
        LIKELIHOODS,
        "options of one question counted as another's",
        "ends[:-1]",
        "ends[:-1] - 1",
        OF_LIKELIHOODS,
    ),
    error(
        ASKING,
        "the least likely option taken",
        "[[of.argmax() for of in by_example]",
        "[[of.argmin() for of in by_example]",
        f"{OF_ASKING}option_that_is_taken_is_the_likeliest_behind_the_whole_prompt",
    ),
    error(
        ASKING,
        "likelihood a character by the number of options",
        "(of / np.array(n)).argmax()",
        "(of / len(n)).argmax()",
        f"{OF_ASKING}option_that_is_taken_is_the_likeliest_behind_the_whole_prompt",
    ),
    error(
        ASKING,
        "reviews of any length asked",
        '"test", self.number), length // 2)',
        '"test", self.number), length)',
        f"{OF_ASKING}long_reviews_are_left_out_and_counted",
    ),
    error(
        PROMPTS,
        "options' characters counted with their question",
        "tuple(map(len, example.options)) for example in examples",
        "tuple(len(o) + len(example.texts) for o in example.options) for example in examples",
        f"{OF_PROMPTS}prompt_is_demonstrations_with_their_right_options_then_question_and_option",
    ),
    error(
        PROMPTS,
        "room kept for the question alone",
        "len(query) + max(map(len, of)) for",
        "len(query) for",
        f"{OF_PROMPTS}as_many_demonstrations_as_fit_beside_the_longest_option",
    ),
    error(
        "harness/data.py",
        "the first option shown as the right one",
        "(example.options or self.answers)[example.label]",
        "(example.options[:1] * 9 or self.answers)[example.label]",
        f"{OF_PROMPTS}prompt_is_demonstrations_with_their_right_options_then_question_and_option",
    ),
    error(
        "harness/tasks/split.py",
        "one goal with other options taken for a copy",
        "    if offered:",
        "    if False:",
        f"{OF_ROWS}question_with_other_options_is_another_example",
    ),
    error(
        "harness/tasks/__init__.py",
        "tasks that differ in their options alone taken for one",
        "([list(example.options)] if example.options else ())",
        "()",
        f"{OF_ROWS}options_are_part_of_what_a_task_is",
    ),
    error(
        "harness/tasks/hub.py",
        "a key taken for the first option's",
        "keys.index(label) if",
        "0 if",
        f"{OF_ROWS}hub_rows_are_read_by_their_columns",
    ),
    error(
        "harness/evidence/training_questions.py",
        "the model's tasks asked in place of the paper's own",
        "if experiment.own_tasks is None else experiment.own_tasks",
        "if True else experiment.own_tasks",
        f"{OF_ASKING}own_tasks_are_asked_in_place_of_the_models",
    ),
    error(
        "claims/c15_momentum_icl.py",
        "what was too long left unsaid",
        "note=note if left_out else",
        "note=note if not left_out else",
        "harness/tests/claims/test_trained_claims.py::"
        "test_what_of_text_tasks_was_too_long_is_said_and_multiple_choice_has_a_table_more",
    ),
]
