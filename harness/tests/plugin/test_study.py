"""The bench on language models: what a verdict is about, and what a report is told of its run."""

from collections.abc import Callable
from pathlib import Path

import pytest

import claims
import fixtures
from harness.judging.claims import load_claims
from harness.plugin.study import BIASED, Study
from harness.progress import Silent
from harness.tests.tiny import Project

CLAIMS = load_claims(claims)
OWN = {
    "C4": "algebra",
    "C5": "algebra",
    "C6": "algebra",
    "C7": "algebra",
    "C14": "GPTs trained with momentum attention",
    "C15": "GPTs trained with momentum attention",
    "Q2": "linear attention layers",
    "Q3": "GPTs trained with momentum attention",
}


@pytest.fixture
def study(project: Project, tmp_path: Path) -> Callable[..., Study]:
    """Return a function that opens a bench on the tiny model, in a store of its own."""

    def opened(**options: object) -> Study:
        settings = project.settings(tmp_path / "store", **options)
        return Study(CLAIMS, settings, fixtures.MODELS, fixtures.TASKS, Silent())

    return opened


def test_subject_is_the_model_unless_the_claim_has_its_own(study: Callable[..., Study], project: Project) -> None:
    """Eight claims are about what they make themselves; a verdict has the same subject as its claim."""
    bench = study()
    subjects = {claim_id: bench.subject(module.claim) for claim_id, module in CLAIMS.items()}
    assert {claim: subject for claim, subject in subjects.items() if subject != str(project.model)} == OWN
    assert bench.verdict("C4").key == ("C4", "algebra")
    assert bench.verdict("C8").key == ("C8", str(project.model))


def test_algebra_runs_no_model(study: Callable[..., Study], tmp_path: Path) -> None:
    """C8 is of the same family and about the model: it is judged apart, and C4 leaves the store empty."""
    study().verdict("C4")
    assert not list(tmp_path.glob("store/runs/*/*"))


def test_facts_of_a_claim_with_a_subject_of_its_own_run_nothing(study: Callable[..., Study], tmp_path: Path) -> None:
    """They are the settings alone; those of a claim about the model say how its tasks were run."""
    bench = study()
    algebra = bench.facts(CLAIMS["C4"].claim)
    assert (algebra.model, algebra.tasks, algebra.settings) == ({}, (), bench.settings)
    assert not list(tmp_path.glob("store/runs/*/*"))
    bench.verdict("C1")
    facts = bench.facts(CLAIMS["C1"].claim)
    assert ([task["name"] for task in facts.tasks], facts.settings, facts.notes) == (["toy"], bench.settings, ())


def test_papers_protocol_is_said_to_be_biased(study: Callable[..., Study]) -> None:
    """Where selection was on the reported examples, the report says so."""
    bench = study(protocol="paper")
    bench.verdict("C1")
    assert bench.facts(CLAIMS["C1"].claim).notes == (BIASED,)
