"""What one shared prefix saves, and what recording costs, on the default model on the CPU.

Run with `pytest harness/benchmarks/bench_scoring.py`; the ratios are under extra_info in `--benchmark-json FILE`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from harness.data import Setting
from harness.models.language_model import LanguageModel
from harness.models.scoring import score
from harness.prompts import Prompts


@torch.inference_mode()
def whole_prompts(model: LanguageModel, prompts: Prompts, batch_size: int) -> list[torch.Tensor]:
    """Score each query with its whole prompt through the stock network, padded on the right, last rows unembedded."""
    rows = []
    for start in range(0, len(prompts.queries), batch_size):
        batch: Sequence[Sequence[int]] = prompts.queries[start : start + batch_size]
        longest = max(map(len, batch))
        ids = torch.tensor([[*prompts.prefix, *query, *[query[-1]] * (longest - len(query))] for query in batch])
        hidden = model.network.base_model(input_ids=ids, use_cache=False).last_hidden_state
        last = torch.tensor([len(prompts.prefix) + len(query) - 1 for query in batch])
        logits = model.network.get_output_embeddings()(hidden[torch.arange(len(batch)), last])
        rows.append(logits[:, list(prompts.answer_tokens)])
    return rows


@pytest.mark.benchmark(group="shared prefix")
def test_shared_prefix_against_whole_prompts(
    benchmark: BenchmarkFixture, paired: Callable[..., float], default_model: LanguageModel, prompts: Prompts
) -> None:
    """100 queries behind about 1,000 tokens; target: 0.7 of the ratio of tokens read, N (P + s) / (P + N s).

    Whole prompts are timed on six queries, two at a time (of 1, 2, 3 and 6 the fastest), and scaled to 100.
    """
    few = replace(prompts, queries=prompts.queries[:6])
    read, number = len(prompts.prefix), len(prompts.queries)
    own = sum(map(len, prompts.queries)) / number
    ratio = paired(
        lambda: score(default_model, prompts, Setting.ICL, record=False),
        lambda: whole_prompts(default_model, few, batch_size=2),
        rounds=3,
    )
    expected = number * (read + own) / (read + number * own)
    measured = number / len(few.queries) / ratio
    benchmark.extra_info |= {
        "token ratio": round(expected, 2),
        "measured ratio": round(measured, 2),
        "share of the token ratio": round(measured / expected, 3),
    }


@pytest.mark.benchmark(group="recording")
def test_recording_on_against_off(
    benchmark: BenchmarkFixture, paired: Callable[..., float], default_model: LanguageModel, prompts: Prompts
) -> None:
    """Time of 24 queries behind the prefix with recording over that without; target: at most 1.10."""
    few = replace(prompts, queries=prompts.queries[:24], gold=prompts.gold[:24])
    ratio = paired(
        lambda: score(default_model, few, Setting.ICL),
        lambda: score(default_model, few, Setting.ICL, record=False),
        rounds=5,
    )
    benchmark.extra_info["recording on / off"] = round(ratio, 3)
