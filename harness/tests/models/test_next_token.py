"""The next token's logits over the whole vocabulary, held to the network's own forward of whole prompts."""

import numpy as np
import pytest
import torch

from harness.data import Setting
from harness.errors import HarnessError
from harness.models.finetuning import finetune
from harness.models.language_model import LanguageModel
from harness.models.next_token import next_token_logits
from harness.models.scoring import score
from harness.prompts import Prompts
from harness.tests.models.configurations import VOCABULARY
from harness.tests.models.families import assert_untouched, rounded


def _whole_prompts(model: LanguageModel, prompts: Prompts, setting: Setting) -> np.ndarray:
    """Return the last row of the network's own logits, one whole prompt at a time."""
    prefix = prompts.prefix if setting is Setting.ICL else (prompts.start_token,)
    with torch.no_grad():
        rows = [model.network(torch.tensor([[*prefix, *query]])).logits[0, -1] for query in prompts.queries]
    return torch.stack(rows).numpy()


@pytest.mark.parametrize("setting", list(Setting))
def test_logits_are_those_of_the_whole_prompt(of_any_family: LanguageModel, prompts: Prompts, setting: Setting) -> None:
    """For every family, setting and batch: within twice what weights off by float32's rounding change."""
    model = of_any_family
    expected, near = (_whole_prompts(m, prompts, setting) for m in (model, rounded(model)))
    for batch_size in (1, 2, 8):
        found = next_token_logits(model, prompts, setting, batch_size)
        assert (str(found.dtype), found.shape) == ("float32", (5, VOCABULARY))
        np.testing.assert_allclose(found, expected, rtol=0, atol=2 * np.abs(near - expected).max())


@pytest.mark.parametrize("setting", [Setting.ZSL, Setting.ICL])
def test_answer_words_have_the_logits_that_scoring_records(
    model: LanguageModel, prompts: Prompts, setting: Setting
) -> None:
    """To the last bit, in batches of the same size."""
    found = next_token_logits(model, prompts, setting)[:, list(prompts.answer_tokens)]
    np.testing.assert_array_equal(found, score(model, prompts, setting).label_logits)


def test_finetuned_weights_are_the_ones_that_answer(model: LanguageModel, prompts: Prompts) -> None:
    """Under FT's weights the logits are FT's, in the block alone."""
    before = next_token_logits(model, prompts, Setting.FT)
    weights = finetune(model, prompts.demonstrations, 0.1).weights
    with model.with_weights(weights):
        found = next_token_logits(model, prompts, Setting.FT)
        np.testing.assert_array_equal(
            found[:, list(prompts.answer_tokens)], score(model, prompts, Setting.FT).label_logits
        )
    assert np.abs(found - before).max() > 0.01
    np.testing.assert_array_equal(next_token_logits(model, prompts, Setting.FT), before)
    assert_untouched(model)


def test_damaged_weights_are_one_error(model: LanguageModel, prompts: Prompts) -> None:
    """One weight that is not a number makes logits that are none, and the run says so instead of comparing them."""
    model.key_value_slices[-1].parameter.data.view(-1)[-1] = torch.nan
    with pytest.raises(HarnessError, match="non-finite logits for 5 of 5 queries"):
        next_token_logits(model, prompts, Setting.ICL)
