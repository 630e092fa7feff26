"""What a row of the table of architectures says: where the parts of a family's network are, and what they do.

All of it is data. Code that runs a model asks the row, and knows no family by name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from torch import Tensor

Shares = Callable[[Any], tuple[int, ...]]
"""How an attention module's projection shares its outputs out: `repeats` equal blocks of them, each of which is cut in
proportion to the numbers that follow. (1, 1) is one whole, (1, 1, 1, 1) are thirds, (heads, 1, 1, 1) thirds of each
head's own block."""

OLD_ROTARY = r"(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq"
NO_TABLES = r"(?!)"
"""Matches no name."""


def whole(_attention: Any) -> tuple[int, ...]:
    """Share a projection's outputs out to one."""
    return (1, 1)


@dataclass(frozen=True)
class Places:
    """Outputs [start, stop) of each of `repeats` equal blocks."""

    repeats: int
    start: int
    stop: int

    def of(self, tensor: Tensor, axis: int = -1) -> Tensor:
        """Return these outputs along an axis, as a view.

        Of more than one block the axis becomes two, [repeats, stop - start]: no view has them in one.
        """
        if self.repeats == 1:
            return tensor.narrow(axis, self.start, self.stop - self.start)
        blocks: Tensor = tensor.unflatten(axis, (self.repeats, -1))  # type: ignore[no-untyped-call]  # torch's
        return blocks.narrow(axis if axis < 0 else axis + 1, self.start, self.stop - self.start)


@dataclass(frozen=True)
class Outputs:
    """The shares `first` to `last` of the outputs of a projection inside the attention module.

    `Outputs("k_proj")` is the whole projection; `Outputs("c_attn", 1, 2, lambda _: (1, 1, 1, 1))` the second third of
    its outputs, which is where GPT-2 keeps keys; with (heads, 1, 1, 1) the second third of each head's block.
    """

    module: str
    first: int = 0
    last: int = 1
    shares: Shares = whole

    def places(self, attention: Any, width: int) -> Places:
        """Return where they are among `width` outputs."""
        repeats, *sizes = self.shares(attention)
        unit = width // repeats // sum(sizes)
        return Places(repeats, unit * sum(sizes[: self.first]), unit * sum(sizes[: self.last]))

    def of(self, attention: Any, projected: Tensor) -> Tensor:
        """Return them of what the projection put out (last axis), one head after the other."""
        places = self.places(attention, projected.shape[-1])
        found = places.of(projected)
        return found if places.repeats == 1 else found.flatten(-2)


@dataclass(frozen=True)
class HeadNorm:
    """A norm of queries between their projection and positions, where a configuration has it."""

    module: str
    """Path inside the attention module."""
    of_all_heads: bool = False
    """Whether it is one norm over all heads' entries, not one of each head's own."""

    def of(self, attention: Any, vectors: Tensor, d_head: int) -> Tensor:
        """Return vectors [token, d_query] behind the norm; as they are where there is none."""
        norm = getattr(attention, self.module, None)
        if norm is None:
            return vectors
        heads = vectors.view(*vectors.shape[:-1], -1, d_head)
        normed: Tensor = norm(vectors) if self.of_all_heads else norm(heads).flatten(-2)
        return normed


@dataclass(frozen=True)
class Architecture:
    """The sites of one model family, as module paths, and what of it is another way than in most.

    A path that a configuration leaves out (a norm that is switched off) is no site of that model.
    """

    layers: str
    """Path of the list of decoder layers."""
    final_norm: str
    """Path of the norm between the last layer and the unembedding."""
    embeddings: tuple[str, ...]
    """Paths of what reads tokens in, and positions where they are learned: matrices, and norms behind them are not."""
    norms: tuple[str, ...]
    """Paths of the norms inside a layer, those of queries and keys among them."""
    attention: str
    """Path of the self-attention module inside a layer; its first output is the block's output (but see `output`)."""
    projections: tuple[Outputs, Outputs, Outputs]
    """Where queries, keys and values are projected."""
    tables: str = OLD_ROTARY
    """Regular expression of the names, below the base network's, of tables that older versions of transformers kept
    beside the weights and newer ones work out."""
    unembedding: str = "lm_head"
    """Path of what reads the logits out; its matrix may be the tokens' embedding."""
    adapter: Callable[..., Any] | None = None
    """Replaces the attention module's forward where the family does not dispatch through AttentionInterface."""
    stock: str = "sdpa"
    """Attention implementation that the family's own forward runs under."""
    shared: str = "shared_prefix"
    """Attention implementation that it runs under behind a prefix: the other one has masks built that are causal."""
    output: str = ""
    """Path inside the attention module of what puts the block's output out, where the module itself adds to it."""
    scale: Callable[[Any], float] = attrgetter("scaling")
    """Of an attention module: what queries are multiplied by before they meet keys."""
    d_head: Callable[[Any], int] = attrgetter("head_dim")
    """Of an attention module: the size of a head."""
    query_norm: HeadNorm | None = None
    embedding_norms: tuple[str, ...] = ()
    """Paths of the norms between embeddings and the first layer."""
    after_norm: tuple[str, ...] = ()
    """Paths of what stands between the final norm and the unembedding."""
    context: str | int = "max_position_embeddings"
    """Field of the configuration that says how many tokens a prompt may have, or the number where none does."""
    older: tuple[str, ...] = ()
    """Names that are no fields of the configuration, and that transformers reads into them."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Tensors that weights hold under another name than the network: by theirs, the network's."""
    requires: Mapping[str, object] = field(default_factory=dict)
    """What fields of the configuration must say, 'outer.inner' of one within: another value is not covered. None and
    False are the same."""

    def is_table(self, tensor: str) -> bool:
        """Return whether a tensor of the weights is one of the tables, which need not be read."""
        base = re.escape(self.layers.partition(".")[0])
        return re.fullmatch(rf"(?:{base}\.)?(?:{self.tables}|position_ids)", tensor) is not None

    @property
    def query(self) -> Outputs:
        """Where queries are projected."""
        return self.projections[0]

    @property
    def key(self) -> Outputs:
        """Where keys are projected."""
        return self.projections[1]

    @property
    def value(self) -> Outputs:
        """Where values are projected."""
        return self.projections[2]

    @property
    def key_value(self) -> tuple[Outputs, ...]:
        """What finetuning trains: the key and value projections and nothing else; one range where they adjoin."""
        key, value = self.key, self.value
        if key.module == value.module:
            return (Outputs(key.module, key.first, value.last, key.shares),)
        return (key, value)

    @property
    def readout(self) -> tuple[str, ...]:
        """Paths of what stands between the last layer and the unembedding, in the order in which it is run."""
        return (self.final_norm, *self.after_norm)
