"""Verdicts gathered from test reports."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.judging.claims import Claim
from harness.judging.verdicts import Verdict
from harness.plugin.gathering import DOCUMENT, Gatherer, judged
from harness.plugin.plugin import pytest_report_teststatus
from harness.report import page
from harness.report.document import Document, ModelFacts, RunFacts
from harness.report.json_form import from_json, to_json
from harness.settings import Settings
from harness.statistics.results import Outcome


def _document(
    claim: str, outcome: Outcome, model: str = "", qualifies: tuple[str, ...] = (), changes: tuple[str, ...] = ()
) -> str:
    words = Claim(claim, *["x"] * 9, qualifies=qualifies)
    verdict = Verdict(words, outcome, "because", parts=(), control=None, subject=model, changes=changes)
    facts = RunFacts({model: ModelFacts({"name": model}, ())} if model else {}, {}, {})
    return to_json(Document("0", "", 0.0, facts, (verdict,)))


def _report(when: Any, outcome: Any, document: str | None) -> pytest.TestReport:
    properties: list[tuple[str, object]] = [("other", 1)] + ([(DOCUMENT, document)] if document else [])
    place = ("claims/c01.py", 1, "test")
    return pytest.TestReport("claims/c01.py::test", place, {}, outcome, None, when, user_properties=properties)


def test_report_without_a_claim_is_not_judged() -> None:
    """Tests that are no claims carry other properties, or none."""
    assert judged(_report("call", "passed", None)) is None


@pytest.mark.parametrize(
    ("phases", "kept"),
    [
        ([("setup", "passed"), ("call", "passed"), ("teardown", "passed")], 1),
        ([("setup", "passed"), ("call", "failed"), ("teardown", "failed")], 1),
        ([("setup", "failed"), ("teardown", "passed")], 1),
        ([("setup", "passed"), ("teardown", "passed")], 0),
    ],
)
def test_claim_counts_once_whichever_phases_report_it(
    pytestconfig: pytest.Config, phases: list[tuple[str, str]], kept: int
) -> None:
    """Every phase's report carries the verdict; the claim is listed once, where it ran or could not run."""
    gatherer = Gatherer(pytestconfig)
    for when, outcome in phases:
        gatherer.pytest_runtest_logreport(_report(when, outcome, _document("C1", Outcome.REFUTED)))
    assert len(gatherer.verdicts) == kept


def test_facts_are_those_of_a_claim_that_ran(pytestconfig: pytest.Config) -> None:
    """A claim in ERROR knows no model: the next one's facts are the report's."""
    gatherer = Gatherer(pytestconfig)
    gatherer.pytest_runtest_logreport(_report("call", "failed", _document("C1", Outcome.ERROR)))
    gatherer.pytest_runtest_logreport(_report("call", "passed", _document("C2", Outcome.SUPPORTED, "tiny")))
    gatherer.pytest_runtest_logreport(_report("call", "failed", _document("C10", Outcome.ERROR)))
    assert gatherer.facts.models["tiny"].model == {"name": "tiny"}


class _Terminal:
    """Keeps what pytest would write."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str) -> None:
        """Begin a section."""
        self.lines = [title]

    def write_line(self, line: str) -> None:
        """Write a line."""
        self.lines.append(line)


def _close(gatherer: Gatherer, terminal: _Terminal) -> Any:
    """End a session in which all passed; return it."""
    session: Any = SimpleNamespace(exitstatus=pytest.ExitCode.OK)
    gatherer.pytest_sessionfinish(session)
    gatherer.pytest_terminal_summary(terminal)
    return session


def _config(path: Path) -> Any:
    """Return what the gatherer asks of a session that ran the paper's claims and reports here."""
    options = {"report": str(path), "expect": None, **dict.fromkeys(Settings.model_fields), "store": "/some/store"}
    arguments = SimpleNamespace(args=("claims/",))
    return SimpleNamespace(
        getoption=lambda name, default=None: options.get(name, default),
        getini={"claims": "claims"}.get,
        invocation_params=arguments,
    )


def test_rivals_are_said_and_reported_behind_the_claims_they_speak_of(tmp_path: Path) -> None:
    """Whatever order they were judged in: C11, its rivals by their numbers, then C12; and C11's level is read."""
    path = tmp_path / "claims.html"
    gatherer, terminal = Gatherer(_config(path)), _Terminal()
    rival = ("C11",)
    for claim, qualifies in (("O10", rival), ("C12", ()), ("O2", rival), ("C11", ())):
        document = _document(claim, Outcome.SUPPORTED, "tiny", qualifies)
        gatherer.pytest_runtest_logreport(_report("call", "passed", document))
    _close(gatherer, terminal)
    assert [line.split()[0] for line in terminal.lines] == [
        "verdicts",
        *("C11", "O2", "O10", "C12"),
        *("Representation:", "Representation:"),
        "report:",
    ]
    assert "supported as the paper states it (C11 supported); rival explanations were not tested." in terminal.lines[6]
    written = from_json((tmp_path / "claims.json").read_text(encoding="utf-8"))
    assert [verdict.claim.id for verdict in written.verdicts] == ["C11", "O2", "O10", "C12"]
    assert (written.title, written.lead) == ("Why Can GPT Learn In-Context?", "Claims of a paper, tested")
    (reading,) = written.readings
    assert terminal.lines[5:7] == [f"{reading.level}: {said}" for said in (reading.plain, reading.terms)]


def test_verdicts_on_one_claim_about_two_models_are_two(tmp_path: Path) -> None:
    """Neither takes the other's place, and each model's are read on their own."""
    gatherer, terminal = Gatherer(_config(tmp_path / "claims.html")), _Terminal()
    for claim, outcome, model in (
        ("C10", Outcome.SUPPORTED, "tiny"),
        ("C10", Outcome.REFUTED, "large"),
        ("C10", Outcome.INCONCLUSIVE, "tiny"),
    ):
        gatherer.pytest_runtest_logreport(_report("call", "passed", _document(claim, outcome, model)))
    _close(gatherer, terminal)
    written = from_json((tmp_path / "claims.json").read_text(encoding="utf-8"))
    assert {verdict.key: verdict.outcome for verdict in written.verdicts} == {
        ("C10", "tiny"): Outcome.INCONCLUSIVE,
        ("C10", "large"): Outcome.REFUTED,
    }
    assert [reading.subject for reading in written.readings] == ["tiny", "large"]


def test_what_differs_and_what_is_missing_is_said_at_the_end(tmp_path: Path) -> None:
    """Behind the verdicts, each change with its claim, then what the session failed for; the JSON keeps the changes."""
    gatherer, terminal = Gatherer(_config(tmp_path / "claims.html")), _Terminal()
    document = _document("C1", Outcome.SUPPORTED, "tiny", changes=("'a part': n = 38, not 39",))
    gatherer.pytest_runtest_logreport(_report("call", "passed", document))
    gatherer.missing = ["C2 about tiny: SUPPORTED was expected, and there is no verdict"]
    assert _close(gatherer, terminal).exitstatus == pytest.ExitCode.TESTS_FAILED
    assert terminal.lines[2:4] == [
        "differs: C1 'a part': n = 38, not 39",
        "missing: C2 about tiny: SUPPORTED was expected, and there is no verdict",
    ]
    (verdict,) = from_json((tmp_path / "claims.json").read_text(encoding="utf-8")).verdicts
    assert verdict.changes == ("'a part': n = 38, not 39",)


def test_run_that_cannot_write_its_report_says_what_it_found_and_fails(tmp_path: Path) -> None:
    """A folder has come to stand there: the verdicts, why there is no report and where all is kept are said; exit 1."""
    (tmp_path / "claims.html").mkdir()
    gatherer, terminal = Gatherer(_config(tmp_path / "claims.html")), _Terminal()
    gatherer.pytest_runtest_logreport(_report("call", "passed", _document("C1", Outcome.INCONCLUSIVE, "tiny")))
    assert _close(gatherer, terminal).exitstatus == pytest.ExitCode.TESTS_FAILED
    _, verdict, no_report, kept = terminal.lines
    assert verdict.startswith("C1   INCONCLUSIVE")
    assert no_report.startswith("no report: The report cannot be written to")
    assert "all that they rest on is in '/some/store'" in kept
    assert not list(tmp_path.glob("*.json"))


def test_what_nobody_foresaw_of_a_report_is_said_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the style sheet is gone: the verdicts are said, and then that, instead of a traceback of pytest's."""
    monkeypatch.setattr(page, "HERE", tmp_path)
    gatherer, terminal = Gatherer(_config(tmp_path / "claims.html")), _Terminal()
    gatherer.pytest_runtest_logreport(_report("call", "passed", _document("C1", Outcome.SUPPORTED, "tiny")))
    assert _close(gatherer, terminal).exitstatus == pytest.ExitCode.TESTS_FAILED
    assert terminal.lines[1].startswith("C1   SUPPORTED")
    assert terminal.lines[2].startswith("no report: TemplateNotFound: ")


def test_closing_block_steers_no_terminal(tmp_path: Path) -> None:
    """Names of models, and what differs, are others' texts."""
    gatherer, terminal = Gatherer(_config(tmp_path / "claims.html")), _Terminal()
    document = _document("C1", Outcome.SUPPORTED, "tiny\x1b[2J", changes=("'a\x9bb': n = 38, not 39",))
    gatherer.pytest_runtest_logreport(_report("call", "passed", document))
    gatherer.missing = ["C2 about tiny\x1b[2J: SUPPORTED was expected, and there is no verdict"]
    _close(gatherer, terminal)
    assert terminal.lines[2:4] == [
        "differs: C1 'a\\x9bb': n = 38, not 39",
        "missing: C2 about tiny\\x1b[2J: SUPPORTED was expected, and there is no verdict",
    ]


def test_tests_that_are_to_be_run_again_are_no_verdicts(pytestconfig: pytest.Config) -> None:
    """Nor does the suite name what they are: pytest-rerunfailures counts them."""
    gatherer, report = Gatherer(pytestconfig), _report("call", "rerun", _document("C1", Outcome.REFUTED))
    gatherer.pytest_runtest_logreport(report)
    assert not gatherer.verdicts
    assert pytest_report_teststatus(report) is None


def test_expected_failures_are_named_by_pytest() -> None:
    """A claim marked xfail, whether it failed or not, is none of the suite's outcomes."""
    for outcome in ("skipped", "passed"):
        report = _report("call", outcome, _document("C1", Outcome.REFUTED))
        report.wasxfail = "known"
        assert pytest_report_teststatus(report) is None


def test_why_nothing_can_be_judged_is_said_once(pytestconfig: pytest.Config) -> None:
    """By the first worker whose claim it stopped; the others name that claim, unless theirs is another reason."""
    gatherer, said = Gatherer(pytestconfig), []
    for claim, why in (("C10", "no rate"), ("C1", "no rate"), ("C2", "no data"), ("C10", "no rate")):
        report = _report("call", "failed", _document(claim, Outcome.ERROR))
        report.longrepr = f"{claim} could not be judged: {why}"
        gatherer.pytest_runtest_logreport(report)
        said.append(str(report.longrepr).split(" judged: ")[1])
    assert said == ["no rate", "as C10", "no data", "no rate"]


def test_pytest_html_is_told_what_it_has_no_word_for(pytestconfig: pytest.Config) -> None:
    """The word in a claim's row, and the number of those that it counts as passed; other tests' rows stay."""
    gatherer, rows = Gatherer(pytestconfig), []
    outcomes = (Outcome.INCONCLUSIVE, Outcome.SUPPORTED, Outcome.NOT_TESTABLE, Outcome.MIXED, Outcome.NOT_TESTABLE)
    for document in (*(_document(f"C{i}", outcome) for i, outcome in enumerate(outcomes)), None):
        report, cells = _report("call", "passed", document), ["<td>Passed</td>", "<td>test</td>"]
        gatherer.pytest_runtest_logreport(report)
        gatherer.pytest_html_results_table_row(report, cells)
        rows.append(cells[0])
    prefix: list[str] = []
    gatherer.pytest_html_results_summary(prefix)
    words = ("Inconclusive", "Supported", "Not testable", "Mixed", "Not testable")
    assert rows == [*(f'<td class="col-result">{word}</td>' for word in words), "<td>Passed</td>"]
    counted = "1 mixed, 1 inconclusive, 2 not testable: counted as passed unless that was unexpected."
    assert prefix == [f"<p>Claims that are neither supported nor refuted: {counted}</p>"]


def test_supported_claims_need_no_word_beside_what_passed(pytestconfig: pytest.Config) -> None:
    """Where none is neither, nothing is said."""
    gatherer = Gatherer(pytestconfig)
    prefix: list[str] = []
    gatherer.pytest_runtest_logreport(_report("call", "passed", _document("C1", Outcome.SUPPORTED)))
    gatherer.pytest_html_results_summary(prefix)
    assert prefix == []


@pytest.mark.parametrize(
    ("outcome", "category", "letter"),
    [
        (Outcome.SUPPORTED, "passed", "S"),
        (Outcome.REFUTED, "passed", "R"),
        (Outcome.NEGLIGIBLE, "negligible", "n"),
        (Outcome.MIXED, "mixed", "M"),
        (Outcome.INCONCLUSIVE, "inconclusive", "I"),
        (Outcome.NOT_TESTABLE, "not testable", "T"),
    ],
)
def test_each_outcome_has_a_letter_and_is_counted_under_its_own_word(
    outcome: Outcome, category: str, letter: str
) -> None:
    """What passes and is no support has a colour of its own; what failed is counted as failed, by its own word."""
    passed = pytest_report_teststatus(_report("call", "passed", _document("C1", outcome)))
    assert passed is not None
    counted, short, long = passed
    assert (counted, short) == (category, letter)
    assert long[0] == outcome if counted != "passed" else long == outcome
    assert isinstance(long, tuple) is (outcome not in {Outcome.SUPPORTED, Outcome.REFUTED})
    failed = pytest_report_teststatus(_report("call", "failed", _document("C1", outcome)))
    assert failed == ("failed", "F" if outcome is Outcome.SUPPORTED else letter, str(outcome))
