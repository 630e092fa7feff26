"""The last token's attention taken apart into its demonstration part and its own part, and relaxed."""

from dataclasses import fields, replace

import numpy as np
import torch

from harness.data import ExpandedParts, Setting
from harness.models.language_model import LanguageModel
from harness.models.prefix_attention import LayerParts, SharedPrefix
from harness.models.scoring import Queries, encode_prefix, forward_behind, in_batches, last_of
from harness.prompts import Prompts

NAMES = tuple(field.name for field in fields(ExpandedParts) if field.name != "setting")


@torch.inference_mode()
def attention_parts(model: LanguageModel, prompts: Prompts, setting: Setting, batch_size: int = 8) -> ExpandedParts:
    """Return the parts of every query's last-token attention, behind the demonstrations (ICL) or without (ZSL)."""
    prefix = encode_prefix(model, prompts.prefix if setting is Setting.ICL else [prompts.start_token])

    def run(queries: Queries) -> list[dict[str, np.ndarray]]:
        shared = SharedPrefix(prefix.keys, prefix.values, last_of(model, queries), parts={})
        forward_behind(model, prefix, queries, shared)
        found = shared.parts or {}
        layers = [_unscaled(found[i], model.architecture.scale(m)) for i, m in enumerate(model.attention_modules)]
        stacked = {n: torch.stack([getattr(p, n) for p in layers], dim=1).float().cpu().numpy() for n in NAMES}
        return [{name: array[i] for name, array in stacked.items()} for i in range(len(queries))]

    rows = in_batches(model, prefix, prompts.queries, batch_size, run)
    return ExpandedParts(setting, **{name: np.stack([row[name] for row in rows]) for name in NAMES})


def _unscaled(parts: LayerParts, scale: float) -> LayerParts:
    """Return the parts with the scale that the query had in the scores taken out of the relaxed form."""
    return replace(parts, relaxed=parts.relaxed / scale)
