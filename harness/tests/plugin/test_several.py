"""Several models in a run: whole pytest runs of six claims about a model, and one about algebra, on two tiny models.

All runs but one share a process and a store. The first run fills it; the runs of one model alone read it.
"""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from harness.judging.expectation import Expectation, expectation_of, write_expectation
from harness.report.document import Document
from harness.report.json_form import from_json, to_json
from harness.statistics.results import Outcome
from harness.tests.plugin.whole_runs import WATCH, Folder, Ran
from harness.tests.tiny import Project, make_model

ALGEBRA = "claims/c04_dual_form.py"
MODELS = ("model", "second")


@pytest.fixture(scope="module")
def folder(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Return the folder of all runs, with a second model, its copy, and two that are damaged."""
    path = tmp_path_factory.mktemp("several")
    (path / "watch.py").write_text(WATCH)
    second = make_model(path / "second", seed=1)
    shutil.copytree(second, path / "copy")
    shutil.copytree(second, path / "elsewhere" / "second")
    cut = shutil.copytree(second, path / "cut") / "model.safetensors"
    cut.write_bytes(cut.read_bytes()[:-8])
    empty = shutil.copytree(second, path / "empty") / "model.safetensors"
    weights = load_file(empty)
    save_file({name: value * float("nan") for name, value in weights.items()}, empty, metadata={"format": "pt"})
    (path / "models.txt").write_text(f"# two of them\n{path / 'second'}  # the second\n\n{project.model}\n")
    (path / "none.txt").write_text("# none\n")
    return Folder(path, project)


def _both(folder: Folder, *names: str) -> str:
    return ",".join([str(folder.project.model), *(str(folder.path / name) for name in names or ("second",))])


@pytest.fixture(scope="module")
def runs(folder: Folder) -> dict[str, Ran]:
    """Return runs of both models, then of each alone, on one store; and runs that are refused."""
    run, both, none = folder.arguments, _both(folder), folder.path / "nowhere"
    one, second = folder.project.model, folder.path / "second"
    refused = {
        "twice": f"{one},{one}",
        "one name": _both(folder, "second", "elsewhere/second"),
        "one model": _both(folder, "second", "copy"),
        "no model": ",",
        "unknown": f"{one},smolm2-135m-instruct",
        "damaged": _both(folder, "cut"),
        "empty weights": _both(folder, "empty"),
    }
    files = {"no file": none, "empty file": folder.path / "none.txt"}
    without = [argument for argument in run("x") if not argument.startswith(("--model=", "--report="))]
    return folder.run_all(
        {
            "both": [*run("both", "-v", model=both), ALGEBRA],
            "alone": [*run("alone", "-v"), ALGEBRA],
            "second alone": run("second alone", model=second),
            "listed": [
                *without,
                f"--models-file={folder.path / 'models.txt'}",
                f"--report={folder.path}/listed/claims.html",
            ],
            "by marker": run("by marker", "-v", "-m", "attention and second", model=both),
            **{name: run(name, model=models) for name, models in refused.items()},
            **{name: [*without, f"--models-file={file}", f"--report={none}"] for name, file in files.items()},
            "two ways": run("two ways", f"--models-file={folder.path / 'models.txt'}"),
        }
    )


def _document(ran: Ran) -> Document:
    return from_json(ran.report.with_suffix(".json").read_text())


def _about(document: Document, model: Path) -> list[str]:
    """Return the verdicts about a model, to the last digit."""
    return [repr(verdict) for verdict in document.verdicts if verdict.subject == str(model)]


def test_each_claim_about_a_model_is_a_case_of_each(runs: dict[str, Ran]) -> None:
    """All cases of the first come before those of the second; algebra is judged once."""
    cases = re.findall(r"^claims/(c\d+)_\w+\.py::\w+?(?:\[(\w+)\])? ", runs["both"].out, flags=re.MULTILINE)
    claims = ("c01", "c02", "c10", "c11", "c12", "c13")
    assert [case for case in cases if case[0] != "c04"] == [(claim, model) for model in MODELS for claim in claims]
    assert [case for case in cases if case[0] == "c04"] == [("c04", "")]


def test_one_model_has_the_node_ids_it_always_had(runs: dict[str, Ran]) -> None:
    """No brackets where there is one model, and none in the closing lines."""
    assert "::test_icl_changes_attention_outputs_as_finetuning_does SUPPORTED" in runs["alone"].out
    assert "[model]" not in runs["alone"].out


def test_verdicts_are_the_same_whichever_models_ran_beside(folder: Folder, runs: dict[str, Ran]) -> None:
    """To the last digit those of a run of the model alone: families are corrected within a model."""
    both, alone, second = (_document(runs[name]) for name in ("both", "alone", "second alone"))
    one, two = folder.project.model, folder.path / "second"
    assert len(_about(both, one)) == len(_about(both, two)) == 6
    assert _about(both, one) == _about(alone, one)
    assert _about(both, two) == _about(second, two)
    assert [verdict.key for verdict in both.verdicts if verdict.claim.id == "C4"] == [("C4", "algebra")]


def test_report_holds_claim_by_model(folder: Folder, runs: dict[str, Ran]) -> None:
    """Facts by model, in the order that was given; readings of each; the setting 'model' is a list."""
    both, alone, second = (_document(runs[name]) for name in ("both", "alone", "second alone"))
    names = [str(folder.project.model), str(folder.path / "second")]
    assert list(both.facts.models) == both.facts.settings["model"] == names
    assert both.facts.models[names[0]] == alone.facts.models[names[0]]
    assert both.facts.models[names[1]] == second.facts.models[names[1]]
    assert both.readings == (*alone.readings, *second.readings)
    text = runs["both"].report.with_suffix(".json").read_text()
    assert to_json(from_json(text)) == text


def test_closing_lines_name_the_model_and_say_where_models_disagree(runs: dict[str, Ran]) -> None:
    """Each verdict with its model behind it, then how many differ."""
    lines = runs["both"].out.splitlines()
    assert len([line for line in lines if re.match(r"C\d+ .*\[(model|second)\]$", line)]) == 12
    assert [line for line in lines if line.startswith("Of 6 claims that were judged on several models, ")]


def test_models_are_named_in_a_file(folder: Folder, runs: dict[str, Ran]) -> None:
    """One a line, in that order, comments and empty lines left out; the same verdicts."""
    listed, both = _document(runs["listed"]), _document(runs["both"])
    assert list(listed.facts.models) == [str(folder.path / "second"), str(folder.project.model)]
    for model in listed.facts.models:
        assert _about(listed, Path(model)) == _about(both, Path(model))


@pytest.mark.parametrize(("name", "claims"), [("by name", 6), ("by marker", 2)])
def test_cases_are_selected_by_name_and_by_marker(
    folder: Folder, runs: dict[str, Ran], expected: dict[str, Ran], name: str, claims: int
) -> None:
    """-k second, and -m with the model's name as a marker: the second model's cases alone, and its facts."""
    document = _document({**runs, **expected}[name])
    assert len(_about(document, folder.path / "second")) == len(document.verdicts) == claims
    assert list(document.facts.models) == [str(folder.path / "second")]
    assert all("second" not in verdict.markers for verdict in document.verdicts)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("twice", "is given twice"),
        ("one name", "are both called 'second'"),
        ("one model", "are one: their files are the same"),
        ("no model", "--model ',' names no model"),
        ("unknown", "unknown model 'smolm2-135m-instruct'"),
        ("damaged", "cut"),
        ("empty weights", "it gives logits that are no numbers"),
        ("no file", "nowhere' can't be used"),
        ("empty file", "none.txt' names no model; expected a text file with a model a line"),
        ("two ways", "both name models; give one of them"),
    ],
)
def test_models_that_cannot_be_run_are_one_message_before_anything_runs(
    folder: Folder, runs: dict[str, Ran], name: str, complaint: str
) -> None:
    """Exit 4, one line, nothing in the store: also of a model whose weights only loading shows to hold nothing."""
    ran = runs[name]
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in ran.err.splitlines() if line]
    assert line.startswith("ERROR: ")
    assert complaint in line
    assert folder.made(name) == []


@pytest.fixture(scope="module")
def expected(folder: Folder, runs: dict[str, Ran]) -> dict[str, Ran]:
    """Return runs that are held to the verdicts of both models, of one, and to ones that did not come out."""
    both, alone = (_document(runs[name]) for name in ("both", "alone"))
    of_both = expectation_of(both.facts.settings, both.verdicts)
    second = str(folder.path / "second")
    c11 = of_both.verdicts["C11"]
    missed = c11[second].outcome
    wrong = replace(
        c11[second], outcome=Outcome.REFUTED if missed is Outcome.SUPPORTED else Outcome.SUPPORTED, margin=5.0
    )
    given = {
        "both": of_both,
        "alone": expectation_of(alone.facts.settings, alone.verdicts),
        "wrong": Expectation(of_both.settings, {**of_both.verdicts, "C11": {**c11, second: wrong}}),
    }
    for name, expectation in given.items():
        write_expectation(folder.path / f"{name}.json", expectation)
    run, names = folder.arguments, _both(folder)
    return folder.run_all(
        {
            "held": [*run("held", "-n", 2, f"--expect={folder.path}/both.json", model=names), ALGEBRA],
            "held, one model": [*run("held, one model", f"--expect={folder.path}/both.json"), ALGEBRA],
            "held to one": [*run("held to one", f"--expect={folder.path}/alone.json", model=names), ALGEBRA],
            "by name": run("by name", "-k", "second", f"--expect={folder.path}/alone.json", model=names),
            "held to another": run("held to another", f"--expect={folder.path}/wrong.json", model=names),
        }
    )


@pytest.mark.parametrize("name", ["held", "held, one model"])
def test_expectation_of_several_models_holds_for_all_and_for_one(expected: dict[str, Ran], name: str) -> None:
    """What was found of both is applied to a run of both, and of one, in which no verdict on the other is missing."""
    ran = expected[name]
    assert ran.code == 0, ran.out
    assert "missing:" not in ran.out
    assert "both.json was applied" in ran.out


def test_expectation_of_one_model_holds_for_it_among_several(expected: dict[str, Ran]) -> None:
    """The header says of each model whether it was applied; nothing is missing where only the other was selected."""
    for name in ("held to one", "by name"):
        assert "alone.json was applied on model" in expected[name].out
        assert "alone.json is of another run and was not applied on second (model is" in expected[name].out
        assert "missing:" not in expected[name].out


def test_unexpected_verdict_on_one_model_fails_its_case_alone(expected: dict[str, Ran]) -> None:
    """The first model's verdicts are as expected, and so are the second's but for one."""
    ran = expected["held to another"]
    failed = re.findall(r"^[A-Z ]+ claims/(c\d+)_\w+\.py::\w+\[(\w+)\]", ran.out, flags=re.MULTILINE)
    assert (ran.code, failed) == (1, [("c11", "second")])


def test_workers_give_the_same_report(runs: dict[str, Ran], expected: dict[str, Ran]) -> None:
    """Two of them: the same verdicts in the same order, the first model's first, and the same facts."""
    alone, workers = _document(runs["both"]), _document(expected["held"])
    assert [repr(replace(verdict, expected=None)) for verdict in workers.verdicts] == [*map(repr, alone.verdicts)]
    assert (workers.facts.models, workers.facts.settings) == (alone.facts.models, alone.facts.settings)
    assert workers.readings == alone.readings
