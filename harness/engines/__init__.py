"""Plans, and the engines that run them."""

from collections.abc import Callable, Sequence
from typing import Protocol

from harness.store import Record, Store

Ended = Callable[[Record], None]
"""Told of each record when it is in the store."""


class Engine(Protocol):
    """A way to run records that rest on nothing but what is in the store."""

    def run(self, records: Sequence[Record], store: Store, ended: Ended) -> None:
        """Run those that the store lacks, and call back as each ends; the first error stops the rest, and is raised."""
