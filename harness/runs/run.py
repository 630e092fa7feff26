"""One run of a model, as a record: everything that decides its numbers."""

import hashlib
import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, Self, TypeVar

from harness.data import Setting, Task
from harness.models.source import ModelSource
from harness.runs.distillation import Distillation
from harness.runs.variants import OWN, Variant
from harness.store import Record

VERSION = 1
"""Of runs beside the claims' own. Raised when they change, so that none is read from an older store."""

PREFIX, STEP = 14.0, 4.0
SCORING = {Setting.ZSL: 1.0, Setting.ICL: 1.7, Setting.FT: 1.0}
"""Cost of encoding a prefix, of a finetuning step and of scoring a query, against scoring one zero-shot query: measured
on two cores, it decides only the time left that is shown."""

AnyRun = TypeVar("AnyRun", bound="Run")


@dataclass(frozen=True)
class Demonstrations:
    """Which demonstrations are drawn of a task's pool: set `candidate` of the seed."""

    number: int
    seed: int
    candidate: int


@dataclass(frozen=True, kw_only=True)
class Run(Record):
    """A model on the first examples of a task's part, in one setting or on the way to it.

    A run beside the claims' own also holds what it takes over from them: `fitting`, how many of their examples its
    demonstrations must fit beside; `rates`, the grid to go down where finetuning diverges; `context`, the run whose
    demonstrations stand in its context; and where the weights are fitted to ICL, `distillation`, how strongly.
    """

    kinds: ClassVar[tuple[str, str]]
    """Kind of the claims' own entries in the store, and of those beside them."""
    says: ClassVar[str]
    scores: ClassVar[bool] = False
    finetunes: ClassVar[bool] = False
    """What costs time in it."""

    model: ModelSource
    task: Task = field(repr=False)
    part: str
    number: int
    setting: Setting | None = None
    demonstrations: Demonstrations | None = None
    """None where none are read, neither in the context nor in training."""
    learning_rate: float | None = None
    variant: Variant = OWN
    fitting: int | None = None
    """None in the claims' own runs."""
    rates: tuple[float, ...] = ()
    context: "Run | None" = field(default=None, repr=False)
    kept: "Run | None" = field(default=None, repr=False)
    """A finetuning of the same set at the same rate, kept anyway: where it read the same texts, its weights are those
    that training anew would leave, and are taken. No part of the key."""
    distillation: Distillation | None = None
    sets: tuple[int, ...] = field(default=(), repr=False, compare=False)
    """Demonstration sets that are reported with its own: what is finetuned on them is so in one pass."""
    tried_with: tuple[float, ...] = field(default=(), repr=False, compare=False)
    """Learning rates that are tried with its own, likewise. No part of the key, either."""
    dtype: str = "float32"
    device: str = "auto"
    batch_size: int = 8
    """Like the device no part of the key."""

    @property
    def key(self) -> Mapping[str, object]:
        """Return all that decides the numbers. Demonstrations are in it where they are read."""
        row, drawn = self.model.row, self.demonstrations
        key: dict[str, object] = {
            "model": self.model.fingerprint,
            "layout": [row.start_token, row.separator] if row else "tokenizer's own",
            "dtype": self.dtype,
            "task": self._task,  # demonstrations are drawn under the name
            "part": self.part,
            "number": self.number,
        }
        if self.setting is not None:
            key["setting"] = self.setting.value
        if drawn is not None:
            key["demonstrations"] = [drawn.number, drawn.seed, drawn.candidate]
        if self.learning_rate is not None:
            key["learning_rate"] = self.learning_rate
        if self.fitting is not None:
            key |= {"variant": self.variant.key, "version": VERSION, "longest": self.fitting, "rates": self.rates}
        if self.variant.texts == "unrelated":
            key["unrelated"] = hashlib.sha256(json.dumps(self.task.unrelated).encode()).hexdigest()
        if self.distillation is not None:
            key["distillation"] = self.distillation.key
        if self.context is not None and self.context.demonstrations is not None:
            key["another task"] = [*self.context._task, self.context.demonstrations.candidate]  # noqa: SLF001  its own kind
        return key

    @property
    def _task(self) -> list[str]:
        return [self.task.name, self.task.fingerprint]

    @property
    def kind(self) -> str:
        """Those beside the claims' own are apart."""
        return self.kinds[self.fitting is not None]

    @property
    def words(self) -> str:
        """What it says, and where it is not the claims' own, what is other about it."""
        setting = self.setting.name if self.setting else ""
        where = f" on {self.part}" if self.fitting is None or self.part == "dev" else ""
        return self.says.format(task=self.task.name, setting=setting, where=where, tried=self._tried) + self.what

    @property
    def what(self) -> str:
        """What is other about it, as it follows the words of what runs."""
        return "" if self.variant == OWN else f", {self.variant.words}"

    @property
    def _tried(self) -> str:
        if self.learning_rate is not None:
            return f" with learning rate {self.learning_rate:g}"
        return f" with set {self.demonstrations.candidate}" if self.demonstrations else ""

    @property
    def cost(self) -> float:
        """Work of encoding a prefix and scoring the examples, and of one step a demonstration."""
        setting, drawn = self.setting or Setting.ZSL, self.demonstrations
        scoring = self.number * SCORING[setting] + PREFIX * (setting is Setting.ICL)
        finetuning = STEP * drawn.number if drawn and self.learning_rate is not None else 0.0
        return self.scores * scoring + self.finetunes * finetuning

    @property
    def on_gpu(self) -> bool:
        """Where there is one, unless the settings name another device."""
        from harness.models.devices import on_gpu  # noqa: PLC0415  # slow import

        return on_gpu(self.device)

    @property
    def loads(self) -> Hashable:
        """Weights that are drawn, which takes a process longer than to score a query."""
        return (self.variant.weights, self.variant.draw) if self.variant.weights != "trained" else None

    @property
    def finetuned_at(self) -> float:
        """The learning rate that it is asked to finetune at."""
        assert self.learning_rate is not None, "finetuning has a learning rate"
        return self.learning_rate

    def under(self, candidate: int) -> Self:
        """Return the same run under another demonstration set; what it takes of another's finetuning, likewise."""
        assert self.demonstrations is not None, "a run under a set has demonstrations"
        kept = self.kept and self.kept.under(candidate)
        return replace(self, demonstrations=replace(self.demonstrations, candidate=candidate), kept=kept)

    @property
    def by_rows(self) -> bool:
        """Whether its finetuning can be one of several in a pass: steps down the whole text's loss."""
        return self.variant.gradient == "whole" and self.variant.update == "finetuned"

    def becoming(self, kind: type[AnyRun], **changes: object) -> AnyRun:
        """Return the run of another kind that has the same fields, but for the changes."""
        return kind(**({f.name: getattr(self, f.name) for f in fields(Run)} | changes))
