"""The network whose answer is known does what its construction says, before anything is made of it."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import fixtures
from harness.data import Cell, Setting
from harness.evidence.measurements import attention_to_demonstrations
from harness.metrics import sim_aou
from harness.models.finetuning import finetune
from harness.models.language_model import LanguageModel
from harness.models.loading import load_model, load_prompt_builder
from harness.models.scoring import score
from harness.models.source import ModelSource, locate_model
from harness.models.whole_prompt import split_error, whole_prompt
from harness.prompts import Prompts, draw_demonstrations, first_examples
from harness.tasks import load_task
from harness.tests.known.finished import Finished, altered
from harness.tests.known.pipeline import CONSTRUCTIONS, RATE
from harness.tests.known.project import make_model, make_task

EXACT: Mapping[str, object] = {"rate": RATE}
"""Descent at finetuning's own rate and in its order, without noise."""


def made(folder: Path, construction: Mapping[str, object]) -> tuple[ModelSource, LanguageModel, Prompts]:
    """Return a construction located and loaded as the suite does any model, with prompts of eight demonstrations."""
    make_task(folder / "data", 0)
    make_model(folder / "model", 0, **construction)
    source = locate_model(str(folder / "model"), fixtures.MODELS)
    task = load_task("kinds", catalogue=fixtures.TASKS, fetched=folder, data_dir=folder / "data")
    builder = load_prompt_builder(source, folder)
    prompts = builder.build(task, draw_demonstrations(task, 8, 0, 0), first_examples(task, "test", 6))
    return source, load_model(source, folder, "cpu"), prompts


def test_descent_in_context_is_finetuning(tmp_path: Path) -> None:
    """All that is recorded of a run behind demonstrations is that of a run finetuned on them, attention to them too."""
    _, model, prompts = made(tmp_path, EXACT)
    finetuned = finetune(model, prompts.demonstrations, RATE, record=True)
    assert finetuned.query_vectors is not None
    zsl, icl = (score(model, prompts, setting) for setting in (Setting.ZSL, Setting.ICL))
    with model.with_weights(finetuned.weights):
        ft = score(model, prompts, Setting.FT)
    for name in ("label_logits", "attn_out", "scores_query", "query_vectors"):
        of_icl, of_ft, of_zsl = (getattr(recording, name) for recording in (icl, ft, zsl))
        np.testing.assert_allclose(of_icl, of_ft, atol=2e-5 * np.nanmax(np.abs(of_ft)), err_msg=name)
        assert not np.allclose(of_icl, of_zsl, atol=2e-3 * np.nanmax(np.abs(of_zsl)), equal_nan=True)
    cell = Cell(zsl, icl, ft, prompts.spans, finetuned.query_vectors)
    in_context, in_training = attention_to_demonstrations(cell)
    unscaled = in_training / model.attention_modules[0].scaling  # both vectors are scaled
    np.testing.assert_allclose(in_context, unscaled, atol=2e-5 * np.abs(unscaled).max())


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_whole_prompts_and_the_split_are_the_same_function(tmp_path: Path, name: str) -> None:
    """As the suite holds every model to it, and a hundred times closer than what would be noticed as a change."""
    _, model, prompts = made(tmp_path, CONSTRUCTIONS[name])
    queries = sorted(prompts.queries, key=len)
    queries = [queries[0], queries[-1]]
    error = split_error(model, prompts.prefix, queries, [whole_prompt(model, [*prompts.prefix, *q]) for q in queries])
    assert error.exact
    assert error.largest < 1e-4


def test_without_finished_texts_it_is_a_llama(tmp_path: Path) -> None:
    """The same weights in transformers' own network give the same logits."""
    _, model, prompts = made(tmp_path, CONSTRUCTIONS["meta-optimizer"])
    config = model.network.config
    plain = LlamaForCausalLM(LlamaConfig(**{f.name: getattr(config, f.name) for f in fields(LlamaConfig)}))
    plain.load_state_dict(model.network.state_dict())
    text = torch.tensor([[prompts.start_token, *prompts.queries[0]]])
    with torch.no_grad():
        torch.testing.assert_close(model.network(text).logits, plain.eval()(text).logits)


def test_constructions_are_models_of_their_own(tmp_path: Path) -> None:
    """No two have one fingerprint, so that none finds another's runs in a store; nor has one under another draw."""
    every = [*CONSTRUCTIONS.values(), {**CONSTRUCTIONS["random"], "draw": 1}]
    assert len({made(tmp_path / str(i), of)[0].fingerprint for i, of in enumerate(every)}) == len(every)


@pytest.mark.parametrize("share", [-1.0, 0.0, 0.3, 1.0])
def test_share_of_an_update_is_its_cosine_with_descent(share: float) -> None:
    """Where many tokens are kept, the random part lies across descent, and the update is as large."""
    random = torch.Generator().manual_seed(0)
    inputs, queries, weights = (torch.randn(shape, generator=random) for shape in ((2000, 30), (2000, 8), (30, 40)))
    kept = Finished(inputs, queries, inputs @ weights)  # errors that add up, as those of steps do
    own, other = kept.update, altered(kept, share, 1.0, random).update
    for before, after in zip(own.chunk(2), other.chunk(2), strict=True):  # keys and values each
        assert float((before * after).sum() / (before.norm() * after.norm())) == pytest.approx(share, abs=0.1)
        assert float(after.norm() / before.norm()) == pytest.approx(1, abs=0.1)


def test_large_changes_that_share_nothing_have_a_sim_aou_of_one_half() -> None:
    """The scale has a zero for small changes alone: those of finetuning at a rate of .003 are .26 to .51 of outputs.

    Both updates are differences from the same ZSL. Where outputs under ZSL, ICL and FT are at right angles, each update
    holds ZSL's output turned round, cos(a - z, b - z) = 1 / 2; where two changes of relative size r are at right angles
    to z and to one another it is (1 - 1 / sqrt(1 + r^2)) / 2, more than what matters to C11 (.02) from r = .3.
    """
    z, a, b = np.eye(3)[:, None, None]
    assert sim_aou(z, a, b)[0, 0] == pytest.approx(0.5)
    assert sim_aou(z, z + 0.3 * a, z + 0.3 * b)[0, 0] == pytest.approx(0.021, abs=5e-4)
