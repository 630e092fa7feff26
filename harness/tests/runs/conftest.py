"""The tiny project with two tasks, selected on."""

import pytest

from harness.evidence.sources import Sources
from harness.tests.tiny import Project
from harness.tests.two_tasks import sources_of, two_tasks


@pytest.fixture(scope="session")
def both(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the tiny model with two tasks."""
    return two_tasks(project, tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="session")
def controls(both: Project, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return what was selected on two tasks, of whose 30 queries controls take eight, in a store that tests share."""
    return sources_of(both, tmp_path_factory.mktemp("controls"))
