"""A measurement as a record: what is measured on which runs, kept under a key of its own.

With the measurement in the store, none of the runs that it was made on is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.evidence.measurements import MEASUREMENTS, VERSION, VERSIONS
from harness.runs.cells import NextTokens, OrdersOfSets
from harness.runs.finetuning import FinetuningRun
from harness.seeds import stream
from harness.store import Entry, Record, Store


class Source(Protocol):
    """What is measured on."""

    @property
    def inputs(self) -> Sequence[Record]:
        """The runs that it is read from."""

    def read(self, store: Store) -> Any:
        """Return it as `harness.evidence.measurements` takes it."""


@dataclass(frozen=True)
class Measurement(Record):
    """One measurement of one task under one demonstration set."""

    name: str
    of: FinetuningRun
    """Its key names task, demonstrations, learning rate and variant."""
    source: Source
    context: int | None = None
    """The demonstration set in the context, where finetuning's is another."""
    against: str = ""
    """What stands in finetuning's place, where that is not the claims' own."""

    @property
    def kind(self) -> str:
        """Those beside the claims' own are apart."""
        return "measurement" if self.of.fitting is None else "control"

    @property
    def key(self) -> Mapping[str, object]:
        """Return the run's key, and what is measured."""
        context = {} if self.context is None else {"context": self.context}
        against = {"against": self.against} if self.against else {}
        return {**self.of.key, "measurement": self._identity, **context, **against}

    @property
    def _identity(self) -> object:
        version = VERSIONS.get(self.name, VERSION)
        if self.of.fitting is None:
            return {"name": self.name, "version": version, "seed": self._drawn[0]}
        if isinstance(self.source, OrdersOfSets):
            return f"{self.name} {version}, {self._orders_and_sets}"
        return self.name if self.name == "distributions" else f"{self.name} {version}"

    @property
    def _orders_and_sets(self) -> str:
        """Say which orders of which sets are compared: the run is one set's."""
        assert isinstance(self.source, OrdersOfSets), "a single set has no others"
        first = [cells.cells[0].finetuned.demonstrations for cells in self.source.sets]
        sets = ", ".join(str(drawn.candidate) for drawn in first if drawn is not None)
        return f"{len(self.source.sets[0].cells)} orders of sets {sets}"

    @property
    def _drawn(self) -> tuple[int, int]:
        drawn = self.of.demonstrations
        assert drawn is not None, "what is measured has demonstrations"
        return drawn.seed, drawn.candidate

    @property
    def words(self) -> str:
        """What runs."""
        across = "" if self.context is None else f", ICL with set {self.context} and FT on set {self._drawn[1]}"
        against = f", beside {self.against}" if self.against else ""
        return f"{self.of.task.name}: measuring {self.name.replace('_', ' ')}{self.of.what}{across}{against}"

    @property
    def inputs(self) -> Sequence[Record]:
        """What it is measured on."""
        return self.source.inputs

    @property
    def on_gpu(self) -> bool:
        """Where the model is run anew for it; all else is read."""
        return isinstance(self.source, NextTokens) and self.of.on_gpu

    def compute(self, store: Store) -> Entry:
        """Measure."""
        seed, candidate = self._drawn
        purpose = "measurement" if self.of.fitting is None else "control"
        across = () if self.context is None else (self.context,)
        rng = stream(seed, purpose, self.name, self.of.task.name, candidate, *across)
        return Entry(MEASUREMENTS[self.name][1](self.source.read(store), rng), {})
