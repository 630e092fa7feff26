"""The report as a record: one run of a suite, its verdicts and how they were come by."""

from dataclasses import dataclass, field

from harness.data import JSON
from harness.judging.reading import Reading
from harness.judging.verdicts import Verdict

FORMAT_VERSION = 3


@dataclass(frozen=True)
class RunFacts:
    """How the run was made: JSON-ready facts, shown at the foot of the report."""

    model: JSON
    tasks: tuple[JSON, ...]
    settings: JSON
    environment: JSON = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """One run of a suite: its verdicts and how they were come by."""

    format_version: int = field(default=FORMAT_VERSION, kw_only=True)
    suite_version: str
    started: str
    """ISO 8601 time at which the run began."""
    seconds: float
    facts: RunFacts
    verdicts: tuple[Verdict, ...]
    readings: tuple[Reading, ...] = ()
    """What they say together."""
    title: str = ""
    lead: str = ""
    """What stands above the title."""
    cites: JSON = field(default_factory=dict)
    """By the letter of a claim's id, whose section its statement is from."""
