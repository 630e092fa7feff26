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
from harness.store import Entry, MissingEntryError, Record
from harness.tests.evidence.conftest import Asking
from harness.tests.tiny import Project

N_GRAMS, EMBEDDINGS = Supervised("n-grams"), Supervised("embeddings")
CODER = Encoder("coder", "ab" * 32, Path("nowhere"), 8)
SETS = {"demonstration_sets": 3, "selection": "random"}


@pytest.fixture(scope="module")
def evidence(asking: Asking) -> Evidence:
    """Return the models of three sets of two tasks."""
    return asking(N_GRAMS, EMBEDDINGS, OnTasks("accuracy"), **SETS)


@pytest.fixture
def unplanned(project: Project, tmp_path: Path) -> Provisional:
    """Return what stands in on an empty store for three sets of one task."""
    sources = open_sources(project.settings(tmp_path / "store", **SETS), fixtures.MODELS, fixtures.TASKS)
    return Provisional(sources.experiment, sources.grid, sources.store)


def _keep(sources: Sources, record: Record, entry: Entry) -> None:
    sources.store.find_or_compute(record.kind, record.key, lambda: entry)


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


def test_models_stand_beside_the_sets_that_icl_had(evidence: Evidence) -> None:
    """Arrays are shaped as ICL's right answers are, of both tasks, at every size."""
    found, icl = evidence.supervised(N_GRAMS), evidence.of(OnTasks("accuracy"), "icl")
    assert found.keys() == icl.keys() == {"toy", "doll"}
    for task, of in N_GRAMS.records(evidence.sources).items():
        assert found[task].right.shape == (len(of), *icl[task].shape)
        assert found[task].control.shape == icl[task].shape


def test_what_is_right_stands_by_size_and_set(unplanned: Provisional) -> None:
    """Entries made up: of size s and set c, 10 s + c is right; the control is the first size's alone."""
    ((first, *more),) = N_GRAMS.records(unplanned).values()
    for size, runs in enumerate([first, *more]):
        for candidate, run in enumerate(runs):
            arrays = {
                name: np.full(30, 10.0 * size + candidate + part) for part, name in ((0, "right"), (0.5, "control"))
            }
            _keep(unplanned, run, Entry(arrays, {}))
    found = Evidence(unplanned).supervised(N_GRAMS)["toy"]
    sizes, pool = range(len(more)), 10.0 * len(more)
    expected = [[10.0 * size + candidate for candidate in range(3)] for size in sizes] + [[pool] * 3]
    assert found.right[:, :, 7].tolist() == expected
    assert found.control[:, 7].tolist() == [0.5, 1.5, 2.5]
    assert found.labels == tuple(runs[0].labels for runs in (first, *more))


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


def test_labels_are_as_many_as_the_context_holds(unplanned: Provisional) -> None:
    """Of six demonstrations the contexts of three sets held 4, 6 and 2: as many labels are learned first, then 12."""
    for candidate, held in enumerate((4, 6, 2)):
        _keep(unplanned, unplanned.icl("toy", candidate), Entry({}, {"spans": [[0, 1]] * held}))
    ((own, more, *_),) = N_GRAMS.records(unplanned).values()
    assert [run.drawn for run in own] == [Demonstrations(n, 0, c) for c, n in enumerate((4, 6, 2))]
    assert [run.labels for run in more] == [12] * 3


def test_what_is_planned_before_icl_ran_is_as_many_as_asked(unplanned: Provisional) -> None:
    """On an empty store nobody knows what the context holds: a plan takes all six, and reading says what is missing."""
    *_, asked, last = N_GRAMS.stages(unplanned)
    assert [run.setting for run in asked] == [Setting.ICL] * 3  # type: ignore[attr-defined]
    assert last[0].labels == unplanned.shown("toy", 0) == 6  # type: ignore[attr-defined]
    sources = Sources(unplanned.experiment, unplanned.grid, unplanned.store)
    with pytest.raises(MissingEntryError, match="lacks 'toy: ICL on test'"):
        sources.shown("toy", 0)
