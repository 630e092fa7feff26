"""Plans, and the engines that run them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # what a fresh process imports first brings no numpy (see `harness.engines.worker`)
    from harness.store import Record, Store

Ended = Callable[["Record"], None]
"""Told of each record when it is in the store."""


class Engine(Protocol):
    """A way to run records."""

    def run(self, records: "Sequence[Record]", store: "Store", ended: Ended) -> None:
        """Run those that the store lacks, and call back as each ends; the first error stops the rest, and is raised.

        A record may rest on others of them, which come before it, and on what is in the store, on nothing else.
        """
