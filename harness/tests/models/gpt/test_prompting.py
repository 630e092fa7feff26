"""Asking a small GPT: one run of the prefix serves every query, exactly."""

import numpy as np
import pytest
import torch

from harness.data import Setting
from harness.models.gpt.network import MIXINGS, AttentionChoice, language_gpt
from harness.models.gpt.prompting import answer_logits
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
