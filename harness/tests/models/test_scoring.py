"""Scoring behind a shared prefix, held to the reference, which is held to transformers (test_reference)."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from harness.data import Recording, Setting
from harness.errors import HarnessError
from harness.models.language_model import LanguageModel
from harness.models.scoring import _score_batch, encode_prefix, score
from harness.prompts import Prompts
from harness.tests.models.configurations import OF_KINDS, OF_OTHERS, VOCABULARY
from harness.tests.models.families import assert_identical, assert_same, assert_untouched, assert_within, rounded, tiny
from harness.tests.models.reference import reference_score

CASES = [
    *((family, more, setting) for family, more in OF_KINDS for setting in Setting),
    *((family, more, setting) for family, more in OF_OTHERS for setting in (Setting.ZSL, Setting.ICL)),
]
HALVES = (torch.bfloat16, torch.float16)
HALVES_LOSE = 1.5
"""Of what eager attention loses in one of these."""


@pytest.mark.parametrize(("family", "more", "setting"), CASES)
def test_shared_prefix_gives_what_whole_prompts_give(
    family: str, more: dict[str, Any], setting: Setting, prompts: Prompts
) -> None:
    """Every field of the recording is the reference's, whatever the queries' lengths and the size of a batch."""
    model = tiny(family, **more)
    expected, neighbour = (reference_score(m, prompts, setting) for m in (model, rounded(model)))
    for batch_size in (1, 2, 8):
        found = score(model, prompts, setting, batch_size=batch_size)
        assert_same(found, expected, neighbour)
        assert_within(found, expected)


def test_finetuned_model_reads_what_zero_shot_reads(model: LanguageModel, prompts: Prompts) -> None:
    """FT differs from ZSL in its weights alone: under the same weights they are the same."""
    assert_identical(score(model, prompts, Setting.FT), score(model, prompts, Setting.ZSL))


def test_recording_changes_no_logit(model: LanguageModel, prompts: Prompts) -> None:
    """With and without recording the logits agree to the last bit, and without it nothing else is kept."""
    recorded, bare = (score(model, prompts, Setting.ICL, record=record) for record in (True, False))
    np.testing.assert_array_equal(bare.label_logits, recorded.label_logits)
    assert [len(a) for a in (bare.attn_out, bare.scores_query, bare.scores_context, bare.query_vectors)] == [0] * 4


def test_answers_come_in_the_order_of_the_queries(model: LanguageModel, prompts: Prompts) -> None:
    """Queries given the other way round give the same rows the other way round, though batches go by length."""
    turned = score(model, replace(prompts, queries=prompts.queries[::-1], gold=prompts.gold[::-1]), Setting.ICL)
    straight = score(model, prompts, Setting.ICL)
    np.testing.assert_array_equal(turned.gold, straight.gold[::-1])
    np.testing.assert_array_equal(turned.label_logits, straight.label_logits[::-1])
    np.testing.assert_array_equal(turned.scores_query, straight.scores_query[::-1])


class _Copies(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Counts new tensors that hold a prefix's keys or values more than once."""

    def __init__(self, length: int, d_head: int, elements: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.shape, self.elements, self.found = {length, d_head}, elements, 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **kwargs or {})
        for tensor in [result] if isinstance(result, torch.Tensor) else []:
            own = tensor.untyped_storage().nbytes() // tensor.element_size()
            self.found += set(tensor.shape[-2:]) == self.shape and own > self.elements
        return result


def test_prefix_is_neither_copied_for_each_query_nor_changed(model: LanguageModel, prompts: Prompts) -> None:
    """No new tensor holds the 41 prefix tokens' keys or values more than once, and they serve the next batch."""
    prefix = encode_prefix(model, prompts.prefix)
    before = [tensor.clone() for tensor in (*prefix.keys, *prefix.values)]
    heads, length, d_head = prefix.keys[0].shape
    copies = _Copies(length, d_head, heads * length * d_head)
    with copies:
        _score_batch(model, prefix, prompts.queries, torch.tensor(prompts.answer_tokens), record=True)
    assert copies.found == 0
    assert all(map(torch.equal, before, (*prefix.keys, *prefix.values)))


def out_of_memory_above(model: LanguageModel, batch: int, length: int = 10**6) -> list[int]:
    """Plant a memory of `batch` rows of `length` tokens in the network; return the list of batches it is given."""
    given: list[int] = []

    def limit(_module: Any, _args: Any, kwargs: dict[str, Any]) -> None:
        given.append(len(kwargs["input_ids"]))
        if given[-1] > batch or kwargs["input_ids"].shape[1] > length:
            raise torch.OutOfMemoryError

    model.network.base_model.register_forward_pre_hook(limit, with_kwargs=True)
    return given


def test_batch_is_halved_until_it_fits(model: LanguageModel, prompts: Prompts) -> None:
    """Five queries at a time do not fit, nor do four: two at a time do, and the answers are the same."""
    expected = reference_score(model, prompts, Setting.ICL)
    neighbour = reference_score(rounded(model), prompts, Setting.ICL)
    seen: list[int] = []
    given = out_of_memory_above(model, 3)
    assert_same(score(model, prompts, Setting.ICL, batch_size=8, progress=seen.append), expected, neighbour)
    assert given == [1, 5, 4, 2, 2, 1]  # the prefix, then queries
    assert seen == [2, 2, 1]


@pytest.mark.parametrize(
    ("batch", "length", "message"),
    [(1, 4, "one query behind a prefix of 1 tokens"), (0, 99, "a prefix of 1 tokens")],
)
def test_what_never_fits_is_one_error(
    model: LanguageModel, prompts: Prompts, batch: int, length: int, message: str
) -> None:
    """Where not even one query, or not even the prefix, fits, the error says so and what to ask less of."""
    out_of_memory_above(model, batch, length)
    with pytest.raises(HarnessError, match=rf"^{message} does not fit in the memory of cpu; .*--demonstrations"):
        score(model, prompts, Setting.ZSL)


def test_damaged_weights_are_one_error(model: LanguageModel, prompts: Prompts) -> None:
    """One weight that is not a number makes logits that are none, and the run says so instead of answering."""
    model.key_value_slices[-1].parameter.data.view(-1)[-1] = torch.nan
    with pytest.raises(HarnessError, match="non-finite logits for 2 of 2 queries"):
        score(model, prompts, Setting.ICL, batch_size=2)


def test_scoring_leaves_the_network_as_it_was(model: LanguageModel, prompts: Prompts) -> None:
    """No hook and no forward of ours stays behind, not even where a pass fails half way."""
    score(model, prompts, Setting.ICL)
    assert_untouched(model)
    hook = model.attention_modules[1].register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        score(model, replace(prompts, prefix=(0,)), Setting.ICL)
    hook.remove()
    assert_untouched(model)


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_loses_no_more_than_the_stock_forward(
    of_any_family: LanguageModel, dtype: torch.dtype, prompts: Prompts
) -> None:
    """There logits of all words, scores and outputs err from float32 by about what eager attention errs.

    Over all variants the ratio was 0.67 to 1.36. Over three answers' logits it went to 1.56: too few to tell by.
    """
    model, every_word = of_any_family, replace(prompts, answer_tokens=tuple(range(VOCABULARY)))
    exact = reference_score(model, every_word, Setting.ICL)
    model.network.to(dtype)
    ours, stock = score(model, every_word, Setting.ICL), reference_score(model, every_word, Setting.ICL)

    def error(found: Recording, name: str) -> float:
        reached = np.isfinite(getattr(exact, name))
        off = getattr(found, name)[reached] - getattr(exact, name)[reached]
        return float(np.sqrt(np.mean(off**2)))

    for name in ("label_logits", "attn_out", "scores_query", "scores_context", "query_vectors"):
        np.testing.assert_array_equal(np.isfinite(getattr(ours, name)), np.isfinite(getattr(exact, name)), err_msg=name)
        assert error(ours, name) < HALVES_LOSE * error(stock, name), name


def test_default_model_behind_a_shared_prefix(default_model: LanguageModel) -> None:
    """Three queries behind four demonstrations: 30 layers keep every field within 1e-5 of its largest value.

    Measured were at most 8e-7, 14 units of float32's 2^-24; 1e-5 leaves other processors' order of sums its room.
    """
    rng = np.random.default_rng(3)
    texts = [tuple(map(int, rng.integers(100, 40000, n))) for n in (14, 9, 22, 17, 12, 25, 8)]
    prefix = (0, *(token for text in texts[:4] for token in (*text, 198)))
    prompts = Prompts(0, prefix, (), (), tuple(texts[4:]), (0, 1, 0), (26990, 20085))
    ours, expected = score(default_model, prompts, Setting.ICL), reference_score(default_model, prompts, Setting.ICL)
    for name in ("label_logits", "attn_out", "scores_query", "scores_context", "query_vectors"):
        found, exact = getattr(ours, name), getattr(expected, name)
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-5 * np.nanmax(np.abs(exact)), err_msg=name)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here")
def test_cuda_gives_what_the_cpu_gives(model: LanguageModel, prompts: Prompts) -> None:
    """With TF32 off, a GPU's float32 differs from the CPU's by rounding only."""
    torch.backends.cuda.matmul.allow_tf32 = False
    expected = reference_score(model, prompts, Setting.ICL)
    neighbour = reference_score(rounded(model), prompts, Setting.ICL)
    model.network.to("cuda")
    assert_same(score(model, prompts, Setting.ICL), expected, neighbour)
