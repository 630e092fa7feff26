"""Progress on the terminal while pytest captures everything else."""

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

import pytest
import rich.progress
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from harness.errors import shown
from harness.progress import Progress, Silent


class _Uncaptured:
    """Writes to a stream with pytest's capture lifted for the moment of writing."""

    def __init__(self, stream: TextIO, lifted: Callable[[], AbstractContextManager[Any]]) -> None:
        self.stream = stream
        self.lifted = lifted

    def write(self, text: str) -> int:
        """Write through."""
        with self.lifted():
            written = self.stream.write(text)
            self.stream.flush()
            return written

    @property
    def encoding(self) -> str:
        """Tell rich which characters there are for its bar."""
        return self.stream.encoding or "ascii"

    def flush(self) -> None:
        """Do nothing: every write is flushed."""

    def isatty(self) -> bool:
        """Tell rich that it may move the cursor."""
        return self.stream.isatty()


class ProgressBar:
    """Shows what runs, how far it is and how long still. Implements `harness.progress.Progress`."""

    def __init__(self, stream: TextIO, lifted: Callable[[], AbstractContextManager[Any]]) -> None:
        self._stream = _Uncaptured(stream, lifted)
        console = Console(file=self._stream, force_terminal=True)  # type: ignore[arg-type]
        self._bar = rich.progress.Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            auto_refresh=False,  # a refreshing thread would write between two of pytest's own writes
            transient=True,
            redirect_stdout=False,  # pytest captures both
            redirect_stderr=False,
            speed_estimate_period=120,
        )
        self._task = self._bar.add_task("starting", total=0)

    def expect(self, units: float) -> None:
        """Add work that is ahead."""
        self._bar.update(self._task, total=(self._bar.tasks[0].total or 0) + units)

    def begin(self, what: str) -> None:
        """Show what runs now."""
        self._bar.update(self._task, description=shown(what), refresh=self._bar.live.is_started)
        if not self._bar.live.is_started:
            self._stream.write("\n")  # below what pytest has begun to say of the test
            self._bar.start()

    def advance(self, units: float) -> None:
        """Show work that is done."""
        self._bar.update(self._task, advance=units, refresh=self._bar.live.is_started)

    def say(self, line: str) -> None:
        """Write a line above the bar, or where there is none, below what pytest has said."""
        if self._bar.live.is_started:
            self._bar.console.print(shown(line), markup=False, highlight=False)
        else:
            self._stream.write(f"\n{shown(line)}")

    def pause(self) -> None:
        """Take the bar from the screen, and give the cursor back."""
        if self._bar.live.is_started:
            self._bar.stop()


class Lines(Silent):
    """Writes what is to stay, and nothing else: for output that is kept in a file."""

    def __init__(self, stream: TextIO, lifted: Callable[[], AbstractContextManager[Any]]) -> None:
        self._stream = _Uncaptured(stream, lifted)

    def say(self, line: str) -> None:
        """Write the line, below what pytest has begun to say of the test."""
        self._stream.write(f"\n{shown(line)}\n")


def progress_of(config: pytest.Config) -> Progress:
    """Return how a session shows progress: not at all under -q and in xdist's workers, in lines where none reads on."""
    capture = config.pluginmanager.getplugin("capturemanager")
    verbose = config.getoption("verbose", default=0)  # which pytest's terminal brings
    if verbose < 0 or hasattr(config, "workerinput") or capture is None or not sys.__stderr__:
        return Silent()
    return progress_on(sys.__stderr__, capture.global_and_fixture_disabled)


def progress_on(stream: TextIO, lifted: Callable[[], AbstractContextManager[Any]] = nullcontext) -> Progress:
    """Return how progress is shown on a stream, whose capture is lifted so: in lines where none reads on."""
    return (Lines if os.environ.get("CI") or not stream.isatty() else ProgressBar)(stream, lifted)
