"""What finetuning costs above a bare loop, and several at once above their arithmetic, on the default model on the CPU.

Run with `pytest harness/benchmarks/bench_finetuning.py`; the ratios are under extra_info in `--benchmark-json FILE`.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from harness.models.finetuning import finetune
from harness.models.language_model import LanguageModel
from harness.models.rows import Row, finetune_rows
from harness.models.size import size_of
from harness.prompts import Prompts

RATE = 1e-3
RATES = tuple(RATE * (1 + n / 10) for n in range(7))


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


def arithmetic(network: Any, texts: Sequence[Sequence[int]]) -> float:
    """Return the FLOP of the steps: products forward, and backward to the activations; weight gradients are few."""
    size = size_of(network.config)
    return float(4 * (size.body + size.unembedding) * sum(map(len, texts)))


@pytest.mark.benchmark(group="finetuning")
def test_learning_rates_in_one_pass_against_one_after_the_other(
    benchmark: BenchmarkFixture, paired: Callable[..., float], default_model: LanguageModel, prompts: Prompts
) -> None:
    """Four steps at seven rates, a row each, over the plain loop at each rate; target: 1 / 1.67."""
    texts = prompts.demonstrations[:4]
    ratio = paired(
        lambda: finetune_rows(default_model, [Row(texts, rate) for rate in RATES]),
        lambda: [finetune(default_model, texts, rate) for rate in RATES],
        rounds=5,
    )
    benchmark.extra_info["seven rates, one pass / one after the other"] = round(ratio, 3)


@pytest.mark.benchmark(group="finetuning")
def test_learning_rates_in_one_pass_against_their_arithmetic(
    benchmark: BenchmarkFixture, paired: Callable[..., float], default_model: LanguageModel, prompts: Prompts
) -> None:
    """The same over as many FLOP in products of square matrices; target: at most 1.5."""
    texts, side = prompts.demonstrations[:4], 1024
    square = torch.ones(side, side)
    products = round(len(RATES) * arithmetic(default_model.network, texts) / (2 * side**3))
    ratio = paired(
        lambda: finetune_rows(default_model, [Row(texts, rate) for rate in RATES]),
        lambda: [square @ square for _ in range(products)],
        rounds=5,
    )
    benchmark.extra_info["seven rates, one pass / as many FLOP in large products"] = round(ratio, 3)
