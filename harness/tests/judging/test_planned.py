"""A run of claims that is not run: what it would take, also of a model that is not here."""

import re
from pathlib import Path

import huggingface_hub.constants
import pytest

import claims
import fixtures
from harness.errors import HarnessError
from harness.judging.claims import load_claims
from harness.judging.planned import planned
from harness.tests.tiny import Project


def test_plan_of_all_claims_is_four_lines_and_no_run(project: Project, tmp_path: Path) -> None:
    """What is judged of what, what runs, what it takes, and what trainings do; the store holds no run then."""
    modules = [*load_claims(claims).values()]
    lines = [*planned(modules, project.settings(tmp_path / "store"), fixtures.MODELS, fixtures.TASKS)]
    assert len(lines) == 4
    assert lines[0] == f"{len(modules)} claims of {project.model} on toy"
    assert re.match(r"ahead: \d+ records in \d+ waves \(\d+ accuracy, .*\d+ training", lines[1])
    assert not [*(tmp_path / "store").glob("runs/*/*")]


def test_papers_model_is_planned_before_it_is_here(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the catalogue's size: its weights alone have 5.2 GB in float32. A model that it has no size of is refused."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    modules = [load_claims(claims)["C10"]]
    settings = project.settings(tmp_path / "store", model="fairseq-dense-1.3b")
    _, _, last = planned(modules, settings, fixtures.MODELS, fixtures.TASKS)
    taken = re.search(r"(\S+) GB of memory a process", last)
    assert taken is not None
    assert float(taken[1]) > 5.2
    with pytest.raises(HarnessError, match="could not be fetched"):
        [*planned(modules, settings.model_copy(update={"model": "nobody/nothing"}), fixtures.MODELS, fixtures.TASKS)]
