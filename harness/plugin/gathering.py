"""Gathers the judged claims of a session, in one process or from workers, and writes the report at its end."""

import time
import traceback
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness import __version__, targets
from harness.errors import HarnessError, cut, shown
from harness.judging.claims import MODEL, MODELS, Claim, claims_by_file
from harness.judging.reading import in_reading_order, readings
from harness.judging.verdicts import Verdict
from harness.plugin.environment import environment
from harness.plugin.suite import (
    Bench,
    bench_for,
    benches_of,
    claim_files,
    claims_of,
    expectation_of,
    given_expectation,
    suite_of,
)
from harness.report.document import Document, RunFacts
from harness.report.json_form import from_json, to_json
from harness.report.side_by_side import agreement, labels, models_of, rows
from harness.report.together import together
from harness.report.writing import data_beside, require_writable, write
from harness.statistics.results import Outcome

DOCUMENT = "icl-claims-document"
"""Name of the user property that carries a judged claim, as the JSON of a report of this claim alone."""

STOPPED = " could not be judged: "
"""What stands between a claim's id and why nothing can be judged, in a test's report."""

NEITHER = {
    Outcome.NEGLIGIBLE: "cyan",
    Outcome.MIXED: "purple",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.NOT_TESTABLE: "yellow",
}
"""Outcomes that neither pass nor fail a test, which pytest counts each under its own word, in its own colour."""


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
        self.missing: list[str] = []
        self.closing: list[str] = []
        """What the closing block says: the verdicts, what differs, and where the report is."""
        self._stopped: dict[str, str] = {}
        self._existing: Collection[str] = ()
        self._selected: Collection[str] = ()
        self._asked: Mapping[tuple[str, str], Bench] = {}
        """Which of those claims are to be judged about what: of several models, -k may select some."""
        self._together: Collection[str] = ()
        """Which claims are about all models of a session."""
        self._facts: dict[str, RunFacts] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Check settings and what the suite needs before anything runs: one message, nothing loaded."""
        if not session.config.option.collectonly:
            self._open([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Check the same where xdist's workers collect and this process hands out what they run."""
        self._open(ids)

    def _open(self, tests: Sequence[str]) -> None:
        files = {Path(test.split("::")[0]).name for test in tests}
        if self._selected or not files & claim_files(self.config):
            return
        try:
            self._require_files()
            self._require_settings()
            claims = claims_by_file(claims_of(self.config))
            self._require_models(tests, claims)
        except Exception as error:
            raise pytest.UsageError(*self._refusal(error)) from error
        self._existing = {claim.id for claim in claims.values()}
        self._selected = {claim.id for file, claim in claims.items() if Path(file).name in files}

    def _require_models(self, tests: Sequence[str], claims: Mapping[str, Claim]) -> None:
        """Note what each claim is judged about; where there are several models, raise HarnessError unless all can run.

        What keeps the last from running would else be found after the others have run.
        """
        by_name = {Path(file).name: claim for file, claim in claims.items()}
        asked: dict[tuple[str, str], Bench] = {}
        for test in tests:
            file, _, name = test.partition("::")
            if (claim := by_name.get(Path(file).name)) is not None:
                bench = bench_for(self.config, claim, name.partition("[")[2].removesuffix("]"))
                asked[claim.id, bench.subject(claim)] = bench
        self._asked = asked
        about = {claim.id for claim in by_name.values() if claim.subject == MODEL}
        self._together = {claim.id for claim in by_name.values() if claim.subject == MODELS}
        models = [bench for (claim, _), bench in asked.items() if claim in about]
        if any(claim in self._together for claim, _ in asked):
            models += benches_of(self.config).values()
        for bench in distinct if len(distinct := dict.fromkeys(models)) > 1 else ():
            bench.ready()
        for each in {id(bench): bench for bench in asked.values()}.values():
            each.expect([claim for (claim, _), bench in asked.items() if bench is each])

    def _refusal(self, error: Exception) -> Iterator[str]:
        """Return what keeps the session from running in one message, and its traceback where that was asked for."""
        full = bool(self.config.getoption("fulltrace", default=False))
        hint = "" if full else "; --full-trace shows where"
        known = isinstance(error, HarnessError)
        yield str(error if known else HarnessError(f"the run can't begin: {type(error).__name__}: {error}{hint}"))
        if full:
            yield shown("".join(traceback.format_exception(error)))

    def _require_files(self) -> None:
        """Raise HarnessError where the report can't be written, or would take the place of what is expected."""
        report, expect = self.config.getoption("report"), self.config.getoption("expect")
        require_writable(report)
        given_expectation(self.config)
        if expect and targets.destination(Path(expect)) in map(
            targets.destination, (Path(report), data_beside(report))
        ):
            raise HarnessError(f"--report {report} would replace the expectation file '{expect}'; name another file.")

    def _require_settings(self) -> None:
        """Raise HarnessError where the suite can't be opened, or no report could hold its settings."""
        facts = together([RunFacts({}, bench.settings) for bench in benches_of(self.config).values()])
        try:
            from_json(to_json(Document(__version__, "", 0.0, facts, ())))
        except HarnessError as error:
            raise HarnessError(f"no report could hold the settings: {str(error).partition(';')[0]}") from error

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the verdict of a claim that ran, or could not run; say once why nothing can be judged."""
        self._say_once(report)
        if not ((report.when == "call" and report.passed) or report.failed):
            return  # nor one that is to be run again, or was skipped
        if (document := judged(report)) is None:
            return
        self.verdicts[document.verdicts[0].key] = document.verdicts[0]
        model = str(document.facts.settings.get("model"))
        if model not in self._facts or not self._facts[model].models:
            self._facts[model] = document.facts

    @property
    def facts(self) -> RunFacts:
        """How the claims that ran were made."""
        return together([self._facts[model] for model in sorted(self._facts, key=self._turn)])

    def _turn(self, subject: str) -> int:
        """Return a model's place in the session; models have the same whichever worker ran first, others none."""
        order = list(dict.fromkeys(about for _, about in self._asked))
        return order.index(subject) if subject in order else len(order)

    def _say_once(self, report: pytest.TestReport) -> None:
        """Where another worker's claim was stopped by the same, name that claim in place of the message."""
        if not isinstance(report.longrepr, str) or STOPPED not in report.longrepr:
            return
        claim, _, why = report.longrepr.partition(STOPPED)
        if (first := self._stopped.setdefault(why, claim)) != claim:
            report.longrepr = f"{claim}{STOPPED}as {first}"

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the report; fail the session where that can't be, or an expected verdict is missing."""
        if self._selected:
            self.missing = list(self._lacking())
        if not self.verdicts and not self.missing:
            return
        document, page = self._document(), Path(self.config.getoption("report"))
        self.closing = [*_lines(document), *(f"missing: {what}" for what in self.missing)]
        failed = bool(self.missing)
        try:
            write(document, page)
        except Exception as error:  # noqa: BLE001  # whatever it is, what was judged is said first, and not lost for it
            failed = True
            said = error if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
            self.closing += [f"no report: {cut(str(said))}", self._what_is_kept()]
        else:
            self.closing.append(f"report: {page}")
        if failed and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _lacking(self) -> Iterator[str]:
        """Yield which expected verdicts there are not, but for those about models that they were not asked about."""
        expectation = given_expectation(self.config)
        if expectation and any(expectation_of(self.config, case) for case in benches_of(self.config)):
            models = {*map(str, expectation.models), *(about for _, about in self._asked)}
            apart = {(claim, model) for claim in self._existing for model in models}
            apart |= {(claim, others) for claim in self._together for others in expectation.verdicts.get(claim, {})}
            apart -= self._asked.keys()
            yield from expectation.missing(self._selected, self._existing, self.verdicts.keys() | apart)

    def _what_is_kept(self) -> str:
        said = "kept: the verdicts above are whole"
        with suppress(HarnessError):
            if kept := suite_of(self.config).kept:
                said += f", and all that they rest on is in '{kept(self.config)}'"
        return f"{said}; the same command with another --report writes them again"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say the verdicts and what differs from those expected, and where the report is."""
        if self.closing:
            terminalreporter.section("verdicts")
        for line in self.closing:
            terminalreporter.write_line(shown(line))

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Give pytest-html, to which all that did not fail has passed, the word of a verdict."""
        if report.outcome == "passed" and cells and (document := judged(report)) is not None:
            cells[0] = f'<td class="col-result">{document.verdicts[0].outcome.capitalize()}</td>'

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Say how many of those that pytest-html counts as passed have neither support nor refutation."""
        found = Counter(verdict.outcome for verdict in self.verdicts.values())
        neither = [f"{found[outcome]} {outcome.lower()}" for outcome in NEITHER if found[outcome]]
        if neither:
            said = f"{', '.join(neither)}: counted as passed unless that was unexpected."
            prefix.append(f"<p>Claims that are neither supported nor refuted: {said}</p>")

    def _document(self) -> Document:
        suite = suite_of(self.config)
        verdicts = in_reading_order(sorted(self.verdicts.values(), key=lambda verdict: self._turn(verdict.subject)))
        command = " ".join(["pytest", *self.config.invocation_params.args])
        facts = self.facts
        return Document(
            suite_version=__version__,
            started=datetime.fromtimestamp(self.started, tz=UTC).isoformat(timespec="seconds"),
            seconds=round(time.time() - self.started, 1),
            facts=replace(facts, environment={"command": command, **facts.environment, **environment()}),
            verdicts=verdicts,
            readings=readings(verdicts, suite.levels),
            title=suite.title,
            lead=suite.lead,
            cites=suite.cites,
        )


def _lines(document: Document) -> Iterator[str]:
    models = models_of(document.verdicts)
    named = labels(models) if len(models) > 1 else {}
    for verdict in document.verdicts:
        on = f" [{named[verdict.subject]}]" if verdict.subject in named else ""
        yield f"{verdict.claim.id:<4} {verdict.outcome:<13} {verdict.claim.title}{on}"
    for reading in document.readings:
        on = f" [{named[reading.subject]}]" if reading.subject in named else ""
        yield from (f"{reading.level}{on}: {said}" for said in (reading.plain, reading.terms) if said)
    if named:
        yield agreement(rows(document.verdicts))
    for verdict in document.verdicts:
        yield from (f"differs: {verdict.claim.id} {change}" for change in verdict.changes)
