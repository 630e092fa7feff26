"""Recordings against TransformerLens, whose attention is written apart from transformers' and from ours.

Needs transformer_lens below 4.0 (4.0 wraps transformers' own modules). Nothing is fetched: its model is built from
the tiny model's sizes and weights. Tolerance as in test_whole_prompts.
"""

from typing import Any

import pytest
import torch

from harness.data import Setting
from harness.models.language_model import LanguageModel
from harness.models.scoring import score
from harness.prompts import Prompts
from harness.tests.crosscheck.parts import assert_agree, plain_parts, recorded_parts
from harness.tests.crosscheck.whole_prompt import Forward
from harness.tests.models.families import rounded, tiny

SIZES: dict[str, dict[str, str]] = {
    "gpt2": {
        "d_model": "n_embd",
        "n_layers": "n_layer",
        "n_heads": "n_head",
        "n_ctx": "n_positions",
        "act_fn": "activation_function",
        "eps": "layer_norm_epsilon",
    },
    "llama": {
        "d_model": "hidden_size",
        "n_layers": "num_hidden_layers",
        "n_heads": "num_attention_heads",
        "n_ctx": "max_position_embeddings",
        "n_key_value_heads": "num_key_value_heads",
        "d_head": "head_dim",
        "rotary_dim": "head_dim",
        "d_mlp": "intermediate_size",
        "act_fn": "hidden_act",
        "eps": "rms_norm_eps",
    },
}
"""Their name of each size to transformers'."""
FIXED: dict[str, dict[str, Any]] = {
    "gpt2": {"normalization_type": "LN", "d_head": 8},
    "llama": {
        "normalization_type": "RMS",
        "positional_embedding_type": "rotary",
        "gated_mlp": True,
        "final_rms": True,
        "rotary_base": 10000,
    },
}


def hooked(lens: Any, network: Any) -> Any:
    """Return TransformerLens' model of the network's weights."""
    config, family = network.config, network.config.model_type
    sizes = {theirs: getattr(config, ours) for theirs, ours in SIZES[family].items()}
    conversions = pytest.importorskip("transformer_lens.pretrained.weight_conversions")
    told = lens.HookedTransformerConfig(d_vocab=config.vocab_size, device="cpu", **sizes, **FIXED[family])
    model = lens.HookedTransformer(told)
    model.load_state_dict(getattr(conversions, f"convert_{family}_weights")(network, told), strict=False)
    return model.eval()


def forward(model: Any, tokens: list[int]) -> Forward:
    """Return the last token of one whole prompt as TransformerLens computes it."""
    with torch.no_grad():
        logits, cache = model.run_with_cache(torch.tensor([tokens]))
    layers = range(model.cfg.n_layers)

    def last(site: str) -> torch.Tensor:
        return torch.stack([cache[f"blocks.{layer}.{site}"][0, ..., -1, :] for layer in layers])

    scores, weights = (last(f"attn.hook_{name}") for name in ("attn_scores", "pattern"))
    return Forward(logits[0, -1], last("hook_attn_out"), scores, weights)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("setting", [Setting.ZSL, Setting.ICL])
@pytest.mark.parametrize("family", SIZES)
def test_recording_is_what_transformer_lens_finds(family: str, setting: Setting, prompts: Prompts) -> None:
    """Logits, attention outputs, scores and ratios of weights, for GPT-2 and for Llama with grouped queries."""
    lens = pytest.importorskip("transformer_lens", reason="transformer_lens is not installed")
    if not _is_own_implementation(lens):
        pytest.skip("transformer_lens 4.0 and newer have no attention of their own: needs one below 4.0")
    prefix = prompts.prefix if setting is Setting.ICL else (0,)

    def parts(model: LanguageModel) -> Any:
        theirs = hooked(lens, model.network)
        return plain_parts([forward(theirs, [*prefix, *query]) for query in prompts.queries], prompts)

    model = tiny(family)
    assert_agree(recorded_parts(score(model, prompts, setting), prompts), parts(model), parts(rounded(model)))


def _is_own_implementation(lens: Any) -> bool:
    try:
        return hasattr(lens, "HookedTransformer")
    except ImportError:  # how 4.0 says that it was removed
        return False
