"""Ask a GPT of ours a labelled task: the same prompts and answer words as any other model's (PAPER section 2)."""

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from harness.data import Setting
from harness.models.gpt.network import GPT, Cache
from harness.prompts import Prompts


@torch.inference_mode()
def answer_logits(
    network: GPT, prompts: Prompts, setting: Setting, batch_size: int = 8
) -> Float32[np.ndarray, "example answer"]:
    """Return the logits of the answer words behind each query, under ZSL or ICL.

    The prefix runs once; what it leaves, keys and values and the state of the momentum, every query starts from.
    """
    device = next(network.parameters()).device
    prefix = prompts.prefix if setting is Setting.ICL else (prompts.start_token,)
    past = Cache()
    network(torch.tensor([prefix], device=device), past)
    answers = torch.tensor(prompts.answer_tokens, device=device)
    rows: list[Tensor] = []
    for first in range(0, len(prompts.queries), batch_size):
        queries = prompts.queries[first : first + batch_size]
        longest = max(map(len, queries))
        padded = torch.tensor([[*query, *[query[-1]] * (longest - len(query))] for query in queries], device=device)
        hidden = network.hidden(padded, past.expanded(len(queries)))
        last = hidden[torch.arange(len(queries), device=device), torch.tensor([len(q) - 1 for q in queries])]
        rows.append(network.logits(last)[:, answers].float().cpu())
    return torch.cat(rows).numpy()
