"""Gathers the judged claims of a session, in one process or from workers, and writes the report at its end."""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness import __version__
from harness.errors import HarnessError
from harness.judging.claims import claims_by_file
from harness.judging.reading import in_reading_order, readings
from harness.judging.verdicts import Verdict
from harness.plugin.environment import environment
from harness.plugin.suite import bench_of, claims_of, expectation_of, suite_of
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
        self.verdicts: dict[tuple[str, str], Verdict] = {}
        self.facts: RunFacts | None = None
        self.missing: list[str] = []
        self._existing: Collection[str] = ()
        self._selected: Collection[str] = ()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Check settings and what the suite needs before anything runs: one message, nothing loaded."""
        if not session.config.option.collectonly:
            self._open([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Check the same where xdist's workers collect and this process hands out what they run."""
        self._open(ids)

    def _open(self, tests: Sequence[str]) -> None:
        files = {test.split("::")[0] for test in tests}
        folder = f"{self.config.getini('claims')}/".replace(".", "/")
        if self._selected or not any(file.startswith(folder) for file in files):
            return
        try:
            expectation_of(self.config)
            bench_of(self.config)
            claims = claims_by_file(claims_of(self.config))
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error
        self._existing = {claim.id for claim in claims.values()}
        self._selected = {claim.id for file, claim in claims.items() if file in files}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the verdict of a claim that ran, or could not run."""
        if not (report.when == "call" or report.failed) or (document := judged(report)) is None:
            return
        self.verdicts[document.verdicts[0].key] = document.verdicts[0]
        if self.facts is None or not self.facts.model:
            self.facts = document.facts

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the session where an expected verdict is missing."""
        if self._selected and (expectation := expectation_of(self.config)) is not None:
            self.missing = expectation.missing(self._selected, self._existing, self.verdicts)
        if self.missing and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say the verdicts and what differs from those expected, write the report, and say where it is."""
        if not self.verdicts and not self.missing:
            return
        terminalreporter.section("verdicts")
        document, path = self._document(), Path(self.config.getoption("report"))
        for line in [*_lines(document), *(f"missing: {what}" for what in self.missing)]:
            terminalreporter.write_line(line)
        try:
            write(document, path)
        except HarnessError as error:
            terminalreporter.write_line(f"no report: {error}")
        else:
            terminalreporter.write_line(f"report: {path}")

    def _document(self) -> Document:
        suite = suite_of(self.config)
        verdicts = in_reading_order(tuple(self.verdicts.values()))
        command = " ".join(["pytest", *self.config.invocation_params.args])
        return Document(
            suite_version=__version__,
            started=datetime.fromtimestamp(self.started, tz=UTC).isoformat(timespec="seconds"),
            seconds=round(time.time() - self.started, 1),
            facts=replace(self.facts or RunFacts({}, (), {}), environment={"command": command, **environment()}),
            verdicts=verdicts,
            readings=readings(verdicts, suite.levels),
            title=suite.title,
            lead=suite.lead,
            cites=suite.cites,
        )


def _lines(document: Document) -> Iterator[str]:
    for verdict in document.verdicts:
        yield f"{verdict.claim.id:<4} {verdict.outcome:<13} {verdict.claim.title}"
    for reading in document.readings:
        yield f"{reading.level}: {reading.sentence}"
    for verdict in document.verdicts:
        yield from (f"differs: {verdict.claim.id} {change}" for change in verdict.changes)
