"""Recordings behind a shared prefix against transformers' own forward of each whole prompt, eager attention.

Both compute in float32, in different orders. What that may change is measured, not guessed: the same forward is run
with every weight off by what float32 arithmetic gathers (`families.rounded`), and twice its effect is allowed.
"""

from typing import Any

import numpy as np
import pytest
import torch

from harness.data import Setting
from harness.models.language_model import LanguageModel
from harness.models.scoring import score
from harness.prompts import Prompts
from harness.tests.crosscheck.parts import assert_agree, forwards, own, plain_parts, recorded_parts
from harness.tests.models.configurations import OF_KINDS
from harness.tests.models.families import rounded, tiny

ONE_HEAD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("llama", {"num_attention_heads": 1, "num_key_value_heads": 1}),
    ("gpt2", {"n_head": 1}),
    ("xglm", {"attention_heads": 1}),
)


@pytest.mark.parametrize("setting", [Setting.ZSL, Setting.ICL])
@pytest.mark.parametrize(("family", "more"), OF_KINDS + ONE_HEAD)
def test_recording_is_what_a_whole_prompt_gives(
    family: str, more: dict[str, Any], setting: Setting, prompts: Prompts
) -> None:
    """Logits, attention outputs, scores, and the ratios of the weights that transformers hands out."""
    model = tiny(family, **more)
    exact, near = (plain_parts(forwards(m, prompts, setting), prompts) for m in (model, rounded(model)))
    for batch_size in (1, 3):
        recording = score(model, prompts, setting, batch_size=batch_size)
        assert_agree(recorded_parts(recording, prompts), exact, near)


@pytest.mark.parametrize("setting", [Setting.ZSL, Setting.ICL])
@pytest.mark.parametrize(("family", "more"), ONE_HEAD)
def test_softmax_of_recorded_scores_is_the_attention(
    family: str, more: dict[str, Any], setting: Setting, prompts: Prompts
) -> None:
    """With one head, softmax over context and query together gives every weight of the last token."""
    model = tiny(family, **more)
    recording = score(model, prompts, setting)
    pairs = zip(recording.scores_context, own(prompts, recording.scores_query), strict=True)
    joined = [torch.from_numpy(np.concatenate([c, q[:, 0]], axis=-1)) for c, q in pairs]
    exact, near = (
        {"weights": [f.weights[:, 0].numpy() for f in forwards(m, prompts, setting)]} for m in (model, rounded(model))
    )
    assert_agree({"weights": [scores.softmax(-1).numpy() for scores in joined]}, exact, near)


@pytest.mark.slow
@pytest.mark.parametrize("setting", [Setting.ZSL, Setting.ICL])
def test_default_model_is_what_whole_prompts_give(
    setting: Setting, default_model: LanguageModel, default_prompts: Prompts
) -> None:
    """Real reviews: 30 layers keep every part within 5e-5 of its largest value.

    Measured were at most 5e-6; the rest is room for other processors' order of sums.
    """
    ours = recorded_parts(score(default_model, default_prompts, setting), default_prompts)
    theirs = plain_parts(forwards(default_model, default_prompts, setting), default_prompts)
    for name, arrays in ours.items():
        found, exact = (np.concatenate([a.ravel() for a in part]) for part in (arrays, theirs[name]))
        np.testing.assert_allclose(found, exact, rtol=0, atol=5e-5 * np.abs(exact).max(), err_msg=name)
