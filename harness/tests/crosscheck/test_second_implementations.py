"""Every family against an implementation that is neither transformers' nor ours: the logits of the next token.

Models are the tiny ones of the other tests, their weights carried over. Logits of the whole vocabulary behind the
shared prefix are held to whole prompts there, by both tolerances: 1e-5 of the largest value, and twice what rounding
of the weights does to theirs.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.data import Setting
from harness.models.architectures import ARCHITECTURES
from harness.models.language_model import LanguageModel
from harness.models.scoring import score
from harness.prompts import Prompts
from harness.tests.crosscheck import in_ctranslate2, in_mlx, in_transformer_lens
from harness.tests.models.configurations import VOCABULARY, Variant
from harness.tests.models.families import TOLERANCE, rounded, tiny

Others = tuple[Sequence[Variant], Callable[[Any, Sequence[Sequence[int]]], np.ndarray]]
OTHERS: dict[str, Others] = {
    "mlx-lm": (in_mlx.VARIANTS, in_mlx.next_token_logits),
    "CTranslate2": (in_ctranslate2.VARIANTS, in_ctranslate2.next_token_logits),
    "TransformerLens": (in_transformer_lens.VARIANTS, in_transformer_lens.next_token_logits),
}
"""By package: the variants of families that it has, and its logits."""
CASES = [(package, family, more) for package, (variants, _) in OTHERS.items() for family, more in variants]
WITHOUT: set[str] = set()
"""Families that none of the packages has."""
CHANGED: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
    ("mlx-lm", "gpt_neox", in_mlx.AS_PYTHIA, {"use_parallel_residual": False}),
    ("mlx-lm", "gemma3_text", in_mlx.ROUND_ROOT, {"sliding_window": 10}),
    ("CTranslate2", "falcon", {"new_decoder_architecture": False, "alibi": True}, {"alibi": False}),
    ("TransformerLens", "mistral", {}, {"sliding_window": 10}),
    ("TransformerLens", "gemma2", {}, {"attn_logit_softcapping": 2.1}),
)
"""A variant, and one thing that is another way in ours."""


def ours(model: LanguageModel, prompts: Prompts, setting: Setting, batch_size: int = 8) -> np.ndarray:
    """Return our logits [query, vocabulary] behind the shared prefix."""
    every_word = replace(prompts, answer_tokens=tuple(range(VOCABULARY)))
    return score(model, every_word, setting, batch_size=batch_size).label_logits


def theirs(package: str, model: LanguageModel, prompts: Prompts, setting: Setting) -> np.ndarray:
    """Return a package's logits [query, vocabulary] of whole prompts."""
    prefix = prompts.prefix if setting is Setting.ICL else (prompts.start_token,)
    found = OTHERS[package][1](model.network, [[*prefix, *query] for query in prompts.queries])
    assert found.dtype == np.float32
    return found[:, :VOCABULARY]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("setting", [Setting.ZSL, Setting.ICL])
@pytest.mark.parametrize(("package", "family", "more"), CASES)
def test_scoring_gives_what_whole_prompts_give_there(
    package: str, family: str, more: dict[str, Any], setting: Setting, prompts: Prompts
) -> None:
    """Whatever the size of a batch."""
    model = tiny(family, **more)
    exact, near = (theirs(package, m, prompts, setting) for m in (model, rounded(model)))
    allowed = min(TOLERANCE * np.abs(exact).max(), 2 * np.abs(near - exact).max())
    for batch_size in (1, 3):
        found = ours(model, prompts, setting, batch_size)
        np.testing.assert_allclose(found, exact, rtol=0, atol=allowed)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("package", "family", "more", "changed"), CHANGED)
def test_one_thing_that_is_another_way_is_seen(
    package: str, family: str, more: dict[str, Any], changed: dict[str, Any], prompts: Prompts
) -> None:
    """A window wider by a token, another cap or order of blocks: logits of the same weights differ a hundredfold."""
    exact = theirs(package, tiny(family, **more), prompts, Setting.ICL)
    found = ours(tiny(family, **more | changed), prompts, Setting.ICL)
    assert np.abs(found - exact).max() > 100 * TOLERANCE * np.abs(exact).max()


def test_every_family_has_a_second_implementation() -> None:
    """But those that no package has, which are named: there are none today."""
    assert set(ARCHITECTURES) - {family for _, family, _ in CASES} == WITHOUT
