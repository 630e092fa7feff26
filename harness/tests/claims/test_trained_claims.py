"""The claims that train models, judged on minuscule ones, all in this process."""

from pathlib import Path

import pytest

import claims
import fixtures
from harness.evidence.evidence import Evidence
from harness.judging.claims import load_claims
from harness.judging.judge import Judge
from harness.models.gpt.sizes import SIZES, InContextSize, LanguageSize, Schedule, Shape, Size
from harness.runs.runner import Runner
from harness.seeds import stream
from harness.statistics.results import Outcome
from harness.tests.tiny import ANSWERS, WORDS, Project
from harness.trainings.training import find_or_train

SEEDS, WINDOWS, SEQUENCES, QUERIES = 2, 12, 16, 12
LENGTHS = (32, 64, 128, 256)
MINUSCULE = Size(
    name="tiny",
    language=LanguageSize(
        Shape(layers=1, heads=1, width=8),
        Schedule(steps=3, batch=2, learning_rate=1e-2),
        vocabulary=340,
        length=128,
        validation_lengths=LENGTHS,
        windows=WINDOWS,
    ),
    in_context=InContextSize(
        Shape(layers=1, heads=1, width=8),
        Schedule(steps=3, batch=2, learning_rate=1e-2),
        dimension=2,
        regression_pairs=4,
        keys=3,
        values=4,
        recall_pairs=6,
        sequences=SEQUENCES,
    ),
    seeds=SEEDS,
    etas=(0.5,),
    text_tasks=True,
)
CLAIMS = {claim: module for claim, module in load_claims(claims).items() if module.claim.family == "momentum"}
ROWS = {
    "C14": {f"length {n}": (SEEDS, WINDOWS) for n in LENGTHS[:3]},
    "C15": {"regression": (SEEDS, SEQUENCES), "recall": (SEEDS, SEQUENCES), "text tasks": (SEEDS, QUERIES)},
    "Q3": {
        f"{what}: {rival}": (SEEDS, of)
        for what, of in (("text", WINDOWS), ("regression", SEQUENCES), ("recall", SEQUENCES))
        for rival in ("shift", "uniform")
    },
}
"""Each part's name, and its cells' training runs and texts or sequences."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a text of 400 lines of made-up words, each with a task's answer word, so that these become tokens."""
    rng = stream(0, "corpus")
    lines = [f"{' '.join(rng.choice(WORDS, size=14))} {ANSWERS[i % 2]}" for i in range(400)]
    path = tmp_path_factory.mktemp("corpus") / "words.txt"
    path.write_text("\n\n".join(lines))
    return path


@pytest.fixture(scope="module")
def evidence(project: Project, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Return the evidence of minuscule models, trained beforehand: starting processes would take most of the time."""
    store = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "tiny", MINUSCULE)
        options = {"corpus": str(corpus), "processes": 1, "queries": QUERIES, "simulations": 0}
        evidence = Evidence(Runner(project.settings(store, **options), fixtures.MODELS, fixtures.TASKS))
    trainings = evidence.runner.trainings
    trainings._token_streams()
    find_or_train(trainings._training("language", "momentum", MINUSCULE.etas[0], *trainings._seeds("choice of eta", 1)))
    for training in trainings.every():
        find_or_train(training)
    return evidence


def test_all_claims_of_trained_models_are_tried_here() -> None:
    """A claim that joins the family needs a row in ROWS."""
    assert CLAIMS.keys() == ROWS.keys()


@pytest.mark.parametrize("claim", ROWS)
def test_claim_of_trained_models_is_judged(evidence: Evidence, claim: str) -> None:
    """As many parts as its rule names, training runs by texts or sequences, and a control that is not supported."""
    measured = CLAIMS[claim].measure(evidence)
    assert {part.name: part.cells[0].shape for part in measured.parts} == ROWS[claim]
    verdict = Judge(evidence, CLAIMS, alpha=0.05, seed=0).verdict(claim)
    assert [part.name for part in verdict.parts] == list(ROWS[claim])
    assert verdict.control is not None
    assert [part.outcome for part in verdict.control.parts] == [Outcome.INCONCLUSIVE]
