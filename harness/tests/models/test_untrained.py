"""Rivals of a model: what of it they keep, what they lose, and that they touch nothing else."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from harness.data import Setting
from harness.models.language_model import LanguageModel
from harness.models.scoring import score
from harness.models.untrained import (
    fresh_between_embeddings,
    fresh_between_norms,
    fresh_weights,
    shuffled_weights,
)
from harness.prompts import Prompts
from harness.tests.models.configurations import FAMILIES, KINDS
from harness.tests.models.families import assert_identical, assert_untouched, snapshot, tiny

Rival = Callable[[LanguageModel, np.random.Generator], LanguageModel]
RIVALS = [fresh_weights, shuffled_weights]
PARTLY = [fresh_between_embeddings, fresh_between_norms]
EVERY = [*RIVALS, *PARTLY]
_BESIDE = {
    "gpt2": {"transformer.wpe.weight"},
    "gpt_neo": {"transformer.wpe.weight"},
    "gptj": {"lm_head.bias"},
    "phi": {"lm_head.bias"},
    "opt": {f"model.decoder.{name}.weight" for name in ("embed_positions", "project_in", "project_out")},
}
_TOKENS = {
    "gpt_neox": "gpt_neox.embed_in",
    "opt": "model.decoder.embed_tokens",
    **dict.fromkeys(("gpt2", "gpt_neo", "gptj", "mpt"), "transformer.wte"),
    **dict.fromkeys(("bloom", "falcon"), "transformer.word_embeddings"),
}
EMBEDDED = {
    family: {f"{_TOKENS.get(family, 'model.embed_tokens')}.weight", "lm_head.weight"} | _BESIDE.get(family, set())
    for family in FAMILIES
}
"""What reads tokens and positions in and logits out, as far as it is there: a tied unembedding is no parameter of its
own, and XGLM's positions are no weights."""
NORMS = {"gemma3_text": 19, "phi": 8, "stablelm": 32, "gptj": 8, "bloom": 16}
NORMS |= dict.fromkeys(("llama", "qwen2", "mistral", "phi3", "smollm3", "mpt"), 7)
NORMS |= dict.fromkeys(("gemma2", "qwen3", "olmo2"), 13)
NORMS |= dict.fromkeys(("gpt2", "xglm", "gpt_neox", "opt", "gpt_neo", "falcon"), 14)
"""How many weights and biases norms have: two norms a layer of three and one, with biases or without; gated ones have
four, queries' and keys' come on top, StableLM's by head, parallel layers have one, and Bloom's embeddings one."""
TIED = [("llama", {"tie_word_embeddings": True}), ("gpt2", {}), ("xglm", {})]


def seeded(seed: int) -> np.random.Generator:
    """Return a generator that starts anew."""
    return np.random.default_rng(seed)


def matrices(model: LanguageModel) -> dict[str, Tensor]:
    """Return all weights that are no vectors."""
    return {name: p for name, p in model.network.named_parameters() if p.ndim > 1}


def missing_entropy(model: LanguageModel) -> float:
    """Return ln(vocabulary) less the entropy of the next token, in nats, over one text of all tokens."""
    with torch.inference_mode():
        logs = model.network(torch.arange(97)[None]).logits.double().log_softmax(-1)
    return float(np.log(97) + (logs.exp() * logs).sum(-1).mean())


@pytest.mark.parametrize("rival", RIVALS)
def test_rival_repeats_under_its_seed(model: LanguageModel, rival: Rival) -> None:
    """The same seed gives the same weights; under another seed every matrix differs."""
    first, again, other = (matrices(rival(model, seeded(seed))) for seed in (5, 5, 6))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("rival", EVERY)
def test_rival_touches_neither_the_model_nor_the_global_random_state(model: LanguageModel, rival: Rival) -> None:
    """Making a rival leaves the model's weights and configuration, and all global random states, as they were."""
    before, configuration = snapshot(model), copy.deepcopy(model.network.config)
    states = torch.get_rng_state(), repr(np.random.get_state())  # noqa: NPY002  # held to stay as it is
    for parameter in rival(model, seeded(0)).network.parameters():
        parameter.zero_()  # shares no memory with the model
    assert all(torch.equal(before[name], p) for name, p in model.network.named_parameters())
    assert model.network.config.to_dict() == configuration.to_dict()
    assert torch.equal(torch.get_rng_state(), states[0])
    assert repr(np.random.get_state()) == states[1]  # noqa: NPY002  # held to stay as it is


@pytest.mark.parametrize("rival", EVERY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_rival_is_a_model_of_the_same_kind(model: LanguageModel, rival: Rival, dtype: torch.dtype) -> None:
    """Names, shapes, dtype and attention are the model's; it is in evaluation mode and has no gradients."""
    model.network.to(dtype).train()
    found = rival(model, seeded(0))
    kinds = [{n: (p.shape, p.dtype, p.device) for n, p in m.network.named_parameters()} for m in (found, model)]
    assert kinds[0] == kinds[1]
    assert type(found.network) is type(model.network)
    assert not any(module.training for module in found.network.modules())
    assert_untouched(found)


@pytest.mark.parametrize("rival", EVERY)
@pytest.mark.parametrize(("family", "more"), TIED)
def test_tied_embeddings_stay_tied(family: str, more: dict[str, bool], rival: Rival) -> None:
    """Where the model reads and writes tokens with one matrix, its rival does too, and not with the model's."""
    model = tiny(family, **more)
    network = rival(model, seeded(0)).network
    assert network.get_output_embeddings().weight is network.get_input_embeddings().weight
    assert network.get_input_embeddings().weight is not model.network.get_input_embeddings().weight


@pytest.mark.parametrize("rival", EVERY)
def test_untied_embeddings_stay_untied(rival: Rival) -> None:
    """A Llama with an unembedding of its own has rivals with one."""
    network = rival(tiny("llama"), seeded(0)).network
    assert not torch.equal(network.get_output_embeddings().weight, network.get_input_embeddings().weight)


@pytest.mark.parametrize("rival", EVERY)
def test_rival_is_scored_as_any_model(model: LanguageModel, prompts: Prompts, rival: Rival) -> None:
    """A rival gives a recording of the model's shape, and the model's own recording is as before."""
    before = score(model, prompts, Setting.ICL)
    found = score(rival(model, seeded(0)), prompts, Setting.ICL)
    assert found.attn_out.shape == before.attn_out.shape
    assert np.abs(found.label_logits - before.label_logits).min() > 0
    assert_identical(score(model, prompts, Setting.ICL), before)


def norms_of(model: LanguageModel) -> set[str]:
    """Return the names of the weights and biases of all norms, told by the class of their module."""
    norms = {path for path, module in model.network.named_modules() if type(module).__name__.endswith("Norm")}
    return {name for name, _ in model.network.named_parameters() if name.rpartition(".")[0] in norms}


OPT_350M = {"do_layer_norm_before": False, "word_embed_proj_dim": 20}
CASES = [
    *((family, {}) for family in FAMILIES),
    ("opt", OPT_350M),
    ("llama", {"tie_word_embeddings": True, "attention_bias": True}),
]


@pytest.mark.parametrize(("family", "more"), CASES)
@pytest.mark.parametrize("rival", PARTLY)
def test_partly_fresh_model_keeps_what_its_name_says(family: str, more: dict[str, Any], rival: Rival) -> None:
    """Embeddings, unembedding and norms, or norms alone, are the model's to the bit; all else is that of fresh weights.

    Biases of projections are among what is fresh, and GPT-2's fused matrices whole.
    """
    model = tiny(family, **more)
    names = {name for name, _ in model.network.named_parameters()}
    kept = norms_of(model) | (EMBEDDED[family] & names if rival is fresh_between_embeddings else set())
    assert len(norms_of(model)) == (12 if more is OPT_350M else NORMS[family])
    found, fresh, own = (snapshot(m) for m in (rival(model, seeded(5)), fresh_weights(model, seeded(5)), model))
    for name in names:
        assert torch.equal(found[name], own[name]) == (name in kept), name
        assert torch.equal(found[name], fresh[name]) == (name not in kept), name


@pytest.mark.parametrize("rival", PARTLY)
def test_partly_fresh_models_repeat_under_their_seed(model: LanguageModel, rival: Rival) -> None:
    """The same seed gives the same weights; under another every matrix inside a layer differs."""
    first, again, other = (matrices(rival(model, seeded(seed))) for seed in (5, 5, 6))
    layers = [name for name in first if name.startswith(f"{model.architecture.layers}.")]
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert layers
    assert not any(torch.equal(first[name], other[name]) for name in layers)


def test_trained_embeddings_alone_let_a_fresh_model_prefer_tokens(model: LanguageModel) -> None:
    """Read in and out by trained matrices it is far from a uniform guess; with trained norms alone it is near one."""
    assert missing_entropy(fresh_between_embeddings(model, seeded(0))) > 0.5
    assert missing_entropy(fresh_between_norms(model, seeded(0))) < 0.05


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_shuffling_keeps_the_entries_and_not_their_places(model: LanguageModel, dtype: torch.dtype) -> None:
    """Sorted, each matrix is bit for bit the model's; unsorted, few entries and no row's or column's mean is."""
    model.network.to(dtype)
    for parameter in model.network.parameters():
        parameter.div_(3)  # fills every bit of the dtype
    for name, found in matrices(shuffled_weights(model, seeded(0))).items():
        given = matrices(model)[name]
        assert torch.equal(found.flatten().sort().values, given.flatten().sort().values), name
        assert (found == given).float().mean() < 0.05, name
        for axis in (0, 1):
            assert (found.double().mean(axis) != given.double().mean(axis)).float().mean() > 0.9, name


def test_shuffling_leaves_norms_and_biases(model: LanguageModel) -> None:
    """Vectors are the model's own, entry by entry."""
    given = {name: p for name, p in model.network.named_parameters() if p.ndim == 1}
    found = dict(shuffled_weights(model, seeded(0)).network.named_parameters())
    assert given
    assert all(torch.equal(found[name], p) for name, p in given.items())


@pytest.mark.parametrize("width", [0.02, 0.1])
@pytest.mark.parametrize("family", KINDS)
def test_fresh_weights_are_those_of_the_family(family: str, width: float) -> None:
    """Matrices are normal with the configuration's standard deviation, norms are 1 and biases 0.

    GPT-2 divides that of matrices into the residual stream by sqrt(2 layers) = sqrt(6).
    """
    name_of = {"llama": "initializer_range", "gpt2": "initializer_range", "xglm": "init_std"}
    network = fresh_weights(tiny(family, **{name_of[family]: width}), seeded(0)).network
    for name, p in network.named_parameters():
        if p.ndim > 1:
            expected = width / 6**0.5 if name.endswith("c_proj.weight") else width
            # The spread of n normal values errs by 1 / sqrt(2 n): five times that.
            assert float(p.std()) == pytest.approx(expected, rel=5 * (2 * p.numel()) ** -0.5), name
            assert abs(float(p.mean())) < 5 * expected * p.numel() ** -0.5, name
        else:
            assert bool((p == (0 if name.endswith("bias") else 1)).all()), name


def test_fresh_model_prefers_no_token(model: LanguageModel) -> None:
    """The next token's entropy falls short of a uniform guess by under 0.05 nats, the model's own by over 0.5."""
    assert missing_entropy(fresh_weights(model, seeded(0))) < 0.05
    assert missing_entropy(model) > 0.5


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here")
@pytest.mark.parametrize("rival", EVERY)
def test_rival_is_the_same_on_a_gpu(model: LanguageModel, rival: Rival) -> None:
    """The weights are drawn on the CPU and put where the model is; the GPU's random state stays."""
    expected = snapshot(rival(model, seeded(0)))
    model.network.to("cuda")
    state = torch.cuda.get_rng_state()
    found = snapshot(rival(model, seeded(0)))
    assert all(p.is_cuda and torch.equal(p.cpu(), expected[name]) for name, p in found.items())
    assert torch.equal(torch.cuda.get_rng_state(), state)
