"""One campaign of random tries: what is made at random, what answers it, and which answers are faults."""

import multiprocessing
import random
import resource
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from harness.errors import HarnessError

SECONDS = 10
"""For an answer, beyond imports."""
LIMIT_BYTES = 2048
"""Of a message."""
MEMORY_BYTES = 12 << 30
"""Of address space that a try may take: what asks for more is to be refused before it is built."""


@dataclass(frozen=True)
class Campaign:
    """Random tries of one kind."""

    name: str
    make: Callable[[random.Random, Path], str]
    """Fills an empty folder from a random stream and returns in words what is odd about it. Runs no product code."""
    answer: Callable[[Path], str]
    """What a user does with the folder, in this process; returns a short word of the result, raises HarnessError where
    the product refuses. Anything else that it raises is a fault."""
    preload: tuple[str, ...] = ()
    """Modules whose import is no part of the answer's time."""


@dataclass(frozen=True)
class Answer:
    """What came of one try."""

    odd: str
    kind: str
    """'result', 'refused', or a fault: 'traceback', 'too long a message', 'no answer', 'died', 'written outside'."""
    said: str

    @property
    def fault(self) -> bool:
        """Whether the product fell short of what it promises."""
        return self.kind not in {"result", "refused"}


def attempt(campaign: Campaign, seed: int) -> Answer:
    """Make the seed's try in a folder of its own and return its answer, given in a process of its own.

    Beside its own folder `given` the try may write to `given/.store` and `given/report*` alone.
    """
    with tempfile.TemporaryDirectory(prefix="campaign-") as name:
        folder = Path(name) / "given"
        folder.mkdir()
        odd = campaign.make(random.Random(f"{campaign.name} {seed}"), folder)  # noqa: S311  # no secret
        before = _all_of(Path(name))
        kind, said = _in_a_process(campaign, folder)
        new = sorted(
            path for path in _all_of(Path(name)) - before if not path.startswith(("given/.store", "given/report"))
        )
        return Answer(odd, "written outside", ", ".join(new[:3])) if new else Answer(odd, kind, said)


def _all_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def _in_a_process(campaign: Campaign, folder: Path) -> tuple[str, str]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*campaign.preload, __name__])
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(campaign.answer, folder, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        if not mine.poll(SECONDS + 20):  # the child's own alarm comes first, where Python still runs in it
            return "no answer", f"none in {SECONDS + 20} s"
        kind, said = mine.recv()
    except EOFError:
        process.join()
        return "died", f"exit code {process.exitcode}"
    else:
        return str(kind), str(said)
    finally:
        process.kill()
        process.join()


def _answer(answer: Callable[[Path], str], folder: Path, out: Connection) -> None:
    import signal  # noqa: PLC0415  # in the child alone

    def too_late(*_: object) -> None:
        raise TimeoutError(f"no answer in {SECONDS} s")

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(SECONDS)
    try:
        out.send(("result", answer(folder)))
    except HarnessError as error:
        long = len(str(error).encode()) > LIMIT_BYTES
        out.send(("too long a message" if long else "refused", str(error)))
    except TimeoutError:
        out.send(("no answer", traceback.format_exc()[-1500:]))
    except BaseException:  # noqa: BLE001  # whatever it is, it is what the campaign looks for
        out.send(("traceback", traceback.format_exc()[-1500:]))
