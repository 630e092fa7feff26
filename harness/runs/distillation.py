"""How strongly keys and values are fitted to ICL: data, with the reason of each number, and part of a run's key."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

VERSION = 1
"""Raised when what a fit does with these numbers changes, so that no fit of before is found."""


@dataclass(frozen=True)
class Distillation:
    """The strength of a fit. The claims' tasks share one; the defaults are the suite's.

    None of it was chosen by how like ICL, or how accurate, the fitted model is on test.
    """

    queries: int = 128
    """Queries to distil from, where the pool has as many: four times the demonstrations of the default settings."""
    least: int = 32
    """With fewer a task is refused: four batches, each query seen dozens of times."""
    dev: int = 50
    """Queries of dev that the fit is stopped on, and its learning rate taken by."""
    steps: int = 96
    """Six times through all queries; where dev loss rises before, the weights of before are kept. With the default
    model, on 64 queries, it still fell after 24 steps."""
    batch: int = 8
    """Queries of a step."""
    every: int = 8
    """Steps from one look at dev to the next: with 50 queries it takes a sixth of the time."""
    rates: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2)
    """Adam's learning rates, of which the one of least dev loss is taken: half an order of magnitude apart.

    With the default model on movie sentences, dev loss after 8 steps was least at 1e-3 for answers (0.099 nats of
    0.142, 0.117 at 3e-3), and at 3e-3 for outputs (0.097 of 0.409, 0.108 at 1e-3): on either side there is one more.
    """
    trial: int = 16
    """Steps that each is tried for; all of them to the end would take nearly three times as long."""

    @property
    def key(self) -> Mapping[str, object]:
        """All of it: each number decides the weights."""
        return {**asdict(self), "rates": list(self.rates), "version": VERSION}

    @property
    def gradients(self) -> int:
        """Queries that a gradient is taken of."""
        return self.batch * (self.steps + self.trial * (len(self.rates) - 1))

    @property
    def looks(self) -> int:
        """Queries of dev that are run."""
        return self.dev * (1 + self.gradients // (self.batch * self.every))
