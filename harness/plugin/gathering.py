"""Gathers the judged claims of a session, in one process or from workers, and writes the report at its end."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness import __version__
from harness.errors import HarnessError
from harness.judging.reading import in_reading_order, readings
from harness.judging.verdicts import Verdict
from harness.report.document import Document, RunFacts
from harness.report.json_form import from_json
from harness.report.writing import write

DOCUMENT = "icl-claims-document"
"""Name of the user property that carries a judged claim, as the JSON of a report of this claim alone."""


def judged(report: pytest.TestReport) -> Document | None:
    """Return the judged claim that a test's report carries."""
    found = [value for name, value in report.user_properties if name == DOCUMENT]
    return from_json(str(found[0])) if found else None


class Gatherer:
    """A plugin of one session. Not registered in xdist's workers: their reports arrive where they are controlled."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.started = time.time()
        self.verdicts: dict[str, Verdict] = {}
        self.facts: RunFacts | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the verdict of a claim that ran, or could not run."""
        if not (report.when == "call" or report.failed) or (document := judged(report)) is None:
            return
        self.verdicts[document.verdicts[0].claim.id] = document.verdicts[0]
        if self.facts is None or not self.facts.model:
            self.facts = document.facts

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say the verdicts, write the report, and say where it is."""
        if not self.verdicts or self.facts is None:
            return
        verdicts = in_reading_order(tuple(self.verdicts.values()))
        path = Path(self.config.getoption("report"))
        terminalreporter.section("verdicts")
        for verdict in verdicts:
            terminalreporter.write_line(f"{verdict.claim.id:<4} {verdict.outcome:<13} {verdict.claim.title}")
        for level, sentence in readings(verdicts):
            terminalreporter.write_line(f"{level}: {sentence}")
        try:
            write(self._document(verdicts, self.facts), path)
        except HarnessError as error:
            terminalreporter.write_line(f"no report: {error}")
        else:
            terminalreporter.write_line(f"report: {path}")

    def _document(self, verdicts: tuple[Verdict, ...], facts: RunFacts) -> Document:
        command = " ".join(["pytest", *self.config.invocation_params.args])
        facts = replace(facts, environment={"command": command, **facts.environment})
        started = datetime.fromtimestamp(self.started, tz=UTC).isoformat(timespec="seconds")
        return Document(__version__, started, round(time.time() - self.started, 1), facts, verdicts)
