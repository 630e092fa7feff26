"""Errors planted in momentum attention, its controls, and the small GPT that is trained with them."""

from harness.tests.planted.planted import Planted

CLAIMS = "C14 C15 Q3"
MODELS, OF_MODELS, GAPS = "harness/models", "harness/tests/models", "harness/tests/planted/test_gaps.py::test_"


def momentum(name: str, right: str, wrong: str, test: str) -> Planted:
    """Plant an error in momentum attention or its controls."""
    return Planted(name, CLAIMS, f"{MODELS}/momentum.py", right, wrong, f"{OF_MODELS}/test_momentum.py::test_{test}")


def gpt(file: str, name: str, right: str, wrong: str, test: str) -> Planted:
    """Plant an error in a file of the small GPT."""
    caught_by = f"{OF_MODELS}/gpt/test_{file}.py::test_{test}"
    return Planted(name, CLAIMS, f"{MODELS}/gpt/{file}.py", right, wrong, caught_by)


SUMS = [
    momentum("own value included", "* (exponent > 0)", "* (exponent >= 0)", "sum_by_hand"),
    momentum("value before left out", "* (exponent > 0)", "* (exponent > 1)", "sum_by_hand"),
    momentum(
        "weights eta^(t-i-1)",
        "steps[:columns]  # t - i",
        "steps[:columns] - (steps[:, None] > steps[:columns]) * 1",
        "sum_by_hand",
    ),
    momentum(
        "eta of another head",
        "torch.exp(log_eta[:, None, None] * exponent",
        "torch.exp(log_eta.flip(0)[:, None, None] * exponent",
        "sum_is_the_quadratic_sum",
    ),
    momentum(
        "sums behind the first chunk decay by another head's eta",
        "decay = torch.exp(log_eta[:, None] * steps).to(values.dtype)  # [head, CHUNK]",
        "decay = torch.exp(log_eta.flip(0)[:, None] * steps).to(values.dtype)  # [head, CHUNK]",
        "sum_is_the_quadratic_sum",
    ),
    momentum(
        "carry over chunks forgotten",
        "inclusive = totals + momentum_sum(totals, CHUNK * log_eta)",
        "inclusive = totals",
        "sum_is_the_quadratic_sum",
    ),
    momentum(
        "no carry at all",
        "within[..., :CHUNK, :], decay[:, None, :, None], first[..., None, :])",
        "within[..., :CHUNK, :], decay[:, None, :, None], 0 * first[..., None, :])",
        "sum_is_the_quadratic_sum",
    ),
    momentum(
        "weights that add up to 1",
        "+ momentum_sum(value, log_eta)",
        "+ momentum_sum(value, log_eta) * (1 / torch.exp(log_eta) - 1)[:, None, None]",
        "any_causal_attention_will_do",
    ),
    momentum(
        "groups of heads in another order",
        "tensor.repeat_interleave(shared, dim=-3)",
        "tensor.repeat(1, shared, 1, 1)",
        "query_heads_share_their_group",
    ),
    momentum(
        "text before forgotten",
        "return sums + decay[..., None] * start[..., None, :]",
        "return sums",
        "decoding_in_pieces_is_the_whole",
    ),
    momentum(
        "last value forgotten",
        "(sums[..., -1, :] + values[..., -1, :])",
        "(sums[..., -1, :])",
        "decoding_in_pieces_is_the_whole",
    ),
    momentum(
        "controls with another total weight",
        "torch.exp(log_eta) * torch.expm1(log_eta * past)",
        "torch.expm1(log_eta * past)",
        "controls_have_momentums_total_weight",
    ),
    momentum(
        "uniform average with the own value",
        "past = torch.cat([before, totals[..., :-1, :]], dim=-2)",
        "past = totals",
        "controls_by_hand",
    ),
    momentum(
        "shift by none",
        "shifted = torch.cat([before, values[..., :-1, :]], dim=-2)",
        "shifted = values",
        "controls_by_hand",
    ),
    momentum(
        "past counted from the last piece on",
        "values.shape[-2] + (state.length if state else 0)",
        "values.shape[-2]",
        "decoding_in_pieces_is_the_whole",
    ),
]
NETWORK = [
    Planted(
        "momentum of keys",
        CLAIMS,
        f"{MODELS}/gpt/network.py",
        "own = value",
        "own = key",
        f"{GAPS}momentum_is_of_values",
    ),
    gpt(
        "network",
        "a position less seen behind a past",
        ".tril(past)",
        ".tril(past - 1)",
        "reading_in_pieces_is_reading_whole",
    ),
    gpt(
        "network",
        "state of the momentum not kept",
        "cache.state = key, value, state",
        "cache.state = key, value, None",
        "reading_in_pieces_is_reading_whole",
    ),
    gpt(
        "network",
        "positions from 0 behind a past",
        "sinusoids(first, stream",
        "sinusoids(0, stream",
        "reading_in_pieces_is_reading_whole",
    ),
    gpt(
        "network",
        "weights of the global generator",
        "deviation, generator=generator)",
        "deviation)",
        "every_attention_starts_from_the_same_weights",
    ),
    gpt(
        "network",
        "way back not scaled",
        "deviation /= math.sqrt(2 * shape.layers)",
        "deviation /= 1.0",
        "initial_weights_have_the_size_of_their_inputs",
    ),
    gpt(
        "network",
        "normalisation behind the sum",
        "x + self.attention(self.norm_attention(x), cache)",
        "self.norm_attention(x + self.attention(x, cache))",
        "vanilla_is_torchs_own_transformer",
    ),
]
PROBLEMS = [
    gpt(
        "problems",
        "the token itself predicted",
        "windows[:, :-1], windows[:, 1:]",
        "windows[:, :-1], windows[:, :-1]",
        "text_predicts_the_next_token",
    ),
    gpt(
        "problems",
        "regression predicts at y",
        "targets[:, 0::2], counts[:, 0::2]",
        "targets[:, 1::2], counts[:, 1::2]",
        "regression_is_laid_out_in_pairs",
    ),
    gpt(
        "problems",
        "errors not over the dimension",
        ".square() / self.dimension",
        ".square()",
        "regression_guess_of_zero_errs_by_one",
    ),
    gpt("problems", "new keys counted in recall", ".tril(-1)", ".tril(0)", "recall_counts_keys_that_came_before"),
    gpt(
        "problems",
        "scores at values",
        "positions[:, 0::2]",
        "positions[:, 1::2]",
        "recall_answers_are_right_wrong_or_not_asked",
    ),
    Planted(
        "test sequences trained on",
        CLAIMS,
        f"{MODELS}/gpt/problems.py",
        "TEST = -1",
        "TEST = 0",
        f"{GAPS}scores_are_those_of_the_test_sequences",
    ),
    gpt(
        "problems",
        "least squares that knows the answer",
        "inputs[:, :pair]) @ answers[:, :pair, None]",
        "inputs[:, : pair + 1]) @ answers[:, : pair + 1, None]",
        "least_squares_needs_as_many_examples_as_dimensions",
    ),
    gpt(
        "problems",
        "one window for all",
        "np.linspace(0, len(tokens) - length - 1, windows)",
        "np.zeros(windows)",
        "validation_windows_stay_in_the_text",
    ),
    gpt(
        "problems",
        "the same batch at every step",
        'stream(self.seed, "batch", step).integers(len',
        'stream(self.seed, "batch").integers(len',
        "batch_belongs_to_seed_and_step",
    ),
    gpt(
        "prompting",
        "scored at the padding",
        "[len(q) - 1 for q in queries]",
        "[longest - 1 for q in queries]",
        "logits_are_those_of_whole_prompts",
    ),
    gpt(
        "prompting",
        "demonstrations under ZSL",
        "setting is Setting.ICL",
        "setting is Setting.ZSL",
        "logits_are_those_of_whole_prompts",
    ),
    gpt(
        "tokens",
        "documents that run into one another",
        "[start, *found.ids]",
        "found.ids",
        "prompts_are_tokenized_as_the_training_text_is",
    ),
    gpt(
        "sizes",
        "backward pass for nothing",
        "(6.0 * weights + attention)",
        "(2.0 * weights + attention)",
        "cost_by_hand",
    ),
]
TRAINING = [
    gpt(
        "training",
        "checkpoint without AdamW's averages",
        'saved["state"] = _averages(tensors)',
        'saved["state"] = {}',
        "stopped_training_goes_on",
    ),
    gpt("training", "the last step done twice", "return len(done)", "return len(done) - 1", "stopped_training_goes_on"),
    gpt(
        "training",
        "mean of micro-batches' means summed",
        ".sum() / positions",
        ".sum() / part.counts.sum()",
        "micro_batches_add_up_to_the_batch",
    ),
    gpt(
        "training",
        "loss at positions that do not count",
        "(losses * part.counts).sum()",
        "losses.sum()",
        "steps_are_those_of_a_plain_loop",
    ),
    gpt(
        "training",
        "gradients never cleared",
        "optimizer.zero_grad()",
        "optimizer.state_dict()",
        "steps_are_those_of_a_plain_loop",
    ),
    gpt(
        "training",
        "gradients not clipped",
        "network.parameters(), schedule.clip)",
        "network.parameters(), math.inf)",
        "steps_are_those_of_a_plain_loop",
    ),
    gpt(
        "training",
        "biases decay too",
        '"weight_decay": 0.0',
        '"weight_decay": schedule.weight_decay',
        "steps_are_those_of_a_plain_loop",
    ),
    gpt(
        "training",
        "warm-up a step late",
        "schedule.learning_rate * (step + 1) / warm",
        "schedule.learning_rate * step / warm",
        "learning_rate_by_hand",
    ),
]
ERRORS = [*SUMS, *NETWORK, *PROBLEMS, *TRAINING]
