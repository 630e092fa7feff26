"""What a recording and transformers' forwards of the same prompts have in common, and how far apart it may be."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from harness.data import Recording, Setting
from harness.models.language_model import LanguageModel
from harness.prompts import Prompts
from harness.tests.crosscheck.whole_prompt import Forward, eager_copy, whole_prompt

Parts = Sequence[np.ndarray]
"""One array a query."""


def forwards(model: LanguageModel, prompts: Prompts, setting: Setting) -> list[Forward]:
    """Return transformers' forward of each query behind all that the setting puts before it."""
    prefix = prompts.prefix if setting is Setting.ICL else (prompts.start_token,)
    network = eager_copy(model.network)
    return [whole_prompt(network, [*prefix, *query]) for query in prompts.queries]


def own(prompts: Prompts, scores: np.ndarray) -> Parts:
    """Return each query's scores [layer, head, own token], and hold what is behind them to be NaN."""
    for row, query in zip(scores, prompts.queries, strict=True):
        assert np.isnan(row[..., len(query) :]).all()
    return [row[..., : len(query)] for row, query in zip(scores, prompts.queries, strict=True)]


def centred(array: np.ndarray) -> np.ndarray:
    """Return the array less its mean over tokens: what is left of scores, or of log weights, without a normaliser."""
    centred: np.ndarray = array - array.mean(-1, keepdims=True)
    return centred


def recorded_parts(recording: Recording, prompts: Prompts) -> Mapping[str, Parts]:
    """Return what is compared, as the recording has it."""
    scores = own(prompts, recording.scores_query)
    return {
        "answer logits": list(recording.label_logits),
        "attention outputs": list(recording.attn_out),
        "scores of the query's own tokens": scores,
        "scores of the context, summed over heads": list(recording.scores_context),
        "log weights of the query's own tokens": [centred(s) for s in scores],
        "log weights of the context, summed over heads": [centred(s) for s in recording.scores_context],
    }


def plain_parts(found: Sequence[Forward], prompts: Prompts) -> Mapping[str, Parts]:
    """Return the same as transformers has it: p_i / p_j = exp(s_i - s_j), so log weights are scores but for a mean."""

    def each(part: Callable[[Forward, int], torch.Tensor]) -> Parts:
        pairs = zip(found, prompts.queries, strict=True)
        return [part(forward, forward.scores.shape[-1] - len(query)).numpy() for forward, query in pairs]

    return {
        "answer logits": each(lambda f, _: f.logits[list(prompts.answer_tokens)]),
        "attention outputs": each(lambda f, _: f.attn_out),
        "scores of the query's own tokens": each(lambda f, start: f.scores[..., start:]),
        "scores of the context, summed over heads": each(lambda f, start: f.scores[..., :start].sum(1)),
        "log weights of the query's own tokens": [
            centred(s) for s in each(lambda f, start: f.weights[..., start:].log())
        ],
        "log weights of the context, summed over heads": [
            centred(s) for s in each(lambda f, start: f.weights[..., :start].log().sum(1))
        ],
    }


def assert_agree(found: Mapping[str, Parts], exact: Mapping[str, Parts], near: Mapping[str, Parts]) -> None:
    """Hold every part to `exact` within twice the distance of `near` from it."""
    for name, arrays in found.items():
        ours, theirs, neighbour = (np.concatenate([a.ravel() for a in p]) for p in (arrays, exact[name], near[name]))
        allowed = 2 * np.abs(neighbour - theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=allowed, err_msg=name)
