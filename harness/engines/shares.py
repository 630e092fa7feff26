"""How a machine's processors and memory are shared out among processes."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.models.memory import main_memory
from harness.settings import Settings

SMALL = 64_000_000
"""Bytes of a model's weights below which what it computes is done before another process has begun."""
COPIES = 3
"""How many times a model's weights a process may hold: its own, a rival's, and what is trained of them on the way."""
BESIDE = 1_000_000_000
"""Bytes that it needs beside them: the libraries, and one batch."""
_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_SIDE_BY_SIDE = "PYTEST_XDIST_WORKER_COUNT"


@dataclass(frozen=True)
class Share:
    """How many processes are to compute at once on the CPU, and on how many threads each."""

    processes: int
    threads: int


def available_processors() -> int:
    """Return how many processors this process may use: those of its container, shared with xdist's other workers."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no Linux; 'max' where there is no limit
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        found = min(found, round(int(quota) / int(period)))
    workers = os.environ.get(_SIDE_BY_SIDE, "1")
    return max(1, found // (int(workers) if workers.isdecimal() else 1))


def share_for_trainings(settings: Settings) -> Share:
    """Return how trainings of small models share the machine: one thread each, which is all that they can use."""
    return Share(settings.processes or available_processors(), 1)


def share_for_models(settings: Settings, weights: int, *, on_gpu: bool) -> Share:
    """Return how runs of a model of so many bytes share it: a process each while memory holds, their threads the rest.

    One process, which is this one, where the model is small or only one fits. On a GPU the model is not in the memory
    that they share.
    """
    processors, there = available_processors(), main_memory()
    processes = settings.processes
    if not processes:
        fitting = processors if there is None else there // (COPIES * weights * (not on_gpu) + BESIDE)
        fitting = min(fitting, processors // (settings.threads or 1))
        processes = 1 if weights < SMALL else max(1, min(processors, fitting))
    return Share(processes, settings.threads or max(1, processors // processes))
