"""One record after the other, in this process."""

from collections.abc import Callable, Sequence

from harness.engines import Ended
from harness.store import Record, Store


class InProcess:
    """An engine that loads a model once and keeps it."""

    def __init__(self, begin: Callable[[str], None] = lambda _: None) -> None:
        """Take whom to tell what runs."""
        self.begin = begin

    def run(self, records: Sequence[Record], store: Store, ended: Ended) -> None:
        """Run them in their order."""
        for record in records:
            self.begin(record.words)
            store.find_or_run(record)
            ended(record)
