"""The pytest plugin: options, the `judge` that claims are handed, verdicts as outcomes."""

import importlib
import re
import warnings
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import pytest

from harness import __version__
from harness.errors import HarnessError, nearest, shown
from harness.judging.claims import MODEL, MODELS, Claim
from harness.judging.expectation import Expected, changes, failure
from harness.judging.verdicts import Verdict
from harness.plugin.gathering import DOCUMENT, NEITHER, STOPPED, Gatherer, judged
from harness.plugin.suite import bench_for, benches_of, cases_of, expectation_of, given_expectation, open_bench
from harness.report.document import Document, RunFacts
from harness.report.json_form import from_json, to_json
from harness.statistics.results import Outcome

OPTIONS = {
    "report": ("reports/claims.html", "where the report goes (JSON beside it); all that the page shows is in the JSON"),
    "expect": (None, "JSON file of expected verdicts: one that changes by more than its margin fails"),
}
"""What every suite has beside its settings: default and text."""

VERDICT = "verdict"
"""Name of the user property that says the verdict in one word, for reports that others write."""

LETTERS = {
    Outcome.SUPPORTED: "S",
    Outcome.REFUTED: "R",
    Outcome.NEGLIGIBLE: "n",
    Outcome.MIXED: "M",
    Outcome.INCONCLUSIVE: "I",
    Outcome.NOT_TESTABLE: "T",
    Outcome.ERROR: "E",
}
"""Of each outcome in pytest's line of progress."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what every suite has: where the report goes, what is expected, and which package holds the claims."""
    group = parser.getgroup("icl-claims")
    for name, (default, text) in OPTIONS.items():
        group.addoption(f"--{name}", default=default, help=text.partition("; ")[0])
    parser.addini("claims", "package of claims, which has their suite as SUITE", default="claims")


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Callable[[Claim], None]:
    """Return a function that judges a claim, records its verdict, and fails where it is refuted or unexpected."""
    item = request.node
    bench = bench_for(request.config, _claim(item), _case(item))

    def decide(claim: Claim) -> None:
        __tracebackhide__ = True
        try:
            verdict = _held_to(bench.verdict(claim.id), item)
            _attach(item, verdict, bench.facts(claim))
        finally:
            bench.pause()
        expected = _expected(item, verdict)
        why = failure(verdict, expected) if expected else ""
        if why or (expected is None and verdict.outcome is Outcome.REFUTED):
            said = f"{claim.id} {verdict.outcome}: {claim.prediction}: {verdict.reason}"
            pytest.fail(shown(f"{said}; {why}" if why else said), pytrace=False)

    return decide


def _expected(item: pytest.Item, verdict: Verdict) -> Expected | None:
    expectation = expectation_of(item.config, _case(item))
    return expectation.of(verdict) if expectation else None


def _held_to(verdict: Verdict, item: pytest.Item) -> Verdict:
    """Return the verdict with its test's markers, what was expected of it, and what differs."""
    called = getattr(item, "callspec", None)
    own = called.marks if called else ()  # the model's, as `filterwarnings` is the plugin's
    given = (m for m in item.iter_markers() if m.name != "filterwarnings" and not any(m is each for each in own))
    markers = tuple(m.name for m in given)
    verdict, expected = replace(verdict, markers=markers), _expected(item, verdict)
    return replace(verdict, expected=expected.outcome, changes=changes(verdict, expected)) if expected else verdict


def _attach(item: pytest.Item, verdict: Verdict, run: RunFacts) -> None:
    text = to_json(Document(__version__, "", 0.0, run, (verdict,)))
    from_json(text)  # what could not be read where reports are gathered is this claim's error, and not the session's
    item.user_properties = [(name, value) for name, value in item.user_properties if name not in {DOCUMENT, VERDICT}]
    item.user_properties += [(VERDICT, f"{verdict.outcome}"), (DOCUMENT, text)]
    if item.config.pluginmanager.hasplugin(
        "allure_pytest"
    ):  # its report has no word for what neither passed nor failed
        title = shown(f"{verdict.claim.id} {verdict.outcome}: {verdict.claim.title}")
        importlib.import_module("allure").dynamic.title(title)


@pytest.hookimpl(trylast=True)  # when all markers are registered
def pytest_configure(config: pytest.Config) -> None:
    """Refuse markers that nobody registered: pytest itself would just run nothing."""
    known = {line.split(":")[0].split("(")[0].strip() for line in config.getini("markers")}
    for name in re.findall(r"[\w:+.\[\]\\/-]*[^\W\d][\w:+.\[\]\\/-]*", config.option.markexpr or ""):
        if name not in {"and", "or", "not", "True", "False", *known}:
            said = f"-m {config.option.markexpr}: unknown marker '{name}': {nearest(name, known)}"
            raise pytest.UsageError(shown(said))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Gatherer(config), "icl-claims-gatherer")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say whether the expectation file holds for this run; where it can't be used, the run is stopped and says so."""
    if not config.getoption("expect") or config.option.collectonly:
        return []
    try:
        expectation, benches = given_expectation(config), benches_of(config)
    except HarnessError:
        return []
    said, path = [], config.getoption("expect")
    for case, bench in benches.items():
        on = f" on {case}" if case else ""
        different = expectation.differences(bench.settings) if expectation else []
        why = f"is of another run and was not applied{on} ({'; '.join(different)})" if different else f"was applied{on}"
        said.append(shown(f"expectation: {path} {why}"))
    return said


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a claim about the model one case a model, where there are several."""
    claim = getattr(metafunc.module, "CLAIM", None)
    if claim is not None and claim.subject == MODEL and "judge" in metafunc.fixturenames:
        cases = cases_of(metafunc.config)
        if len(cases) > 1:
            marked = [pytest.param(case, id=case, marks=getattr(pytest.mark, case)) for case in cases]
            metafunc.parametrize("judge", marked, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let warnings be warnings while claims are judged: a damaged entry of the store is one, and is mended.

    All cases of a model come together, in the places that claims have: a model is then loaded once.
    """
    places = [place for place, item in enumerate(items) if _claim(item) is not None]
    claims = [items[place] for place in places]
    cases = list(dict.fromkeys(filter(None, map(_case, claims))))
    for place, item in zip(places, sorted(claims, key=lambda item: _turn(item, cases)), strict=True):
        items[place] = item
        item.add_marker(pytest.mark.filterwarnings("default"))


def _turn(item: pytest.Item, cases: list[str]) -> int:
    """Return the place of an item's model among the others; claims about no model go with the first.

    Those about all models come last: what they ask for has been run by then, each model in its turn.
    """
    case, claim = _case(item), _claim(item)
    if claim is not None and claim.subject == MODELS:
        return len(cases)
    return cases.index(case) if case else 0


def _case(item: pytest.Item) -> str:
    """Return what the model is called that a claim's case is judged on; empty where there are no several."""
    called = getattr(item, "callspec", None)
    return str(called.params.get("judge", "")) if called else ""


def _claim(item: pytest.Item) -> Claim | None:
    return getattr(getattr(item, "module", None), "CLAIM", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Turn a claim that could not be judged into an ERROR verdict, and a HarnessError into its message alone.

    That ends the session of one model; of several, the others are still judged (see `Bench.verdict`).
    """
    claim = _claim(item)
    error = call.excinfo.value if call.excinfo else None
    report: pytest.TestReport = yield
    if claim is None or error is None or isinstance(error, pytest.skip.Exception):
        return report
    if isinstance(error, HarnessError):
        if not item.config.getoption("fulltrace", default=False):
            report.longrepr = f"{claim.id}{STOPPED}{error}"
        if len(cases_of(item.config)) == 1 or open_bench(item.config, claim) is None:  # else others rest on other runs
            item.session.shouldfail = f"{claim.id} could not be judged, and the others rest on the same runs"
    if not any(name == DOCUMENT for name, _ in item.user_properties):
        _attach_error(item, claim, f"{type(error).__name__}: {error}")
        report.user_properties = item.user_properties
    if (said := shown(str(report.longrepr))) != str(report.longrepr):
        report.longrepr = said  # without colours, which would be its only controls
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_warning_recorded(warning_message: warnings.WarningMessage) -> None:
    """Keep from the terminal what would steer it: a warning names others' folders, too."""
    said = str(warning_message.message)
    if shown(said) != said:
        warning_message.message = UserWarning(shown(said))


def _attach_error(item: pytest.Item, claim: Claim, reason: str) -> None:
    bench = open_bench(item.config, claim, _case(item))
    subject = bench.subject(claim) if bench else "" if claim.subject in {MODEL, MODELS} else claim.subject
    verdict = Verdict(claim, Outcome.ERROR, reason, parts=(), control=None, subject=subject)
    _attach(item, _held_to(verdict, item) if bench else verdict, RunFacts({}, bench.settings if bench else {}))


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str | tuple[str, dict[str, bool]]] | None:
    """Give each verdict its own letter and word; what neither passes nor fails is a category of its own.

    What others' plugins make of a test (to be run again, expected to fail) is theirs to name.
    """
    if not isinstance(report, pytest.TestReport) or report.when != "call" or hasattr(report, "wasxfail"):
        return None
    if report.outcome not in {"passed", "failed"}:
        return None
    document = judged(report)
    if document is None:
        return None
    outcome = document.verdicts[0].outcome
    if report.failed:
        return "failed", "F" if outcome is Outcome.SUPPORTED else LETTERS[outcome], f"{outcome}"
    if outcome in NEITHER:
        return outcome.lower(), LETTERS[outcome], (f"{outcome}", {NEITHER[outcome]: True})
    return "passed", LETTERS[outcome], f"{outcome}"
