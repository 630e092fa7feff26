"""The default model, prompts of the movie task's size, and timing in pairs."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.models.language_model import LanguageModel
from harness.models.loading import load_model, quiet_transformers
from harness.prompts import Prompts
from harness.seeds import stream
from harness.tests.models.default import STORE, default_source


@pytest.fixture(scope="session")
def default_model() -> LanguageModel:
    """Return the default model on the CPU; skip where no run has unpacked it."""
    quiet_transformers()
    return load_model(default_source(), STORE, "cpu")


@pytest.fixture(scope="session")
def prompts() -> Prompts:
    """Return 100 queries behind 35 demonstrations, 1,016 tokens of prefix.

    Lengths are the movie task's (29 tokens a query, 12 standard deviation); the tokens are random, which no time
    depends on.
    """
    rng = stream(0, "benchmark")

    def text(length: int) -> tuple[int, ...]:
        return tuple(map(int, rng.integers(100, 40_000, length)))

    demonstrations = tuple(text(28) for _ in range(35))
    return Prompts(
        start_token=0,
        prefix=(0, *(token for shown in demonstrations for token in (*shown, 198))),
        spans=(),
        demonstrations=tuple((0, *shown) for shown in demonstrations),
        queries=tuple(text(int(n)) for n in np.clip(rng.normal(29, 12, 100), 8, 74)),
        gold=(0,) * 100,
        answer_tokens=(26990, 20085),
    )


@pytest.fixture
def paired(benchmark: BenchmarkFixture) -> Callable[..., float]:
    """Return a function that times two ways in turn and returns the ratio of their shortest times.

    Other load on the machine only adds time, in bursts: taking turns gives both ways the same chance of a round
    without it. The benchmark's own figures are those of the first way.
    """

    def run(ours: Callable[[], Any], other: Callable[[], Any], rounds: int) -> float:
        times: list[float] = []

        def time_other() -> None:
            started = time.perf_counter()
            other()
            times.append(time.perf_counter() - started)

        benchmark.pedantic(ours, setup=time_other, rounds=rounds, warmup_rounds=1)
        if benchmark.stats is None:  # --benchmark-disable
            return float("nan")
        return float(benchmark.stats.stats.min) / min(times[1:])  # the warm-up round came first

    return run
