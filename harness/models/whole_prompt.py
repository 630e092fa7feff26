"""Scoring behind a shared prefix, held to the model's own forward over whole prompts.

The split is exact algebra for causal attention whose keys do not depend on what follows them. Whether a model is of
that kind is not read off its configuration here but tried: what nobody thought of shows as a difference, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from harness.models.language_model import LanguageModel
from harness.models.prefix_attention import SharedPrefix
from harness.models.scoring import encode_prefix, forward_behind, last_of
from harness.models.watching import watching

ROUNDING = 10.0
"""How many times the effect of a last bit the split may err.

Over three families, three precisions and the default model on real prompts it erred by 0.07 to 1.7 times that effect,
with 30 layers and a thousand tokens as with three and a hundred.
"""
MOST = 0.3
"""Of the largest value: no rounding excuses more."""


@dataclass(frozen=True)
class LastToken:
    """What a model makes of a prompt's last token."""

    logits: Float32[np.ndarray, " vocabulary"]
    attn_out: Float32[np.ndarray, "layer d_model"]


@dataclass(frozen=True)
class SplitError:
    """How far scoring behind a shared prefix is from whole prompts, relative to the largest value of each site.

    Sites are the logits and each layer's attention output, at the last token.
    """

    largest: float
    rounding: float
    """The same for whole prompts whose hidden states are changed in their last bit before the first layer."""

    @property
    def allowed(self) -> float:
        """What may be put down to rounding."""
        return min(ROUNDING * self.rounding, MOST)

    @property
    def exact(self) -> bool:
        """Whether the split gives the whole prompts' numbers, but for rounding."""
        return self.largest <= self.allowed


def split_error(
    model: LanguageModel, prefix: Sequence[int], queries: Sequence[Sequence[int]], whole: Sequence[LastToken]
) -> SplitError:
    """Return the error of the split for queries of one batch, given what `whole_prompt` makes of each.

    Raises:
        HarnessError: a prompt does not fit in memory, or attention asks for more than the split can do.

    """
    split = _behind_prefix(model, prefix, queries)
    nudged = [whole_prompt(model, [*prefix, *query], nudged=True) for query in queries]
    return SplitError(
        largest=max(_distance(found, exact) for found, exact in zip(split, whole, strict=True)),
        rounding=max(_distance(found, exact) for found, exact in zip(nudged, whole, strict=True)),
    )


@torch.inference_mode()
def whole_prompt(model: LanguageModel, tokens: Sequence[int], *, nudged: bool = False) -> LastToken:
    """Run the model's own forward over a whole prompt; with `nudged`, every hidden state off by its last bit at first.

    Raises:
        HarnessError: it does not fit in memory.

    """
    outputs: list[Tensor] = []
    layers = model.network.get_submodule(model.architecture.layers)

    def keep(_layer: int, output: Tensor) -> None:
        outputs.append(output[0, -1])

    def off_by_a_bit(_layer: int, hidden: Tensor) -> Tensor:
        signs = torch.randint(0, 2, hidden.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
        return hidden * (1 + torch.finfo(hidden.dtype).eps * signs).to(hidden)

    try:
        with watching(model.attention_outputs, keep), watching(layers[: int(nudged)], off_by_a_bit, inputs=True):
            ids = torch.tensor([tokens], device=model.device)
            logits = model.network(input_ids=ids, use_cache=False, logits_to_keep=1).logits
    except torch.OutOfMemoryError as error:
        raise model.does_not_fit(f"a prompt of {len(tokens)} tokens") from error
    return LastToken(_numpy(logits[0, -1]), _numpy(torch.stack(outputs)))


@torch.inference_mode()
def _behind_prefix(model: LanguageModel, prefix: Sequence[int], queries: Sequence[Sequence[int]]) -> list[LastToken]:
    encoded, last = encode_prefix(model, prefix), last_of(model, queries)
    rows, outputs = torch.arange(len(queries), device=model.device), list[Tensor]()

    def keep(_layer: int, output: Tensor) -> None:
        outputs.append(output[rows, last])

    with watching(model.attention_outputs, keep):
        hidden = forward_behind(model, encoded, queries, SharedPrefix(encoded.keys, encoded.values, last))
    logits = _numpy(model.read_out(hidden[rows, last]))
    attn_out = _numpy(torch.stack(outputs, dim=1))
    return [LastToken(*found) for found in zip(logits, attn_out, strict=True)]


def _distance(found: LastToken, exact: LastToken) -> float:
    """Return the largest difference of a site's entries, in units of the site's largest entry."""
    sites = [(found.logits[None], exact.logits[None]), (found.attn_out, exact.attn_out)]
    of_sites = [(np.abs(a - b).max(axis=1), np.abs(b).max(axis=1)) for a, b in sites]
    with np.errstate(divide="ignore"):
        return max(float(np.where(off > 0, off / size, 0.0).max()) for off, size in of_sites)


def _numpy(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor.float().cpu().numpy()
    return array
