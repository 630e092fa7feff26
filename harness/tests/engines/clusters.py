"""A Ray cluster on this machine, of several 'machines' that are groups of processes, each of which can be killed."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import pytest

import fixtures
from harness.data import Setting
from harness.evidence.sources import open_sources
from harness.runs.finetuning import FinetuningRun
from harness.runs.scoring import RecordingRun
from harness.store import Record
from harness.tests.engines.noted import noted
from harness.tests.tiny import Project

MEMORY = 8_000_000_000
"""Bytes that a machine says it has."""
NEEDS_RAY = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="Ray is not installed: pip install -c constraints.txt '.[ray]'",
)
QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}


def wait_until(is_so: Callable[[], object], seconds: float = 120) -> None:
    """Return once it is so; fail where it never is."""
    for _ in range(int(seconds / 0.05)):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError(f"not in {seconds} seconds")


class Cluster:
    """One machine that others meet at, and what joins it; all end with the `with` block."""

    def __init__(self, folder: Path) -> None:
        """Take a folder of a short name, as Ray makes sockets in it."""
        self.folder = folder
        self._machines: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        """Start the first machine, which computes nothing."""
        self._start(
            "--num-cpus=0",
            f"--memory={MEMORY}",
            "--head",
            "--port=0",
            f"--temp-dir={self.folder}",
            "--include-dashboard=false",
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End all machines, the latest first."""
        for machine in reversed(self._machines):
            self.kill(machine)

    @property
    def address(self) -> str:
        """Where it is reached."""
        return (self.folder / "ray_current_cluster").read_text().strip()

    def join(
        self,
        processors: int,
        gpus: int = 0,
        behind: Sequence[str] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.Popen[bytes]:
        """Start another machine that says it has so much, by way of a command where one is given."""
        has = (f"--num-cpus={processors}", f"--num-gpus={gpus}", f"--memory={MEMORY}")
        return self._start(f"--address={self.address}", *has, behind=behind, environment=environment)

    def kill(self, machine: subprocess.Popen[bytes]) -> None:
        """Kill all processes of a machine at once."""
        if machine.poll() is None:
            os.killpg(machine.pid, signal.SIGKILL)
            machine.wait()

    def _start(
        self,
        *options: str,
        behind: Sequence[str] = (),
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.Popen[bytes]:
        ray, log = Path(sys.executable).parent / "ray", Path(f"{self.folder}-{len(self._machines)}.log")
        command = [*behind, str(ray), "start", "--block", "--object-store-memory=100000000", *options]
        with log.open("wb") as out:
            self._machines.append(
                subprocess.Popen(
                    command, stdout=out, stderr=out, env={**os.environ, **QUIET, **environment}, start_new_session=True
                )
            )
        wait_until(lambda: b"Ray runtime started" in log.read_bytes())  # two that start at once take the same names
        return self._machines[-1]


def machines_of() -> list[Any]:
    """Return the machines that an engine which is open sees alive."""
    import ray  # noqa: PLC0415  # an extra

    return [machine for machine in ray.nodes() if machine["Alive"]]


def of_a_model(project: Project, folder: Path) -> list[Record]:
    """Return what is run of the tiny model: ZSL, ICL and a finetuning."""
    experiment = open_sources(project.settings(folder), fixtures.MODELS, fixtures.TASKS).experiment
    return [
        experiment.run(RecordingRun, "toy", Setting.ZSL),
        experiment.run(RecordingRun, "toy", Setting.ICL, 0),
        experiment.run(FinetuningRun, "toy", None, 0, 2.0),
    ]


@contextmanager
def killing_first(log: Path) -> Iterator[None]:
    """Kill the process that computes the first record of a log as soon as it is there, beside what is in the block."""

    def kill() -> None:
        wait_until(lambda: noted(log))
        os.kill(noted(log)[0][1], signal.SIGKILL)

    with ThreadPoolExecutor(1) as beside:
        killed = beside.submit(kill)
        yield
        killed.result()
