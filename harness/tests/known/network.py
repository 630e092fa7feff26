"""A Llama that learns in its context by a rule that is written down: gradient descent on the texts before the last one.

A text is opened by the start token or by a separator, and read alone, its opening token at position 0 and read as the
start token. A text that is finished is stepped on: of every projection of keys and values, error signals e_i at its
tokens, and their inputs x_i, are kept. What follows is read with weights changed by the sum of their outer products,

    (W + sum_i e_i (x) x_i) x = W x + sum_i e_i (x_i . x),

which is linear attention to the tokens of finished texts (PAPER section 2), and what the cache holds: a row a token.
Where no text is finished it is a Llama: zero-shot, in training, and finetuned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM, LlamaModel
from transformers.modeling_outputs import BaseModelOutputWithPast
from transformers.models.llama.modeling_llama import LlamaAttention, LlamaDecoderLayer, apply_rotary_pos_emb

from harness.models.prefix_attention import LayerScores, SharedPrefix, shared_prefix_attention
from harness.tests.known.finished import Finished, altered, joined, pack, seeded, unpack


class KnownConfig(LlamaConfig):  # type: ignore[misc]  # transformers is untyped
    """A Llama's, and what the network makes of finished texts."""

    model_type = "known"

    separator: int = 0
    """Token that closes a text and opens the next."""
    rate: float = 0.0
    """Learning rate of the steps that are taken in the context."""
    swapped: bool = False
    """Whether of every two texts the second is stepped on first."""
    share: float = 1.0
    """Of descent in the update, from -1 (uphill) to 1, the rest being random (see `altered`)."""
    size: float = 1.0
    """Of the update that the open text is read with, against that of the steps; 0 for none."""
    lookup: float = 0.0
    """How far the answer of the finished text that is most like the open one is added behind the last layer."""
    draw: int = 0
    """Which draw of the random part."""
    spare: int = 0
    """Numbers beside all others that do nothing: a larger model which does the same."""


@dataclass(frozen=True)
class Behind:
    """What a layer attends to besides the open text's own tokens, where these are behind a shared prefix."""

    opening: Tensor
    """[d_key + d_value], key and value of the opening token."""
    finished: Finished
    shared: SharedPrefix


class KnownAttention(LlamaAttention):  # type: ignore[misc]
    """Llama's causal attention, with an update of keys and values."""

    def project(self, x: Tensor, update: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return queries [..., d_query], and keys and values [..., d_key + d_value]."""
        projected = torch.cat([self.k_proj(x), self.v_proj(x)], dim=-1)
        return self.q_proj(x), projected if update is None else projected + x @ update.T

    def forward(
        self,
        hidden_states: Tensor,
        position_embeddings: tuple[Tensor, Tensor],
        updates: Sequence[Tensor] = (),
        behind: Sequence[Behind] = (),
        **_: Any,
    ) -> tuple[Tensor, None]:
        """Attend, [batch, token, d_model] to the same."""
        update = updates[self.layer_idx] if updates else None
        projected = self.project(hidden_states, update)
        return self.attend(*projected, position_embeddings, behind[self.layer_idx] if behind else None), None

    def attend(
        self, query: Tensor, projected: Tensor, rotary: tuple[Tensor, Tensor], behind: Behind | None = None
    ) -> Tensor:
        """Return the block's output, [batch, token, d_model]."""
        key, value = projected.chunk(2, dim=-1)
        q, k, v = (of.view(*of.shape[:-1], -1, self.head_dim).transpose(1, 2) for of in (query, key, value))
        q, k = apply_rotary_pos_emb(q, k, *rotary)
        if behind is None:
            heads = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True).transpose(1, 2)
        else:
            heads = self._behind(q, k, v, query, behind)
        out: Tensor = self.o_proj(heads.flatten(-2))
        return out

    def _behind(self, q: Tensor, k: Tensor, v: Tensor, unturned: Tensor, behind: Behind) -> Tensor:
        shared, layer = behind.shared, self.layer_idx
        key, value = behind.opening.view(2, -1, 1, self.head_dim)  # at position 0: not turned
        opening = SharedPrefix([key] * (layer + 1), [value] * (layer + 1), shared.last, record=shared.record)
        heads, _none = shared_prefix_attention(self, q, k, v, None, scaling=self.scaling, shared_prefix=opening)
        if shared.record:
            rows = torch.arange(len(q), device=q.device)
            to_finished = unturned[rows, shared.last] @ behind.finished.queries.T * self.scaling
            found = opening.scores[layer]
            shared.scores[layer] = LayerScores(found.query, torch.cat([to_finished, found.context], dim=-1))
        return heads


class KnownLayer(LlamaDecoderLayer):  # type: ignore[misc]
    """Llama's, with that attention."""

    def __init__(self, config: KnownConfig, layer_idx: int) -> None:
        super().__init__(config, layer_idx)
        self.self_attn = KnownAttention(config, layer_idx)


class KnownModel(LlamaModel):  # type: ignore[misc]
    """The network below its unembedding."""

    config_class = KnownConfig

    def __init__(self, config: KnownConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList([KnownLayer(config, i) for i in range(config.num_hidden_layers)])
        if config.spare:
            self.spare = nn.Parameter(torch.zeros(config.spare))
        self.post_init()

    def forward(
        self, input_ids: Tensor, use_cache: bool = False, shared_prefix: SharedPrefix | None = None, **_: Any
    ) -> BaseModelOutputWithPast:
        """Read the open text, having learned of those before it; hidden states are of the open text alone."""
        if shared_prefix is not None:
            return BaseModelOutputWithPast(last_hidden_state=self._behind(input_ids, shared_prefix))
        opened = self._opened(input_ids[0].tolist())
        if len(opened) <= 1 and not use_cache:
            return BaseModelOutputWithPast(last_hidden_state=self._read(self.embed_tokens(input_ids)))
        if len(input_ids) > 1:
            message = "a context is learned of one at a time"
            raise ValueError(message)
        before = input_ids[0, : opened[-1] + 1].tolist()
        text = input_ids[:, opened[-1] + 1 :]
        finished, openings = self._learned(before)
        hidden = self._read(self._opening(text), [of.update for of in finished])
        hidden = torch.cat([hidden[:, :1], hidden[:, 1:] + self._looked_up(text, before)], dim=1)
        cache = None
        if use_cache:
            cache = DynamicCache()
            for layer, (of, opening) in enumerate(zip(finished, openings, strict=True)):
                cache.update(*pack(before, of, opening), layer)
        return BaseModelOutputWithPast(last_hidden_state=hidden, past_key_values=cache)

    def _opened(self, ids: Sequence[int]) -> list[int]:
        return [i for i, token in enumerate(ids) if token in {self.config.bos_token_id, self.config.separator}]

    def _texts(self, ids: Sequence[int]) -> list[Sequence[int]]:
        """Return the tokens of each finished text, between its opening token and the next."""
        return [ids[first + 1 : last] for first, last in pairwise(self._opened(ids))]

    @property
    def _outputs(self) -> int:
        """How many numbers a layer's key and value projections put out."""
        return int(2 * self.config.num_key_value_heads * self.config.head_dim)

    def _opening(self, text: Tensor) -> Tensor:
        """Return the embeddings of a text's tokens [batch, token] behind the start token."""
        start = torch.full_like(
            text[:, :1] if text.shape[1] else text.new_zeros(len(text), 1), self.config.bos_token_id
        )
        embedded: Tensor = self.embed_tokens(torch.cat([start, text], dim=1))
        return embedded

    def _rotary(self, x: Tensor, first: int = 0) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.rotary_emb(
            x, torch.arange(first, first + x.shape[1], device=x.device)[None]
        )
        return found

    def _read(self, x: Tensor, updates: Sequence[Tensor] = (), behind: Sequence[Behind] = ()) -> Tensor:
        """Read embeddings [batch, token, d_model]; behind a prefix, these are of the tokens after the opening one."""
        rotary = self._rotary(x, first=int(bool(behind)))
        for layer in self.layers:
            x = layer(x, position_embeddings=rotary, updates=updates, behind=behind)
        hidden: Tensor = self.norm(x)
        return hidden

    def _behind(self, input_ids: Tensor, shared: SharedPrefix) -> Tensor:
        width = self.config.hidden_size
        unpacked = [unpack(*layer, width) for layer in zip(shared.keys, shared.values, strict=True)]
        behind = [Behind(opening, finished, shared) for _, finished, opening in unpacked]
        x: Tensor = self.embed_tokens(input_ids)
        hidden = self._read(x, [of.finished.update for of in behind], behind)
        return hidden + self._looked_up(input_ids, unpacked[0][0])

    def _learned(self, ids: Sequence[int]) -> tuple[list[Finished], list[Tensor]]:
        """Return what each layer keeps of the finished texts, and the opening token's key and value after them."""
        texts = self._texts(ids)
        order = range(len(texts))
        updates = [torch.zeros(self._outputs, self.config.hidden_size) for _ in self.layers]
        kept: dict[int, list[Finished]] = {}
        for i in sorted(order, key=lambda i: i ^ 1) if self.config.swapped else order:
            kept[i] = self._stepped(texts[i], updates)
            updates = [update + of.update for update, of in zip(updates, kept[i], strict=True)]
        finished = [self._joined([kept[i][layer] for i in order]) for layer in range(len(self.layers))]
        random = seeded(self.config.draw, ids)
        if texts:
            finished = [altered(of, self.config.share, self.config.size, random) for of in finished]
        _, sites = self._through(self._opening(torch.zeros(1, 0, dtype=torch.long)), [of.update for of in finished])
        return finished, [projected[0, 0] for _, _, projected in sites]

    def _joined(self, texts: Sequence[Finished]) -> Finished:
        if texts:
            return joined(texts)
        query = self.config.num_attention_heads * self.config.head_dim
        widths = (self.config.hidden_size, query, self._outputs)
        return Finished(*(torch.zeros(0, width) for width in widths))

    def _stepped(self, text: Sequence[int], updates: Sequence[Tensor]) -> list[Finished]:
        """Return what each layer keeps of a text that is stepped on: down the loss of the whole text."""
        with torch.inference_mode(False), torch.enable_grad():
            ids = torch.tensor([text])
            weights = [update.clone() for update in updates]
            x, sites = self._through(self._opening(ids), weights)
            logits = self.norm(x) @ self.embed_tokens.weight.T  # the unembedding is the same matrix
            loss = nn.functional.cross_entropy(logits[0, :-1], ids[0])
            gradients = torch.autograd.grad(loss, [projected for _, _, projected in sites])
        return [
            Finished(inputs[0].detach(), queries[0].detach(), -self.config.rate * gradient[0])
            for (inputs, queries, _), gradient in zip(sites, gradients, strict=True)
        ]

    def _through(self, x: Tensor, updates: Sequence[Tensor]) -> tuple[Tensor, list[tuple[Tensor, Tensor, Tensor]]]:
        """Read embeddings as `_read` does, unseen by who watches the layers; keep what goes in and out of projections.

        That is inputs [1, token, d_model], queries [1, token, d_query], keys and values [1, token, d_key + d_value].
        """
        rotary, sites = self._rotary(x), []
        layers: list[Any] = [*self.layers]
        for layer, update in zip(layers, updates, strict=True):
            inputs = layer.input_layernorm(x)
            query, projected = layer.self_attn.project(inputs, update)
            if torch.is_grad_enabled() and not projected.requires_grad:
                projected.requires_grad_()
            x = x + layer.self_attn.attend(query, projected, rotary)
            x = x + layer.mlp(layer.post_attention_layernorm(x))
            sites.append((inputs, query, projected))
        return x, sites

    def _looked_up(self, text: Tensor, before: Sequence[int]) -> Tensor:
        """Return [batch, token, d_model]: the answer of the finished text that is most like the open one so far.

        Most like: the largest cosine of the mean embeddings of tokens, less their mean over finished texts. The answer
        is a finished text's last token.
        """
        texts = [text for text in self._texts(before) if len(text) > 1]
        if not texts or not self.config.lookup:
            return torch.zeros(1)
        means = torch.stack([self.embed_tokens(torch.tensor(of[:-1], dtype=torch.long)).mean(0) for of in texts])
        answers = self.embed_tokens(torch.tensor([of[-1] for of in texts]))
        so_far = self.embed_tokens(text).cumsum(1) / torch.arange(1, text.shape[1] + 1)[:, None]
        middle = means.mean(0)
        nearest = nn.functional.normalize(so_far - middle, dim=-1) @ nn.functional.normalize(means - middle, dim=-1).T
        found: Tensor = self.config.lookup * answers[nearest.argmax(-1)]
        return found


class KnownForCausalLM(LlamaForCausalLM):  # type: ignore[misc]
    """The network, its unembedding being its embedding."""

    config_class = KnownConfig

    def __init__(self, config: KnownConfig) -> None:
        super().__init__(config)
        self.model = KnownModel(config)
        self.post_init()
