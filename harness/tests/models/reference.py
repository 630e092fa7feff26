"""The plain, slow way: whole prompt, one query at a time, eager attention. Every fast path is held to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

from harness.data import Recording, Setting
from harness.models.language_model import LanguageModel
from harness.models.watching import watching
from harness.prompts import Prompts

REFERENCE = "reference_eager"


@torch.inference_mode()
def reference_score(model: LanguageModel, prompts: Prompts, setting: Setting) -> Recording:
    """Return what `scoring.score` returns, from one whole-prompt forward a query.

    The scores come from queries and keys as the family's own forward has them; the prefix's part is cut off by
    position.
    """
    prefix = prompts.prefix if setting is Setting.ICL else (prompts.start_token,)
    longest = max(map(len, prompts.queries))
    rows = [_one(model, prefix, query, prompts.answer_tokens, longest) for query in prompts.queries]
    logits, attn_out, own, context, vectors = (np.stack(column) for column in zip(*rows, strict=True))
    gold = np.array(prompts.gold, np.int64)
    return Recording(setting, gold, logits, attn_out, own, context, vectors)


def _one(
    model: LanguageModel,
    prefix: tuple[int, ...],
    query: tuple[int, ...],
    answer_tokens: tuple[int, ...],
    longest: int,
) -> tuple[np.ndarray, ...]:
    ids = torch.tensor([[*prefix, *query]], device=model.device)
    with _watched(model) as seen:
        output = model.network(input_ids=ids, use_cache=False, reference_scores=seen["scores"])
        logits = output.logits[0, -1, list(answer_tokens)]
    scores = torch.stack(seen["scores"])  # [layer, head, token]
    own = torch.full((*scores.shape[:2], longest), torch.nan)
    own[:, :, : len(query)] = scores[:, :, len(prefix) :]
    context = scores[:, :, : len(prefix)].sum(1)
    return tuple(
        tensor.float().cpu().numpy()
        for tensor in (
            logits,
            torch.stack(seen["attn_out"]),
            own,
            context,
            torch.stack(seen["query_vectors"]),
        )
    )


@contextmanager
def _watched(model: LanguageModel) -> Iterator[dict[str, list[Tensor]]]:
    """Keep, layer by layer, the last token's scores, attention output and query vectors of one forward."""
    seen: dict[str, list[Tensor]] = {"scores": [], "attn_out": [], "query_vectors": []}
    modules: list[Any] = model.attention_modules

    def keep_query(layer: int, projected: Tensor) -> None:
        seen["query_vectors"].append(model.query_of(modules[layer], projected[0, -1]))

    def keep_output(_layer: int, output: Tensor) -> None:
        seen["attn_out"].append(output[0, -1])

    def keep_plain_scores(layer: int, projected: Tensor) -> None:
        """Multiply out the scores of a module without rotary positions; its query is projected before its keys."""
        heads = (-1, modules[layer].num_heads, modules[layer].head_dim)
        query = seen["query_vectors"][layer].view(heads)[-1]
        seen["scores"].append(torch.einsum("hd,thd->ht", query, projected[0].view(heads)))

    queries, keys = (model.projections(site) for site in (model.architecture.query, model.architecture.key))
    dispatches = model.architecture.adapter is None
    scores = model.attending(REFERENCE) if dispatches else watching(keys, keep_plain_scores)
    with watching(queries, keep_query), watching(modules, keep_output), scores:
        yield seen


def _reference_attention(
    _module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    *,
    scaling: float,
    reference_scores: list[Tensor],
    **_: Any,
) -> tuple[Tensor, None]:
    shared = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1)
    scores = query @ key.transpose(-1, -2) * scaling
    reference_scores.append(scores[0, :, -1])
    return ((scores + attention_mask).softmax(-1) @ value).transpose(1, 2), None


AttentionInterface.register(REFERENCE, _reference_attention)
AttentionMaskInterface.register(REFERENCE, eager_mask)
