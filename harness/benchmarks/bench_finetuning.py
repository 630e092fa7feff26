"""What finetuning costs above a bare loop, on the default model on the CPU.

Run with `pytest harness/benchmarks/bench_finetuning.py`; the ratio is under extra_info in `--benchmark-json FILE`.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from harness.models.finetuning import finetune
from harness.models.language_model import LanguageModel
from harness.prompts import Prompts

RATE = 1e-3


def bare_loop(network: Any, texts: Sequence[Sequence[int]]) -> Callable[[], None]:
    """Return the steps alone: forward, backward, and SGD on Llama's key and value projections."""
    network = copy.deepcopy(network).requires_grad_(False)
    layers = network.model.layers
    weights = [
        p.weight.requires_grad_(True) for layer in layers for p in (layer.self_attn.k_proj, layer.self_attn.v_proj)
    ]

    def steps() -> None:
        for text in texts:
            ids = torch.tensor([text])
            logits = network(input_ids=ids, use_cache=False).logits
            loss = torch.nn.functional.cross_entropy(logits[0, :-1], ids[0, 1:])
            gradients = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for weight, gradient in zip(weights, gradients, strict=True):
                    weight.sub_(gradient, alpha=RATE)

    return steps


@pytest.mark.benchmark(group="finetuning")
def test_finetuning_against_a_bare_loop(
    benchmark: BenchmarkFixture, paired: Callable[..., float], default_model: LanguageModel, prompts: Prompts
) -> None:
    """Time of eight steps over that of the bare loop: what restoring, slices and checks add to each step."""
    texts = prompts.demonstrations[:8]
    ratio = paired(lambda: finetune(default_model, texts, RATE), bare_loop(default_model.network, texts), rounds=7)
    benchmark.extra_info |= {"steps": len(texts), "finetuning / bare loop, a step": round(ratio, 3)}
