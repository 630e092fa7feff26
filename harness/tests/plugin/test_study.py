"""The bench on language models: what a verdict is about, and what a report is told of its run."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import claims
import fixtures
from harness.engines.plan import stated
from harness.errors import HarnessError
from harness.evidence.evidence import Evidence
from harness.evidence.questions import HowItRan
from harness.judging.claims import load_claims
from harness.judging.judge import judge
from harness.judging.measure import measure_all
from harness.plugin.study import BIASED, Study, Turns, compute_all, models_of, settings_of
from harness.progress import Silent
from harness.runs import loaded
from harness.statistics.results import Outcome
from harness.store import FACTS
from harness.tests.conftest import ROOT
from harness.tests.tiny import Project, make_model

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
    "S1": "models",
    "S2": "models",
    "S3": "models",
}
"""Claims about several models are judged on a bench of their own (`harness.plugin.several`)."""


class _Begun(Silent):
    """Keeps what was said to run."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def begin(self, what: str) -> None:
        """Keep it."""
        self.begun.append(what)


def _of(project: Project, folder: Path, model: Path, turns: Turns | None = None) -> Study:
    """Return a bench on a model, in a store of this folder."""
    settings = project.settings(folder / "store", model=str(model))
    return Study(CLAIMS, settings, fixtures.MODELS, fixtures.TASKS, Silent(), turns)


@pytest.fixture
def study(project: Project, tmp_path: Path) -> Callable[..., Study]:
    """Return a function that opens a bench on the tiny model, in a store of its own."""

    def opened(**options: object) -> Study:
        settings = project.settings(tmp_path / "store", **options)
        return Study(CLAIMS, settings, fixtures.MODELS, fixtures.TASKS, Silent())

    return opened


def test_subject_is_the_model_unless_the_claim_has_its_own(study: Callable[..., Study], project: Project) -> None:
    """Eight claims are about what they make themselves, three about models; a verdict has its claim's subject."""
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
    assert (algebra.models, algebra.settings) == ({}, bench.settings)
    assert not list(tmp_path.glob("store/runs/*/*"))
    bench.verdict("C1")
    facts = bench.facts(CLAIMS["C1"].claim)
    (of_model,) = facts.models.values()
    assert ([task["name"] for task in of_model.tasks], facts.settings, of_model.notes) == (["toy"], bench.settings, ())


def test_nothing_is_run_on_tasks_that_were_not_learned(study: Callable[..., Study], tmp_path: Path) -> None:
    """No task gains everything: C11 can't be tested, says why, and of the test examples nothing is measured for it."""
    verdict = study(least_gain=1.0).verdict("C11")
    assert verdict.outcome is Outcome.NOT_TESTABLE
    assert "toy: not testable: learning in context corrected" in verdict.reason
    assert verdict.presupposed is not None
    assert list(tmp_path.glob("store/runs/accuracy/*"))
    assert not list(tmp_path.glob("store/runs/measurement/*"))
    bench = study(least_gain=1.0)
    assert bench.verdict("C11").outcome is Outcome.NOT_TESTABLE
    (of_model,) = bench.facts(CLAIMS["C11"].claim).models.values()
    assert [task["name"] for task in of_model.tasks] == ["toy"]  # how it ran is said all the same
    assert study().verdict("C11").outcome is not Outcome.NOT_TESTABLE
    assert list(tmp_path.glob("store/runs/measurement/*"))


def test_what_is_computed_without_judging_is_all_that_judging_needs(project: Project, tmp_path: Path) -> None:
    """The claims are then judged from the store: no record is computed for them any more."""
    chosen = {claim: CLAIMS[claim] for claim in ("C1", "C11", "C12")}
    settings, catalogues = project.settings(tmp_path / "store"), (fixtures.MODELS, fixtures.TASKS)
    (said,) = compute_all(chosen, {"": settings}, *catalogues, Silent())
    assert said == f"{project.model}: all that 3 claims need is in '{tmp_path / 'store'}'"
    kept = {*tmp_path.glob("store/runs/*/*/facts.json")}
    assert kept
    begun = _Begun()
    study = Study(chosen, settings, *catalogues, begun)
    assert {study.verdict(claim).claim.id for claim in chosen} == {*chosen}
    assert (begun.begun, {*tmp_path.glob("store/runs/*/*/facts.json")} - kept) == ([], set())


def test_runs_that_were_computed_elsewhere_are_named(study: Callable[..., Study]) -> None:
    """With what the other machine had: here it is written into the entry of one run, and stands in the report."""
    bench = study()
    bench.verdict("C1")
    (of_model,) = bench.facts(CLAIMS["C1"].claim).models.values()
    assert of_model.notes == ()
    (run,) = [run for run in HowItRan().runs(bench.sources)["toy"] if run.kind == "recording" and "ICL" in run.words]
    path = bench.sources.store.place(run) / FACTS
    document = json.loads(path.read_text())
    torch = document["made"]["torch"]
    path.write_text(json.dumps(document | {"made": document["made"] | {"torch": "1.0"}}))
    (of_model,) = study().facts(CLAIMS["C1"].claim).models.values()
    (note,) = of_model.notes
    assert note.startswith(f"Computed elsewhere, with torch 1.0, not {torch}: {run.words}. ")


def test_papers_protocol_is_said_to_be_biased(study: Callable[..., Study]) -> None:
    """Where selection was on the reported examples, the report says so."""
    bench = study(protocol="paper")
    bench.verdict("C1")
    assert [facts.notes for facts in bench.facts(CLAIMS["C1"].claim).models.values()] == [(BIASED,)]


@pytest.mark.parametrize("claim_id", ["C2", "C12"])
def test_verdict_is_the_same_whichever_claims_were_selected(project: Project, tmp_path: Path, claim_id: str) -> None:
    """Asked for alone, or last after its family's others, in stores of their own: the same to the last digit."""

    def bench(store: str) -> Study:
        return Study(CLAIMS, project.settings(tmp_path / store), fixtures.MODELS, fixtures.TASKS, Silent())

    family = [other for other, module in CLAIMS.items() if module.claim.family == CLAIMS[claim_id].claim.family]
    everything, alone = bench("all"), bench("alone")
    for other in family:
        everything.verdict(other)
    assert repr(alone.verdict(claim_id)) == repr(everything.verdict(claim_id))


def test_verdict_is_corrected_over_the_whole_family(study: Callable[..., Study]) -> None:
    """Asked for alone, a claim is judged as among all of its family, measured on the same store."""
    bench = study()
    verdict = bench.verdict("C11")
    modules = [module for module in CLAIMS.values() if module.claim.family == "similarity"]
    measured = measure_all(modules, Evidence(bench.sources))
    among = judge(measured, bench.sources.store, alpha=0.05, seed=0)["C11"]
    assert [module.claim.id for module in modules] == ["C10", "C11", "C12", "C13"]
    assert repr(verdict) == repr(replace(among, subject=bench.subject(verdict.claim)))


def test_what_is_run_is_what_the_family_asks_and_how_it_ran(study: Callable[..., Study]) -> None:
    """Every question of every claim of the family, and the report's own; nothing of another family's."""
    bench = study()
    bench.verdict("C2")
    assert stated([*CLAIMS["C1"].asks, *CLAIMS["C2"].asks, HowItRan()], bench.sources) == []
    assert stated(CLAIMS["C11"].asks, bench.sources) != []


def test_what_is_expected_is_run_before_the_first_verdict(study: Callable[..., Study]) -> None:
    """With the first claim's, what others of the session need is there, of their families, and no more."""
    bench = study()
    bench.expect(["C2", "C11"])
    bench.verdict("C2")
    assert stated([*CLAIMS["C1"].asks, *CLAIMS["C10"].asks, *CLAIMS["C11"].asks], bench.sources) == []
    assert stated(CLAIMS["C9"].asks, bench.sources) != []
    assert repr(bench.verdict("C11")) == repr(study().verdict("C11"))


def test_store_is_the_suites_own_unless_another_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the suite's checkout, whatever folder pytest takes for its root; the environment goes first."""
    assert fixtures.STORE == ROOT / ".store"
    config: Any = SimpleNamespace(getoption=lambda _, default: default, rootpath=tmp_path)
    monkeypatch.delenv("ICL_CLAIMS_STORE", raising=False)
    assert settings_of(config, fixtures.PROFILES, fixtures.STORE).store == ROOT / ".store"
    monkeypatch.setenv("ICL_CLAIMS_STORE", "elsewhere")
    assert settings_of(config, fixtures.PROFILES, fixtures.STORE).store == Path("elsewhere")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, {"small": "owner/small", "large": "owner/large"}),
        ({"model": "a"}, {"": "a"}),
        ({"model": "a,b"}, {"a": "a", "b": "b"}),
        ({"models_file": "{0}/models"}, {"c": "c", "d": "d"}),
    ],
)
def test_models_are_the_options_or_else_the_profiles(tmp_path: Path, given: dict[str, str], named: object) -> None:
    """A profile may name several; what the command line names counts before it."""
    (tmp_path / "profiles").write_text('[two]\nmodel = ["owner/small", "owner/large"]\n')
    (tmp_path / "models").write_text("c\nd\n")
    options = {"profile": "two"} | {name: value.format(tmp_path) for name, value in given.items()}

    def option(name: str, default: object = None) -> object:
        return options.get(name, default)

    config: Any = SimpleNamespace(getoption=option)
    assert models_of(config, tmp_path / "profiles") == named
    assert settings_of(config, tmp_path / "profiles", tmp_path).model in {"owner/small", "a", "c"}


def test_model_is_tried_where_the_store_lacks_runs_of_it(project: Project, tmp_path: Path) -> None:
    """Loaded once and let go of; one that the store has all runs of is not loaded, so that a second run stays quick."""
    progress = _Begun()
    settings = project.settings(tmp_path / "store")
    study = Study(CLAIMS, settings, fixtures.MODELS, fixtures.TASKS, progress)
    study.ready()
    assert progress.begun == [f"trying {project.model}"]
    assert loaded.load_trained.cache_info().currsize == 0
    study.verdict("C1")
    progress.begun.clear()
    study.ready()
    assert progress.begun == []


def test_run_that_was_given_up_is_not_tried_again(project: Project, tmp_path: Path) -> None:
    """Finetuning diverges at the one rate: the next family says the same at once, and what is no model's is judged."""
    progress = _Begun()
    settings = project.settings(tmp_path / "store", learning_rates=(1e38,))
    study = Study(CLAIMS, settings, fixtures.MODELS, fixtures.TASKS, progress)
    with pytest.raises(HarnessError, match="diverged at every learning rate") as first:
        study.verdict("C1")
    assert progress.begun
    progress.begun.clear()
    with pytest.raises(HarnessError) as second:
        study.verdict("C11")
    assert second.value is first.value
    study.ready()
    assert progress.begun == []
    assert study.verdict("C4").outcome is Outcome.SUPPORTED


def test_model_before_lets_go_when_anothers_turn_comes(project: Project, tmp_path: Path) -> None:
    """Of what it has read, and of the loaded model; its verdicts are kept, and it can be asked again."""
    turns, other = Turns(), make_model(tmp_path / "other", seed=1)
    first, second = (_of(project, tmp_path, model, turns) for model in (project.model, other))
    held = first._evidence
    verdict = first.verdict("C1")
    assert first._evidence is held
    second.verdict("C1")
    assert first._evidence is not held
    assert first.verdict("C1") is verdict
    assert first.verdict("C11").subject == str(project.model)
