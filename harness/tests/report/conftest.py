"""A made-up run, one of nothing, and an effect that could not be estimated."""

import math

import pytest

from harness.report.document import Document, RunFacts
from harness.statistics.results import Estimate
from harness.tests.report.made_up import make_document


@pytest.fixture(scope="session")
def document() -> Document:
    """Return the made-up run of ten claims."""
    return make_document()


@pytest.fixture
def empty() -> Document:
    """Return a run in which nothing was judged and of which nothing is known."""
    return Document("0.1.0", "2025-03-01T09:30:00+00:00", 0.0, RunFacts({}, {}, {}), ())


@pytest.fixture
def no_estimate() -> Estimate:
    """Return an effect that could not be estimated."""
    nan = math.nan
    return Estimate(nan, nan, nan, nan, nan, 0, 0, 0, nan, nan, "0 cases, 20 are needed")
