"""Claims about all models of a session: whole pytest runs on three sizes of one family, and on one of another.

All runs but those with another are on one store, which the first fills.
"""

import re

import pytest

from harness.judging.expectation import expectation_of, write_expectation
from harness.judging.verdicts import Verdict
from harness.report.document import Document
from harness.report.json_form import from_json
from harness.statistics.results import Outcome
from harness.tests.conftest import ROOT
from harness.tests.model_folders import write_model
from harness.tests.plugin.whole_runs import WATCH, Folder, Ran
from harness.tests.tiny import Project, make_model

SCALE = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("claims/s0*.py"))
WIDTHS = {"small": 16, "middle": 32, "large": 64}
"""Of the MLPs of each model."""
OPTIONS = {"demonstration_sets": 3, "selection": "random", "demonstrations": 3, "learning_rates": 2}
RUN = [("S1", Outcome.INCONCLUSIVE), ("S2", Outcome.INCONCLUSIVE), ("S3", Outcome.INCONCLUSIVE)]


@pytest.fixture(scope="module")
def folder(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Return the folder of all runs, with three sizes of a family and a model of another."""
    path = tmp_path_factory.mktemp("together")
    (path / "watch.py").write_text(WATCH)
    for name, width in WIDTHS.items():
        make_model(path / name, seed=1, intermediate=width)
    write_model(path / "other", "gpt2")
    return Folder(path, project)


def _arguments(folder: Folder, name: str, models: str, *extra: str, marker: str = "scale") -> list[str]:
    """Return pytest's arguments of a run of S1 and S2 on models by their names."""
    named = ",".join(str(folder.path / model) for model in models.split())
    store = folder.path / "another store" if name == "alone" else None
    return [*folder.arguments(name, "-v", "-m", marker, *extra, store=store, model=named, **OPTIONS), *SCALE]


@pytest.fixture(scope="module")
def runs(folder: Folder) -> dict[str, Ran]:
    """Return runs of three models, in two orders, with a fourth, of one and of two; and a model that can't be run."""
    (folder.path / "empty").mkdir(exist_ok=True)
    return folder.run_all(
        {
            "three": _arguments(folder, "three", "large small middle", marker="scale or accuracy"),
            "again": _arguments(folder, "again", "small middle large"),
            "alone": _arguments(folder, "alone", "small"),
            "two": _arguments(folder, "two", "other small"),
            "four": _arguments(folder, "four", "small other middle large"),
            "refused": _arguments(folder, "refused", "small middle empty"),
        }
    )


def _document(ran: Ran) -> Document:
    return from_json(ran.report.with_suffix(".json").read_text())


def _together(ran: Ran) -> list[Verdict]:
    return [verdict for verdict in _document(ran).verdicts if verdict.claim.id.startswith("S")]


def _trends(ran: Ran) -> list[Verdict]:
    return [verdict for verdict in _together(ran) if verdict.claim.id in {"S1", "S2"}]


def test_three_sizes_of_a_family_are_judged_once_behind_their_own_claims(folder: Folder, runs: dict[str, Ran]) -> None:
    """Each model's cases come first, in the order of the command line; the subject is all of them, by name."""
    ran = runs["three"]
    cases = re.findall(r"^claims/([cs]\d+)_\w+\.py::\w+?(?:\[(\w+)\])? ", ran.out, flags=re.MULTILINE)
    assert cases == [
        *((c, m) for m in ("large", "small", "middle") for c in ("c01", "c02")),
        *((s, "") for s in ("s01", "s02", "s03")),
    ]
    assert [(verdict.claim.id, verdict.outcome) for verdict in _together(ran)] == RUN
    names = ", ".join(sorted(str(folder.path / name) for name in WIDTHS))
    assert {verdict.subject for verdict in _together(ran)} == {names}
    assert [name.partition(":")[0] for name, _ in _together(ran)[0].tables[0].rows] == [
        "llama, 0.00443 M",
        "llama, 0.00597 M",
        "llama, 0.00904 M",
    ]


def test_judging_all_models_runs_nothing_that_theirs_did_not(folder: Folder, runs: dict[str, Ran]) -> None:
    """Asked for alone and in another order, on what is there: no entry is made, and the verdicts are the same."""
    assert [repr(verdict) for verdict in _together(runs["again"])] == [repr(v) for v in _together(runs["three"])]
    assert not [name for name in folder.made("again") if "/runs/" in name]


def test_report_of_all_models_says_how_each_was_run(folder: Folder, runs: dict[str, Ran]) -> None:
    """Where nothing but claims about all was selected, too; the page says on what was tested."""
    for name, order in (("three", "large small middle"), ("again", "small middle large")):
        document = _document(runs[name])
        assert list(document.facts.models) == [str(folder.path / model) for model in order.split()]
        assert document.facts.settings["model"] == list(document.facts.models)
    page = runs["again"].report.read_text()
    assert "Tested on 3 models (small, middle, large) with 1 task (toy)" in page
    assert "Of 3 claims about models together 3 are inconclusive." in page


def test_one_model_is_not_testable_at_once(folder: Folder, runs: dict[str, Ran]) -> None:
    """Nothing is run for it, and what is needed is said."""
    assert [(v.claim.id, v.outcome) for v in _together(runs["alone"])] == [
        ("S1", Outcome.NOT_TESTABLE),
        ("S2", Outcome.NOT_TESTABLE),
        ("S3", Outcome.NOT_TESTABLE),
    ]
    small = folder.path / "small"
    assert {verdict.reason for verdict in _together(runs["alone"])} == {
        f"one model ran ({small}), and this is about several: --model A,B"
    }
    assert {verdict.subject for verdict in _together(runs["alone"])} == {str(small)}
    assert (runs["alone"].code, folder.made("alone")) == (0, [])


def test_models_of_two_families_are_shown_and_not_judged(runs: dict[str, Ran]) -> None:
    """How many of which family ran is said in a line, and their figures stand in a table."""
    for verdict in _trends(runs["two"]):
        assert verdict.outcome is Outcome.NOT_TESTABLE
        assert re.search(r"there ran 1 of gpt2 \(\S+other, .* M\), and 1 of llama \(\S+small, .* M\)$", verdict.reason)
        assert [name.partition(",")[0] for name, _ in verdict.tables[0].rows] == ["gpt2", "llama"]
        assert all(figure is not None for _, figures in verdict.tables[0].rows for figure in figures)


def test_model_of_another_family_beside_three_decides_nothing(runs: dict[str, Ran]) -> None:
    """The comparisons are those of the three; the subject is all that were named."""
    for verdict, beside in zip(_trends(runs["three"]), _trends(runs["four"]), strict=True):
        assert repr(beside.parts) == repr(verdict.parts)
        assert beside.notes[0] == "gpt2: shown, not judged: fewer than 3 sizes ran."
    pairs = {name: len(_together(runs[name])[-1].parts) for name in ("three", "four")}
    assert pairs == {"three": 2, "four": 3}  # S3 takes any family: each model and the next smaller one


def test_model_that_cannot_be_run_is_one_message_before_any_other_runs(runs: dict[str, Ran]) -> None:
    """Where claims about all of them alone are selected, too."""
    assert runs["refused"].code == pytest.ExitCode.USAGE_ERROR
    assert "empty" in runs["refused"].err


@pytest.fixture(scope="module")
def expected(folder: Folder, runs: dict[str, Ran]) -> dict[str, Ran]:
    """Return runs that are held to the verdicts of three models and of one, and a run of two workers."""
    for name in ("again", "alone"):
        document = _document(runs[name])
        write_expectation(folder.path / f"{name}.json", expectation_of(document.facts.settings, document.verdicts))
    of_three, of_one = (f"--expect={folder.path}/{name}.json" for name in ("again", "alone"))
    return folder.run_all(
        {
            "held": _arguments(folder, "held", "middle small large", of_three, "-n", "2"),
            "one, held to three": _arguments(folder, "one, held to three", "small", of_three),
            "three, held to one": _arguments(folder, "three, held to one", "small middle large", of_one),
        }
    )


def test_verdict_on_models_is_held_to_one_on_the_same_models_alone(
    runs: dict[str, Ran], expected: dict[str, Ran]
) -> None:
    """In any order; of fewer models, or more, it is another verdict, which is neither held nor missing."""
    assert {verdict.expected for verdict in _together(expected["held"])} == {Outcome.INCONCLUSIVE}
    for name in ("one, held to three", "three, held to one"):
        assert {verdict.expected for verdict in _together(expected[name])} == {None}
    assert [ran.code for ran in expected.values()] == [0, 0, 0]
    assert not [name for name, ran in expected.items() if "missing:" in ran.out]
    assert [v.outcome for v in _together(expected["held"])] == [v.outcome for v in _together(runs["three"])]
