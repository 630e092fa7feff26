"""Errors planted in scoring, recording and finetuning."""

from harness.tests.planted.planted import Planted

SCORING = "harness/models/scoring.py"
FINETUNING, MODEL, UPDATES = (f"harness/models/{name}.py" for name in ("finetuning", "language_model", "updates"))
WATCHING, OF_WATCHING = "harness/models/watching.py", "harness/tests/models/test_watching.py"
OF_SCORING = "harness/tests/models/test_scoring.py::test_shared_prefix_gives_what_whole_prompts_give"
OF_REFERENCE = "harness/tests/models/test_reference.py::test_reference_is_the_familys_own_forward"
OF_FINETUNING, OF_UPDATES = "harness/tests/models/test_finetuning.py", "harness/tests/models/test_updates.py"
ROWS, OF_ROWS = "harness/models/rows.py", "harness/tests/models/test_rows.py::test_"
LOSS, OF_LOSS = "harness/models/next_token_loss.py", "harness/tests/models/test_next_token_loss.py::test_"
BY_RATE, BY_SET = "a_row_a_learning_rate", "a_row_a_demonstration_set"
OWN_START = "a_row_starts_from_weights_of_its_own"
LEARNED = "C2 C10 C11 C12 C13"
OF_STEPS = f"{OF_FINETUNING}::test_steps_are_torchs_sgd"
ANSWERS, ATTENTION = "C1 C2 C10", "C11 C12 C13"
EVERYTHING = f"{ANSWERS} {ATTENTION}"

RECORDING = [
    Planted(
        "the token before the last scored",
        ANSWERS,
        SCORING,
        "hidden[torch.arange(len(queries), device=model.device), last]",
        "hidden[torch.arange(len(queries), device=model.device), last - 1]",
        OF_SCORING,
    ),
    Planted(
        "padding scored for the last token",
        EVERYTHING,
        SCORING,
        "torch.tensor([len(q) - 1 for q in queries]",
        "torch.tensor([max(map(len, queries)) - 1 for q in queries]",
        OF_SCORING,
    ),
    Planted(
        "ICL and ZSL read each other's prefix",
        EVERYTHING,
        SCORING,
        "prompts.prefix if setting is Setting.ICL else [prompts.start_token]",
        "prompts.prefix if setting is Setting.ZSL else [prompts.start_token]",
        OF_SCORING,
    ),
    Planted(
        "positions of the query counted without its prefix",
        EVERYTHING,
        SCORING,
        "torch.arange(len(prefix), len(prefix) + longest, device=model.device)",
        "torch.arange(longest, device=model.device)",
        OF_SCORING,
    ),
    Planted(
        "query slice off by one",
        "C12",
        SCORING,
        "own[i, :, :, : len(query)]",
        "own[i, :, :, 1 : len(query) + 1]",
        OF_SCORING,
    ),
    Planted(
        "attention output of the first token",
        "C11",
        SCORING,
        "output[rows, last]",
        "output[rows, 0]",
        OF_SCORING,
    ),
    Planted(
        "query vector of the first token",
        "C13",
        SCORING,
        "projected[rows, last]",
        "projected[rows, 0 * last]",
        OF_SCORING,
    ),
    Planted(
        "reference's query slice off by one",
        "C12",
        "harness/tests/models/reference.py",
        "scores[:, :, len(prefix) :]",
        "scores[:, :, len(prefix) - 1 : -1]",
        OF_REFERENCE,
    ),
]
WATCHED = [
    Planted(
        "hooks on outputs never removed",
        EVERYTHING,
        WATCHING,
        "hooks.enter_context(module.register_forward_hook(partial(after, i)))",
        "module.register_forward_hook(partial(after, i))",
        "harness/tests/models/test_scoring.py::test_scoring_leaves_the_network_as_it_was",
    ),
    Planted(
        "hooks on inputs never removed",
        "Q1 O7",
        WATCHING,
        "hooks.enter_context(module.register_forward_pre_hook(partial(before, i)))",
        "module.register_forward_pre_hook(partial(before, i))",
        f"{OF_WATCHING}::test_no_hook_stays_behind[True]",
    ),
    Planted(
        "what is put in for an input ignored",
        "O7",
        WATCHING,
        "return None if other is None else (other, *args[1:])",
        "return None",
        f"{OF_WATCHING}::test_what_is_returned_of_an_input_goes_in",
    ),
    Planted(
        "other arguments lost with the input put in",
        "O7",
        WATCHING,
        "(other, *args[1:])",
        "(other,)",
        f"{OF_WATCHING}::test_what_is_returned_of_an_input_goes_in",
    ),
    Planted(
        "outputs changed by who sees them",
        EVERYTHING,
        WATCHING,
        "        see(i, output[0] if",
        "        return see(i, output[0] if",
        f"{OF_WATCHING}::test_outputs_stay_as_they_are",
    ),
    Planted(
        "every module seen as the first",
        "C13",
        WATCHING,
        "partial(after, i)",
        "partial(after, 0)",
        f"{OF_WATCHING}::test_outputs_come_with_the_modules_place_as_they_run",
    ),
]
TRAINING = [
    Planted(
        "steps up the slope", "C2 C10 C11 C12 C13", FINETUNING, ".sub_(s.of(gradient)", ".add_(s.of(gradient)", OF_STEPS
    ),
    Planted(
        "loss of the answer alone",
        "C2 C10 C11 C12 C13",
        FINETUNING,
        "cross_entropy(logits[0, :-1].float(), ids[0, 1:])",
        "cross_entropy(logits[0, -2:-1].float(), ids[0, -1:])",
        OF_STEPS,
    ),
    Planted(
        "loss of the token itself, not of the next",
        "C2 C10 C11 C12 C13",
        FINETUNING,
        "cross_entropy(logits[0, :-1].float(), ids[0, 1:])",
        "cross_entropy(logits[0].float(), ids[0])",
        OF_STEPS,
    ),
    Planted(
        "steps in the reverse order",
        "C2 C8 C10 C11 C12 C13",
        FINETUNING,
        "for tokens in demonstrations:",
        "for tokens in demonstrations[::-1]:",
        f"{OF_STEPS}[llama-more1-5] {OF_STEPS}[gpt2-more3-5]",
    ),
    Planted(
        "queries trained too",
        "C2 C8 C10 C11 C12 C13",
        MODEL,
        "self.slices(*self.architecture.key_value)",
        "self.slices(*self.architecture.key_value, self.architecture.query)",
        "harness/tests/models/test_language_model.py::test_what_trains_is_keys_and_values",
    ),
    Planted(
        "finetuned weights left in the model",
        "C1 C2 C10 C11 C12 C13",
        FINETUNING,
        "parameter.requires_grad_(False).copy_(value)",
        "parameter.requires_grad_(False).copy_(parameter)",
        f"{OF_FINETUNING}::test_models_own_weights_come_back",
    ),
    Planted(
        "weights put in never taken out",
        "C1 C2 C10 C11 C12 C13",
        MODEL,
        "copy_(original[s.name])",
        "copy_(weights[s.name])",
        "harness/tests/models/test_language_model.py::test_weights_put_in_come_out_again",
    ),
    Planted(
        "collapsed run not stopped",
        "C2",
        FINETUNING,
        "losses[0] + uniform_guess",
        "losses[0] + math.inf",
        f"{OF_FINETUNING}::test_collapsed_run_stops_early",
    ),
    Planted(
        "query vectors not scaled",
        "C13",
        MODEL,
        "vectors * row.scale(module)",
        "vectors * 1.0",
        "harness/tests/models/test_language_model.py::test_query_vectors_by_hand",
    ),
    Planted(
        "separators among the demonstrations' tokens",
        "Q1",
        UPDATES,
        "for i in range(first, last)]",
        "for i in range(first, last + 1)]",
        f"{OF_UPDATES}::test_icl_update_sums_outer_products_of_the_demonstrations_tokens",
    ),
    Planted(
        "start token among the query's own",
        "Q1",
        UPDATES,
        "own = [x[1:] for x in inputs]",
        "own = [x[0:] for x in inputs]",
        f"{OF_UPDATES}::test_ft_update_is_the_difference_of_the_two_products",
    ),
    Planted(
        "keys and values swapped",
        "Q1",
        UPDATES,
        "return project(model.architecture.value), project(model.architecture.key)",
        "return project(model.architecture.key), project(model.architecture.value)",
        f"{OF_UPDATES}::test_values_are_those_that_the_model_attends_to",
    ),
]
IN_ROWS = [
    *(
        Planted(name, LEARNED, ROWS, right, wrong, f"{OF_ROWS}{caught_by}")
        for name, right, wrong, caught_by in (
            ("rows up the slope", "weight.float() - by_row", "weight.float() + by_row", BY_RATE),
            (
                "one rate for all rows",
                "self.rows[self.numbers[place]].learning_rate for place in good",
                "self.rows[0].learning_rate for place in good",
                BY_RATE,
            ),
            (
                "losses summed in place of their mean",
                ".index_add(0, row, found) / lengths",
                ".index_add(0, row, found)",
                BY_RATE,
            ),
            (
                "padding read as text",
                "torch.tensor([len(text) - 1 for text in texts]",
                "torch.tensor([longest - 1 for text in texts]",
                BY_SET,
            ),
            (
                "one row's keys and values for all",
                "weight = weights[s.name]  #",
                "weight = weights[s.name][:1].expand_as(weights[s.name])  #",
                BY_RATE,
            ),
            (
                "the model's own start for every row",
                "own if row.start is None else row.start[s.name]",
                "own",
                OWN_START,
            ),
            (
                "all rows left where one diverges",
                "            if goes_on(self.losses[number], self.model):",
                "            if all(goes_on(self.losses[n], self.model) for n in self.numbers if self.losses[n]):",
                "a_row_that_diverges_leaves_the_others",
            ),
            (
                "a row that has read its texts goes on reading",
                "len(self.rows[number].texts) > step",
                "len(self.rows[number].texts) > min(step, 0)",
                BY_SET,
            ),
            ("queries of padding kept", "of_row[:length])", "of_row)", BY_SET),
        )
    ),
    *(
        Planted(name, LEARNED, LOSS, right, wrong, f"{OF_LOSS}losses_and_gradient_are_autograds")
        for name, right, wrong in (
            ("the slope of capped logits forgotten", "logits.mul_(slope)", "slope.mul_(1)"),
            ("the answer's own pull forgotten", "-torch.ones_like(z)", "-torch.zeros_like(z)"),
            ("every token's loss weighed alike", "gradient * upstream[0][:, None]", "gradient * upstream[0].mean()"),
        )
    ),
]
ERRORS = [*RECORDING, *WATCHED, *TRAINING, *IN_ROWS]
