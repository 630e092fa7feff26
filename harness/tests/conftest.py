"""Where tests find real archives and the paper's data, and skip where there are none; warnings that are errors."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import fixtures
from harness.__main__ import main
from harness.evidence.evidence import Evidence
from harness.evidence.questions import HowItRan, OnTasks
from harness.evidence.sources import Sources
from harness.files import file_sha256
from harness.models.catalogue import GgufModel, model_rows
from harness.tasks.catalogue import WordNetSource, read_tasks
from harness.tasks.wordnet import usual_folders
from harness.tests.tiny import ON_TASKS, Project, make_project, ready

ROOT = Path(__file__).parents[2]

WARNINGS = (
    "error",
    "ignore:.*:DeprecationWarning:torch.*",
    "ignore:.*:DeprecationWarning:transformers.*",
)
"""The later ones come first."""

Run = Callable[..., tuple[int, str, str]]
"""A command of `python -m harness`: exit status, stdout and stderr."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make errors of warnings in the suite's own tests; a test's own filters go before these."""
    for item in items:
        if item.path.is_relative_to(ROOT / "harness"):
            item.add_marker(pytest.mark.filterwarnings(*WARNINGS), append=False)


@pytest.fixture(scope="session")
def fetched() -> Path:
    """Return the folder of the catalogue's archives: ICL_CLAIMS_FETCHED, or .store/fetched."""
    folder = Path(os.environ.get("ICL_CLAIMS_FETCHED", ROOT / ".store" / "fetched"))
    archives = [package.archive for package in read_tasks(fixtures.TASKS).packages.values()]
    archives += [row.archive for row in model_rows(fixtures.MODELS).values() if isinstance(row, GgufModel)]
    missing = [archive for archive in archives if not (folder / archive).is_file()]
    if missing:
        pytest.skip(f"{', '.join(missing)} not in {folder}: a first run fetches them, or set ICL_CLAIMS_FETCHED")
    return folder


@pytest.fixture(scope="session")
def wordnet() -> Path:
    """Return the folder of WordNet 3.0's data.noun, where NLTK_DATA names it or a system has put it."""
    source = read_tasks(fixtures.TASKS).tasks["gloss"].source
    assert isinstance(source, WordNetSource)
    for folder in usual_folders(os.environ):
        if (folder / "data.noun").is_file() and file_sha256(folder / "data.noun") in source.sha256:
            return folder
    pytest.skip("WordNet 3.0 is not installed: apt-get install wordnet-base, or NLTK's data")


@pytest.fixture(scope="session")
def paper_data() -> Path:
    """Return the folder of the paper's six data sets, <task>/train.jsonl and test.jsonl: ICL_CLAIMS_DATA."""
    given = os.environ.get("ICL_CLAIMS_DATA")
    if given is None:
        pytest.skip("ICL_CLAIMS_DATA is not set: it names the folder of the paper's data sets")
    return Path(given)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the tiny model and the tiny task."""
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def sources(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return the tiny project with what is measured on its tasks, in a store that its tests share."""
    return ready(project.settings(tmp_path_factory.mktemp("shared")), *map(OnTasks, ON_TASKS), HowItRan())


@pytest.fixture(scope="session")
def evidence(sources: Sources) -> Evidence:
    """Return the evidence of the tiny project."""
    return Evidence(sources)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command and returns its exit status, stdout and stderr."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["harness", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return command
