"""How a fresh process of an engine begins: before numpy and torch are loaded, which read here how many threads to use.

So this imports neither, nor anything that brings them.
"""

import multiprocessing
import os
import threading
from multiprocessing.connection import wait

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""What the libraries under torch (MKL among them) and numpy read; what a user has set of them holds."""


def begin(threads: int) -> None:
    """Compute on so many threads, and end where the process that started this one ends, killed or not."""
    for name in THREADS:
        os.environ.setdefault(name, str(threads))
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_exit, args=(parent.sentinel,), daemon=True).start()


def _wait_and_exit(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
