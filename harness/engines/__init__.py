"""Plans, and the engines that run them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # what a fresh process imports first brings no numpy (see `harness.engines.worker`)
    from harness.store import Record, Store

Job = Sequence["Record"]
"""Records that are computed in one go: mostly one."""

Said = list[tuple[type[Warning], str]]
"""What a job warned of where it ran, to be said where it was asked for."""


class Engine(Protocol):
    """Where jobs are computed. What rests on what is no matter of its own: see `harness.engines.schedule`."""

    def take(self, jobs: Sequence[Job], store: "Store") -> Mapping[int, Future[Said]]:
        """Begin those that there is room for, the first ones first; all rest on what is in the store alone.

        Returns a future for each that was begun, by its place among those given: done when the store has all of its
        records, with what was warned of meanwhile, or else with the error, which is a HarnessError where users can
        do something about it. Of jobs that no other one of the engine's is in the way of, it begins one at least.
        """
