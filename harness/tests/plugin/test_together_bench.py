"""The bench on all models of a session: what a verdict is about, whose turn it is, and what a report is told."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pytest

import claims
import fixtures
from harness.judging.claims import load_claims
from harness.plugin.several import Several
from harness.plugin.study import Study, Turns
from harness.progress import Silent
from harness.runs import loaded
from harness.statistics.results import Outcome
from harness.tests.tiny import Project, make_model

CLAIMS = load_claims(claims)
OPTIONS = {"demonstration_sets": 2, "selection": "random", "demonstrations": 3, "learning_rates": (2.0,)}
S1, S2 = (CLAIMS[claim].claim for claim in ("S1", "S2"))


class _Begun(Silent):
    """Keeps what was said to run."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def begin(self, what: str) -> None:
        """Keep it."""
        self.begun.append(what)


def _bench(project: Project, store: Path, models: Sequence[Path], progress: Silent | None = None) -> Several:
    """Return the bench of these models, in this order, which share a store."""
    turns, shown = Turns(), progress or Silent()
    settings = [project.settings(store, model=str(model), **OPTIONS) for model in models]
    return Several(CLAIMS, [Study(CLAIMS, of, fixtures.MODELS, fixtures.TASKS, shown, turns) for of in settings])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return three sizes of a family, the largest first."""
    folder = tmp_path_factory.mktemp("sizes")
    return [make_model(folder / name, seed=1, intermediate=n) for name, n in (("a", 64), ("c", 32), ("b", 16))]


@pytest.fixture(scope="module")
def judged(project: Project, models: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Several, list[str]]:
    """Return the bench on all three once S1 was judged, and what was said to run."""
    progress = _Begun()
    bench = _bench(project, tmp_path_factory.mktemp("judged") / "store", models, progress)
    bench.verdict("S1")
    return bench, progress.begun


def test_verdict_is_of_all_models_by_their_names(judged: tuple[Several, list[str]], models: list[Path]) -> None:
    """In alphabetical order, and each once in the table, the smallest first; the settings name them as they ran."""
    bench, _ = judged
    verdict = bench.verdict("S1")
    assert verdict.subject == bench.subject(S1) == ", ".join(sorted(map(str, models)))
    assert [Path(name.partition(": ")[2]).name for name, _ in verdict.tables[0].rows] == ["b", "c", "a"]
    assert [part.name for part in verdict.parts] == ["llama: ICL's gain"]
    assert bench.settings["model"] == [str(model) for model in models]
    assert list(bench.facts(S1).models) == [str(model) for model in models]


def test_each_model_has_one_turn(judged: tuple[Several, list[str]], models: list[Path]) -> None:
    """Made ready and run one after the other, both claims' runs in one turn; at the end one model is held at most."""
    bench, begun = judged
    turns = [said for said, _ in groupby(said for said in begun if said.startswith("preparing"))]
    assert turns == [f"preparing {model}" for model in models]
    before = len(begun)
    bench.verdict("S2")
    assert len(begun) == before
    assert loaded.load_trained.cache_info().currsize <= 1


def test_claims_of_the_family_are_judged_together(
    judged: tuple[Several, list[str]], project: Project, models: list[Path]
) -> None:
    """Whichever was asked for first, and in whichever order models are named: the same to the last digit."""
    bench, _ = judged
    other = _bench(project, bench._studies[0].sources.store.root, models[::-1])
    assert repr(other.verdict("S2")) == repr(bench.verdict("S2"))
    assert repr(other.verdict("S1")) == repr(bench.verdict("S1"))


def test_of_one_model_nothing_is_run(project: Project, models: list[Path], tmp_path: Path) -> None:
    """Neither for a verdict nor for its report: a trend needs three, and that is said."""
    bench = _bench(project, tmp_path / "store", models[:1])
    for claim in (S1, S2):
        verdict = bench.verdict(claim.id)
        assert (verdict.outcome, verdict.subject) == (Outcome.NOT_TESTABLE, str(models[0]))
        assert verdict.reason.startswith(f"one model ran ({models[0]}), and this is about several")
        assert bench.facts(claim).models == {}
    assert bench.settings["model"] == str(models[0])
    assert not list(tmp_path.glob("store/runs/*/*"))
