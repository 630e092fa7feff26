"""What a model expects next, over its whole vocabulary: for comparing settings beyond the answer words."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32

from harness.data import Setting
from harness.errors import HarnessError
from harness.models.language_model import LanguageModel
from harness.models.prefix_attention import SharedPrefix
from harness.models.scoring import encode_prefix, forward_behind, in_batches, last_of
from harness.prompts import Prompts


@torch.inference_mode()
def next_token_logits(
    model: LanguageModel, prompts: Prompts, setting: Setting, batch_size: int = 8
) -> Float32[np.ndarray, "example vocabulary"]:
    """Return the logits of every token behind each query; settings as in `scoring.score`.

    Raises:
        HarnessError: non-finite logits, or the prefix or not even one query behind it fits in memory.

    """
    prefix = encode_prefix(model, prompts.prefix if setting is Setting.ICL else [prompts.start_token])

    def run(queries: Sequence[Sequence[int]]) -> list[np.ndarray]:
        last = last_of(model, queries)
        hidden = forward_behind(model, prefix, queries, SharedPrefix(prefix.keys, prefix.values, last, record=False))
        rows = hidden[torch.arange(len(queries), device=model.device), last]
        return list(model.read_out(rows).float().cpu().numpy())

    rows: list[np.ndarray] = in_batches(model, prefix, prompts.queries, batch_size, run)
    logits = np.stack(rows)
    if not np.isfinite(logits).all():
        raise HarnessError(
            f"the model gave non-finite logits for {int((~np.isfinite(logits)).any(1).sum())} of {len(logits)} "
            "queries; the weights may be damaged, or --dtype too small (try float32)",
        )
    return logits
