"""Fixtures: a tiny model of each kind of family, or of each, prompts for them, and the default model if it is there."""

import numpy as np
import pytest

from harness.models.language_model import LanguageModel
from harness.models.loading import load_model, quiet_transformers
from harness.prompts import Prompts
from harness.tests.models.configurations import FAMILIES, KINDS, VOCABULARY
from harness.tests.models.default import STORE, default_source
from harness.tests.models.families import tiny


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> LanguageModel:
    """Return a tiny model of each kind of family in turn."""
    return tiny(request.param)


@pytest.fixture(params=FAMILIES)
def of_any_family(request: pytest.FixtureRequest) -> LanguageModel:
    """Return a tiny model of each family in turn."""
    return tiny(request.param)


@pytest.fixture(scope="session")
def prompts() -> Prompts:
    """Return five demonstrations of seven tokens, a separator behind each, and five queries of unlike lengths."""
    rng = np.random.default_rng(0)

    def text(length: int) -> tuple[int, ...]:
        return tuple(map(int, rng.integers(2, VOCABULARY, length)))

    demonstrations = tuple(text(7) for _ in range(5))
    return Prompts(
        start_token=0,
        prefix=(0, *(token for tokens in demonstrations for token in (*tokens, 1))),
        spans=tuple((1 + 8 * i, 8 + 8 * i) for i in range(5)),
        demonstrations=tuple((0, *tokens) for tokens in demonstrations),
        queries=tuple(text(length) for length in (5, 9, 3, 12, 7)),
        gold=(0, 1, 2, 1, 1),
        answer_tokens=(5, 6, 7),
    )


@pytest.fixture(scope="session")
def default_model() -> LanguageModel:
    """Return the default model on the CPU."""
    quiet_transformers()
    return load_model(default_source(), STORE, "cpu")
