"""Progress on a terminal that pytest captures."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.plugin.progress_bar import Lines, ProgressBar


class _Captured(io.StringIO):
    """A terminal that keeps what is written while capture is lifted, and apart from it what is not."""

    def __init__(self) -> None:
        super().__init__()
        self.lifted = False
        self.lost = ""

    @contextmanager
    def lift(self) -> Iterator[None]:
        """Lift capture for a block."""
        self.lifted = True
        yield
        self.lifted = False

    def write(self, text: str) -> int:
        """Keep the text where it is seen."""
        if not self.lifted:
            self.lost += text
        return super().write(text)


def test_bar_says_what_runs_and_how_far_it_is() -> None:
    """A quarter of the work done is 25 %; nothing is written into the capture."""
    terminal = _Captured()
    bar = ProgressBar(terminal, terminal.lift)
    bar.expect(40)
    bar.begin("movie: finetuning")
    bar.advance(10)
    assert "movie: finetuning" in terminal.getvalue()
    assert "25 %" in terminal.getvalue()
    assert terminal.lost == ""


def test_nothing_shows_before_something_runs() -> None:
    """A run that finds everything in the store leaves the terminal to pytest."""
    terminal = _Captured()
    bar = ProgressBar(terminal, terminal.lift)
    bar.expect(40)
    bar.advance(40)
    bar.pause()
    assert terminal.getvalue() == ""


def test_bar_starts_on_a_line_of_its_own_and_gives_the_cursor_back() -> None:
    """Pytest has begun a line that the bar would wipe; after a pause, the cursor that it hid shows again."""
    terminal = _Captured()
    bar = ProgressBar(terminal, terminal.lift)
    bar.expect(40)
    for _ in range(2):
        bar.begin("movie: ICL")
        bar.advance(10)
        bar.pause()
    shown = terminal.getvalue()
    assert shown.startswith("\n")
    assert (shown.count("\x1b[?25l"), shown.count("\x1b[?25h")) == (2, 2)
    assert shown.rfind("\x1b[?25h") > shown.rfind("\x1b[?25l")


def test_lines_write_what_is_to_stay_and_nothing_else() -> None:
    """In a file there is no bar: steps and their progress leave no trace, a line stands below pytest's own."""
    terminal = _Captured()
    lines = Lines(terminal, terminal.lift)
    lines.expect(40)
    lines.begin("movie: finetuning")
    lines.advance(10)
    lines.say("60 trainings are ahead [about 8 minutes]")
    lines.pause()
    assert terminal.getvalue() == "\n60 trainings are ahead [about 8 minutes]\n"
    assert terminal.lost == ""


def test_line_that_is_to_stay_stands_above_the_bar() -> None:
    """It is written as it is spelt, brackets and all, and the bar after it goes on."""
    terminal = _Captured()
    bar = ProgressBar(terminal, terminal.lift)
    bar.expect(40)
    bar.begin("training 60 small models")
    bar.say("60 trainings are ahead [about 8 minutes]")
    bar.advance(10)
    shown = terminal.getvalue()
    assert shown.count("60 trainings are ahead [about 8 minutes]") == 1
    assert "25 %" in shown[shown.index("60 trainings") :]
    assert terminal.lost == ""


def test_line_before_anything_runs_starts_no_bar() -> None:
    """It stands on a line of its own, and the terminal stays pytest's."""
    terminal = _Captured()
    ProgressBar(terminal, terminal.lift).say("60 trainings are ahead")
    assert terminal.getvalue() == "\n60 trainings are ahead"


@pytest.mark.parametrize("kind", [Lines, ProgressBar])
def test_names_of_others_steer_no_terminal(kind: type[Lines | ProgressBar]) -> None:
    """Neither with control characters nor with what rich takes for markup; a task may be called as it likes."""
    terminal = _Captured()
    progress = kind(terminal, terminal.lift)
    progress.say("to[/y]\x1b[2J")
    progress.begin("[/red]\x9bICL")
    progress.say("to[/y]\x1b[2J")
    progress.pause()
    assert terminal.getvalue().count("to[/y]\\x1b[2J") == 2
    assert "\x1b[2J" not in terminal.getvalue()
    assert "\x9b" not in terminal.getvalue()
    assert kind is Lines or "[/red]\\x9bICL" in terminal.getvalue()
