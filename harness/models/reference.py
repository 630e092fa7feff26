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
    handles = []
    for module in model.attention_modules:

        def keep_query(_module: Any, _args: Any, output: Tensor, attention: Any = module) -> None:
            seen["query_vectors"].append(model.query_of(attention, output[0, -1]))

        def keep_output(_module: Any, _args: Any, output: tuple[Tensor, ...]) -> None:
            seen["attn_out"].append(output[0][0, -1])

        site = module.get_submodule(model.architecture.query.module)
        handles += [site.register_forward_hook(keep_query), module.register_forward_hook(keep_output)]
    try:
        if model.architecture.adapter is None:
            with model.attending(REFERENCE):
                yield seen
        else:
            for module in model.attention_modules:
                handles += _keep_plain_scores(module, seen["scores"])
            yield seen
    finally:
        for handle in handles:
            handle.remove()


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


def _keep_plain_scores(module: Any, scores: list[Tensor]) -> list[Any]:
    """Recompute the scores of a module without rotary positions from its own query and key projections."""
    projected: dict[str, Tensor] = {}
    handles = [
        module.get_submodule(name).register_forward_hook(
            lambda _m, _a, output, name=name: projected.__setitem__(name, output[0]),
        )
        for name in ("q_proj", "k_proj")
    ]

    def keep(*_: Any) -> None:
        heads = (-1, module.num_heads, module.head_dim)
        query = (projected["q_proj"] * module.scaling).view(heads)[-1]
        scores.append(torch.einsum("hd,thd->ht", query, projected["k_proj"].view(heads)))

    return [*handles, module.register_forward_hook(keep)]


AttentionInterface.register(REFERENCE, _reference_attention)
AttentionMaskInterface.register(REFERENCE, eager_mask)
