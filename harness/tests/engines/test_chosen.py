"""Which engine the settings name, and that what is not there is said before anything runs."""

import importlib.util
from pathlib import Path

import pytest

import fixtures
from harness.engines.chosen import chosen_engine
from harness.engines.machine import Machine
from harness.engines.plan import run_plan
from harness.errors import HarnessError
from harness.evidence.sources import open_sources
from harness.progress import Silent
from harness.tests.engines.noted import Asked, Noted, noted
from harness.tests.tiny import Project


def test_this_machine_is_the_default(project: Project, tmp_path: Path) -> None:
    """No package beside the suite's own is needed."""
    sources = open_sources(project.settings(tmp_path), fixtures.MODELS, fixtures.TASKS)
    assert isinstance(chosen_engine(sources.experiment, Silent()), Machine)


@pytest.mark.parametrize(("engine", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_engine_that_is_not_there_is_one_message_and_runs_nothing(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, package: str
) -> None:
    """Either its package is lacking, which is said with what installs it, or no cluster is reached."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    lacking = importlib.util.find_spec(package) is None
    sources = open_sources(project.settings(tmp_path, engine=engine), fixtures.MODELS, fixtures.TASKS)
    record = Noted("a", tmp_path / "log")
    match = rf"'\.\[{engine}\]'" if lacking else f"--engine {engine} reaches no cluster"
    with pytest.raises(HarnessError, match=match):
        run_plan([Asked(((record,),))], sources, Silent())
    assert noted(record.log) == []


@pytest.mark.parametrize("engine", ["ray", "slurm"])
def test_where_nothing_is_lacking_no_cluster_is_needed(project: Project, tmp_path: Path, engine: str) -> None:
    """Claims are judged from the store on a machine that reaches none."""
    sources = open_sources(project.settings(tmp_path, engine=engine), fixtures.MODELS, fixtures.TASKS)
    record = Noted("a", tmp_path / "log")
    sources.store.find_or_run(record)
    run_plan([Asked(((record,),))], sources, Silent())
    assert len(noted(record.log)) == 1
