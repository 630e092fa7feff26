"""The report as a record: one run of a suite, or several put together, the verdicts and how they were come by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.data import JSON
from harness.judging.reading import Reading
from harness.judging.verdicts import Verdict

FORMAT_VERSION = 4


@dataclass(frozen=True)
class ModelFacts:
    """How the runs of one model were made: JSON-ready facts, shown at the foot of the report."""

    model: JSON
    tasks: tuple[JSON, ...]
    notes: tuple[str, ...] = ()
    settings: JSON = field(default_factory=dict)
    """What of its run's settings is not the same for all models of the report, but for its name."""
    environment: JSON = field(default_factory=dict)
    """Likewise of the machine and the versions."""


@dataclass(frozen=True)
class RunFacts:
    """How the run was made."""

    models: Mapping[str, ModelFacts]
    """By the subject of verdicts on it, in the order in which they were run; empty where no model was."""
    settings: JSON
    """Those of all its models; 'model' is the name of the one, or a list of several."""
    environment: JSON = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def settings_of(self, subject: str) -> JSON:
        """Return all settings that a model was run with."""
        named = {"model": subject} if "model" in self.settings else {}
        return {**self.settings, **named, **self.models[subject].settings}


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
