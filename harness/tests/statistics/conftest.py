"""What all tests of the statistics have in common."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _quick_collections() -> Iterator[None]:
    """Keep statsmodels' garbage collection in each call of Holm (45 ms) from reading what torch has loaded."""
    gc.freeze()
    yield
    gc.unfreeze()
