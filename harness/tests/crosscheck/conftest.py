"""Fixtures: prompts for tiny models, and real prompts for the default model where it is there."""

from pathlib import Path

import numpy as np
import pytest

import fixtures
from harness.data import Setting
from harness.models.language_model import LanguageModel
from harness.prompts import Prompts
from harness.runs.experiment import Experiment
from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.scoring import RecordingRun
from harness.settings import Settings
from harness.store import Store
from harness.tasks import load_task
from harness.tests.models.configurations import VOCABULARY
from harness.tests.models.default import STORE, default_source


@pytest.fixture(scope="session")
def prompts() -> Prompts:
    """Return four demonstrations and four queries, no two of the same length; token 1 separates, 0 starts."""
    rng = np.random.default_rng(11)

    def text(length: int) -> tuple[int, ...]:
        return tuple(map(int, rng.integers(2, VOCABULARY, length)))

    texts = tuple(text(length) for length in (8, 5, 11, 6))
    prefix, spans = [0], []
    for tokens in texts:
        spans.append((len(prefix), len(prefix) + len(tokens)))
        prefix += [*tokens, 1]
    queries = tuple(text(length) for length in (6, 13, 2, 9))
    return Prompts(
        start_token=0,
        prefix=tuple(prefix),
        spans=tuple(spans),
        demonstrations=tuple((0, *tokens) for tokens in texts),
        queries=queries,
        gold=(1, 0, 2, 1),
        answer_tokens=(9, 4, 31),
    )


@pytest.fixture(scope="session")
def default_run(fetched: Path) -> RecordingRun:
    """Return the default model on three queries of the movie task behind six demonstrations."""
    task = load_task("movie", catalogue=fixtures.TASKS, fetched=fetched, data_dir=None, hub=False)
    settings = Settings(tasks=("movie",), demonstrations=6, queries=3, device="cpu", store=STORE)
    return Experiment(settings, default_source(), {"movie": task}).run(RecordingRun, "movie", Setting.ICL, 0)


@pytest.fixture(scope="session")
def default_model(default_run: RecordingRun) -> LanguageModel:
    """Return the default model."""
    return model_of(default_run, Store(STORE))


@pytest.fixture(scope="session")
def default_prompts(default_run: RecordingRun) -> Prompts:
    """Return real demonstrations and queries in the default model's tokens."""
    return prompts_of(default_run, Store(STORE))
