"""What transformers alone makes of a whole prompt, and of training on a text: none of the suite's own forwards.

The network is built anew from configuration and weights under `attn_implementation="eager"`. Attention weights come
from `output_attentions`, scores from what enters transformers' softmax, attention outputs from a hook.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import AutoModelForCausalLM

ATTENTION = (".self_attn", ".attn")
"""How the attention blocks of the three families are named."""


@dataclass(frozen=True)
class Forward:
    """The last token of one whole prompt."""

    logits: Tensor  # [vocabulary]
    attn_out: Tensor  # [layer, d_model]
    scores: Tensor  # [layer, head, token], before softmax
    weights: Tensor  # [layer, head, token], after it


class _SoftmaxInputs(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Keeps the last token's row of every [.., token, token] that enters a softmax."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.rows: list[Tensor] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is torch.ops.aten._softmax.default:
            self.rows.append(args[0].reshape(-1, *args[0].shape[-2:])[:, -1].clone())
        return function(*args, **kwargs or {})


def eager_copy(network: Any) -> Any:
    """Return a second network of the same weights, whose attention is transformers' eager one."""
    other = AutoModelForCausalLM.from_config(network.config, attn_implementation="eager").eval()
    other.load_state_dict(network.state_dict())
    return other


def attention_blocks(network: Any) -> list[Any]:
    """Return the attention blocks, first layer first."""
    return [module for name, module in network.named_modules() if name.endswith(ATTENTION)]


@contextmanager
def outputs_of(modules: Sequence[Any]) -> Iterator[list[Tensor]]:
    """Keep what the modules put out, in the order in which they ran; of a tuple the first."""
    kept: list[Tensor] = []

    def keep(_module: Any, _args: Any, output: Any) -> None:
        kept.append((output if isinstance(output, Tensor) else output[0])[0].detach().clone())

    handles = [module.register_forward_hook(keep) for module in modules]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def whole_prompt(network: Any, tokens: Sequence[int]) -> Forward:
    """Run one prompt from its first token to its last."""
    with torch.no_grad(), outputs_of(attention_blocks(network)) as outputs, _SoftmaxInputs() as entered:
        found = network(torch.tensor([tokens]), use_cache=False, output_attentions=True)
    weights = torch.stack([layer[0, :, -1] for layer in found.attentions])
    return Forward(found.logits[0, -1], torch.stack(outputs)[:, -1], torch.stack(entered.rows), weights)


def train_keys_and_values(network: Any, texts: Sequence[Sequence[int]], rate: float) -> Tensor:
    """Train by torch's SGD, one step a text, on the loss that transformers makes of `labels`.

    Returns the query projections' outputs at every training token, [layer, token, d_query], before any scale.
    GPT-2 keeps queries, keys and values in one projection: there the query third gets no gradient.
    """
    fused = network.config.model_type == "gpt2"
    width = network.config.hidden_size
    trained = []
    for name, parameter in network.named_parameters():
        projection = name.split(".")[-2]
        parameter.requires_grad_(projection in {"k_proj", "v_proj", "c_attn"})
        if parameter.requires_grad:
            trained.append(parameter)
        if projection == "c_attn":
            parameter.register_hook(lambda gradient: gradient * (torch.arange(3 * width) >= width))
    queries = [getattr(block, "c_attn" if fused else "q_proj") for block in attention_blocks(network)]
    optimizer, recorded = torch.optim.SGD(trained, lr=rate), []
    for text in texts:
        ids = torch.tensor([text])
        with outputs_of(queries) as outputs:
            loss = network(ids, labels=ids, use_cache=False).loss
        recorded.append(torch.stack(outputs)[..., : width if fused else None])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.requires_grad_(requires_grad=False)
    return torch.cat(recorded, dim=1)
