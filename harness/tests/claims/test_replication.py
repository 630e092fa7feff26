"""The replication's figures stand beside a run of its own model on its own tasks, and beside no other."""

import pytest

from claims.replication import COLUMNS, FIGURES, MODELS, replicated
from harness.evidence.evidence import Evidence
from harness.tests.planted.worlds import World

TASKS = ("CB", "IMDB", "SST2")


@pytest.mark.parametrize("model", sorted(MODELS))
def test_figures_are_of_the_tasks_that_were_run(model: str) -> None:
    """In their order; a task without figures has no row, and a column without any is empty."""
    rows = replicated(World(model=model, paper_names=TASKS), ("SimAOU", None, "the same, layer-causal"))
    assert rows == [
        ("1.3B on CB, replicated by Deutch et al.", (0.205, None, 0.382)),
        ("1.3B on SST2, replicated by Deutch et al.", (0.111, None, 0.299)),
    ]


def test_other_models_have_none() -> None:
    """Neither one of another size nor one of another name."""
    assert replicated(World(model="fairseq-dense-2.7b", paper_names=TASKS), COLUMNS) == []


def test_every_task_of_the_paper_has_all_figures() -> None:
    """Six tasks, five figures each."""
    assert {len(figures) for figures in FIGURES.values()} == {len(COLUMNS)}
    assert {*FIGURES} == {"SST2", "SST5", "MR", "Subj", "AGNews", "CB"}


def test_tasks_of_ones_own_are_none_of_the_papers(evidence: Evidence) -> None:
    """The tiny project's model is called as its folder, and its task has no name in the paper."""
    assert evidence.model == str(evidence.sources.experiment.settings.model)
    assert evidence.paper_names == ()
