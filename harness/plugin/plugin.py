"""The pytest plugin: settings from options, verdicts as outcomes, the report at the end."""

import os
import re
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness import __version__
from harness.errors import HarnessError, nearest
from harness.judging.claims import Claim
from harness.judging.expectation import read_expectation
from harness.judging.verdicts import Verdict
from harness.plugin.environment import environment
from harness.plugin.gathering import DOCUMENT, Gatherer, judged
from harness.plugin.progress_bar import Lines, ProgressBar
from harness.progress import Progress, Silent
from harness.report.document import Document, RunFacts
from harness.report.json_form import to_json
from harness.runs.runner import Runner
from harness.settings import Settings, parse_settings
from harness.statistics.results import Outcome

RUNNER = pytest.StashKey[Runner]()

LETTERS = {Outcome.SUPPORTED: "S", Outcome.REFUTED: "R", Outcome.INCONCLUSIVE: "I", Outcome.ERROR: "E"}


def settings_of(config: pytest.Config) -> Settings:
    """Return the settings that the command line gives; HarnessError where one is wrong."""
    given = {name: config.getoption(name, default=None) for name in Settings.model_fields}
    for several in ("tasks", "learning_rates"):
        if given[several] is not None:
            given[several] = tuple(part.strip() for part in str(given[several]).split(",") if part.strip())
    given["store"] = given["store"] or os.environ.get("ICL_CLAIMS_STORE") or config.rootpath / ".store"
    return parse_settings(**{name: value for name, value in given.items() if value is not None})


def runner_of(config: pytest.Config) -> Runner:
    """Return the session's runner, made on first use; HarnessError where settings, tasks or model are wrong."""
    if RUNNER not in config.stash:
        catalogues = config.rootpath / "fixtures"
        models, tasks = catalogues / "models.toml", catalogues / "tasks.toml"
        config.stash[RUNNER] = Runner(settings_of(config), models, tasks, _progress(config))
    return config.stash[RUNNER]


def expected_outcomes(config: pytest.Config, settings: Settings) -> Mapping[str, Outcome]:
    """Return the outcomes that --expect demands: none where it is not given or speaks of another run."""
    path = config.getoption("expect")
    if not path:
        return {}
    expectation = read_expectation(Path(path))
    return {} if expectation.differences(settings) else expectation.outcomes


def _progress(config: pytest.Config) -> Progress:
    capture = config.pluginmanager.getplugin("capturemanager")
    if config.option.verbose < 0 or hasattr(config, "workerinput") or capture is None or not sys.__stderr__:
        return Silent()
    if os.environ.get("CI") or not sys.__stderr__.isatty():
        return Lines(sys.__stderr__, capture.global_and_fixture_disabled)
    return ProgressBar(sys.__stderr__, capture.global_and_fixture_disabled)


@dataclass(frozen=True)
class ClaimRecord:
    """The claim's test, to which its verdict is attached."""

    item: pytest.Item

    def decide(self, verdict: Verdict, runner: Runner, expected: Mapping[str, Outcome]) -> None:
        """Attach the verdict; fail where it is not the expected one, or refuted where none is expected."""
        __tracebackhide__ = True
        markers = tuple(m.name for m in self.item.iter_markers() if m.name != "filterwarnings")  # the plugin's own
        verdict = replace(verdict, markers=markers, expected=expected.get(verdict.claim.id))
        _attach(self.item, verdict, _run_facts(runner, "model" in markers))
        if verdict.expected is not None and verdict.outcome is not verdict.expected:
            pytest.fail(f"{_line(verdict)}; expected {verdict.expected}", pytrace=False)
        if verdict.expected is None and verdict.outcome is Outcome.REFUTED:
            pytest.fail(_line(verdict), pytrace=False)


@cache
def _run_facts(runner: Runner, ran_model: bool) -> RunFacts:
    """Return how the run was made; a claim that runs no model must not have it run for its report."""
    settings = runner.settings
    if not ran_model:
        return RunFacts({}, (), settings.numbers, environment())
    notes = []
    if runner.selection_part == "test":
        notes.append(
            "Protocol 'paper': demonstration set and learning rate were selected on the same examples that are "
            "reported. The figures are biased upwards, as the paper's are.",
        )
    return RunFacts(
        model=runner.model_facts(),
        tasks=tuple(runner.facts(task) for task in settings.tasks),
        settings=settings.numbers,
        environment=environment(),
        notes=tuple(notes),
    )


def _attach(item: pytest.Item, verdict: Verdict, run: RunFacts) -> None:
    document = Document(__version__, "", 0.0, run, (verdict,))
    item.user_properties = [(name, value) for name, value in item.user_properties if name != DOCUMENT]
    item.user_properties.append((DOCUMENT, to_json(document)))


def _line(verdict: Verdict) -> str:
    return f"{verdict.claim.id} {verdict.outcome}: {verdict.claim.prediction}: {verdict.reason}"


@pytest.hookimpl(trylast=True)  # when all markers are registered
def pytest_configure(config: pytest.Config) -> None:
    """Refuse markers that nobody registered: pytest itself would just run nothing."""
    known = {line.split(":")[0].split("(")[0].strip() for line in config.getini("markers")}
    for name in re.findall(r"\b[A-Za-z_]\w*", config.option.markexpr or ""):
        if name not in {"and", "or", "not", "True", "False", *known}:
            raise pytest.UsageError(f"-m {config.option.markexpr}: unknown marker '{name}': {nearest(name, known)}")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Gatherer(config), "icl-claims-gatherer")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say whether the expectation file holds for this run."""
    path = config.getoption("expect")
    if not path:
        return []
    try:
        settings = settings_of(config)
        different = read_expectation(Path(path)).differences(settings)
    except HarnessError as error:
        return [f"expectation: {error}"]
    if different:
        return [f"expectation: {path} is of another run and was not applied ({'; '.join(different)})"]
    return [f"expectation: {path} was applied"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let warnings be warnings while claims are judged: a damaged entry of the store is one, and is mended."""
    for item in items:
        if _claim(item) is not None:
            item.add_marker(pytest.mark.filterwarnings("default"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Check settings, tasks and model before anything runs: one message, no weights loaded."""
    in_worker = hasattr(session.config, "workerinput")  # where xdist would make a crash of it
    if not in_worker and not session.config.option.collectonly and any(map(_claim, session.items)):
        _check_run(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Check the same where xdist's workers collect and this process hands out what they run."""
    if RUNNER not in node.config.stash and any(test.startswith("claims/") for test in ids):
        _check_run(node.config)


def _check_run(config: pytest.Config) -> None:
    try:
        expected_outcomes(config, runner_of(config).settings)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error


def _claim(item: pytest.Item) -> Claim | None:
    return getattr(getattr(item, "module", None), "CLAIM", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Turn a claim that could not be judged into an ERROR verdict, and a HarnessError into its message alone."""
    claim = _claim(item)
    error = call.excinfo.value if call.excinfo else None
    report: pytest.TestReport = yield
    if claim is None or error is None or isinstance(error, pytest.skip.Exception):
        return report
    if isinstance(error, HarnessError):
        report.longrepr = f"{claim.id} could not be judged: {error}"
        item.session.shouldfail = f"{claim.id} could not be judged, and the others rest on the same runs"
    if not any(name == DOCUMENT for name, _ in item.user_properties):
        reason = f"{type(error).__name__}: {error}"
        verdict = Verdict(claim=claim, outcome=Outcome.ERROR, reason=reason, parts=(), control=None)
        _attach(item, verdict, RunFacts({}, (), {}, environment()))
        report.user_properties = item.user_properties
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str | tuple[str, dict[str, bool]]] | None:
    """Give each verdict its own letter and word; inconclusive is a category of its own."""
    if report.when != "call" or not isinstance(report, pytest.TestReport):
        return None
    document = judged(report)
    if document is None:
        return None
    outcome = document.verdicts[0].outcome
    if report.failed:
        return "failed", "F" if outcome is Outcome.SUPPORTED else LETTERS[outcome], f"{outcome}"
    if outcome is Outcome.INCONCLUSIVE:
        return "inconclusive", LETTERS[outcome], (f"{outcome}", {"yellow": True})
    return "passed", LETTERS[outcome], f"{outcome}"
