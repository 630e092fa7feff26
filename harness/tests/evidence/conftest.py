"""Controls of two tiny tasks, measured."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnControls, Question
from harness.runs.variants import Variant
from harness.tests.tiny import Project
from harness.tests.two_tasks import sources_of, two_tasks

VARIANTS = (Variant(), Variant(weights="shuffled"), Variant(gradient="layer_causal"))
MEASURED = ("accuracy", "sim_aou", "sim_am", "kendall")

Asking = Callable[..., Evidence]
"""Of questions and options: evidence whose store answers them."""


@pytest.fixture(scope="session")
def both(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return the tiny model with two tasks."""
    return two_tasks(project, tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="session")
def asking(both: Project, tmp_path_factory: pytest.TempPathFactory) -> Asking:
    """Return a function that asks about both tasks, in a store that these tests share."""
    store: Path = tmp_path_factory.mktemp("controls")

    def asked(*questions: Question, **options: Any) -> Evidence:
        return Evidence(sources_of(both, store, *questions, **options))

    return asked


@pytest.fixture(scope="session")
def controls(asking: Asking) -> Evidence:
    """Return both tasks' controls, measured under three variants."""
    asked = [OnControls(measurement, variant) for measurement in MEASURED for variant in VARIANTS]
    return asking(*asked, OnControls("distributions"))
