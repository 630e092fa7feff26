"""How a long computation says what is running and how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Told of work in units of about equal cost; whoever shows it derives the time left."""

    def expect(self, units: float) -> None:
        """Say that so much more work is ahead."""

    def begin(self, what: str) -> None:
        """Say what runs from now on."""

    def advance(self, units: float) -> None:
        """Say that so much work is done."""

    def say(self, line: str) -> None:
        """Tell something that is to stay on the screen."""

    def pause(self) -> None:
        """Leave the screen to others until the next work begins."""


class Silent:
    """Shows nothing."""

    def expect(self, units: float) -> None:
        """Ignore it."""

    def begin(self, what: str) -> None:
        """Ignore it."""

    def advance(self, units: float) -> None:
        """Ignore it."""

    def say(self, line: str) -> None:
        """Ignore it."""

    def pause(self) -> None:
        """Ignore it."""
