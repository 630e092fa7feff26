"""One job after the other, in this process."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future

from harness.engines import Job, Said
from harness.store import Store


class InProcess:
    """An engine that loads a model once and keeps it. What it takes is done when it returns."""

    def __init__(self, begin: Callable[[str], None] = lambda _: None) -> None:
        """Take whom to tell what runs."""
        self.begin = begin

    def take(self, jobs: Sequence[Job], store: Store) -> Mapping[int, Future[Said]]:
        """Run the first one, and warn as it does."""
        taken: dict[int, Future[Said]] = {}
        for job in jobs[:1]:
            self.begin(job[0].words)
            taken[0] = Future()
            try:
                for record in job:
                    store.find_or_run(record)
            except Exception as error:  # noqa: BLE001  # the future's, whatever it is
                taken[0].set_exception(error)
            else:
                taken[0].set_result([])
        return taken
