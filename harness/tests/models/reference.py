"""The plain, slow way: whole prompt, one query at a time, eager attention. Every fast path is held to it.

The family's own forward is run as it is: scores are what enters its softmax.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from harness.data import Recording, Setting
from harness.models.language_model import LanguageModel
from harness.prompts import Prompts
from harness.tests.models.by_hand import entering, output_projections, projections, queries_of, slopes

ABSOLUTE = {"bloom"}
"""Whose ALiBi counts from the first token on: what it adds at the querying token is the same for all it sees."""


class SoftmaxInputs(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Keeps the last token's row of every [.., token, token] that enters a softmax, -inf where it is masked."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.rows: list[Tensor] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.ops.aten._softmax.default:
            row = args[0].reshape(-1, *args[0].shape[-2:])[:, -1].clone()
            # Masked is the least number of the model's type, which softmax may be given in float32.
            self.rows.append(row.masked_fill_(row < torch.finfo(torch.float16).min / 2, -torch.inf))
        return function(*args, **kwargs or {})


@torch.no_grad()
def reference_score(model: LanguageModel, prompts: Prompts, setting: Setting) -> Recording:
    """Return what `scoring.score` returns, from one whole-prompt forward a query.

    The prefix's part of the scores is cut off by position. ALiBi's are counted from the querying token.
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
    tokens = [*prefix, *query]
    with (
        model.attending("eager"),
        entering(projections(model, "q")) as inputs,
        _outputs(output_projections(model)) as attn_out,
        SoftmaxInputs() as entered,
    ):
        output = model.network(input_ids=torch.tensor([tokens], device=model.device), use_cache=False)
    scores = torch.stack(entered.rows)  # [layer, head, token]
    if model.network.config.model_type in ABSOLUTE:
        scores -= slopes(model)[:, None].to(scores) * (len(tokens) - 1)
    own = torch.full((*scores.shape[:2], longest), torch.nan)
    own[:, :, : len(query)] = scores[:, :, len(prefix) :]
    own[own.isneginf()] = torch.nan
    context = scores[:, :, : len(prefix)].sum(1)
    vectors = queries_of(model, [x[-1:] for x in inputs])[:, 0]
    logits = output.logits[0, -1, list(answer_tokens)]
    return tuple(t.float().cpu().numpy() for t in (logits, torch.stack(attn_out), own, context, vectors))


@contextmanager
def _outputs(modules: list[Any]) -> Iterator[list[Tensor]]:
    """Keep what modules put out at the last token, in the order in which they run."""
    kept: list[Tensor] = []

    def keep(_module: Any, _args: Any, output: Tensor) -> None:
        kept.append(output[0, -1])

    handles = [module.register_forward_hook(keep) for module in modules]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()
