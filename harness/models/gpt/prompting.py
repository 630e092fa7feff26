"""Ask a GPT of ours a labelled task: the same prompts and answer words as any other model's (PAPER section 2).

Multiple choice is asked by the likelihood of each option.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float32, Float64
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from harness.data import Setting
from harness.models.gpt.choice_prompts import ChoicePrompts
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


@torch.inference_mode()
def option_likelihoods(
    network: GPT, prompts: ChoicePrompts, batch_size: int = 16
) -> tuple[Float64[np.ndarray, " option"], ...]:
    """Return for each query the log-likelihood of each of its options behind prefix and query, in nats.

    log p(o | q) = sum_t log p(o_t | prefix, q, o_1 ... o_(t-1)), over the option's own tokens. The prefix runs once; a
    query is read again for each of its options.
    """
    device = next(network.parameters()).device
    past = Cache()
    network.hidden(torch.tensor([prompts.prefix], device=device), past)
    asked = [(query, option) for query, of in zip(prompts.queries, prompts.options, strict=True) for option in of]
    found: list[float] = []
    for first in range(0, len(asked), batch_size):
        found += _sums(network, past, asked[first : first + batch_size])
    ends = np.cumsum([len(of) for of in prompts.options])
    return tuple(np.split(np.array(found, np.float64), ends[:-1]))


def _sums(network: GPT, past: Cache, asked: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[float]:
    """Return the log-likelihood of each option behind its query: rows are right-padded, and no pad is scored."""
    device = next(network.parameters()).device
    rows = [torch.tensor([*query, *option], device=device) for query, option in asked]
    hidden = network.hidden(pad_sequence(rows, batch_first=True), past.expanded(len(rows)))
    sums = []
    for state, (query, option) in zip(hidden, asked, strict=True):
        before = state[len(query) - 1 : len(query) + len(option) - 1]  # what each of the option's tokens is told from
        told = network.logits(before).double().log_softmax(dim=-1)
        sums.append(float(told.gather(1, torch.tensor(option, device=device)[:, None]).sum()))
    return sums
