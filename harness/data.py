"""The frozen records that flow from tasks to the report. No behaviour beyond what a record derives of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float32, Int

JSON = Mapping[str, object]


class Setting(StrEnum):
    """How the demonstrations reach the model (PAPER section 3): not at all, in the context, or in the weights."""

    ZSL = "zsl"
    ICL = "icl"
    FT = "ft"


@dataclass(frozen=True)
class Example:
    """One labelled example: the texts that its task's template names, and the index of its answer word."""

    texts: Mapping[str, str]
    label: int
    content_hash: str
    """sha256 over the normalised texts (label left out): equal texts are one example."""
    place: str = field(default="", compare=False)
    """Where its row stands, such as 'data/toy/test.jsonl:3', as a message names it; no part of the example."""
    options: tuple[str, ...] = ()
    """Of multiple choice, the answers that it offers; its label is the index of the right one."""


@dataclass(frozen=True)
class LeftOut:
    """Rows of a task's data that became no example."""

    of: str
    """What they are rows of: 'train', 'dev' or 'test', or 'data' where the suite cuts the parts itself."""
    reason: str
    rows: int

    def __str__(self) -> str:
        return f"{self.rows:,} of {self.of} ({self.reason})"


@dataclass(frozen=True)
class Task:
    """A classification task as the paper poses it: template, answer words and three disjoint parts."""

    name: str
    template: str
    answers: tuple[str, ...]
    """None of multiple choice, where each example has options of its own."""
    demonstration_pool: tuple[Example, ...]
    dev: tuple[Example, ...]
    test: tuple[Example, ...]
    fingerprint: str
    """sha256 over template, answer words and all examples: changes when anything that is shown changes."""
    source: str
    licence: str
    paper_name: str | None = None
    """The paper's name of the task (SST2, ...), where it is one of its six."""
    left_out: tuple[LeftOut, ...] = ()
    """With the examples of the three parts these are all rows that were read."""
    unrelated: tuple[str, ...] = field(default=(), repr=False)
    """Sentences without labels, from other sources that come with the task's own; none of them is in a part."""

    def answer(self, example: Example) -> str:
        """Return what is right of an example: its answer word, or its option."""
        return (example.options or self.answers)[example.label]


@dataclass(frozen=True)
class Recording:
    """What one setting of one task left behind: everything that a metric needs and nothing else.

    Axes: example, layer, head (query heads), d_model; `query` counts the query text's own tokens, padded
    with NaN behind each example's last one; `context` counts the tokens of the prefix (ICL only).
    """

    setting: Setting
    gold: Int[np.ndarray, " example"]
    label_logits: Float32[np.ndarray, "example answer"]
    attn_out: Float32[np.ndarray, "example layer d_model"]
    """Self-attention block's output at the last token, after the output projection, before the residual and before any
    norm that a family puts behind the block."""
    scores_query: Float32[np.ndarray, "example layer head query"]
    """Last token's scaled attention scores before softmax over the query text's own tokens: behind a soft cap and with
    a position bias (counted from the last token), where the model has them; NaN where a layer's window does not reach.
    """
    scores_context: Float32[np.ndarray, "example layer context"]
    """The same over the prefix (start token, demonstrations, separators), summed over heads; there -inf where a window
    does not reach, which is the least attention."""
    query_vectors: Float32[np.ndarray, "example layer d_query"]
    """Last token's scaled query vectors, heads concatenated, behind a norm of queries where the model has one, before
    any rotary position is applied."""

    @property
    def query_lengths(self) -> Int[np.ndarray, " example"]:
        """How many tokens each query text has: up to the last that has a score, which each token has to itself."""
        scored = (~np.isnan(self.scores_query)).any(axis=(1, 2))
        places = np.arange(1, scored.shape[-1] + 1)
        lengths: Int[np.ndarray, " example"] = (scored * places).max(axis=-1, initial=0)
        return lengths

    @property
    def predicted(self) -> Int[np.ndarray, " example"]:
        """Index of the answer word with the largest logit."""
        predicted: Int[np.ndarray, " example"] = np.argmax(self.label_logits, axis=1)
        return predicted

    @property
    def correct(self) -> Bool[np.ndarray, " example"]:
        """Whether the predicted answer word is the gold one."""
        correct: Bool[np.ndarray, " example"] = self.predicted == self.gold
        return correct


@dataclass(frozen=True)
class AttentionParts:
    """The last token's attention under one setting taken apart, before the output projection (PAPER section 2).

    Softmax attention is mass * context + (1 - mass) * own, exactly. `relaxed` drops softmax and scale, and
    `uniform` is the mean of all values; both over the prefix and the query text's own tokens.
    """

    setting: Setting
    mass: Float32[np.ndarray, "example layer head"]
    """Softmax weight of the prefix: start token and, under ICL, demonstrations."""
    own: Float32[np.ndarray, "example layer head d_head"]
    context: Float32[np.ndarray, "example layer head d_head"]
    relaxed: Float32[np.ndarray, "example layer head d_head"]
    uniform: Float32[np.ndarray, "example layer head d_head"]

    @property
    def whole(self) -> Float32[np.ndarray, "example layer head d_head"]:
        """The attention's own output."""
        mass = self.mass[..., None]
        whole: Float32[np.ndarray, "example layer head d_head"] = mass * self.context + (1 - mass) * self.own
        return whole


@dataclass(frozen=True)
class ExpandedParts(AttentionParts):
    """The same, and attention to first order in its scores: softmax expanded around equal scores (PAPER section 7).

    `first_order` is mean(v) + mean((s - mean(s)) v), s being the scaled scores and both means over the prefix and the
    query text's own tokens. Like softmax, and unlike `relaxed`, it does not see a constant that is added to all scores.
    """

    first_order: Float32[np.ndarray, "example layer head d_head"]


@dataclass(frozen=True)
class Cell:
    """The three settings of one task under one demonstration set, and what finetuning saw."""

    zsl: Recording
    icl: Recording
    ft: Recording
    spans: tuple[tuple[int, int], ...]
    """[first, last) of each demonstration's tokens in the ICL prefix."""
    training_queries: np.ndarray
    """[layer, token, d_query] at every training token, start tokens included."""
    trained_on_context: bool = True
    """Whether training and the context hold the same demonstrations, so that their tokens can be matched."""


@dataclass(frozen=True)
class CellAndReading(Cell):
    """A cell, and how much heads read the demonstrations' labels."""

    label_reading: Float32[np.ndarray, "example layer head"] = field(kw_only=True)
    """Softmax weight of the last token on the answers' tokens, under ICL."""


@dataclass(frozen=True)
class CellAndStart(Cell):
    """A cell, and what finetuning's attention to training tokens starts from."""

    starting_queries: np.ndarray = field(kw_only=True)
    """`training_queries` of the untouched model: no step is taken between the texts."""
