"""How much each head's last token attends to the labels of the demonstrations, under ICL."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32

from harness.models.language_model import LanguageModel
from harness.models.prefix_attention import SharedPrefix
from harness.models.scoring import Queries, encode_prefix, forward_behind, in_batches, last_of
from harness.prompts import Prompts


@torch.inference_mode()
def label_reading(
    model: LanguageModel, prompts: Prompts, batch_size: int = 8
) -> Float32[np.ndarray, "example layer head"]:
    """Return the softmax weight of each query's last token on the tokens of the demonstrations' answers, in [0, 1].

    Heads that carry what a context teaches read there: induction heads, which copy what followed a token before
    (Olsson et al. 2022, arXiv 2209.11895), and those that function vectors are made of (Todd et al. 2023, arXiv
    2310.15213).

    Raises:
        HarnessError: the prefix, or one query behind it, does not fit in memory.

    """
    prefix = encode_prefix(model, prompts.prefix)
    marked = torch.tensor(label_positions(prompts), device=model.device)

    def run(queries: Queries) -> list[np.ndarray]:
        shared = SharedPrefix(prefix.keys, prefix.values, last_of(model, queries), marked=marked)
        forward_behind(model, prefix, queries, shared)
        layers = [shared.on_marked[i] for i in range(len(model.attention_modules))]
        return list(torch.stack(layers, dim=1).float().cpu().numpy())

    rows: list[np.ndarray] = in_batches(model, prefix, prompts.queries, batch_size, run)
    return np.stack(rows)


def label_positions(prompts: Prompts) -> Sequence[int]:
    """Return the places in the prefix of the demonstrations' answers: from the last answer word's first token on."""
    found: list[int] = []
    for first, last in prompts.spans:
        starts = [i for i in range(first, last) if prompts.prefix[i] in prompts.answer_tokens]
        found.extend(range(starts[-1], last) if starts else ())
    return found
