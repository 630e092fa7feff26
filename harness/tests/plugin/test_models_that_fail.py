"""A model that fails in mid-run among several: whole pytest runs of six claims on two tiny models."""

import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from harness.report.document import Document
from harness.report.json_form import from_json
from harness.tests.plugin.whole_runs import WATCH, Folder, Ran
from harness.tests.tiny import Project, make_model

ALGEBRA = "claims/c04_dual_form.py"
CLAIMS = ("C1", "C2", "C10", "C11", "C12", "C13")
DIVERGED = "task 'toy': finetuning diverged at every learning rate"

REMOVES = """
import os, shutil, sys

def remove(event, arguments):  # when the first entry has been made, the folder of the other model is taken away
    if event == "os.rename" and str(arguments[0]).endswith("/entry"):
        shutil.rmtree({folder!r}, ignore_errors=True)

sys.addaudithook(remove)
"""


@pytest.fixture(scope="module")
def folder(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Return the folder of all runs, with a model that no learning rate can finetune, and one that will be removed."""
    path = tmp_path_factory.mktemp("failing")
    (path / "watch.py").write_text(WATCH)
    hot = make_model(path / "hot", seed=1) / "model.safetensors"
    weights = load_file(hot)
    weights["lm_head.weight"] *= np.float32(1e15)  # its logits are numbers, and so is no update of its keys
    save_file(weights, hot, metadata={"format": "pt"})
    (path / "removes.py").write_text(REMOVES.format(folder=str(make_model(path / "lost", seed=2))))
    return Folder(path, project)


@pytest.fixture(scope="module")
def runs(folder: Folder) -> dict[str, Ran]:
    """Return runs of a model that fails before a sound one, in one process and in two workers, and behind one."""
    sound, hot, lost = str(folder.project.model), str(folder.path / "hot"), str(folder.path / "lost")
    first = f"{hot},{sound}"
    ran = folder.run_all(
        {
            "first": [*folder.arguments("first", "-v", model=first, learning_rates=2), ALGEBRA],
            "workers": [*folder.arguments("workers", "-n", 2, model=first, learning_rates=2), ALGEBRA],
            "sound": [*folder.arguments("sound", learning_rates=2), ALGEBRA],
        }
    )
    last = folder.arguments("last", "-p", "removes", model=f"{sound},{lost}", store=folder.path / "another store")
    return ran | folder.run_all({"last": last})


def _document(ran: Ran) -> Document:
    return from_json(ran.report.with_suffix(".json").read_text())


def _outcomes(document: Document) -> dict[tuple[str, str], str]:
    return {(verdict.claim.id, Path(verdict.subject).name): f"{verdict.outcome}" for verdict in document.verdicts}


@pytest.mark.parametrize("name", ["first", "workers"])
def test_model_that_cannot_be_finetuned_stops_no_other(runs: dict[str, Ran], name: str) -> None:
    """Each claim about it is an ERROR; those about the other have verdicts, to the last digit those of it alone."""
    document, sound = _document(runs[name]), _document(runs["sound"])
    outcomes = _outcomes(document)
    assert {key for key, outcome in outcomes.items() if outcome == "ERROR"} == {(claim, "hot") for claim in CLAIMS}
    assert len(outcomes) == 2 * len(CLAIMS) + 1
    of_sound = [repr(verdict) for verdict in document.verdicts if not verdict.subject.endswith("hot")]
    assert of_sound == [*map(repr, sound.verdicts)]


@pytest.mark.parametrize("name", ["first", "workers"])
def test_what_failed_is_said_once(runs: dict[str, Ran], name: str) -> None:
    """Exit 1; one claim says why, the other five that it is as with that one; the report says it of each."""
    failures, _, _ = runs[name].out.partition("short test summary")
    assert runs[name].code == pytest.ExitCode.TESTS_FAILED
    assert failures.count(DIVERGED) == 1
    assert len(set(re.findall(r"^C\d+ could not be judged: as (C\d+)$", failures, flags=re.MULTILINE))) == 1
    assert len(re.findall(r"could not be judged: as ", failures)) == len(CLAIMS) - 1
    assert {v.reason.partition(DIVERGED)[1] for v in _document(runs[name]).verdicts if v.outcome == "ERROR"} == {
        DIVERGED
    }


def test_model_that_is_taken_away_is_an_error_and_what_was_judged_stays(folder: Folder, runs: dict[str, Ran]) -> None:
    """Its folder goes while the first model runs, behind all that was looked at beforehand."""
    ran = runs["last"]
    outcomes = _outcomes(_document(ran))
    assert {key for key, outcome in outcomes.items() if outcome == "ERROR"} == {(claim, "lost") for claim in CLAIMS}
    assert len(outcomes) == 2 * len(CLAIMS)
    assert "INTERNALERROR" not in ran.out + ran.err
    assert str(folder.path / "lost") in ran.out
    assert ran.code == pytest.ExitCode.TESTS_FAILED
    assert "<h1" in ran.report.read_text()
