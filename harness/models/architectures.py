"""Which module of which architecture is what: a table of sites, no branches.

A new family is a row. Where its attention does not dispatch through transformers' AttentionInterface, the row
names one small adapter (see `harness.models.adapters`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError, nearest
from harness.models.adapters import xglm_attention


@dataclass(frozen=True)
class Outputs:
    """Outputs `first`/`of` to `last`/`of` of a projection inside the attention module.

    `Outputs("k_proj")` is the whole projection; `Outputs("c_attn", 1, 2, of=3)` the second third of its outputs,
    which is where GPT-2 keeps keys.
    """

    module: str
    first: int = 0
    last: int = 1
    of: int = 1

    def range(self, width: int) -> tuple[int, int]:
        """Return [start, stop) among `width` outputs."""
        return width * self.first // self.of, width * self.last // self.of


@dataclass(frozen=True)
class Architecture:
    """The sites of one model family, as module paths."""

    layers: str
    """Path of the list of decoder layers."""
    final_norm: str
    """Path of the norm between the last layer and the unembedding."""
    attention: str
    """Path of the self-attention module inside a layer; its first output is the block's output."""
    query: Outputs
    key: Outputs
    value: Outputs
    tables: str
    """Regular expression of the names, below the base network's, of tables that older versions of transformers kept
    beside the weights and newer ones work out."""
    adapter: Callable[..., Any] | None = None
    """Replaces the attention module's forward where the family does not dispatch through AttentionInterface."""

    def is_table(self, tensor: str) -> bool:
        """Return whether a tensor of the weights is one of the tables, which need not be read."""
        base = re.escape(self.layers.partition(".")[0])
        return re.fullmatch(rf"(?:{base}\.)?(?:{self.tables}|position_ids)", tensor) is not None

    @property
    def key_value(self) -> tuple[Outputs, ...]:
        """What finetuning trains: the key and value projections and nothing else; one range where they adjoin."""
        key, value = self.key, self.value
        if key.module == value.module and key.last == value.first:
            return (Outputs(key.module, key.first, value.last, of=key.of),)
        return (key, value)


ARCHITECTURES = {
    "llama": Architecture(
        layers="model.layers",
        final_norm="model.norm",
        attention="self_attn",
        query=Outputs("q_proj"),
        key=Outputs("k_proj"),
        value=Outputs("v_proj"),
        tables=r"(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq",
    ),
    "gpt2": Architecture(
        layers="transformer.h",
        final_norm="transformer.ln_f",
        attention="attn",
        query=Outputs("c_attn", 0, 1, of=3),
        key=Outputs("c_attn", 1, 2, of=3),
        value=Outputs("c_attn", 2, 3, of=3),
        tables=r"h\.\d+\.(attn|crossattention)\.(masked_)?bias",
    ),
    "xglm": Architecture(
        layers="model.layers",
        final_norm="model.layer_norm",
        attention="self_attn",
        query=Outputs("q_proj"),
        key=Outputs("k_proj"),
        value=Outputs("v_proj"),
        tables=r"embed_positions\.weights",
        adapter=xglm_attention,
    ),
}


def architecture_of(model_type: str) -> Architecture:
    """Return the row of a transformers `config.model_type`.

    Raises:
        HarnessError: there is no row; says how to add one.

    """
    if model_type not in ARCHITECTURES:
        raise HarnessError(
            f"models of architecture '{model_type}' are not known: {nearest(model_type, ARCHITECTURES)}. "
            "Add a row to harness/models/architectures.py: the paths of its layers, final norm, attention module, "
            "query, key and value projections, the tables that old weights hold (and an adapter if its attention does "
            "not use AttentionInterface)",
        )
    return ARCHITECTURES[model_type]
