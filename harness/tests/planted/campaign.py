"""Plants errors one by one, each in a copy of the suite, and runs the tests that must catch it.

Every copy is tested in a forked child of one parent, which has imported torch and the other large libraries once.
"""

import compileall
import gc
import json
import os
import shutil
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, settings

from harness.errors import HarnessError
from harness.tests.planted.planted import ROOT, Planted

SOURCES = ("harness", "claims", "fixtures", "conftest.py", "pyproject.toml")
OURS = frozenset({"harness", "claims", "fixtures", "conftest"})
CRASHES = (NameError, AttributeError, ImportError, SyntaxError)
"""What code that can't run raises: no wrong number, so no planted error."""
LIMIT = 120
"""Seconds after which a child is ended: a mistake that never ends is caught by nothing."""
PLUGINS = ("no:cacheprovider", "_hypothesis_pytestplugin")
"""No others are looked for among what is installed: that took a fifth of a child's time."""
PYTEST = ("--assert=plain", *(f"-p{plugin}" for plugin in PLUGINS), "--hypothesis-profile=planted", "-q")
"""The profile draws the same cases in every run and shrinks none. Assertions stay as they are: nobody reads them."""
FAILURE, RIGHT = "failure.json", "right.py"
"""What a child leaves in its copy, and what waits there to be put back."""


@dataclass(frozen=True)
class Job:
    """Tests to run on a copy with an error planted, or with none."""

    tests: tuple[str, ...]
    planted: Planted | None = None


@dataclass(frozen=True)
class Outcome:
    """How the tests of one copy ended."""

    code: int
    """pytest's exit code; -1 where the child did not end by itself."""
    failed: str
    """The first test that failed."""
    crash: str
    """What it raised, where that was one of CRASHES."""
    seconds: float
    output: str

    @property
    def word(self) -> str:
        """'caught' where a test failed, 'SURVIVED' where none did, else 'badly planted'."""
        if self.code == pytest.ExitCode.OK:
            return "SURVIVED"
        return "caught" if self.code == pytest.ExitCode.TESTS_FAILED and not self.crash else "badly planted"


def run(errors: Sequence[Planted], at_once: int) -> Iterator[tuple[Planted, Outcome]]:
    """Yield each error with what its tests said, in the order in which they end.

    Raises:
        HarnessError: the tests fail where nothing is planted, so that a failure would say nothing.

    """
    _prepare()
    with TemporaryDirectory(prefix="planted-") as place:
        copies = [Path(place) / str(number) for number in range(at_once)]
        _copy_sources(copies[0])
        for copy in copies[1:]:
            shutil.copytree(copies[0], copy)
        for _, found in _in_children(copies, _without_errors(errors, 2 * at_once)):
            if found.code != pytest.ExitCode.OK:
                said = "\n".join(found.output.splitlines()[-20:])
                raise HarnessError(f"tests fail where nothing is planted, mend them first: {found.failed}\n{said}")
        for job, found in _in_children(copies, [Job(tuple(e.caught_by.split()), e) for e in errors]):
            if job.planted is not None:
                yield job.planted, found


def _without_errors(errors: Sequence[Planted], number: int) -> list[Job]:
    """Return the errors' tests in at most so many jobs, whole files together: they share fixtures, and a start."""
    files: defaultdict[str, set[str]] = defaultdict(set)
    for test in {test for error in errors for test in error.caught_by.split()}:
        files[test.split("::")[0]].add(test)
    by_file = [[file] if file in tests else sorted(tests) for file, tests in sorted(files.items())]
    shares = (tuple(chain.from_iterable(by_file[first::number])) for first in range(number))
    return [Job(tests) for tests in shares if tests]


def _prepare() -> None:
    """Import once what every child needs, and keep torch from threads, which a fork would lose.

    Our own modules bring the libraries that they use; a child drops ours and keeps theirs. Frozen, the heap is not
    walked by pytest's garbage collections: they took two fifths of a child's time.
    """
    import torch  # noqa: PLC0415  # slow imports, for those alone who run the campaign

    from harness.models import loading, scoring  # noqa: F401, PLC0415
    from harness.plugin import plugin  # noqa: F401, PLC0415
    from harness.tests import tiny  # noqa: F401, PLC0415
    from harness.tests.models import families  # noqa: F401, PLC0415

    torch.set_num_threads(1)
    drawing = (Phase.explicit, Phase.generate)
    settings.register_profile("planted", derandomize=True, database=None, deadline=None, phases=drawing)
    gc.freeze()


def _copy_sources(target: Path) -> None:
    """Copy what the tests need, and compile it: each child would."""
    target.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, target / name)
    compileall.compile_dir(target, quiet=2)


def _in_children(copies: Sequence[Path], jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome]]:
    """Keep a child running in each copy; yield each job with its outcome when its child has ended."""
    waiting, free, running = iter(jobs), list(copies), dict[int, tuple[Job, Path, float]]()
    while True:
        for job in islice(waiting, len(free)):
            folder = free.pop()
            _plant(folder, job.planted)
            running[_fork(folder, job)] = job, folder, time.monotonic()
        if not running:
            return
        child, status = os.wait()
        job, folder, started = running.pop(child)
        yield job, _outcome(folder, os.waitstatus_to_exitcode(status), time.monotonic() - started)
        _mend(folder, job.planted)
        free.append(folder)


def _plant(folder: Path, error: Planted | None) -> None:
    (folder / FAILURE).unlink(missing_ok=True)
    if error is not None:
        file = folder / error.file
        mistaken = error.mistaken(file.read_text(encoding="utf-8"))
        file.rename(folder / RIGHT)
        file.write_text(mistaken, encoding="utf-8")


def _mend(folder: Path, error: Planted | None) -> None:
    """Put back the file itself: with its time its bytecode holds again."""
    if error is not None:
        (folder / RIGHT).replace(folder / error.file)


def _outcome(folder: Path, code: int, seconds: float) -> Outcome:
    failure = folder / FAILURE
    failed, crash = json.loads(failure.read_text(encoding="utf-8")) if failure.exists() else ("", "")
    output = (folder / "output").read_text(encoding="utf-8", errors="replace")
    return Outcome(max(code, -1), failed, crash, seconds, output)


def _fork(folder: Path, job: Job) -> int:
    """Start a child that tests the copy in the folder; return its process id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = -1
    try:
        signal.alarm(LIMIT)
        with (folder / "output").open("wb") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        code = _test(folder, job)
        sys.stdout.flush()
    finally:
        os._exit(code % 256)


class _FirstFailure:
    """A pytest plugin that writes down which test failed first, and whether it crashed."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def pytest_exception_interact(self, node: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Write it down."""
        raised = call.excinfo.value if call.excinfo else None
        if not self.file.exists():
            crash = repr(raised) if isinstance(raised, CRASHES) else ""
            self.file.write_text(json.dumps([node.nodeid, crash]), encoding="utf-8")

    def pytest_sessionfinish(self) -> None:
        """Freeze again what a test may have thawed: pytest collects garbage twice at its end, 0.3 s each."""
        gc.freeze()


def _test(folder: Path, job: Job) -> int:
    """Run the tests on the modules of the folder and no others; return pytest's exit code."""
    for name in [name for name in sys.modules if name.split(".")[0] in OURS]:
        del sys.modules[name]
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    os.environ |= {"PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    os.chdir(folder)
    stop = ["-x"] if job.planted else []
    arguments = [*PYTEST, *stop, f"--rootdir={folder}", f"--basetemp={folder / 'temporary'}", *job.tests]
    code = int(pytest.main(arguments, plugins=[_FirstFailure(folder / FAILURE)]))
    loaded = sys.modules["harness"].__file__
    return code if loaded and Path(loaded).is_relative_to(folder) else int(pytest.ExitCode.INTERNAL_ERROR)
