"""Attention of many queries behind one shared prefix, whose keys and values are never copied.

For query vector q with prefix scores s_p, own scores s_o and their log-sum-exps z_p, z_o:

    softmax([s_p, s_o]) [V_p; V_o] = a softmax(s_p) V_p + (1 - a) softmax(s_o) V_o,    a = sigmoid(z_p - z_o)

which is exact. All queries' vectors fold into one product with the prefix's keys. `a` is the softmax mass on the
prefix, and the two terms are the demonstration part and the query part that the paper's equation 9 separates.

A score s is what decides softmax: scale * q . k, then a soft cap c tanh(s / c) where the family has one, then a
position bias where it has one, then -inf where a window does not reach. Positions count from the prefix's start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import causal_mask_function, eager_mask

from harness.errors import HarnessError

SHARED_PREFIX = "shared_prefix"
SHARED_PREFIX_MASKED = "shared_prefix_masked"
"""The same for families whose forward can't do without a mask: the causal one is built, for their adapters to drop."""
NEUTRAL = {"dropout": 0.0, "is_causal": True, "output_attentions": False, "use_cache": False}
"""What families may say to attention, and the value, beside None, at which it asks for no more than it can do.

All else is refused: sinks, or a mask of the family's own, that is not heeded makes wrong answers.
"""


@dataclass(frozen=True)
class LayerScores:
    """Scores of the last token, which decide its softmax, one layer, one batch; -inf where a window does not reach."""

    query: Tensor
    """[batch, head, query], -inf behind the last token."""
    context: Tensor
    """[batch, prefix], summed over heads."""


@dataclass(frozen=True)
class LayerParts:
    """The last token's attention in its two parts, one layer, one batch, before the output projection.

    Softmax attention is mass * context + (1 - mass) * own; where a window reaches nothing of the prefix mass and
    context are 0. `relaxed` is the paper's form without softmax, sum_i v_i (k_i . q) with q as scaled as in the scores,
    and knows no soft cap and no position bias; `uniform` is the mean of all values, and `first_order` softmax expanded
    around equal scores (see `harness.data.ExpandedParts`). All three are over those prefix and own tokens that it sees.
    """

    mass: Tensor
    """[batch, head] softmax weight of the prefix."""
    own: Tensor
    """[batch, head, d_head], as are the others."""
    context: Tensor
    relaxed: Tensor
    uniform: Tensor
    first_order: Tensor


@dataclass
class SharedPrefix:
    """Keys and values of a prefix, and where one forward pass leaves its scores and parts.

    keys, values: per layer [key-value head, prefix, d_head]; last: [batch] index of each query's last token.
    """

    keys: list[Tensor]
    values: list[Tensor]
    last: Tensor
    record: bool = False
    scores: dict[int, LayerScores] = field(default_factory=dict)
    parts: dict[int, LayerParts] | None = None
    """Filled in by the forward pass where it is not None."""
    marked: Tensor | None = None
    """Places in the prefix, of whose joint softmax weight at the last token `on_marked` is told."""
    on_marked: dict[int, Tensor] = field(default_factory=dict)
    """[batch, head] by layer."""

    @property
    def at_last(self) -> tuple[Tensor, slice, slice, Tensor]:
        """Index of the last token's rows in [batch, group, head in group, query, ...]."""
        return torch.arange(len(self.last), device=self.last.device), slice(None), slice(None), self.last


@dataclass(frozen=True)
class _Scores:
    """Scores of a batch's own tokens, to the prefix and to one another."""

    prefix: Tensor
    """[group, batch, head in group, query, prefix]: one product for the whole batch."""
    own: Tensor
    """[batch, group, head in group, query, query]"""

    def of_last(self, shared: SharedPrefix) -> tuple[Tensor, Tensor]:
        """Return copies of the last tokens', to their own tokens and to the prefix, [batch, group, head, key]."""
        return self.own[shared.at_last], self.prefix.transpose(0, 1)[shared.at_last]


def shared_prefix_attention(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float,
    shared_prefix: SharedPrefix,
    sliding_window: int | None = None,
    softcap: float | None = None,
    position_bias: Tensor | None = None,
    layer: int | None = None,
    **arguments: Any,
) -> tuple[Tensor, None]:
    """Attend causally to the batch's own tokens and to the shared prefix, as far as a window reaches.

    Shapes: query [batch, head, query, d_head], key and value [batch, key-value head, query, d_head], result
    [batch, query, head, d_head]. Queries are padded on the right, so the causal mask alone keeps padding out.
    `sliding_window` is the number of tokens that one sees, itself among them; `position_bias` what the family adds to
    the scores of every position of prefix and query, [head, prefix + query], of which the querying token's own is taken
    off: softmax does not see that, and scores of the same tokens are the same behind any prefix. `layer` is the
    module's place, where it is not `layer_idx`.

    Raises:
        HarnessError: the family asks for more: it gives a mask of its own, or an argument that is not NEUTRAL.

    """
    _refuse_unknown(module, {**arguments, "attention_mask": attention_mask})
    batch, heads, length, d_head = query.shape
    groups = key.shape[1]  # query heads of one group share a key-value head
    grouped = (query * scaling).view(batch, groups, heads // groups, length, d_head)
    layer = module.layer_idx if layer is None else layer
    scores = _products(grouped, key, shared_prefix.keys[layer].to(query))
    products = scores.of_last(shared_prefix) if shared_prefix.parts is not None else None
    _limit(scores, softcap, position_bias, sliding_window)
    out = _attend(scores, value, shared_prefix, layer, products)
    return out.reshape(batch, heads, length, d_head).transpose(1, 2), None


def _products(query: Tensor, key: Tensor, prefix_key: Tensor) -> _Scores:
    """Return q . k of a scaled query [batch, group, head in group, query, d_head]."""
    batch, groups, members, length, d_head = query.shape
    folded = query.transpose(0, 1).reshape(groups, -1, d_head)
    products = folded @ prefix_key.transpose(1, 2)  # [group, batch * head in group * query, prefix]
    own = query @ key[:, :, None].transpose(-1, -2)
    return _Scores(products.view(groups, batch, members, length, -1), own)


def _limit(scores: _Scores, softcap: float | None, bias: Tensor | None, window: int | None) -> None:
    """Make scores of products, in place: cap, bias, what is hidden."""
    groups, _, members, length, prefix = scores.prefix.shape
    if softcap is not None:
        for products in (scores.prefix, scores.own):
            products.div_(softcap).tanh_().mul_(softcap)
    if bias is not None:
        from_each = (bias[:, None] - bias[:, prefix:, None]).to(scores.own)  # [head, query, prefix + query]
        by_group = from_each.view(groups, members, length, -1)
        scores.prefix.add_(by_group[:, None, ..., :prefix])
        scores.own.add_(by_group[..., prefix:])
    own, before = (torch.arange(n, device=scores.own.device) for n in (length, prefix))
    future = torch.ones(length, length, dtype=torch.bool, device=own.device).triu(1)
    scores.own.masked_fill_(future, -torch.inf)
    if window is not None:
        scores.own.masked_fill_(own <= own[:, None] - window, -torch.inf)
        scores.prefix.masked_fill_(before <= own[:, None] + prefix - window, -torch.inf)


def _attend(
    scores: _Scores, value: Tensor, shared: SharedPrefix, layer: int, products: tuple[Tensor, Tensor] | None
) -> Tensor:
    """Return the output [batch, group, head in group, query, d_head]; keep scores and parts, use up the scores."""
    prefix_value, at_last = shared.values[layer].to(value), shared.at_last
    groups, batch, _, length, _ = scores.prefix.shape
    if shared.record or shared.parts is not None or shared.marked is not None:
        last_own, last_prefix = scores.of_last(shared)
        shared.scores[layer] = LayerScores(last_own.flatten(1, 2), last_prefix.sum(dim=(1, 2)))

    lowest = torch.finfo(value.dtype).min  # stands for -inf where a token sees nothing of the prefix
    prefix_top = scores.prefix.flatten(1, 3).amax(-1, keepdim=True).clamp_min_(lowest)
    weights = scores.prefix.flatten(1, 3).sub_(prefix_top).exp_()  # in place: the largest tensor of the pass
    total = weights.sum(-1, keepdim=True).clamp_min_(1.0)  # the largest weight is 1, but where nothing is seen
    prefix_out = (weights @ prefix_value).div_(total).view(groups, batch, -1, length, value.shape[-1]).transpose(0, 1)
    prefix_z = (prefix_top + total.log()).view(groups, batch, -1, length, 1).transpose(0, 1)
    own_out = scores.own.softmax(-1) @ value[:, :, None]
    mass = torch.sigmoid(prefix_z - scores.own.logsumexp(-1, keepdim=True))
    if shared.marked is not None:
        share = last_prefix[..., shared.marked].logsumexp(-1) - last_prefix.logsumexp(-1).clamp_min_(lowest)
        shared.on_marked[layer] = (mass[at_last][..., 0] * share.exp()).flatten(1)
    if shared.parts is not None:
        forms = without_softmax(last_own, last_prefix, value, prefix_value, products)
        relaxed, uniform, first_order = (form.flatten(1, 2) for form in forms)
        shared.parts[layer] = LayerParts(
            mass=mass[at_last].flatten(1),
            own=own_out[at_last].flatten(1, 2),
            context=prefix_out[at_last].flatten(1, 2),
            relaxed=relaxed,
            uniform=uniform,
            first_order=first_order,
        )
    return torch.lerp(own_out, prefix_out, mass)


def _refuse_unknown(module: nn.Module, arguments: Mapping[str, Any]) -> None:
    for name, value in arguments.items():
        # Positions are in the embeddings, or in the queries and keys as they come.
        if value is None or name == "position_ids" or (name in NEUTRAL and value == NEUTRAL[name]):
            continue
        given = f"a tensor of shape {list(value.shape)}" if isinstance(value, Tensor) else repr(value)
        raise HarnessError(
            f"{type(module).__name__} asks for {name} = {given}, expected {NEUTRAL.get(name)}: attention behind a "
            "shared prefix can't do it; choose a --model without, or teach it to harness/models/prefix_attention.py",
        )


def without_softmax(
    own_scores: Tensor,
    prefix_scores: Tensor,
    value: Tensor,
    prefix_value: Tensor,
    products: tuple[Tensor, Tensor] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return sum_i v_i (k_i . q) with q as scaled as the scores s are, mean(v), and mean(v) + mean((s - mean(s)) v).

    Shapes: scores [batch, group, head in group, token], -inf at tokens that are not seen, which count in none of the
    three; values [batch, group, query, d_head] and [group, prefix, d_head]; results [batch, group, head in group,
    d_head]. `products` are k_i . q with the own tokens and with the prefix, where the scores are not that.
    """
    hidden, behind = own_scores.isneginf(), prefix_scores.isneginf()
    seen, reached = ~hidden[:, 0, 0], ~behind[:, 0, 0]  # of each query, the same for all heads: [batch, token]
    number = (seen.sum(-1) + reached.sum(-1))[:, None, None]

    def weighted(own: Tensor, prefix: Tensor) -> Tensor:
        weights = prefix.masked_fill(behind, 0.0)
        return own.masked_fill(hidden, 0.0) @ value + torch.einsum("bghp,gpd->bghd", weights, prefix_value)

    relaxed = weighted(*(products or (own_scores, prefix_scores)))
    total = (value * seen[:, None, :, None]).sum(-2) + torch.einsum("bp,gpd->bgd", reached.to(value), prefix_value)
    uniform = (total / number)[:, :, None].expand_as(relaxed)
    all_own, all_prefix = own_scores.masked_fill(hidden, 0.0), prefix_scores.masked_fill(behind, 0.0)
    mean = (all_own.sum(-1, keepdim=True) + all_prefix.sum(-1, keepdim=True)) / number[..., None]
    # The mean is taken off before values are weighted: a common score costs no digits.
    change = weighted(own_scores - mean, prefix_scores - mean) / number[..., None]
    return relaxed, uniform, uniform + change


def _more_than_it_can_do(
    *, mask_function: Any, attention_mask: Tensor | None, local_size: int | None = None, **sizes: Any
) -> Tensor | None:
    """Build no mask for the causal order and a window, which attention keeps itself; any other, for it to refuse."""
    windowed = local_size is not None and _is_window(mask_function, local_size)
    if (mask_function is causal_mask_function or windowed) and attention_mask is None:
        return None
    mask: Tensor = eager_mask(mask_function=mask_function, attention_mask=attention_mask, **sizes)
    return mask


def _is_window(mask_function: Any, size: int) -> bool:
    """Return whether it lets each token see itself and the `size` - 1 before it; told from tokens on both sides of it.

    Chunks of that size, and what sees forwards, differ at one of these.
    """
    keys = torch.arange(3 * size + 2)
    for query in (0, size - 1, size, size + 1, 2 * size - 1, 2 * size):
        seen = mask_function(torch.tensor(0), torch.tensor(0), torch.tensor(query), keys)
        if not torch.equal(seen.expand_as(keys), (keys <= query) & (keys > query - size)):
            return False
    return True


AttentionInterface.register(SHARED_PREFIX, shared_prefix_attention)
AttentionMaskInterface.register(SHARED_PREFIX, _more_than_it_can_do)
AttentionInterface.register(SHARED_PREFIX_MASKED, shared_prefix_attention)
AttentionMaskInterface.register(SHARED_PREFIX_MASKED, eager_mask)
