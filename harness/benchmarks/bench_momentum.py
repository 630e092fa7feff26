"""What momentum costs above vanilla attention at length 1,024; at most 15 % is asked.

Run with `pytest harness/benchmarks/bench_momentum.py`; the ratios are under extra_info in `--benchmark-json FILE`.
"""

from collections.abc import Callable

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from harness.models.momentum import Attention, causal_attention, momentum_attention

BATCH, HEADS, LENGTH, WIDTH = 2, 16, 1024, 64
"""Two sequences in one layer of the paper's 350M shape."""


def momentum(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return momentum attention with eta 0.5 in every head."""
    return momentum_attention(query, key, value, torch.full((HEADS,), 0.5, device=query.device).log())


def noise(number: int) -> Tensor:
    """Return float32 noise on the device where there is one, [number, batch, head, length, d_head]."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.randn(number, BATCH, HEADS, LENGTH, WIDTH, generator=torch.Generator().manual_seed(0)).to(device)


def finish() -> None:
    """Wait for a GPU's queue."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def forward(attention: Attention) -> Callable[[], None]:
    """Return one pass."""
    inputs = noise(3).unbind()

    @torch.no_grad()
    def run() -> None:
        attention(*inputs)
        finish()

    return run


def forward_and_backward(attention: Attention) -> Callable[[], None]:
    """Return one pass and its gradients by query, key and value."""
    *inputs, gradient = noise(4).unbind()
    for tensor in inputs:
        tensor.requires_grad_()

    def run() -> None:
        torch.autograd.grad(attention(*inputs), inputs, gradient)
        finish()

    return run


@pytest.mark.benchmark(group="momentum")
@pytest.mark.parametrize("work", [forward, forward_and_backward])
def test_momentum_against_vanilla(
    benchmark: BenchmarkFixture, paired: Callable[..., float], work: Callable[[Attention], Callable[[], None]]
) -> None:
    """Time of momentum attention over that of the vanilla attention underneath it."""
    ratio = paired(work(momentum), work(causal_attention), rounds=15)
    benchmark.extra_info |= {f"momentum / vanilla, {work.__name__.replace('_', ' ')}": round(ratio, 3)}
