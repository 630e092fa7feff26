"""A GPT that reads top to bottom: sinusoidal positions, blocks of attention and MLP, normalisation before each.

Attention is chosen by name: `vanilla`, the paper's `momentum`, or one of two controls that mix the past with the same
total weight, `uniform` and `shift` (see `harness.models.momentum`). Initial weights depend on the generator alone, so
networks with different attention start equal. Positions are sinusoidal, as in fairseq's GPT: they need no training and
are defined at lengths never trained on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from harness.errors import HarnessError, nearest
from harness.models.gpt.sizes import Shape
from harness.models.momentum import Mixing, Momentum, Shift, State, UniformAverage

MIXINGS: dict[str, type[Mixing] | None] = {
    "vanilla": None,
    "momentum": Momentum,
    "uniform": UniformAverage,
    "shift": Shift,
}
"""Attention by name: what is added to softmax attention."""


@dataclass(frozen=True)
class AttentionChoice:
    """Which attention, and how strong what it adds is."""

    name: str = "vanilla"
    eta: float = 0.5
    learned: bool = False
    """Train eta of every head, from the given one on."""

    def mixing(self, heads: int) -> Mixing | None:
        """Return what is added to attention; HarnessError where there is none of that name."""
        if self.name not in MIXINGS:
            raise HarnessError(f"unknown attention '{self.name}': {nearest(self.name, MIXINGS)}")
        kind = MIXINGS[self.name]
        return None if kind is None else kind(heads, self.eta, learned=self.learned)


@dataclass
class LayerCache:
    """One layer's past while decoding: keys and values [batch, head, past, d_head], and the mixing's state."""

    keys: Tensor | None = None
    values: Tensor | None = None
    state: State | None = None

    @property
    def length(self) -> int:
        """How many positions it holds."""
        return 0 if self.keys is None else self.keys.shape[-2]

    def expanded(self, batch: int) -> "LayerCache":
        """Return the same past for each of a batch, as views."""
        if self.keys is None or self.values is None:
            return LayerCache()
        state = self.state and State(self.state.kept.expand(batch, -1, -1), self.state.length)
        return LayerCache(self.keys.expand(batch, -1, -1, -1), self.values.expand(batch, -1, -1, -1), state)


@dataclass
class Cache:
    """The past of every layer. A forward pass appends to it."""

    layers: list[LayerCache] = field(default_factory=list)

    @property
    def length(self) -> int:
        """How many positions it holds."""
        return self.layers[0].length if self.layers else 0

    def expanded(self, batch: int) -> "Cache":
        """Return the same past for each of a batch; what is appended to the copy leaves this one as it is."""
        return Cache([layer.expanded(batch) for layer in self.layers])


class Attention(nn.Module):
    """Causal self-attention, with momentum or a control added per head before the output projection."""

    def __init__(self, shape: Shape, choice: AttentionChoice) -> None:
        super().__init__()
        self.heads = shape.heads
        self.project = nn.Linear(shape.width, 3 * shape.width)
        self.output = nn.Linear(shape.width, shape.width)
        self.mixing = choice.mixing(shape.heads)

    def forward(self, x: Float[Tensor, "batch length width"], cache: LayerCache | None = None) -> Tensor:
        """Return the block's output; positions behind the cache's are appended to it."""
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.project(x).chunk(3, dim=-1)
        )
        own = value
        past = cache.length if cache else 0
        if cache is not None and cache.keys is not None and cache.values is not None:
            key, value = torch.cat([cache.keys, key], dim=2), torch.cat([cache.values, value], dim=2)
        # torch aligns `is_causal` to the upper left: behind a past the mask is ours
        mask = torch.ones(x.shape[1], key.shape[2], dtype=torch.bool, device=x.device).tril(past) if past else None
        out = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=not past)
        state = cache.state if cache else None
        if self.mixing is not None:
            mixed, state = self.mixing(own, state)
            out = out + mixed
        if cache is not None:
            cache.keys, cache.values, cache.state = key, value, state
        joined: Tensor = self.output(out.transpose(1, 2).flatten(2))
        return joined


class Block(nn.Module):
    """Attention and MLP, each behind its normalisation and added to the residual stream."""

    def __init__(self, shape: Shape, choice: AttentionChoice) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(shape.width)
        self.attention = Attention(shape, choice)
        self.norm_mlp = nn.LayerNorm(shape.width)
        self.widen = nn.Linear(shape.width, 4 * shape.width)
        self.narrow = nn.Linear(4 * shape.width, shape.width)

    def forward(self, x: Float[Tensor, "batch length width"], cache: LayerCache | None = None) -> Tensor:
        """Return the residual stream behind this block."""
        x = x + self.attention(self.norm_attention(x), cache)
        mixed: Tensor = x + self.narrow(functional.gelu(self.widen(self.norm_mlp(x))))
        return mixed


class GPT(nn.Module):
    """Blocks between a read-in and a read-out: token embeddings with tied weights, or linear maps of vectors."""

    def __init__(self, shape: Shape, choice: AttentionChoice, read_in: nn.Module, read_out: nn.Module) -> None:
        super().__init__()
        self.width = shape.width
        self.read_in = read_in
        self.blocks = nn.ModuleList(Block(shape, choice) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.read_out = read_out

    def forward(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        """Return the read-out at every position.

        Shapes: token ids [batch, length] to logits [batch, length, vocabulary], or vectors [batch, length, d_in] to
        [batch, length, d_out]. With a cache, positions continue its own and are appended to it.
        """
        return self.logits(self.hidden(x, cache))

    def hidden(self, x: Tensor, cache: Cache | None = None) -> Float[Tensor, "batch length width"]:
        """Return the last normalisation's output."""
        if cache is not None and not cache.layers:
            cache.layers = [LayerCache() for _ in self.blocks]
        first = cache.length if cache else 0
        stream = self.read_in(x)
        stream = stream + sinusoids(first, stream.shape[1], self.width).to(stream)
        for i, block in enumerate(self.blocks):
            stream = block(stream, cache.layers[i] if cache else None)
        normalised: Tensor = self.norm(stream)
        return normalised

    def logits(self, hidden: Float[Tensor, "*batch width"]) -> Tensor:
        """Return the read-out of hidden states."""
        read: Tensor = self.read_out(hidden)
        return read


class TokenEmbedding(nn.Module):
    """Embeddings of unit size: weights of variance 1 / width, times sqrt(width) on the way in, as in fairseq."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(vocabulary, width))

    def forward(self, ids: Tensor) -> Tensor:
        """Return embeddings [*ids, width]."""
        return functional.embedding(ids, self.weight) * math.sqrt(self.weight.shape[1])


class Unembedding(nn.Module):
    """The embedding's own weights as the way out."""

    def __init__(self, embedding: TokenEmbedding) -> None:
        super().__init__()
        self.embedding = [embedding]  # in a list: the weights are registered once, with the embedding

    def forward(self, hidden: Tensor) -> Tensor:
        """Return logits [*hidden, vocabulary]."""
        return functional.linear(hidden, self.embedding[0].weight)


def language_gpt(shape: Shape, vocabulary: int, choice: AttentionChoice, generator: torch.Generator) -> GPT:
    """Return a GPT over tokens, embeddings tied, initialised from the generator."""
    embedding = TokenEmbedding(vocabulary, shape.width)
    return initialise(GPT(shape, choice, embedding, Unembedding(embedding)), shape, generator)


def vector_gpt(shape: Shape, d_in: int, d_out: int, choice: AttentionChoice, generator: torch.Generator) -> GPT:
    """Return a GPT from vectors to vectors (Garg et al. 2022, arXiv 2208.01066), initialised from the generator."""
    network = GPT(shape, choice, nn.Linear(d_in, shape.width), nn.Linear(shape.width, d_out))
    return initialise(network, shape, generator)


@torch.no_grad()
def initialise(network: GPT, shape: Shape, generator: torch.Generator) -> GPT:
    """Draw every weight matrix from the generator, in the order of the modules; biases are 0, normalisations 1.

    Standard deviation 1 / sqrt(inputs), for projections back into the residual stream over sqrt(2 layers) more.
    What an attention adds has no matrices: networks with different attention get the same weights.
    """
    for name, parameter in network.named_parameters():
        if parameter.ndim > 1:
            deviation = parameter.shape[1] ** -0.5
            if name.endswith(("attention.output.weight", "narrow.weight")):
                deviation /= math.sqrt(2 * shape.layers)
            parameter.normal_(0.0, deviation, generator=generator)
        elif name.endswith("bias"):
            parameter.zero_()
    return network


def sinusoids(first: int, length: int, width: int) -> Float[Tensor, "length width"]:
    """Return sin and cos of position / 10000^(2 i / width), for positions first, first + 1, ... (Vaswani et al.)."""
    positions = torch.arange(first, first + length, dtype=torch.float32)
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angles = positions[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)[:, :width]


def parameters_of(network: GPT, *, matrices: bool) -> Sequence[nn.Parameter]:
    """Return the weight matrices, which decay, or all else, which does not."""
    return [parameter for parameter in network.parameters() if (parameter.ndim > 1) is matrices]
