"""The claims that train models, judged on minuscule ones, all in this process."""

from collections.abc import Mapping

import pytest

import claims
from harness.evidence.evidence import Evidence
from harness.evidence.training_questions import TextTasks, TrainedGPTs
from harness.judging.claims import load_claims
from harness.judging.judge import judge
from harness.judging.verdicts import Verdict
from harness.tests.minuscule import LENGTHS, SEEDS, SEQUENCES, STARTS, WINDOWS, fill, open_minuscule, write_words
from harness.tests.planted.worlds import World
from harness.tests.tiny import Project

QUERIES = 12
CLAIMS = {claim: module for claim, module in load_claims(claims).items() if module.claim.family == "momentum"}
ROWS = {
    "C14": {f"length {n}": (SEEDS, WINDOWS) for n in LENGTHS[:3]},
    "C15": {"regression": (STARTS, SEQUENCES), "recall": (STARTS, SEQUENCES), "text tasks": (SEEDS, QUERIES)},
    "Q3": {
        f"{what}: {rival}": (SEEDS, of)
        for what, of in (("text", WINDOWS), ("regression", SEQUENCES), ("recall", SEQUENCES))
        for rival in ("shift", "uniform")
    },
}
"""Each part's name, and its cells' training runs and texts or sequences."""


@pytest.fixture(scope="module")
def evidence(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Return the evidence of minuscule models."""
    folder = tmp_path_factory.mktemp("trained")
    more = {"corpus": write_words(folder / "words.txt"), "queries": QUERIES, "device": "cpu"}
    sources = open_minuscule(project.settings(folder / "store", **more))
    fill(sources, (TrainedGPTs(), TextTasks()))
    return Evidence(sources)


@pytest.fixture(scope="module")
def verdicts(evidence: Evidence) -> Mapping[str, Verdict]:
    """Return the verdicts of the family."""
    measured = {module.claim: module.measure(evidence) for module in CLAIMS.values()}
    return judge(measured, evidence.sources.store, alpha=0.05, seed=0)


def test_all_claims_of_trained_models_are_tried_here() -> None:
    """A claim that joins the family needs a row in ROWS."""
    assert CLAIMS.keys() == ROWS.keys()


@pytest.mark.parametrize("claim", ROWS)
def test_claim_of_trained_models_is_judged(evidence: Evidence, verdicts: Mapping[str, Verdict], claim: str) -> None:
    """As many parts as its rule names, training runs by texts or sequences, and a control that is not supported."""
    measured = CLAIMS[claim].measure(evidence)
    assert {part.name: part.cells[0][:, 0].shape for part in measured.parts} == ROWS[claim]
    verdict = verdicts[claim]
    assert [part.name for part in verdict.parts] == list(ROWS[claim])
    assert verdict.control is not None
    assert verdict.control.passed


def test_what_of_text_tasks_was_too_long_is_said_and_multiple_choice_has_a_table_more() -> None:
    """A note counts the test examples that were left out; accuracy a character stands beside, and decides nothing."""
    shares = {"text_tasks": {"vanilla": 0.2, "momentum": 0.6}, "by_length": {"vanilla": 0.7, "momentum": 0.1}}
    measured = CLAIMS["C15"].measure(World(**shares, too_long={"a": 1200}))
    _, right, by_length = measured.tables
    assert right.note.endswith("are left out: 1,200 of a.")
    assert [part.name for part in measured.parts] == ["regression", "recall", "text tasks"]
    assert by_length.title == "Multiple choice by the likelihood a character"
    assert dict(by_length.rows)["a"] == pytest.approx((0.7, 0.1), abs=0.02)
    _, alone = CLAIMS["C15"].measure(World(text_tasks=shares["text_tasks"])).tables
    assert alone.note == ""
