"""What is asked of supervised models: which labels, beside which set of ICL's, and what is read of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fixtures
from harness.data import Setting
from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.evidence.sources import Provisional, Sources, open_sources
from harness.evidence.supervised import Supervised, ladder
from harness.models.encoder import Encoder
from harness.runs.run import Demonstrations
from harness.runs.supervised import EmbeddedTexts
from harness.store import MissingEntryError
from harness.tests.evidence.conftest import Asking
from harness.tests.tiny import Project

N_GRAMS, EMBEDDINGS = Supervised("n-grams"), Supervised("embeddings")
CODER = Encoder("coder", "ab" * 32, Path("nowhere"), 8)
SETS = {"demonstration_sets": 3, "selection": "random"}


@pytest.fixture(scope="module")
def evidence(asking: Asking) -> Evidence:
    """Return the models of three sets of two tasks."""
    return asking(N_GRAMS, EMBEDDINGS, OnTasks("accuracy"), **SETS)


@pytest.mark.parametrize(
    ("demonstrations", "pool", "sizes"),
    [
        (32, 200, [64, 128, None]),
        (32, 64, [None]),
        (32, 65, [64, None]),
        (32, 33, [None]),
        (32, 32, []),
        (32, 20, []),
        (1, 5, [2, 4, None]),
    ],
)
def test_sizes_double_up_to_the_pool(demonstrations: int, pool: int, sizes: list[int | None]) -> None:
    """None is the whole pool, asked once: not where the demonstrations are all there is, nor beside as many labels."""
    assert ladder(demonstrations, pool) == sizes


def test_each_set_has_labels_of_its_own_and_all_share_the_pool(evidence: Evidence) -> None:
    """ICL's six demonstrations of sets 0, 1 and 2, then 12, 24, ... of the same draws; of the whole pool one model."""
    for task, of in N_GRAMS.records(evidence.sources).items():
        pool = len(evidence.sources.experiment.tasks[task].demonstration_pool)
        first, *more, whole = of
        assert [run.drawn for run in first] == [Demonstrations(6, 0, candidate) for candidate in range(3)]
        assert [[run.labels for run in runs] for runs in more] == [[n] * 3 for n in (12, 24, 48, 96) if n < pool]
        assert {evidence.sources.store.place(run) for run in whole} == {evidence.sources.store.place(whole[0])}
        assert (whole[0].drawn, whole[0].number, whole[0].part) == (None, 30, "test")


def test_what_is_right_stands_by_size_and_set(evidence: Evidence) -> None:
    """Arrays are the entries' own, and shaped as ICL's right answers are, whose sets they stand beside."""
    found, icl = evidence.supervised(N_GRAMS), evidence.of(OnTasks("accuracy"), "icl")
    assert found.keys() == icl.keys() == {"toy", "doll"}
    for task, of in N_GRAMS.records(evidence.sources).items():
        assert found[task].labels == tuple(runs[0].labels for runs in of)
        assert found[task].right.shape == (len(of), *icl[task].shape)
        for place, run in ((0, of[1][0]), (2, of[1][2])):
            right = evidence.sources.store.read(run).tensors["right"]
            np.testing.assert_array_equal(found[task].right[1, place], right)
        control = evidence.sources.store.read(of[0][2]).tensors["control"]
        np.testing.assert_array_equal(found[task].control[2], control)


def test_without_an_encoder_nothing_is_embedded(evidence: Evidence) -> None:
    """Nothing is planned, nothing found, and the encoder has no name."""
    assert list(EMBEDDINGS.stages(evidence.sources)) == []
    assert (evidence.supervised(EMBEDDINGS), evidence.encoder) == ({}, "")


def test_with_an_encoder_the_same_labels_are_learned_on_its_embeddings(evidence: Evidence) -> None:
    """Every model rests on one embedding of its task's texts."""
    sources = evidence.sources
    coded = Sources(replace(sources.experiment, encoder=CODER), sources.grid, sources.store)
    by_task = EMBEDDINGS.records(coded)
    for task, of in N_GRAMS.records(sources).items():
        assert [[run.drawn for run in runs] for runs in by_task[task]] == [[run.drawn for run in runs] for runs in of]
        embedded = EmbeddedTexts(task=sources.experiment.tasks[task], number=30, encoder=CODER)
        assert all(run.inputs == (embedded,) for runs in by_task[task] for run in runs)


def test_labels_are_as_many_as_the_context_holds(asking: Asking) -> None:
    """Asked for twenty of some twenty tokens, the context of 256 holds fewer: as many labels are learned first."""
    crowded = asking(N_GRAMS, demonstrations=20, tasks=("toy",), **SETS)
    (found,) = crowded.supervised(N_GRAMS).values()
    shown = [len(crowded.sources.store.read_facts(crowded.sources.icl("toy", c))["spans"]) for c in range(3)]  # type: ignore[arg-type]
    assert max(shown) < 20
    assert [run.labels for run in N_GRAMS.records(crowded.sources)["toy"][0]] == shown
    assert found.labels[:2] == pytest.approx([sum(shown) / 3, 40])


def test_what_is_planned_before_icl_ran_is_as_many_as_asked(project: Project, tmp_path: Path) -> None:
    """On an empty store nobody knows what the context holds: a plan takes all six, and reading says what is missing."""
    sources = open_sources(project.settings(tmp_path / "store"), fixtures.MODELS, fixtures.TASKS)
    provisional = Provisional(sources.experiment, sources.grid, sources.store)
    *_, asked, last = N_GRAMS.stages(provisional)
    assert [run.setting for run in asked] == [Setting.ICL]  # type: ignore[attr-defined]
    assert last[0].labels == provisional.shown("toy", 0) == 6  # type: ignore[attr-defined]
    with pytest.raises(MissingEntryError, match="lacks 'toy: ICL on test'"):
        sources.shown("toy", 0)
