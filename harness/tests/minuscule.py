"""Trainings that take seconds: models of one layer that see three batches, on a text of made-up words."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import fixtures
from harness.engines import schedule
from harness.engines.in_process import InProcess
from harness.evidence.questions import Question
from harness.evidence.sources import Sources, open_sources
from harness.models.gpt.sizes import SIZES, InContextSize, LanguageSize, Schedule, Shape, Size
from harness.seeds import stream
from harness.settings import Settings
from harness.tests.tiny import ANSWERS, WORDS

SEEDS, STARTS, WINDOWS, SEQUENCES = 4, 5, 12, 16
LENGTHS = (32, 64, 128, 256)
MINUSCULE = Size(
    name="tiny",
    language=LanguageSize(
        Shape(layers=1, heads=1, width=8),
        Schedule(steps=3, batch=2, learning_rate=1e-2),
        vocabulary=340,
        length=128,
        validation_lengths=LENGTHS,
        windows=WINDOWS,
    ),
    in_context=InContextSize(
        Shape(layers=1, heads=1, width=8),
        Schedule(steps=3, batch=2, learning_rate=1e-2),
        dimension=2,
        regression_pairs=4,
        keys=3,
        values=4,
        recall_pairs=6,
        sequences=SEQUENCES,
    ),
    seeds=SEEDS,
    starts_in_context=STARTS,
    etas=(0.5,),
    text_tasks=True,
)


def write_words(file: Path) -> str:
    """Write 400 lines of made-up words, each with a task's answer word, which become tokens; return the file's name."""
    rng = stream(0, "corpus")
    lines = [f"{' '.join(rng.choice(WORDS, size=14))} {ANSWERS[i % 2]}" for i in range(400)]
    file.write_text("\n\n".join(lines))
    return str(file)


def open_minuscule(settings: Settings, size: Size = MINUSCULE) -> Sources:
    """Return sources whose trainings have this size, which stands for 'tiny'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "tiny", size)
        return open_sources(settings, fixtures.MODELS, fixtures.TASKS)


def fill(sources: Sources, questions: Sequence[Question]) -> None:
    """Run the questions' plan in this process: to start others would take most of the time."""
    asked = schedule.Schedule((question.stages(sources) for question in questions), sources.store)
    schedule.run(asked, InProcess(), lambda _: None)
