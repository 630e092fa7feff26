"""Rival explanations judged on the tiny project with two tasks, all in this process."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import claims
from claims.levels import LEVELS
from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls, OnTasks
from harness.judging.claims import Measured, load_claims
from harness.judging.judge import judge
from harness.judging.verdicts import Verdict
from harness.store import Store
from harness.tests.tiny import Project
from harness.tests.two_tasks import QUERIES, sources_of, two_tasks

CLAIMS = {claim: module for claim, module in load_claims(claims).items() if module.claim.family == "controls"}
PARTS = {"O1": 6, "O2": 3, "O3": 1, "O4": 3, "O5": 2, "O6": 3, "O7": 2, "O8": 3}
"""How many corrected intervals each decision rule names."""


@pytest.fixture(scope="module")
def both(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the tiny model with two tasks."""
    return two_tasks(project, tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that this module's tests share."""
    return tmp_path_factory.mktemp("rivals")


@pytest.fixture(scope="module")
def evidence(both: Project, store: Path) -> Evidence:
    """Return the evidence of both tasks, with all that the family asks for."""
    return Evidence(sources_of(both, store, *(question for module in CLAIMS.values() for question in module.asks)))


@pytest.fixture(scope="module")
def measured(evidence: Evidence) -> Mapping[str, Measured]:
    """Return what each rival explanation measures on the tiny project."""
    return {claim: module.measure(evidence) for claim, module in CLAIMS.items()}


@pytest.fixture(scope="module")
def verdicts(measured: Mapping[str, Measured], store: Path) -> Mapping[str, Verdict]:
    """Return the verdicts on the rival explanations."""
    family = {CLAIMS[claim].claim: of for claim, of in measured.items()}
    return judge(family, Store(store), alpha=0.05, seed=0)


def test_all_rival_explanations_are_tried_here() -> None:
    """A claim that joins the family needs a row in PARTS."""
    assert CLAIMS.keys() == PARTS.keys()


@pytest.mark.parametrize("claim", PARTS)
def test_rival_explanation_is_judged_on_the_tiny_project(
    evidence: Evidence, measured: Mapping[str, Measured], verdicts: Mapping[str, Verdict], claim: str
) -> None:
    """As many parts as its rule names, each of all that counts, and a control that is not supported.

    What counts are the control queries of each task; for O3 all that ZSL gets wrong, tasks joined.
    """
    of, verdict = measured[claim], verdicts[claim]
    wrong = sum(int((right == 0).sum()) for right in evidence.of(OnTasks("accuracy"), "zsl").values())
    every = (1, wrong) if claim == "O3" else (1, QUERIES)
    cells = [cell[:, 0].shape for part in (*of.parts, *of.control) for cell in part.cells]
    assert set(cells) == {every}
    assert len(cells) == (PARTS[claim] + 1) * (1 if claim == "O3" else 2)
    assert len(verdict.parts) == PARTS[claim]
    assert verdict.control is not None
    assert verdict.control.passed
    assert of.tables


def test_coin_of_a_control_tosses_the_claims_own_numbers(evidence: Evidence, measured: Mapping[str, Measured]) -> None:
    """In the control each entry's difference keeps its size, and its sign is a coin's: averaged layers shrink."""
    one, other = (evidence.of(OnControls("sim_aou"), name)["toy"] for name in ("ft", "other_example"))
    (control,), (part, *_) = measured["O6"].control, measured["O6"].parts
    tossed = control.cells[0]
    allowed = [{round(float((s * (one - other)[0, i]).mean()), 9) for s in SIGNS} for i in range(QUERIES)]
    assert all(round(float(value), 9) in allowed[i] for i, value in enumerate(tossed[0, 0]))
    assert not np.allclose(tossed, part.cells[0])


SIGNS = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])


def test_one_task_has_no_other_to_pair_with(both: Project, store: Path) -> None:
    """O6 then compares with another example alone, and says so."""
    one = CLAIMS["O6"].measure(Evidence(sources_of(both, store, *CLAIMS["O6"].asks, tasks=("toy",))))
    assert [part.name for part in one.parts] == ["SimAOU: over another example"]
    assert "One task was run" in one.notes[0]


def test_overall_reading_finds_the_comparisons_that_it_names(verdicts: Mapping[str, Verdict]) -> None:
    """Every beginning of a name in the levels' rules is that of a comparison which the claim makes."""
    named = [(r.claim, start) for level in LEVELS for r in level.rivals for start in r.parts]
    assert len(named) == 10
    for claim, start in named:
        assert any(part.name.startswith(start) for part in verdicts[claim].parts), (claim, start)
