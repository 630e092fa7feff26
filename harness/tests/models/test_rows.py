"""Several finetunings in one pass, each held to the plain loop that takes one model's steps."""

import numpy as np
import pytest
import torch

from harness.errors import HarnessError
from harness.models.finetuning import Finetuned, finetune, off_by_a_bit
from harness.models.language_model import LanguageModel
from harness.models.rows import Row, finetune_rows
from harness.prompts import Prompts
from harness.tests.models.configurations import VOCABULARY
from harness.tests.models.families import rounded, snapshot, tiny
from harness.tests.models.test_finetuning import BLIND, assert_restored, failing_at

RATES = (1e-3, 1e-2, 3e-2)
TOO_LARGE = 1e38


def require_near(found: Finetuned, exact: Finetuned, near: Finetuned, model: LanguageModel) -> None:
    """Hold a row to the plain loop: within four times what weights off by rounding do to its way."""
    assert found.diverged_at is exact.diverged_at is None
    noise = 4 * np.abs(np.subtract(exact.losses, near.losses)).max()
    np.testing.assert_allclose(found.losses, exact.losses, rtol=0, atol=noise)
    before = {s.name: s.of(s.parameter) for s in model.key_value_slices}
    assert list(found.weights) == list(exact.weights)
    for name, weight in found.weights.items():
        update = exact.weights[name] - before[name]
        allowed = 4 * float((near.weights[name] - exact.weights[name]).abs().max())
        torch.testing.assert_close(weight, exact.weights[name], rtol=0, atol=allowed, msg=name)
        if not name.endswith(BLIND):
            assert float(update.abs().max()) > 10 * allowed, name
    if exact.query_vectors is not None:
        assert found.query_vectors is not None
        assert near.query_vectors is not None
        allowed = 4 * float(np.abs(near.query_vectors - exact.query_vectors).max())
        np.testing.assert_allclose(found.query_vectors, exact.query_vectors, rtol=0, atol=allowed)


def test_a_row_a_learning_rate(of_any_family: LanguageModel, prompts: Prompts) -> None:
    """Rows that read one text at several rates end where finetuning at each rate does, for every family."""
    model, texts = of_any_family, prompts.demonstrations
    near, found = rounded(model), finetune_rows(model, [Row(texts, rate) for rate in RATES], record=True)
    for row, rate in zip(found, RATES, strict=True):
        expected, neighbour = (finetune(m, texts, rate, record=True) for m in (model, near))
        require_near(row, expected, neighbour, model)


def unlike(seed: int, steps: int) -> list[list[int]]:
    """Return texts of unlike lengths."""
    rng = np.random.default_rng(seed)
    return [[0, *map(int, rng.integers(2, VOCABULARY, rng.integers(2, 12)))] for _ in range(steps)]


def test_a_row_a_demonstration_set(model: LanguageModel) -> None:
    """Rows read texts of unlike lengths, and not equally many: what is padded behind one reaches neither."""
    near, texts = rounded(model), [unlike(seed, steps) for seed, steps in ((1, 4), (2, 6), (3, 1))]
    found = finetune_rows(model, [Row(of_row, RATES[1]) for of_row in texts], record=True)
    for row, of_row in zip(found, texts, strict=True):
        expected, neighbour = (finetune(m, of_row, RATES[1], record=True) for m in (model, near))
        require_near(row, expected, neighbour, model)


def test_a_row_starts_from_weights_of_its_own(model: LanguageModel, prompts: Prompts) -> None:
    """What is put in before its first step is what it steps away from; the other row starts from the model's."""
    start = {name: weight + 0.1 for name, weight in off_by_a_bit(model, np.random.default_rng(0)).items()}
    rows = [Row(prompts.demonstrations, RATES[1]), Row(prompts.demonstrations, RATES[1], start)]
    found, near = finetune_rows(model, rows), rounded(model)
    own, neighbour = (finetune(m, prompts.demonstrations, RATES[1]) for m in (model, near))
    require_near(found[0], own, neighbour, model)
    with model.with_weights(start), near.with_weights(start):
        own, neighbour = (finetune(m, prompts.demonstrations, RATES[1]) for m in (model, near))
        require_near(found[1], own, neighbour, model)


def test_a_row_that_diverges_leaves_the_others(model: LanguageModel, prompts: Prompts) -> None:
    """At the step where it diverges alone; the others go on."""
    texts = prompts.demonstrations
    alone = finetune(model, texts, TOO_LARGE)
    found = finetune_rows(model, [Row(texts, RATES[0]), Row(texts, TOO_LARGE), Row(texts, RATES[1])])
    assert alone.diverged_at is not None
    assert (found[1].diverged_at, found[1].weights, len(found[1].losses)) == (
        alone.diverged_at, {}, alone.diverged_at + 1
    )  # fmt: skip
    assert found[0].diverged_at is found[2].diverged_at is None
    for row, rate in ((found[0], RATES[0]), (found[2], RATES[1])):
        assert row.losses == pytest.approx(finetune(model, texts, rate).losses, rel=1e-4)


def test_all_rows_diverge_and_a_last_update_overflows(prompts: Prompts) -> None:
    """Nothing goes on, and each says where: at a loss or a last update that is no number."""
    model, texts = tiny("llama"), prompts.demonstrations
    found = finetune_rows(model, [Row(texts, TOO_LARGE), Row(texts[:1], np.inf)])
    expected = [finetune(model, texts, TOO_LARGE), finetune(model, texts[:1], np.inf)]
    assert [row.diverged_at for row in found] == [row.diverged_at for row in expected]
    assert all(row.diverged_at is not None for row in expected)


def test_one_row_is_the_same_whatever_stands_beside_it_but_for_rounding(prompts: Prompts) -> None:
    """The same rows twice are the same to the last bit."""
    model = tiny("gpt2")
    rows = [Row(prompts.demonstrations, rate) for rate in RATES]
    one, other = finetune_rows(model, rows), finetune_rows(model, rows)
    for a, b in zip(one, other, strict=True):
        assert a.losses == b.losses
        assert all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)


def test_models_own_weights_stay(model: LanguageModel, prompts: Prompts) -> None:
    """After rows that end, that diverge and that fail in their second step, nothing of them is in the network."""
    before, rows = snapshot(model), [Row(prompts.demonstrations, rate) for rate in (*RATES, TOO_LARGE)]
    finetune_rows(model, rows, record=True)
    assert_restored(model, before)
    with failing_at(model, 1, 2, KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        finetune_rows(model, rows, record=True)
    assert_restored(model, before)


def test_out_of_memory_is_one_error(model: LanguageModel, prompts: Prompts) -> None:
    """Rows whose text does not fit in memory are said, and the model is as it was."""
    before = snapshot(model)
    with (
        failing_at(model, 2, 2, torch.OutOfMemoryError),
        pytest.raises(HarnessError, match=r"finetuning of 3 models .* does not fit in the memory of cpu"),
    ):
        finetune_rows(model, [Row(prompts.demonstrations, rate) for rate in RATES])
    assert_restored(model, before)


def test_an_infinite_first_loss_is_no_yardstick() -> None:
    """A first text of probability 0 ends its row, and the row beside it reads on."""
    model = tiny("llama")
    start = model.network.base_model(torch.tensor([[0]])).last_hidden_state[0, 0]
    model.network.lm_head.weight.data[9] = -3e38 * start.sign()
    found = finetune_rows(model, [Row([(0, 9), (0, 8)], RATES[0]), Row([(0, 8), (0, 7)], RATES[0])])
    assert (found[0].losses, found[0].diverged_at) == ((np.inf,), 0)
    assert (len(found[1].losses), found[1].diverged_at) == (2, None)
