"""Score queries behind a prefix, and record what the metrics need."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from harness.data import Recording, Setting
from harness.errors import HarnessError
from harness.models.language_model import LanguageModel
from harness.models.prefix_attention import SharedPrefix
from harness.models.watching import watching
from harness.prompts import Prompts

Row = TypeVar("Row")
Queries = Sequence[Sequence[int]]
"""Token ids of each query."""
Progress = Callable[[int], None]
"""Called with the number of queries just scored."""


@dataclass(frozen=True)
class KeysValues:
    """A prefix as attention sees it: per layer [key-value head, prefix, d_head]."""

    keys: list[Tensor]
    values: list[Tensor]

    def __len__(self) -> int:
        return int(self.keys[0].shape[-2])


@torch.inference_mode()
def encode_prefix(model: LanguageModel, tokens: Sequence[int]) -> KeysValues:
    """Run the prefix once, at batch 1, through the family's own forward.

    Raises:
        HarnessError: it does not fit in memory.

    """
    ids = torch.tensor([tokens], device=model.device)
    try:
        # A cache of its own: what families make of their configuration forgets what no window reaches any more.
        found = model.network.base_model(input_ids=ids, use_cache=True, past_key_values=DynamicCache())
    except torch.OutOfMemoryError as error:
        raise model.does_not_fit(f"a prefix of {len(tokens)} tokens") from error
    layers = found.past_key_values.layers
    return KeysValues([layer.keys[0] for layer in layers], [layer.values[0] for layer in layers])


def score(
    model: LanguageModel,
    prompts: Prompts,
    setting: Setting,
    *,
    record: bool = True,
    batch_size: int = 8,
    progress: Progress = lambda _: None,
) -> Recording:
    """Score every query of `prompts` and record its last token.

    ICL reads the demonstrations' prefix; ZSL and FT read the start token alone (FT's weights are put in by
    `LanguageModel.with_weights` around this call). Without `record` only the answer words' logits are kept and
    the other arrays are empty on their example axis. On out-of-memory the batch is halved, down to 1.

    Raises:
        HarnessError: non-finite logits, or the prefix or not even one query behind it fits in memory.

    """
    prefix = encode_prefix(model, prompts.prefix if setting is Setting.ICL else [prompts.start_token])
    answer_tokens = torch.tensor(prompts.answer_tokens, device=model.device)

    def run(queries: Queries) -> list[_Row]:
        return _score_batch(model, prefix, queries, answer_tokens, record=record)

    rows = in_batches(model, prefix, prompts.queries, batch_size, run, progress)
    return _stack(setting, prompts, rows, record=record)


def in_batches(
    model: LanguageModel,
    prefix: KeysValues,
    queries: Queries,
    batch_size: int,
    run: Callable[[Queries], list[Row]],
    progress: Progress = lambda _: None,
) -> list[Row]:
    """Return what `run` gives for each query, in the queries' order; out of memory halves the batch, down to 1."""
    order = sorted(range(len(queries)), key=lambda i: len(queries[i]))  # least padding
    rows: dict[int, Row] = {}
    while len(rows) < len(order):
        batch = order[len(rows) : len(rows) + batch_size]
        try:
            scored = run([queries[i] for i in batch])
        except torch.OutOfMemoryError as error:
            if batch_size == 1:
                raise model.does_not_fit(f"one query behind a prefix of {len(prefix)} tokens") from error
            batch_size //= 2
            continue
        rows.update(zip(batch, scored, strict=True))
        progress(len(batch))
    return [rows[i] for i in range(len(order))]


def forward_behind(model: LanguageModel, prefix: KeysValues, queries: Queries, shared: SharedPrefix) -> Tensor:
    """Run right-padded queries behind the prefix; return the last hidden states [batch, query, d_model]."""
    longest = max(map(len, queries))
    ids = torch.tensor([[*q, *[q[-1]] * (longest - len(q))] for q in queries], device=model.device)
    positions = torch.arange(len(prefix), len(prefix) + longest, device=model.device).expand(len(queries), -1)
    with model.attending_to(shared):
        hidden: Tensor = model.network.base_model(
            input_ids=ids,
            position_ids=positions.clone(),  # XGLM adds its offset in place
            use_cache=False,
            shared_prefix=shared,  # for networks that do more with it than attend
        ).last_hidden_state
    return hidden


def last_of(model: LanguageModel, queries: Queries) -> Tensor:
    """Return the index of each query's last token, [batch]."""
    return torch.tensor([len(q) - 1 for q in queries], device=model.device)


@dataclass(frozen=True)
class _Row:
    """One query's share of a recording, on the CPU in float32."""

    logits: np.ndarray
    attn_out: np.ndarray | None = None  # [layer, d_model]
    scores_query: np.ndarray | None = None  # [layer, head, query]
    scores_context: np.ndarray | None = None  # [layer, prefix]
    query_vectors: np.ndarray | None = None  # [layer, d_query]


@torch.inference_mode()
def _score_batch(
    model: LanguageModel,
    prefix: KeysValues,
    queries: Queries,
    answer_tokens: Tensor,
    *,
    record: bool,
) -> list[_Row]:
    last = last_of(model, queries)
    shared = SharedPrefix(prefix.keys, prefix.values, last, record=record)
    with _last_tokens(model, last, record=record) as sites:
        hidden = forward_behind(model, prefix, queries, shared)
    # Only the scored row goes through the unembedding.
    rows = hidden[torch.arange(len(queries), device=model.device), last]
    logits = _numpy(model.read_out(rows)[:, answer_tokens])
    if not np.isfinite(logits).all():
        raise HarnessError(
            f"the model gave non-finite logits for {int((~np.isfinite(logits)).any(1).sum())} of {len(queries)} "
            "queries; the weights may be damaged, or --dtype too small (try float32)",
        )
    if not record:
        return [_Row(row) for row in logits]
    layers = range(len(model.attention_modules))
    attn_out, vectors = (_numpy(torch.stack(site, dim=1)) for site in (sites.attn_out, sites.query_vectors))
    own = _numpy(torch.stack([shared.scores[i].query for i in layers], dim=1))
    own[np.isneginf(own)] = np.nan  # as little there as behind the last token
    context = _numpy(torch.stack([shared.scores[i].context for i in layers], dim=1))
    return [
        _Row(logits[i], attn_out[i], own[i, :, :, : len(query)], context[i], vectors[i])
        for i, query in enumerate(queries)
    ]


@dataclass(frozen=True)
class _Sites:
    attn_out: list[Tensor]
    query_vectors: list[Tensor]


@contextmanager
def _last_tokens(model: LanguageModel, last: Tensor, *, record: bool) -> Iterator[_Sites]:
    """Keep the attention blocks' outputs and the query vectors of each row's last token."""
    sites = _Sites([], [])
    rows = torch.arange(len(last), device=last.device)
    modules, row = model.attention_modules, model.architecture
    outputs, queries = (model.attention_outputs, model.projections(row.query)) if record else ((), ())

    def keep_output(_layer: int, output: Tensor) -> None:
        sites.attn_out.append(output[rows, last])

    def keep_query(layer: int, projected: Tensor) -> None:
        sites.query_vectors.append(model.query_of(modules[layer], projected[rows, last]))

    with watching(outputs, keep_output), watching(queries, keep_query):
        yield sites


def _numpy(tensor: Tensor) -> np.ndarray:
    array: np.ndarray = tensor.float().cpu().numpy()
    return array


def _stack(setting: Setting, prompts: Prompts, rows: list[_Row], *, record: bool) -> Recording:
    def stack(name: str, rank: int) -> np.ndarray:
        if not record:
            return np.empty((0,) * (rank + 1), np.float32)
        return np.stack([getattr(row, name) for row in rows])

    scores = [row.scores_query for row in rows if row.scores_query is not None]
    longest = max((s.shape[-1] for s in scores), default=0)
    padded = [np.pad(s, ((0, 0), (0, 0), (0, longest - s.shape[-1])), constant_values=np.nan) for s in scores]
    return Recording(
        setting=setting,
        gold=np.array(prompts.gold, np.int64),
        label_logits=np.stack([row.logits for row in rows]),
        attn_out=stack("attn_out", 2),
        scores_query=np.stack(padded) if padded else np.empty((0, 0, 0, 0), np.float32),
        scores_context=stack("scores_context", 2),
        query_vectors=stack("query_vectors", 2),
    )
