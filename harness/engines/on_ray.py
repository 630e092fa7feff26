"""Jobs as tasks of a Ray cluster that somebody has started: `ray start`, on as many machines as there are.

Each is declared with its processors, its memory and its GPU, which Ray shows a worker alone before it imports anything.
A worker that sees the store writes into it; to one that does not, Ray brings what a job rests on and takes back what it
made. Who asks outlives all workers.
"""

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self

from harness.engines import Job, Said
from harness.engines.away import (
    ATTEMPTS,
    Answer,
    LostWorkerWarning,
    Sign,
    compute,
    compute_brought,
    installed,
    keep,
    made_by,
    of_others,
    passing,
    resting_on,
)
from harness.engines.demand import Demand, Demands
from harness.engines.worker import THREADS
from harness.errors import HarnessError
from harness.store import Entry, Record, Store

LOOK = 2.0
"""Seconds after which a job that is not done is looked at again: is there still a machine that could compute it?"""
REACH = 10.0
"""Seconds that reaching a cluster may take."""


class OnRay:
    """An engine of a cluster's workers. What is being computed is given up where the `with` block ends by an error."""

    def __init__(self, demands: Demands, begin: Callable[[str], None] = lambda _: None) -> None:
        """Take what jobs ask for, and whom to tell what runs; HarnessError where Ray is not installed."""
        self.demands = demands
        self.begin = begin
        self.room = 0
        """Jobs that it takes at once: two a processor, so that none waits for who asks."""
        self._ray: Any = installed("ray", "ray")
        self._open = ExitStack()
        self._ending = Event()
        self._running: list[Future[Said]] = []
        self._signs: dict[Path, Sign] = {}
        self._brings = False
        """Whether a worker was met that does not see the store."""
        self._put: dict[Path, Any] = {}

    def __enter__(self) -> Self:
        """Reach the cluster; HarnessError where there is none."""
        _reach(self._ray)
        self._open.callback(self._ray.shutdown)
        self.room = 2 * max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        self._threads = self._open.enter_context(ThreadPoolExecutor(self.room))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave the cluster."""
        self._ending.set()
        self._open.close()

    def take(self, jobs: Sequence[Job], store: Store) -> Mapping[int, Future[Said]]:
        """Begin as many as there is room for."""
        self._running = [future for future in self._running if not future.done()]
        taken = {}
        for place, job in enumerate(jobs[: self.room - len(self._running)]):
            self.begin(job[0].words)
            taken[place] = self._threads.submit(self._computed, job, store, self._sign(store))
        self._running += taken.values()
        return taken

    def _sign(self, store: Store) -> Sign:
        if store.root not in self._signs:
            self._signs[store.root] = self._open.enter_context(_sign_in(store))
        return self._signs[store.root]

    def _computed(self, job: Job, store: Store, sign: Sign) -> Said:
        """Have a job computed, and once more where its worker is lost; return what is to be said of it."""
        said: Said = []
        for _ in range(ATTEMPTS):
            try:
                return [*said, *_kept(self._answer(job, store, sign), job, store)]
            except self._losses as error:
                lost = f"a worker was lost while it computed '{job[0].words}' ({_first_line(error)})"
                said = [*said, (LostWorkerWarning, f"{lost}; it is computed again")]
        raise HarnessError(
            f"{lost}, as {ATTEMPTS - 1} was before it. It asks for {self.demands.of(job)}; where that is too little, "
            "give it fewer neighbours: a larger --threads, or machines with more memory. What was finished is kept"
        )

    @property
    def _losses(self) -> tuple[type[Exception], ...]:
        kinds = self._ray.exceptions
        return (kinds.WorkerCrashedError, kinds.NodeDiedError, kinds.OutOfMemoryError, kinds.ObjectLostError)

    def _answer(self, job: Job, store: Store, sign: Sign) -> Answer:
        if not self._brings:
            answer = self._asked(job, store, sign, None)
            if not answer.is_blind:
                return answer
            self._brings = True
        found = [(record, entry) for record in resting_on(job, store).values() if (entry := self._entry(record, store))]
        return self._asked(job, store, sign, [record for record, _ in found], *(entry for _, entry in found))

    def _entry(self, record: Record, store: Store) -> Any:
        """Return where Ray holds the record's entry, None where the store has none."""
        place = store.place(record)
        if place not in self._put and (entry := store.find(record)) is not None:
            self._put[place] = self._ray.put(entry)
        return self._put.get(place)

    def _asked(self, job: Job, *arguments: Any) -> Answer:
        """Have a worker answer, and wait; raises one of the losses where the worker is lost."""
        ray, demand = self._ray, self.demands.of(job)
        self._require_room(demand)
        asked = ray.remote(_work).options(
            name=job[0].words,
            num_cpus=demand.threads,
            num_gpus=demand.gpus,
            memory=demand.memory,
            max_retries=0,  # a lost worker is told of by name: it is done here
            runtime_env={"env_vars": {name: os.environ.get(name, str(demand.threads)) for name in THREADS}},
        )
        try:
            ref = asked.remote(job, *arguments)
            while not ray.wait([ref], timeout=LOOK)[0]:
                if self._ending.is_set():
                    raise HarnessError(f"'{job[0].words}' was given up")
                self._require_room(demand)
            return ray.get(ref)  # type: ignore[no-any-return]
        except ray.exceptions.RayTaskError as error:
            raise _mistake(error) from error
        except (ray.exceptions.RaySystemError, ray.exceptions.RuntimeEnvSetupError) as error:
            raise HarnessError(f"Ray failed at '{job[0].words}': {error}; what was finished is kept") from error

    def _require_room(self, demand: Demand) -> None:
        """Raise HarnessError where no machine of the cluster has as much, whoever uses it now."""
        asked = {"CPU": demand.threads, "memory": demand.memory, "GPU": demand.gpus}
        machines = [machine["Resources"] for machine in self._ray.nodes() if machine["Alive"]]
        if not any(all(there.get(name, 0) >= number for name, number in asked.items()) for there in machines):
            most = {name: max((there.get(name, 0) for there in machines), default=0) for name in asked}
            raise HarnessError(
                f"no machine of the Ray cluster has {demand}, which a job asks for; the most that one has are "
                f"{most['CPU']:g} processors, {most['memory'] / 1e9:.1f} GB, {most['GPU']:g} GPUs: start a larger one "
                "(ray start --address=...), or give a smaller --threads. What was finished is kept"
            )


def _work(job: Job, store: Store, sign: Sign, brought: Sequence[Record] | None, *entries: Entry) -> Answer:
    """Compute a job on a worker: into the store where it is seen, else with what was brought."""
    with suppress(OSError):
        os.chdir(sign.here)
    if sign.is_seen:
        return compute(store, job)
    return Answer(is_blind=True) if brought is None else compute_brought(job, zip(brought, entries, strict=True))


def _kept(answer: Answer, job: Job, store: Store) -> Said:
    """Return what was warned of, with the entries in the store that could not be seen; raises the answer's error."""
    if answer.error is not None:
        raise answer.error
    if answer.entries:
        made = made_by(job)
        keep(store, zip(made, answer.entries, strict=True))
        for record in made:
            record.clean_up(store)
    return [*answer.said, *of_others(job, store)]


@contextmanager
def _sign_in(store: Store) -> Iterator[Sign]:
    """Yield a sign that stands in the store until the end."""
    with passing(store) as folder:
        sign = Sign(folder / "sign", secrets.token_hex(8), Path.cwd())
        sign.path.write_text(sign.text, encoding="ascii")
        yield sign


def _reach(ray: Any) -> None:
    """Connect to the cluster that RAY_ADDRESS names, or that was started on this machine."""
    address = os.environ.get("RAY_ADDRESS", "")
    try:
        host, _, port = address.rpartition(":")
        if host and port.isdecimal() and "://" not in address:
            socket.create_connection((host, int(port)), REACH).close()  # Ray itself would try for minutes
        ray.init(address="auto", log_to_driver=False, logging_level="ERROR", configure_logging=False)
    except (OSError, ValueError, RuntimeError, SystemExit) as error:
        said = f"RAY_ADDRESS '{address}'" if address else "RAY_ADDRESS is not set, so on this machine"
        raise HarnessError(
            f"--engine ray reaches no cluster: {said}: {_first_line(error)}. Start one with 'ray start --head', add "
            "machines with 'ray start --address=HOST:PORT', and set RAY_ADDRESS to HOST:PORT"
        ) from error


def _mistake(error: Any) -> Exception:
    """Return what a worker raised: a HarnessError where it lacks the suite."""
    cause: Exception = error.cause
    if isinstance(cause, ImportError):
        return HarnessError(f"a Ray worker can't import what it is to run ({cause}); install this suite there, as here")
    return cause


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]
