"""Asking a small GPT: one run of the prefix serves every query, exactly."""

import numpy as np
import pytest
import torch

from harness.data import Setting
from harness.models.gpt.choice_prompts import ChoicePrompts
from harness.models.gpt.network import MIXINGS, AttentionChoice, language_gpt
from harness.models.gpt.prompting import answer_logits, option_likelihoods
from harness.models.gpt.sizes import Shape
from harness.prompts import Prompts
from harness.tests.models.configurations import VOCABULARY


@pytest.mark.parametrize("attention", MIXINGS)
@pytest.mark.parametrize("setting", [Setting.ZSL, Setting.ICL])
def test_logits_are_those_of_whole_prompts(prompts: Prompts, attention: str, setting: Setting) -> None:
    """Each query's answer logits are those at the last token of its whole prompt, read alone and unpadded."""
    choice = AttentionChoice(attention, eta=0.9)
    network = language_gpt(Shape(2, 2, 16), VOCABULARY, choice, torch.Generator().manual_seed(0))
    prefix = prompts.prefix if setting is Setting.ICL else (prompts.start_token,)
    with torch.inference_mode():
        whole = [network(torch.tensor([[*prefix, *query]]))[0, -1] for query in prompts.queries]
    expected = torch.stack(whole)[:, list(prompts.answer_tokens)].numpy()
    found = answer_logits(network, prompts, setting, batch_size=2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("attention", MIXINGS)
def test_options_likelihoods_are_those_of_whole_prompts(prompts: Prompts, attention: str) -> None:
    """Each option's log-likelihood is the sum over its tokens of what the whole prompt before each of them says.

    One forward pass a token, of the whole prompt up to it, alone and unpadded; options and queries of unlike lengths.
    """
    choice = AttentionChoice(attention, eta=0.9)
    network = language_gpt(Shape(2, 2, 16), VOCABULARY, choice, torch.Generator().manual_seed(0))
    options = tuple(
        tuple(query[i : i + 1 + i * n] for i in range(2 + n % 2)) for n, query in enumerate(prompts.queries)
    )
    asked = ChoicePrompts(prompts.prefix, 5, prompts.queries, options, ((1, 1),) * 5, prompts.gold)
    found = option_likelihoods(network, asked, batch_size=3)
    assert [len(of) for of in found] == [2, 3, 2, 3, 2]
    for query, of, sums in zip(prompts.queries, options, found, strict=True):
        for option, likelihood in zip(of, sums, strict=True):
            total, read = 0.0, [*prompts.prefix, *query]
            for token in option:
                with torch.inference_mode():
                    total += float(network(torch.tensor([read]))[0, -1].log_softmax(dim=-1)[token])
                read.append(token)
            assert likelihood == pytest.approx(total, abs=1e-4)
