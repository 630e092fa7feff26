"""Verdicts gathered from test reports."""

from typing import Any

import pytest

from harness.report.document import Document, to_json
from harness.report.gathering import DOCUMENT, Gatherer, judged
from harness.types import Claim, Outcome, RunFacts, Verdict


def _document(claim: str, outcome: Outcome, model: str = "") -> str:
    verdict = Verdict(Claim(claim, *["x"] * 9), outcome, "because", parts=(), control=None)
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
