"""What a family's attention does, written down a second time: which outputs are what, norms, rotary positions, ALiBi.

Read off transformers' modeling files, family by family; nothing here is taken from the table that the suite runs by.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from harness.models.language_model import LanguageModel

FUSED = {
    "gpt2": "c_attn",
    "gpt_neox": "query_key_value",
    "bloom": "query_key_value",
    "falcon": "query_key_value",
    "phi3": "qkv_proj",
    "mpt": "Wqkv",
}
"""Name of the projection that puts queries, keys and values out, in the families that have one."""
OUTPUT = {
    "xglm": "out_proj",
    "opt": "out_proj",
    "gpt_neo": "out_proj",
    "gptj": "out_proj",
    "mpt": "out_proj",
    "gpt2": "c_proj",
    "gpt_neox": "dense",
    "phi": "dense",
    "bloom": "dense",
    "falcon": "dense",
}
"""Name of the projection that puts an attention block's output out, where it is not `o_proj`."""


def _three(config: Any) -> str:
    return "".join(kind * config.num_attention_heads for kind in "qkv")


def _phi3(config: Any) -> str:
    order: str = "q" * config.num_attention_heads + "k" * config.num_key_value_heads + "v" * config.num_key_value_heads
    return order


def _falcon(config: Any) -> str:
    groups = config.num_kv_heads if config.new_decoder_architecture or not config.multi_query else 1
    order: str = ("q" * (config.num_attention_heads // groups) + "kv") * groups
    return order


LAYOUT: dict[str, Callable[[Any], str]] = {
    "gpt2": _three,
    "mpt": _three,
    "gpt_neox": lambda config: "qkv" * config.num_attention_heads,
    "bloom": lambda config: "qkv" * config.num_attention_heads,
    "falcon": _falcon,
    "phi3": _phi3,
}
"""Whose the fused projection's outputs are, a letter a head."""


def family_of(model: LanguageModel) -> str:
    """Return the name of the model's family."""
    return str(model.network.config.model_type)


def size_of_head(model: LanguageModel) -> int:
    """Return the entries of a head: the configuration's, or the width by the number of heads."""
    config = model.network.config
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def _in_attention(model: LanguageModel, *names: str) -> list[Any]:
    """Return each layer's module of an attention block that has one of these names, first layer first."""
    found = [(path, m) for path, m in model.network.named_modules() if path.split(".")[-1] in names]
    return [m for path, m in found if "attn" in path or "attention" in path]


def projections(model: LanguageModel, kind: str) -> list[Any]:
    """Return each layer's projection of queries, keys or values ('q', 'k', 'v')."""
    return _in_attention(model, FUSED.get(family_of(model), f"{kind}_proj"))


def output_projections(model: LanguageModel) -> list[Any]:
    """Return each layer's projection that puts its attention block's output out."""
    return _in_attention(model, OUTPUT.get(family_of(model), "o_proj"))


def rows_of(model: LanguageModel, kinds: str) -> list[int] | slice:
    """Return which outputs of the projections are queries, keys or values, a letter each, in the projection's order."""
    family = family_of(model)
    if family not in FUSED:
        return slice(None)
    size, layout = size_of_head(model), LAYOUT[family](model.network.config)
    return [size * i + entry for i, letter in enumerate(layout) if letter in kinds for entry in range(size)]


def projected(model: LanguageModel, layer: int, kind: str, x: Tensor) -> Tensor:
    """Return W x + b [token, output] of queries, keys or values, in the dtype of x."""
    projection, rows = projections(model, kind)[layer], rows_of(model, kind)
    weight = projection.weight if isinstance(projection, torch.nn.Linear) else projection.weight.T
    bias = 0 if projection.bias is None else projection.bias[rows].to(x)
    found: Tensor = x @ weight[rows].to(x).T + bias
    return found


@contextmanager
def entering(modules: Sequence[Any]) -> Iterator[list[Tensor]]:
    """Keep what goes into modules while the block runs, of each its last time, [token, entry]."""
    seen: dict[int, Tensor] = {}

    def keep(module: Any, args: tuple[Tensor, ...]) -> None:
        seen[id(module)] = args[0].detach().reshape(-1, args[0].shape[-1])

    handles, kept = [module.register_forward_pre_hook(keep) for module in modules], list[Tensor]()
    try:
        yield kept
        kept.extend(seen[id(module)] for module in modules)
    finally:
        for handle in handles:
            handle.remove()


def queries_by_hand(model: LanguageModel, ids: list[int]) -> Tensor:
    """Return [layer, token, d_query]: scale * norm(W_q x + b_q), from the input x of each layer's projection."""
    with torch.no_grad():
        with entering(projections(model, "q")) as inputs:
            model.network(torch.tensor([ids], device=model.device), use_cache=False)
        return queries_of(model, inputs)


def queries_of(model: LanguageModel, inputs: Sequence[Tensor]) -> Tensor:
    """Return the same from the inputs themselves, [token, d_model] of each layer."""
    return torch.stack([_queries(model, layer, x) for layer, x in enumerate(inputs)])


def _queries(model: LanguageModel, layer: int, x: Tensor) -> Tensor:
    heads = projected(model, layer, "q", x)
    heads = heads.view(*heads.shape[:-1], -1, size_of_head(model))
    return _normed(model, layer, heads).flatten(-2) * scale_of(model, layer)


def scale_of(model: LanguageModel, layer: int) -> float:
    """Return what queries are multiplied by."""
    config, one = model.network.config, 1 / size_of_head(model) ** 0.5
    family = config.model_type
    if family == "gpt2":
        return (one if config.scale_attn_weights else 1.0) / (
            layer + 1 if config.scale_attn_by_inverse_layer_idx else 1
        )
    if family == "mpt":
        return float(config.attn_config.softmax_scale or one)
    if family.startswith("gemma"):
        return float(config.query_pre_attn_scalar**-0.5)
    return 1.0 if family == "gpt_neo" else one


def _normed(model: LanguageModel, layer: int, heads: Tensor) -> Tensor:
    """Return queries [token, head, entry] behind the family's norm of them."""
    norms = _in_attention(model, "q_norm", "q_layernorm")
    if not norms:
        return heads
    norm, family = norms[layer], family_of(model)
    if family in {"phi", "stablelm"}:
        eps = model.network.config.layer_norm_eps
        centred = heads - heads.mean(-1, keepdim=True)
        weight = torch.stack([n.weight for n in norm.norms]) if family == "stablelm" else norm.weight
        normed: Tensor = centred / (centred.square().mean(-1, keepdim=True) + eps).sqrt()
        return normed * weight + torch.as_tensor(getattr(norm, "bias", 0.0))
    entries = heads.flatten(-2) if family == "olmo2" else heads
    weight = norm.weight + 1 if family == "gemma3_text" else norm.weight
    eps = model.network.config.rms_norm_eps
    found: Tensor = entries / (entries.square().mean(-1, keepdim=True) + eps).sqrt() * weight
    return found.view_as(heads)


def turned(model: LanguageModel, layer: int, query: Tensor) -> Tensor:
    """Return rotary positions applied to [token, head, entry]: pairs (a, b) turned by t theta^(-2i / d).

    Pairs are an entry of the first half and one of the second, or in GPT-J two that adjoin.
    """
    size, theta = _rotary(model.network.config, layer, query.shape[-1])
    if size == 0:
        return query
    half = size // 2
    angle = torch.arange(len(query))[:, None, None] * theta ** (-torch.arange(half) / half)
    adjoining = family_of(model) == "gptj"
    first, second = (slice(0, size, 2), slice(1, size, 2)) if adjoining else (slice(half), slice(half, size))
    found = query.clone()
    found[..., first] = query[..., first] * angle.cos() - query[..., second] * angle.sin()
    found[..., second] = query[..., second] * angle.cos() + query[..., first] * angle.sin()
    return found


def _rotary(config: Any, layer: int, d_head: int) -> tuple[int, float]:
    """Return how many entries of a head are turned, and the base."""
    if config.model_type == "gptj":
        return config.rotary_dim, 10000.0
    rope = getattr(config, "rope_parameters", None)
    if rope is None or (config.model_type == "smollm3" and not config.no_rope_layers[layer]):
        return 0, 1.0
    rope = rope.get(config.layer_types[layer], rope) if hasattr(config, "layer_types") else rope
    return int(d_head * rope.get("partial_rotary_factor", 1.0)), rope["rope_theta"]


def slopes(model: LanguageModel) -> Tensor:
    """Return what ALiBi takes off a score per token of distance, by head: 2^(-8 (h + 1) / heads), 0 without ALiBi.

    The number of heads is a power of two. Falcon's are rounded to bfloat16 and scaled as its scores are.
    """
    config = model.network.config
    has = config.model_type in {"bloom", "mpt"} or getattr(config, "alibi", False)
    steps = 8 / config.num_attention_heads * torch.arange(1, config.num_attention_heads + 1)
    return 2.0**-steps if has else torch.zeros(len(steps))


def window_of(model: LanguageModel, layer: int) -> int | None:
    """Return how many tokens one sees in this layer, itself among them; None where all before it."""
    config = model.network.config
    if config.model_type == "gpt_neo":
        return int(config.window_size) if config.attention_layers[layer] == "local" else None
    window: int | None = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", {layer: "sliding_attention"})
    return window if kinds[layer] == "sliding_attention" else None


def scores_by_hand(model: LanguageModel, layer: int, query: Tensor, keys: Tensor) -> Tensor:
    """Return what decides the last token's softmax, [head, token], from query vectors [token, d_query] and cached keys.

    Keys, [key-value head, token, d_head], are behind their norm and rotary positions; the query vectors are not turned.
    """
    heads = turned(model, layer, query.view(*query.shape[:-1], -1, keys.shape[-1]))[-1]
    scores = torch.einsum("hd,htd->ht", heads, keys.repeat_interleave(len(heads) // len(keys), 0))
    if cap := getattr(model.network.config, "attn_logit_softcapping", None):
        scores = cap * (scores / cap).tanh()
    distance = torch.arange(keys.shape[1] - 1, -1, -1)
    scores = scores - slopes(model)[:, None] * distance
    window = window_of(model, layer)
    return scores if window is None else scores.masked_fill(distance >= window, -torch.inf)
