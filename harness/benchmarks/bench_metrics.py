"""Time of each metric at the size of a 30-layer model and 100 test examples; divide by 100 for one example.

Run with `pytest harness/benchmarks/bench_metrics.py`.
"""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from scipy import stats

from harness.metrics import kendall, sim_am, sim_aou, token_order, training_attention
from harness.seeds import stream

EXAMPLES, LAYERS, HEADS, QUERY, TOKENS, WIDTH = 100, 30, 16, 64, 1000, 1024


def normal(*shape: int) -> np.ndarray:
    """Float32 noise of a shape, the same each time."""
    return stream(0, *shape).standard_normal(shape, dtype=np.float32)


@pytest.mark.benchmark(group="metrics")
def test_sim_aou(benchmark: BenchmarkFixture) -> None:
    """SimAOU of 100 examples, 30 layers, width 1,024."""
    zsl, icl, ft = normal(3, EXAMPLES, LAYERS, WIDTH)
    assert benchmark(sim_aou, zsl, icl, ft).shape == (EXAMPLES, LAYERS)


@pytest.mark.benchmark(group="metrics")
def test_sim_am(benchmark: BenchmarkFixture) -> None:
    """SimAM of 100 examples, 30 layers, 16 heads, 64 tokens."""
    icl, ft = normal(2, EXAMPLES, LAYERS, HEADS, QUERY)
    assert benchmark(sim_am, icl, ft).shape == (EXAMPLES, LAYERS)


@pytest.mark.benchmark(group="metrics")
def test_training_attention(benchmark: BenchmarkFixture) -> None:
    """Attention of 100 examples to 1,000 training tokens in 30 layers of width 1,024."""
    queries, training = normal(EXAMPLES, LAYERS, WIDTH), normal(LAYERS, TOKENS, WIDTH)
    assert benchmark(training_attention, queries, training).shape == (EXAMPLES, LAYERS, TOKENS)


@pytest.mark.benchmark(group="metrics")
def test_kendall(benchmark: BenchmarkFixture) -> None:
    """Kendall's tau of 100 examples and 30 layers over 1,000 tokens: 3,000 in all."""
    a, b = normal(2, EXAMPLES, LAYERS, TOKENS)
    assert benchmark.pedantic(kendall, (a, b), rounds=3).shape == (EXAMPLES, LAYERS)


@pytest.mark.benchmark(group="metrics")
def test_kendall_of_orders(benchmark: BenchmarkFixture) -> None:
    """The same where both sides' token orders are known: what each further pairing of examples costs."""
    a, b = map(token_order, normal(2, EXAMPLES, LAYERS, TOKENS))
    assert benchmark.pedantic(kendall, (a, b), rounds=3).shape == (EXAMPLES, LAYERS)


@pytest.mark.benchmark(group="metrics")
def test_kendall_by_scipy(benchmark: BenchmarkFixture) -> None:
    """The same 3,000 by scipy, one after the other: some ten times what they take where orders are known."""
    a, b = normal(2, EXAMPLES * LAYERS, TOKENS)
    pairs = list(zip(a, b, strict=True))
    benchmark.pedantic(lambda: [stats.kendalltau(x, y, method="asymptotic") for x, y in pairs], rounds=3)
