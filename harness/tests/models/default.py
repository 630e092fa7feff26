"""The default model, where a run has unpacked it."""

from pathlib import Path

import pytest

import fixtures
from harness.models.source import ModelSource, locate_model, weights_folder
from harness.settings import Settings
from harness.tests.conftest import ROOT

STORE = ROOT / ".store"


def default_source(store: Path = STORE) -> ModelSource:
    """Return the default model's source; skip where the store does not hold its weights."""
    source = locate_model(Settings().model, fixtures.MODELS)
    folder = weights_folder(source, store)
    if not folder.is_dir():
        pytest.skip(f"the default model is not in {folder}: a first run puts it there")
    return source
