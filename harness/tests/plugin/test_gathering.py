"""Verdicts gathered from test reports."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.judging.claims import Claim
from harness.judging.verdicts import Verdict
from harness.plugin.gathering import DOCUMENT, Gatherer, judged
from harness.report.document import Document, RunFacts
from harness.report.json_form import from_json, to_json
from harness.statistics.results import Outcome


def _document(
    claim: str, outcome: Outcome, model: str = "", qualifies: tuple[str, ...] = (), changes: tuple[str, ...] = ()
) -> str:
    words = Claim(claim, *["x"] * 9, qualifies=qualifies)
    verdict = Verdict(words, outcome, "because", parts=(), control=None, subject=model, changes=changes)
    facts = RunFacts({"name": model} if model else {}, (), {}, {})
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
    assert gatherer.facts is not None
    assert gatherer.facts.model == {"name": "tiny"}


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
    options = {"report": str(path), "expect": None}
    arguments = SimpleNamespace(args=("claims/",))
    return SimpleNamespace(getoption=options.get, getini={"claims": "claims"}.get, invocation_params=arguments)


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
        "Representation:",
        "report:",
    ]
    assert "supported as the paper states it (C11 supported); rival explanations were not tested." in terminal.lines[5]
    written = from_json((tmp_path / "claims.json").read_text(encoding="utf-8"))
    assert [verdict.claim.id for verdict in written.verdicts] == ["C11", "O2", "O10", "C12"]
    assert (written.title, written.lead) == ("Why Can GPT Learn In-Context?", "Claims of a paper, tested")
    (reading,) = written.readings
    assert terminal.lines[5] == f"{reading.level}: {reading.sentence}"


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
