"""Time of the theory's identities, tried on as many random cases as a claim tries.

Run with `pytest harness/benchmarks/bench_identities.py`.
"""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from harness.dual_form import IDENTITIES, Identity, verify
from harness.evidence.checks import CASES


@pytest.mark.benchmark(group="identities")
@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.name)
def test_identity(benchmark: BenchmarkFixture, identity: Identity) -> None:
    """100 choices in two precisions: a second or less an identity on one core."""
    assert benchmark.pedantic(verify, (identity, CASES, torch.Generator().manual_seed(0)), rounds=3).holds
