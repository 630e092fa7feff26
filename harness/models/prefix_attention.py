"""Attention of many queries behind one shared prefix, whose keys and values are never copied.

For query vector q with prefix scores s_p, own scores s_o and their log-sum-exps z_p, z_o:

    softmax([s_p, s_o]) [V_p; V_o] = a softmax(s_p) V_p + (1 - a) softmax(s_o) V_o,    a = sigmoid(z_p - z_o)

which is exact. All queries' vectors fold into one product with the prefix's keys. `a` is the softmax mass on the
prefix, and the two terms are the demonstration part and the query part that the paper's equation 9 separates.
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
NEUTRAL = {"dropout": 0.0, "is_causal": True, "output_attentions": False, "use_cache": False}
"""What families may say to attention, and the value, beside None, at which it asks for no more than causal attention.

All else is refused: a sliding window, a soft cap, sinks or a position bias that is not heeded makes wrong answers.
"""


@dataclass(frozen=True)
class LayerScores:
    """Scaled scores of the last token before softmax, one layer, one batch."""

    query: Tensor
    """[batch, head, query], -inf behind the last token."""
    context: Tensor
    """[batch, prefix], summed over heads."""


@dataclass(frozen=True)
class LayerParts:
    """The last token's attention in its two parts, one layer, one batch, before the output projection.

    Softmax attention is mass * context + (1 - mass) * own. `relaxed` is the paper's form without softmax and
    scale, sum_i v_i (k_i . q), `uniform` the mean of all values, and `first_order` softmax expanded around equal
    scores (see `harness.data.ExpandedParts`), all three over prefix and own tokens.
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


def shared_prefix_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float,
    shared_prefix: SharedPrefix,
    **arguments: Any,
) -> tuple[Tensor, None]:
    """Attend causally to the batch's own tokens and fully to the shared prefix.

    Shapes: query [batch, head, query, d_head], key and value [batch, key-value head, query, d_head], result
    [batch, query, head, d_head]. Queries are padded on the right, so the causal mask alone keeps padding out.

    Raises:
        HarnessError: the family asks for more: it gives a mask of its own, or an argument that is not NEUTRAL.

    """
    _refuse_unknown(module, {**arguments, "attention_mask": attention_mask})
    batch, heads, length, d_head = query.shape
    groups = key.shape[1]  # query heads of one group share a key-value head
    grouped = (query * scaling).view(batch, groups, heads // groups, length, d_head)
    out = _attend(module, grouped, key, value, shared_prefix)
    return out.reshape(batch, heads, length, d_head).transpose(1, 2), None


def _attend(module: Any, query: Tensor, key: Tensor, value: Tensor, shared: SharedPrefix) -> Tensor:
    """Return the output of a scaled query, both [batch, group, head in group, query, d_head]; keep scores and parts."""
    layer: int = module.layer_idx
    prefix_key, prefix_value = shared.keys[layer], shared.values[layer]
    batch, groups, members, length, d_head = query.shape
    folded = query.transpose(0, 1).reshape(groups, -1, d_head)
    prefix_scores = folded @ prefix_key.transpose(1, 2)  # [group, batch * head in group * query, prefix]
    own_scores = query @ key[:, :, None].transpose(-1, -2)  # [batch, group, head in group, query, query]
    future = torch.ones(length, length, dtype=torch.bool, device=query.device).triu(1)
    own_scores.masked_fill_(future, -torch.inf)
    rows = torch.arange(batch, device=query.device)
    at_last = (rows, slice(None), slice(None), shared.last)  # [batch, group, head in group, ...]
    if shared.record or shared.parts is not None or shared.marked is not None:
        last_prefix = prefix_scores.view(groups, batch, members, length, -1).transpose(0, 1)[at_last]
        last_own = own_scores[at_last]
        shared.scores[layer] = LayerScores(last_own.flatten(1, 2), last_prefix.sum(dim=(1, 2)))

    prefix_top = prefix_scores.amax(-1, keepdim=True)
    weights = prefix_scores.sub_(prefix_top).exp_()  # in place: the largest tensor of the pass
    total = weights.sum(-1, keepdim=True)
    prefix_out = (weights @ prefix_value).div_(total).view(groups, batch, -1, length, d_head).transpose(0, 1)
    prefix_z = (prefix_top + total.log()).view(groups, batch, -1, length, 1).transpose(0, 1)
    own_out = own_scores.softmax(-1) @ value[:, :, None]
    mass = torch.sigmoid(prefix_z - own_scores.logsumexp(-1, keepdim=True))
    if shared.marked is not None:
        share = last_prefix[..., shared.marked].logsumexp(-1) - last_prefix.logsumexp(-1)
        shared.on_marked[layer] = (mass[at_last][..., 0] * share.exp()).flatten(1)
    if shared.parts is not None:
        without = without_softmax(last_own, last_prefix, value, prefix_value, shared.last)
        relaxed, uniform, first_order = (form.flatten(1, 2) for form in without)
        shared.parts[layer] = LayerParts(
            mass=mass[at_last].flatten(1),
            own=own_out[at_last].flatten(1, 2),
            context=prefix_out[at_last].flatten(1, 2),
            relaxed=relaxed / module.scaling,
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
    last: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return sum_i v_i (k_i . q) with q as scaled as the scores s are, mean(v), and mean(v) + mean((s - mean(s)) v).

    Shapes: scores [batch, group, head in group, token], values [batch, group, query, d_head] and [group, prefix,
    d_head], results [batch, group, head in group, d_head].
    """
    seen = torch.arange(value.shape[-2], device=last.device) <= last[:, None]  # [batch, query]: no padding
    hidden = ~seen[:, None, None]
    number = (prefix_value.shape[-2] + last + 1)[:, None, None]

    def weighted(own: Tensor, prefix: Tensor) -> Tensor:
        return own.masked_fill(hidden, 0.0) @ value + torch.einsum("bghp,gpd->bghd", prefix, prefix_value)

    relaxed = weighted(own_scores, prefix_scores)
    total = (value * seen[:, None, :, None]).sum(-2) + prefix_value.sum(-2)
    uniform = (total / number)[:, :, None].expand_as(relaxed)
    of_all = own_scores.masked_fill(hidden, 0.0).sum(-1, keepdim=True) + prefix_scores.sum(-1, keepdim=True)
    mean = of_all / number[..., None]  # taken off before values are weighted: a common score costs no digits
    change = weighted(own_scores - mean, prefix_scores - mean) / number[..., None]
    return relaxed, uniform, uniform + change


def _more_than_causal(*, mask_function: Any, attention_mask: Tensor | None, **sizes: Any) -> Tensor | None:
    """Build no mask for the causal order, which attention keeps itself; any other, for attention to refuse."""
    if mask_function is causal_mask_function and attention_mask is None:
        return None
    mask: Tensor = eager_mask(mask_function=mask_function, attention_mask=attention_mask, **sizes)
    return mask


AttentionInterface.register(SHARED_PREFIX, shared_prefix_attention)
AttentionMaskInterface.register(SHARED_PREFIX, _more_than_causal)
