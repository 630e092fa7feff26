"""A job as another machine runs it: what it answers, and where it keeps what it computes.

It sees the store of who asked, or has one of its own, to which entries are brought and from which they are taken.
This imports neither numpy nor torch at its top: what a machine says of threads and cards must come before them.
"""

import importlib
import os
import platform
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from harness.drafts import PASSING, draft_of, locked
from harness.engines import Job, Said
from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.store import Entry, Record, Store

OWN_STORE = "ICL_CLAIMS_STORE"
"""Names the store of a machine that does not see that of who asked."""

ATTEMPTS = 2
"""How often a job is computed that lost its worker: once more, as what fails twice may fail always."""


class OtherMakerWarning(UserWarning):
    """A worker has other versions or another processor than who asked: last digits may differ."""


class LostWorkerWarning(UserWarning):
    """A worker was lost while it computed a record, which is computed again."""


@dataclass(frozen=True)
class Sign:
    """A file in a store, by which a machine knows this store from another folder that is called the same."""

    path: Path
    text: str
    here: Path
    """The folder that who asked is in, which paths may begin in."""

    @property
    def is_seen(self) -> bool:
        """Whether it stands there."""
        with suppress(OSError, ValueError):
            return self.path.read_text(encoding="ascii") == self.text
        return False


@dataclass(frozen=True)
class Answer:
    """What came of a job."""

    said: Said = field(default_factory=list)
    """What it warned of."""
    error: HarnessError | None = None
    """Why it can't be computed, which another worker would find too."""
    is_blind: bool = False
    """Whether the machine does not see the store, and was brought nothing: then nothing was computed."""
    entries: "list[Entry]" = field(default_factory=list)
    """Of all that is `made_by` the job, where the machine has it in a store of its own."""


def compute(store: "Store", job: Job) -> Answer:
    """Compute a job into a store that this machine sees."""
    from harness.engines.in_processes import run_job  # noqa: PLC0415  # brings numpy

    try:
        return Answer(run_job(store, job))
    except HarnessError as error:
        return Answer(error=error)


def compute_brought(job: Job, brought: "Iterable[tuple[Record, Entry]]") -> Answer:
    """Compute a job into a store of this machine's own, with what was brought of what it rests on."""
    from harness.store import Store  # noqa: PLC0415  # brings numpy

    try:
        own = Store(Path(os.environ.get(OWN_STORE) or Path.home() / ".cache" / "icl-claims"))
        keep(own, brought)
        answer = compute(own, job)
        if answer.error is not None:
            raise answer.error
        return Answer(answer.said, entries=[own.read(record) for record in made_by(job)])
    except HarnessError as error:
        return Answer(error=HarnessError(f"{error} (on {platform.node()}, which does not see the run's store)"))


def keep(store: "Store", brought: "Iterable[tuple[Record, Entry]]") -> None:
    """Write entries that another machine made, but for those that are there; HarnessError where that can't be done."""
    for record, entry in brought:
        store.find_or_compute(record.kind, record.key, lambda entry=entry: entry)  # type: ignore[misc]


def resting_on(job: Job, store: "Store") -> "dict[Path, Record]":
    """Return what of the store a machine needs that does not see it, by place: inputs of what it is to compute."""
    needed = {store.place(record): record for of in made_by(job) for record in of.inputs}
    for record in made_by(job):
        needed.pop(store.place(record), None)
    return needed


def of_others(job: Job, store: "Store") -> Said:
    """Return what is to be said where a job in the store was computed on other versions or another processor.

    The same words of all jobs of such a worker, so that it is said once; a report names the records.
    """
    from harness.store.maker import differences, maker  # noqa: PLC0415  # brings numpy

    if found := differences(store.made(job[0]) or {}, maker()):
        said = f"a worker has {', '.join(found)}: numbers that it computes may differ in their last digits"
        return [(OtherMakerWarning, said)]
    return []


def made_by(job: Job) -> "list[Record]":
    """Return what a job leaves: its records, or all that are computed together with them."""
    return [*job[0].together] or [*job]


@contextmanager
def passing(store: "Store") -> Iterator[Path]:
    """Yield a folder in the store, this user's alone, that goes with the block; the next run removes a killed one's."""
    place = store.make_folder(PASSING).absolute() / secrets.token_hex(8)
    with locked(place, lock_stays=False), draft_of(place) as folder:
        yield folder


def installed(package: str, engine: str) -> ModuleType:
    """Return the package that an engine rests on; HarnessError, with what installs it, where it is not there."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise HarnessError(
            f"--engine {engine} rests on the package {package}, which can't be imported ({error}): "
            f"pip install -c constraints.txt '.[{engine}]', or leave --engine out",
        ) from error
