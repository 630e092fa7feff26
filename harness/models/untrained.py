"""Rivals of a model that have its architecture and none, or little, of what it learned.

Deutch et al. (arXiv 2311.07772) found that untrained models score as high on SimAOU and SimAM: what such a rival shows
too comes from the architecture, not from learning in context. Their own two keep embeddings, norms and unembedding, or
the norms alone. All leave the given model, and the random states that the process shares, as they were. For 135 M
parameters they took two seconds of one core, `shuffled_weights` seven, and one copy's memory.
"""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from harness.models.language_model import LanguageModel


def fresh_weights(model: LanguageModel, rng: np.random.Generator) -> LanguageModel:
    """Return a model of the same configuration with weights as its family draws them before training.

    Kept: architecture, vocabulary, tied embeddings, dtype, device. Lost: all that was learned, and the sizes with it:
    matrices have the configuration's `initializer_range`, norms are 1, biases 0. Such a model hardly prefers any token:
    on six random texts the next token's entropy was 10.69 nats of at most 10.80, the trained SmolLM2-135M's 6.4 to 8.0.
    """
    network = model.network
    with torch.random.fork_rng(devices=[]):  # drawn on the CPU, so the same for every device
        # torch.manual_seed would reseed every GPU as well.
        torch.default_generator.manual_seed(int(rng.integers(2**63)))
        fresh = AutoModelForCausalLM.from_config(copy.deepcopy(network.config), dtype=network.dtype)
    return LanguageModel(fresh.eval().requires_grad_(False).to(model.device))


def fresh_between_embeddings(model: LanguageModel, rng: np.random.Generator) -> LanguageModel:
    """Return `fresh_weights` with the model's own embeddings (of tokens, of positions), norms and unembedding.

    What Deutch et al. call not trained: the file of their code that builds the model loads the entries of
    embed_tokens, embed_positions, output_projection and every layer_norm, biases among them, and nothing else.
    """
    return _fresh_but_for(model, rng, [*model.embeddings, *model.norms])


def fresh_between_norms(model: LanguageModel, rng: np.random.Generator) -> LanguageModel:
    """Return `fresh_weights` with the model's own norms, weights and biases: Deutch et al.'s second rival."""
    return _fresh_but_for(model, rng, model.norms)


def _fresh_but_for(model: LanguageModel, rng: np.random.Generator, kept: Sequence[str]) -> LanguageModel:
    found = fresh_weights(model, rng)
    for path in kept:
        own = model.network.get_submodule(path).parameters()
        for parameter, trained in zip(found.network.get_submodule(path).parameters(), own, strict=True):
            parameter.copy_(trained)
    return found


def shuffled_weights(model: LanguageModel, rng: np.random.Generator) -> LanguageModel:
    """Return a copy of the model with the entries of each weight matrix permuted at random within the matrix.

    Kept: each matrix's entries, so its mean, its variance and its outliers; vectors (norms and biases) as trained;
    tied matrices, permuted once. Lost: which input an entry weighs and for which output, hence rank, token identities
    and the heads' division of labour. A matrix that holds queries, keys and values at once (GPT-2's c_attn) is one
    matrix: entries move between the three. Such a model is sure of arbitrary tokens: on the same texts its entropy was
    0.0 to 2.6 nats.
    """
    network = copy.deepcopy(model.network).eval().requires_grad_(False)
    for parameter in network.parameters():  # a tied one comes once
        if parameter.ndim > 1:
            exact = torch.promote_types(parameter.dtype, torch.float32)  # numpy has no bfloat16
            entries = rng.permutation(parameter.flatten().to(exact).cpu().numpy())
            parameter.copy_(torch.from_numpy(entries).view_as(parameter))
    return LanguageModel(network)
