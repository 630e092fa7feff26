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


class Outcome(StrEnum):
    """What the data say of a claim."""

    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Example:
    """One labelled example: the texts that its task's template names, and the index of its answer word."""

    texts: Mapping[str, str]
    label: int
    content_hash: str
    """sha256 over the normalised texts (label left out): equal texts are one example."""


@dataclass(frozen=True)
class Task:
    """A classification task as the paper poses it: template, answer words and three disjoint parts."""

    name: str
    template: str
    answers: tuple[str, ...]
    demonstration_pool: tuple[Example, ...]
    dev: tuple[Example, ...]
    test: tuple[Example, ...]
    fingerprint: str
    """sha256 over template, answer words and all examples: changes when anything that is shown changes."""
    source: str
    licence: str
    paper_name: str | None = None
    """The paper's name of the task (SST2, ...), where it is one of its six."""


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
    """Self-attention block's output at the last token, after the output projection, before the residual."""
    scores_query: Float32[np.ndarray, "example layer head query"]
    """Last token's scaled attention scores before softmax over the query text's own tokens."""
    scores_context: Float32[np.ndarray, "example layer context"]
    """The same over the prefix (start token, demonstrations, separators), summed over heads."""
    query_vectors: Float32[np.ndarray, "example layer d_query"]
    """Last token's scaled query vectors, heads concatenated, before any rotary position is applied."""

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
class Estimate:
    """An effect with its uncertainty. Effects are differences from the value under 'no effect', so 0 is null."""

    effect: float
    low: float
    high: float
    level: float
    """Confidence level of [low, high]: 1 - alpha after the family's correction."""
    p_value: float
    """Two-sided, against an effect of 0, uncorrected."""
    n: int
    """How many units were resampled."""
    standard_error: float
    degenerate: str = ""
    """Why there is no usable estimate, in words with numbers; empty where there is one."""


@dataclass(frozen=True)
class PartResult:
    """One comparison of a claim, judged."""

    name: str
    prediction: str
    estimate: Estimate
    p_holm: float
    outcome: Outcome
    reason: str
    smallest_detectable: float
    """Effect that this many units would find with 80 % power at the corrected level."""
    unit: str
    """Name of the effect's scale, such as 'accuracy', 'cosine', 'tau'."""


@dataclass(frozen=True)
class Check:
    """An exact statement, tried on many cases: it holds where no case errs by more than is allowed for rounding."""

    name: str
    statement: str
    cases: int
    worst: float
    """Largest error of any case, in units of the error that is allowed there: holds up to 1."""
    relative_error: float
    """Largest error relative to the size of what is compared."""
    ranges: str
    """What the cases range over."""

    @property
    def holds(self) -> bool:
        """Whether every case is within rounding."""
        return self.worst <= 1.0


@dataclass(frozen=True)
class ControlResult:
    """The same rule applied to data in which the claim is false by construction."""

    description: str
    parts: tuple[PartResult, ...]
    passed: bool
    """True where no part came out supported and no check held."""
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Table:
    """Figures per task beside the paper's. A cell is a number, or None where there is none."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]
    decimals: int = 3
    percent: bool = False
    note: str = ""


@dataclass(frozen=True)
class Series:
    """One line of a chart, with a band where low and high are given."""

    name: str
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    baseline: bool = False
    at: tuple[float, ...] = ()
    """Where each value stands; left out, at 1, 2, 3, ..., which are layers unless the chart says otherwise."""

    @property
    def places(self) -> tuple[float, ...]:
        """Where each value stands."""
        return self.at or tuple(float(i + 1) for i in range(len(self.values)))


@dataclass(frozen=True)
class Curve:
    """A chart over layers, or over what `x_label` names: one panel a task."""

    title: str
    y_label: str
    panels: tuple[tuple[str, tuple[Series, ...]], ...]
    """(task name, its series)."""
    x_label: str = "layer"


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, fixed before the run."""

    id: str
    title: str
    statement: str
    section: str
    prediction: str
    """The inequality that must hold for the claim to be supported."""
    decision_rule: str
    unit: str
    family: str
    refuted_if: str
    control: str
    """What the negative control is."""
    qualifies: tuple[str, ...] = field(default=(), kw_only=True)
    """Ids of the claims that this one says more about: it stands beside them in the report."""
    paper_effects: tuple[float, ...] = field(default=(), kw_only=True)
    """Of each comparison, the effect that the paper prints (the smaller where it prints two); empty where it has none.
    The power of the decision rule is simulated with these."""


@dataclass(frozen=True)
class Calibration:
    """How often a claim's decision rule says SUPPORTED, without an effect and with one."""

    claim: str
    runs: int
    """Simulated runs behind each share: its standard error is sqrt(share (1 - share) / runs)."""
    examples: tuple[int, ...]
    """Test examples drawn a task."""
    false_support: float
    """Share of runs SUPPORTED with no effect in any claim of the family."""
    effect: tuple[float, ...] | None
    """Of each part, where one was given."""
    power: float | None
    """Share of runs SUPPORTED with the effects given, in the whole family; None where this claim was given none."""
    needed: int | None
    """Examples a task that reach a power of 0.8; None where power does already or is None, or where none up to the
    limit of the search do."""


@dataclass(frozen=True)
class Verdict:
    """A judged claim: all that the report shows of it."""

    claim: Claim
    outcome: Outcome
    reason: str
    parts: tuple[PartResult, ...]
    control: ControlResult | None
    tables: tuple[Table, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    expected: Outcome | None = None
    checks: tuple[Check, ...] = ()
    calibration: Calibration | None = None
    """None where the claim has no comparisons, or none was asked for."""


@dataclass(frozen=True)
class RunFacts:
    """How the run was made: JSON-ready facts, shown at the foot of the report."""

    model: JSON
    tasks: tuple[JSON, ...]
    settings: JSON
    environment: JSON
    notes: tuple[str, ...] = field(default=())
