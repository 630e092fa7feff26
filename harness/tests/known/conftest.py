"""The architecture of models whose answer is known, as the suite's table has others, and how many seeds are tried."""

import os
from collections.abc import Iterator

import pytest

from harness.tests.known.project import registered


@pytest.fixture(scope="module", autouse=True)
def _architecture() -> Iterator[None]:
    """Have the suite know it."""
    with registered():
        yield


@pytest.fixture(scope="session")
def seeds() -> range:
    """Return the seeds 0 to 19 where ICL_CLAIMS_KNOWN_SEEDS is 20, as `make trust` sets it; by default the first."""
    return range(int(os.environ.get("ICL_CLAIMS_KNOWN_SEEDS", "1")))
