"""What a plan will take: time as model and prompts are large, disk as the store then holds, and in two lines."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import fixtures
from harness.engines import plan
from harness.engines.forecast import bytes_of, flops_of, foresee, rate, spent, tokens_of
from harness.engines.plan import run_plan, stated
from harness.engines.shares import Share
from harness.errors import HarnessError
from harness.evidence.questions import OnTasks
from harness.evidence.sources import Sources, open_sources
from harness.models.fitting import configuration_of
from harness.models.folder import ModelFolder
from harness.models.size import ModelSize, size_of
from harness.models.source import ModelSource
from harness.runs.finetuning import FinetuningRun
from harness.runs.run import Run
from harness.store import TENSORS
from harness.tests.tiny import Project
from harness.tests.trainings.test_grid import Heard

ASKED = [OnTasks("kendall"), OnTasks("accuracy")]


@pytest.fixture
def lacking(project: Project, tmp_path: Path) -> Sources:
    """Return the tiny project with an empty store."""
    return open_sources(project.settings(tmp_path / "store"), fixtures.MODELS, fixtures.TASKS)


@pytest.fixture
def size(project: Project) -> ModelSize:
    """Return the tiny model's size."""
    return size_of(configuration_of(ModelFolder(project.model, "")))


def test_work_is_the_models_numbers_times_the_tokens(lacking: Sources, size: ModelSize) -> None:
    """A model of twice the numbers takes twice the operations; a query's are two a number and token."""
    records = [record for wave in stated(ASKED, lacking) for record in wave]
    found = flops_of(records, lacking.experiment, size)
    twice = replace(size, body=2 * size.body, unembedding=2 * size.unembedding)
    assert flops_of(records, lacking.experiment, twice) == pytest.approx(2 * found)
    units, tokens = sum(record.cost for record in records), tokens_of(lacking.experiment.tasks["toy"])
    assert found == pytest.approx(units * 2 * (size.body * tokens + size.unembedding))


def test_tokens_of_a_text_are_a_quarter_of_its_letters(lacking: Sources) -> None:
    """The tiny task's words are tokens of two or three letters and a space: 17 of them and the template's two."""
    assert tokens_of(lacking.experiment.tasks["toy"]) == pytest.approx(19, rel=0.25)


def test_store_holds_about_what_was_foretold(lacking: Sources, size: ModelSize) -> None:
    """Within a factor of two, of all that has tensors; of what finetuning leaves within a twentieth."""
    runs = [record for wave in stated(ASKED, lacking) for record in wave if isinstance(record, Run)]
    run_plan(ASKED, lacking, Heard())
    held = sum(path.stat().st_size for path in lacking.store.root.glob(f"runs/*/*/{TENSORS}"))
    foretold = sum(bytes_of(run, size, 4, prefix=6 * 21) for run in runs)
    assert held / 2 < foretold < 2 * held
    finetuned = [run for run in runs if isinstance(run, FinetuningRun)]
    held = sum((lacking.store.place(run) / TENSORS).stat().st_size for run in finetuned)
    assert held == pytest.approx(sum(bytes_of(run, size, 4, prefix=6 * 21) for run in finetuned), rel=0.05)


def test_nothing_lacking_takes_nothing(sources: Sources) -> None:
    """Of a plan whose records are all there no record, no work and no disk is left, but memory is what it was."""
    told = foresee(stated([OnTasks("accuracy")], sources), sources.experiment)
    assert (dict(told.kinds), told.seconds, told.disk) == ({}, 0, 0)
    assert told.bytes_each > 0
    assert next(iter(told.lines)) == "ahead: 0 records in 0 waves (none)"


def test_long_runs_are_foretold(lacking: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first run, once, in two lines: what runs, and what it takes."""
    monkeypatch.setattr(plan, "MANY", 0)
    monkeypatch.setattr(plan, "MINUTES", -1.0)
    heard = Heard()
    run_plan(ASKED, lacking, heard)
    (said,) = (line for line in heard.lines if line.startswith("ahead: "))
    first, second = said.splitlines()
    assert " accuracy" in first
    assert re.fullmatch(r"roughly less than a minute in \d+ x \d+ threads, 0\.0 GB of memory a process, .*", second)


def test_short_runs_are_not(lacking: Sources) -> None:
    """A run of seconds says nothing beforehand."""
    heard = Heard()
    run_plan(ASKED, lacking, heard)
    assert not [line for line in heard.lines if line.startswith("ahead: ")]


def test_model_of_unknown_size_is_one_message(lacking: Sources) -> None:
    """It is not here, and its row says no size."""
    elsewhere = replace(lacking.experiment, model=ModelSource("far", "0" * 64, None, None))
    with pytest.raises(HarnessError, match=r"'far' is not here yet.*python -m harness fetch --model far"):
        foresee([], elsewhere)


def test_rate_is_that_of_a_processor(lacking: Sources) -> None:
    """More than ten million operations a second, and less than a hundred million million."""
    assert 1e7 < rate(lacking.experiment.settings, 64, Share(1, 1)) < 1e14


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20, "less than a minute"), (600, "10 minutes"), (5940, "99 minutes"), (36_000, "10 hours"), (259_200, "3 days")],
)
def test_times_are_said_roughly(seconds: float, words: str) -> None:
    """In minutes, from a hundred of them on in hours, and from three days on in days."""
    assert spent(seconds) == words
