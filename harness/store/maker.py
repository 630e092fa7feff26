"""On what an entry was computed: versions, processor and threads, on which the last digits of numbers depend.

Kept beside an entry's facts and no part of its key: who reads a store can tell what was made elsewhere.
"""

import platform
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import harness
from harness.data import JSON

PACKAGES = ("numpy", "torch", "transformers")
THREADS = "threads"


def maker() -> JSON:
    """Return what this process computes on; torch is asked where it is loaded: else nothing depends on its threads."""
    made: dict[str, object] = dict(_lasting())
    if (torch := sys.modules.get("torch")) is not None:
        made[THREADS] = torch.get_num_threads()
        if torch.cuda.is_initialized():
            made["gpu"] = torch.cuda.get_device_name()
    return made


def differences(made: JSON, here: JSON) -> list[str]:
    """Return in what a maker differs from this one, in words; the number of threads is the run's own choice.

    >>> differences({"torch": "2.11.0", "threads": 2}, {"torch": "2.13.0", "threads": 1})
    ['torch 2.11.0, not 2.13.0']
    """
    return [
        f"{name} {made[name]}, not {here[name]}"
        for name in here
        if name != THREADS and name in made and made[name] != here[name]
    ]


@cache
def _lasting() -> JSON:
    return {
        "suite": harness.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "processor": _processor(),
    }


def _processor() -> str:
    with suppress(OSError):  # not on every system
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
