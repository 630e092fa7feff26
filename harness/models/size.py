"""How large a model is, worked out from its configuration alone: on torch's meta device, which takes no memory."""

from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from harness.models.language_model import LanguageModel

KEPT = 17
"""Numbers that a layer keeps for the backward pass, a token, in units of the width: Korthikanti et al. (arXiv
2205.05198) count 34 bytes of two-byte numbers."""
LOGITS = 4
"""Times that finetuning's loss holds [token, vocabulary]: logits, their float32 copy, its softmax and its gradient."""


@dataclass(frozen=True)
class ModelSize:
    """Numbers that a model has of each kind; a number takes 4 bytes in float32."""

    parameters: int
    """All of them, tied ones once."""
    body: int
    """Those that every token is multiplied with: all but the embeddings and the unembedding."""
    unembedding: int
    trained: int
    """Those that finetuning changes."""
    stepped: int
    """Those that have a gradient for it: whole parameters, of which the trained may be a part."""
    cached: int
    """Keys and values of one token, over all layers."""
    layers: int
    width: int
    heads: int
    vocabulary: int

    def query_flops(self, tokens: float) -> float:
        """Return about what scoring a query of so many tokens takes: two operations a number, read out once."""
        return 2 * (self.body * tokens + self.unembedding)

    def peak(self, itemsize: int, *, prefix: int, text: int) -> int:
        """Return the bytes that a run of the model has at once at most, beside what the libraries take.

        Its weights, and the larger of finetuning on a text of so many tokens (what is stepped once more as it was, its
        gradient, and what the backward pass needs) and scoring behind a prefix (its keys and values, and one layer's
        hidden states, four widths in its MLP). Attention's products are left out: few where texts are short.
        """
        kept = text * (self.layers * KEPT * self.width * itemsize + LOGITS * self.vocabulary * 4)
        finetuning = 2 * self.stepped * itemsize + kept
        scoring = prefix * (self.cached + 8 * self.width) * itemsize
        return self.parameters * itemsize + max(finetuning, scoring)


def size_of(config: Any) -> ModelSize:
    """Return the size of the network that transformers' configuration describes; HarnessError of an unknown family."""
    with torch.device("meta"):
        model = LanguageModel(AutoModelForCausalLM.from_config(config, attn_implementation="eager"))
    network, slices = model.network, model.key_value_slices
    parameters = {id(p): p for p in network.parameters()}
    unembedding = network.get_submodule(model.architecture.unembedding).weight
    outside = {id(unembedding): unembedding.numel()}
    for path in model.architecture.embeddings:
        outside |= {id(p): p.numel() for p in network.get_submodule(path).parameters()}
    total = sum(p.numel() for p in parameters.values())
    return ModelSize(
        parameters=total,
        body=total - sum(outside.values()),
        unembedding=unembedding.numel(),
        trained=sum(s.of(s.parameter).numel() for s in slices),
        stepped=sum(p.numel() for p in {id(s.parameter): s.parameter for s in slices}.values()),
        cached=sum(s.places.repeats * (s.places.stop - s.places.start) for s in slices if s.parameter.ndim > 1),
        layers=len(model.attention_modules),
        width=config.hidden_size,
        heads=config.num_attention_heads,
        vocabulary=unembedding.shape[0],
    )
