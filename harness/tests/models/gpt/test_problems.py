"""What is learned: sequences laid out as said, answers that follow from what came before, and honest yardsticks."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.models.gpt.network import GPT, MIXINGS, AttentionChoice
from harness.models.gpt.problems import (
    Recall,
    Regression,
    Text,
    cross_entropies,
    least_squares_errors,
    recall_answers,
    regression_errors,
    validation_losses,
)
from harness.models.gpt.sizes import Shape

SHAPE = Shape(layers=1, heads=1, width=4)
TEXT = Text(np.arange(50, dtype=np.int32) % 7, 10, 7, seed=3)
REGRESSION = Regression(dimension=3, pairs=6, seed=3)
RECALL = Recall(keys=4, values=5, pairs=9, seed=3)
PROBLEMS = {"text": TEXT, "regression": REGRESSION, "recall": RECALL}


@pytest.fixture(params=list(PROBLEMS))
def problem(request: pytest.FixtureRequest) -> Any:
    """Return each problem in turn."""
    return PROBLEMS[request.param]


def network_of(problem: Any) -> GPT:
    """Return an untrained network of the problem's."""
    network: GPT = problem.network(SHAPE, AttentionChoice())
    return network


class Knows(GPT):
    """Says the answers that it was given, wrong at the positions asked for."""

    def __init__(self, answers: torch.Tensor) -> None:
        super().__init__(SHAPE, AttentionChoice(), torch.nn.Identity(), torch.nn.Identity())
        self.answers = answers

    def forward(self, x: torch.Tensor, cache: object = None) -> torch.Tensor:
        """Return the answers, whatever was asked."""
        del x, cache
        return self.answers


def test_batch_belongs_to_seed_and_step(problem: Any) -> None:
    """The same seed and step give the same sequences; another seed or step gives others."""
    given, again, step, seed = (
        chosen.batch(number, 4).inputs
        for chosen, number in ((problem, 5), (problem, 5), (problem, 6), (replace(problem, seed=4), 5))
    )
    assert torch.equal(given, again)
    assert not torch.equal(given, step)
    assert not torch.equal(given, seed)


def test_test_sequences_are_no_training_batch(problem: Any) -> None:
    """The sequences of step -1, which are tested on, are none of the first hundred steps'."""
    tested = problem.batch(-1, 4).inputs
    assert not any(torch.equal(tested, problem.batch(step, 4).inputs) for step in range(100))


def test_weights_belong_to_the_seed(problem: Any) -> None:
    """Whatever the attention, the seed's network has the same weights, and another seed's has others."""
    states = [problem.network(SHAPE, AttentionChoice(name)).state_dict() for name in MIXINGS]
    assert all(torch.equal(state[name], states[0][name]) for state in states[1:] for name in states[0])
    other = network_of(replace(problem, seed=4)).state_dict()
    assert not torch.equal(other["blocks.0.widen.weight"], states[0]["blocks.0.widen.weight"])


def test_text_predicts_the_next_token() -> None:
    """Targets are the inputs one position on, every position counts, and windows reach both ends of the text."""
    batch = TEXT.batch(0, 400)
    assert torch.equal(batch.inputs[:, 1:], batch.targets[:, :-1])
    assert bool(batch.counts.all())
    marked = Text(np.arange(13, dtype=np.int32), 10, 13, seed=0).batch(0, 100)
    assert (set(marked.inputs[:, 0].tolist()), int(marked.targets.max())) == ({0, 1, 2}, 12)


def test_cross_entropy_by_hand() -> None:
    """With logits 0 and ln 3 the second token has probability 3/4."""
    logits = torch.tensor([[[0.0, math.log(3)]] * 2])
    found = cross_entropies(logits, torch.tensor([[1, 0]]))
    torch.testing.assert_close(found, torch.tensor([[math.log(4 / 3), math.log(4)]]))


def test_regression_is_laid_out_in_pairs() -> None:
    """Each x stands at even positions, (y, 0, 0) at odd ones; y is asked at its x, and one w explains a sequence."""
    batch = REGRESSION.batch(0, 5)
    x, y = batch.inputs[:, 0::2].double(), batch.inputs[:, 1::2]
    assert torch.equal(y[..., 0], batch.targets[:, 0::2])
    assert not y[..., 1:].any()
    assert batch.counts.tolist() == [[True, False] * 6] * 5
    w = torch.linalg.lstsq(x, batch.targets[:, 0::2, None].double()).solution
    torch.testing.assert_close((x @ w)[..., 0], batch.targets[:, 0::2].double(), rtol=1e-5, atol=1e-5)
    assert not torch.allclose(w[0], w[1])


def test_regression_guess_of_zero_errs_by_one() -> None:
    """The product w . x of standard normal vectors has variance d, and errors are over d: 1 within 5 standard errors.

    Its fourth moment is 3 d (d + 2), so the squares over d have variance (3 (d + 2) / d - 1) = 4 at d = 3.
    """
    errors = regression_errors(Knows(torch.zeros(4000, 12, 1)), REGRESSION, 4000)
    assert errors.shape == (4000, 6)
    assert errors.mean(axis=0) == pytest.approx(1, abs=5 * math.sqrt(4 / 4000))


def test_regression_errors_are_at_the_asked_pairs() -> None:
    """A network that knows all but the third y errs there alone, by its distance squared over d = 3."""
    answers = REGRESSION.batch(-1, 4).targets[..., None].clone()
    answers[:, 4] += 6
    assert regression_errors(Knows(answers), REGRESSION, 4) == pytest.approx(np.array([[0, 0, 12, 0, 0, 0]] * 4))


def test_least_squares_needs_as_many_examples_as_dimensions() -> None:
    """Behind k < d examples (1 - k/d) of w is unknown; from d on nothing is. Means of 4,000 within 0.2, the rest exact.

    The least-norm solution is w projected on k of d directions: the error's mean is |w|^2's share that is left.
    """
    errors = least_squares_errors(REGRESSION, 4000)
    assert errors[:, :3].mean(axis=0) == pytest.approx([1, 2 / 3, 1 / 3], abs=0.2)
    assert float(np.quantile(errors[:, 3:], 0.99)) < 1e-6


def test_least_squares_is_numpys() -> None:
    """Each pair's error is that of numpy's least-norm solution on the pairs before it."""
    batch = REGRESSION.batch(-1, 3)
    x, y = batch.inputs[:, 0::2].double().numpy(), batch.targets[:, 0::2].double().numpy()
    expected = [
        [
            (x[row, pair] @ (np.linalg.lstsq(x[row, :pair], y[row, :pair])[0] if pair else np.zeros(3)) - y[row, pair])
            ** 2
            / 3
            for pair in range(6)
        ]
        for row in range(3)
    ]
    np.testing.assert_allclose(least_squares_errors(REGRESSION, 3), expected, rtol=1e-6, atol=1e-8)


@settings(deadline=None, max_examples=30, derandomize=True)
@given(keys=st.integers(1, 6), values=st.integers(1, 6), pairs=st.integers(1, 12), seed=st.integers(0, 99))
def test_recall_counts_keys_that_came_before(keys: int, values: int, pairs: int, seed: int) -> None:
    """A position counts where it holds a key seen before; its target is the value that stood behind that key."""
    batch = Recall(keys, values, pairs, seed).batch(0, 3)
    for tokens, targets, counts in zip(batch.inputs, batch.targets, batch.counts, strict=True):
        seen: dict[int, int] = {}
        for position in range(0, 2 * pairs, 2):
            key, value = tokens[position : position + 2].tolist()
            assert 0 <= key < keys <= value < keys + values
            assert counts[position : position + 2].tolist() == [key in seen, False]
            assert targets[position] == seen.setdefault(key, value) == value


def test_recall_answers_are_right_wrong_or_not_asked() -> None:
    """A network that always says the right value scores 1 where a key came before, NaN where it is new."""
    batch = RECALL.batch(-1, 6)
    right = torch.nn.functional.one_hot(batch.targets, 9).float()
    expected = np.where(batch.counts[:, 0::2].numpy(), 1.0, np.nan)
    np.testing.assert_array_equal(recall_answers(Knows(right), RECALL, 6), expected)
    np.testing.assert_array_equal(recall_answers(Knows(1 - right), RECALL, 6), 0 * expected)


@pytest.mark.parametrize(("length", "windows"), [(10, 5), (10, 23), (49, 3), (2, 17)])
def test_validation_windows_stay_in_the_text(length: int, windows: int) -> None:
    """Each window's loss is that of its own tokens; the first starts the text and the last ends it."""
    network, tokens = network_of(TEXT), np.random.default_rng(0).integers(7, size=50).astype(np.int32)
    found = validation_losses(network, tokens, length, windows, batch=4)
    assert found.shape == (windows,)
    for window, start in ((0, 0), (-1, 49 - length)):
        ids = torch.from_numpy(tokens[start : start + length + 1].astype(np.int64))
        log_p = network(ids[None, :-1])[0].log_softmax(-1).detach()
        expected = -sum(float(log_p[i, ids[i + 1]]) for i in range(length)) / length
        assert found[window] == pytest.approx(expected, rel=1e-5)


def test_text_too_short_is_refused() -> None:
    """A text of 10 tokens has no window of 10 and the token behind: it is neither trained nor measured on."""
    short = np.zeros(10, np.int32)
    with pytest.raises(HarnessError, match="has 10 tokens, and at least 11 are needed"):
        Text(short, 10, 7, seed=0)
    with pytest.raises(HarnessError, match="has 10 tokens, and at least 11 are needed"):
        validation_losses(network_of(TEXT), short, 10, 2)
