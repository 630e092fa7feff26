"""Records that note who computed them: nothing of the paper, so that engines and plans are tested alone."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.engines import Engine
from harness.engines.schedule import Schedule, run
from harness.errors import HarnessError
from harness.evidence.sources import Sources
from harness.store import Entry, Record, Store


@dataclass(frozen=True)
class Noted(Record):
    """A number one larger than the sum of its inputs; each computation leaves a line in the log: name and process."""

    name: str
    log: Path
    rests_on: tuple["Noted", ...] = ()
    of_threads: int | None = None
    takes: float = 0.0
    """Seconds."""
    of_gpu: bool = False
    costs: float = 2.0
    of_loads: str | None = None

    kind = "noted"

    @property
    def key(self) -> Mapping[str, object]:
        """Return the name."""
        return {"name": self.name}

    @property
    def words(self) -> str:
        """What runs."""
        return f"noting {self.name}"

    @property
    def inputs(self) -> Sequence[Record]:
        """Return what it rests on."""
        return self.rests_on

    @property
    def cost(self) -> float:
        """As given."""
        return self.costs

    @property
    def loads(self) -> str | None:
        """As given."""
        return self.of_loads

    @property
    def threads(self) -> int | None:
        """As given."""
        return self.of_threads

    @property
    def on_gpu(self) -> bool:
        """As given."""
        return self.of_gpu

    def compute(self, store: Store) -> Entry:
        """Note the process and add up; HarnessError for one named 'bad', and where an input was not run before it."""
        with self.log.open("a") as file:
            file.write(f"{self.name} {os.getpid()}\n")
        time.sleep(self.takes)
        if self.name == "bad":
            raise HarnessError("the record was bad; bring a good one")
        below = [float(store.read(record).tensors["sum"][0]) for record in self.rests_on]
        return Entry({"sum": np.array([1 + sum(below)])}, {})


@dataclass(frozen=True)
class Asked:
    """A question for these records, in these stages."""

    of: tuple[tuple[Record, ...], ...]

    def stages(self, _sources: Sources) -> Iterator[Sequence[Record]]:
        """Yield them."""
        yield from self.of


def noted(log: Path) -> list[tuple[str, int]]:
    """Return who was computed, by which process, in their order."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(name, int(process)) for name, process in map(str.split, lines)]


def run_all(
    engine: Engine, records: Sequence[Record], store: Store, ended: Callable[[Record], None] = lambda _: None
) -> None:
    """Have an engine run records that are asked for at once."""
    run(Schedule([iter([records])], store), engine, ended)
