"""Recordings against TransformerLens: attention outputs and scores besides logits.

Tolerance as in test_whole_prompts.
"""

from typing import Any

import pytest
import torch

from harness.data import Setting
from harness.models.language_model import LanguageModel
from harness.models.scoring import score
from harness.prompts import Prompts
from harness.tests.crosscheck.in_transformer_lens import hooked
from harness.tests.crosscheck.parts import assert_agree, plain_parts, recorded_parts
from harness.tests.crosscheck.whole_prompt import Forward
from harness.tests.models.families import rounded, tiny

RECORDED = ("gpt2", "llama")


def forward(model: Any, tokens: list[int]) -> Forward:
    """Return the last token of one whole prompt as TransformerLens computes it."""
    with torch.no_grad():
        logits, cache = model.run_with_cache(torch.tensor([tokens]))
    layers = range(model.cfg.n_layers)

    def last(site: str) -> torch.Tensor:
        return torch.stack([cache[f"blocks.{layer}.{site}"][0, ..., -1, :] for layer in layers])

    scores, weights = (last(f"attn.hook_{name}") for name in ("attn_scores", "pattern"))
    return Forward(logits[0, -1], last("hook_attn_out"), scores, weights)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("setting", [Setting.ZSL, Setting.ICL])
@pytest.mark.parametrize("family", RECORDED)
def test_recording_is_what_transformer_lens_finds(family: str, setting: Setting, prompts: Prompts) -> None:
    """Logits, attention outputs, scores and ratios of weights, for GPT-2 and for Llama with grouped queries."""
    prefix = prompts.prefix if setting is Setting.ICL else (0,)

    def parts(model: LanguageModel) -> Any:
        theirs = hooked(model.network)
        return plain_parts([forward(theirs, [*prefix, *query]) for query in prompts.queries], prompts)

    model = tiny(family)
    assert_agree(recorded_parts(score(model, prompts, setting), prompts), parts(model), parts(rounded(model)))
