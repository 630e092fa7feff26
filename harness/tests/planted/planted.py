"""One planted error: a line of the suite, and what a mistaken author would have written in its place."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Planted:
    """A wrong implementation, and the tests of which at least one must fail under it."""

    name: str
    """The mistake in words; unique."""
    concerns: str
    """Metrics, measurements and claims whose numbers it makes wrong, separated by spaces."""
    file: str
    right: str
    """What stands in the file, exactly once."""
    wrong: str
    caught_by: str
    """Test files or node ids, separated by spaces, as pytest takes them from the repository's root."""

    def mistaken(self, source: str) -> str:
        """Return the file's source with the mistake in it; ValueError unless what is right stands there once."""
        found = source.count(self.right)
        if found != 1:
            message = f"'{self.name}': {self.right!r} stands {found} times in {self.file}, expected once: "
            raise ValueError(message + "mend the row in harness/tests/planted.")
        return source.replace(self.right, self.wrong)
