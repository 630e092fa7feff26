"""Expected verdicts of one run, kept in a file: what turns the claims into a regression test."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.settings import Settings
from harness.statistics.results import Outcome


@dataclass(frozen=True)
class Expectation:
    """The outcome of each claim under the settings that they were found with."""

    settings: Mapping[str, object]
    outcomes: Mapping[str, Outcome]

    def differences(self, settings: Settings) -> list[str]:
        """Return in words which settings of a run are not those of the expectation."""
        now = settings.numbers
        return [
            f"{name} is {now.get(name)!r}, not {self.settings.get(name)!r}"
            for name in sorted({*now, *self.settings})
            if now.get(name) != self.settings.get(name)
        ]


def read_expectation(path: Path) -> Expectation:
    """Read an expectation file.

    Raises:
        HarnessError: it is missing or not of the form {"settings": {...}, "outcomes": {ID: "SUPPORTED", ...}}.

    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        outcomes = {claim: Outcome(outcome) for claim, outcome in document["outcomes"].items()}
        return Expectation(dict(document["settings"]), outcomes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HarnessError(
            f"the expectation file '{path}' can't be used ({error}); expected JSON with 'settings' and 'outcomes', "
            "as `python -m harness expect` writes it from a report",
        ) from error


def write_expectation(path: Path, expectation: Expectation) -> None:
    """Write an expectation file."""
    document = {"settings": dict(expectation.settings), "outcomes": dict(expectation.outcomes)}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
