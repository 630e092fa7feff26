"""Each family through a folder: saved, looked at, loaded, the same model as before; what is not covered is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import fixtures
from harness.data import Setting
from harness.errors import HarnessError
from harness.models.fitting import configuration_of, context_of
from harness.models.folder import ModelFolder
from harness.models.loading import load_model
from harness.models.scoring import score
from harness.models.source import locate_model, source_facts
from harness.prompts import Prompts
from harness.tests.byte_tokenizer import byte_tokenizer
from harness.tests.models.configurations import FAMILIES, Variant
from harness.tests.models.families import assert_identical, tiny

OPT_350M: Variant = ("opt", {"do_layer_norm_before": False, "word_embed_proj_dim": 20, "tie_word_embeddings": False})
SAVED: list[Variant] = [*((family, {}) for family in FAMILIES), OPT_350M]


@pytest.mark.parametrize(("family", "more"), SAVED)
def test_saved_model_is_found_and_loaded_as_it_was(
    family: str, more: dict[str, Any], tmp_path: Path, prompts: Prompts
) -> None:
    """Its folder passes every look, says its sizes and context, and the loaded model records the same to the bit."""
    model = tiny(family, **more)
    model.network.save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    source = locate_model(str(tmp_path), fixtures.MODELS)
    loaded = load_model(source, tmp_path, "cpu")
    assert_identical(score(loaded, prompts, Setting.ICL), score(model, prompts, Setting.ICL))
    facts, folder = source_facts(source, tmp_path), ModelFolder(tmp_path, "")
    assert (facts["layers"], facts["width"], facts["query heads"], facts["vocabulary"]) == (3, 32, 4, 97)
    assert context_of(folder, configuration_of(folder)) == (2048 if family == "bloom" else 256)
    text = torch.tensor([prompts.prefix])
    assert torch.equal(loaded.network(text).logits, model.network(text).logits)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"model_type": "gpt_neox", "rotary_pct": 0.5, "rotary_emb_base": 500}, (0.5, 500)),
        ({"model_type": "stablelm", "partial_rotary_factor": 0.5, "rope_theta": 500}, (0.5, 500)),
    ],
)
def test_names_of_older_configurations_are_read(said: dict[str, object], wanted: object, tmp_path: Path) -> None:
    """How much of a head is turned, and by which base, as the models' first releases say it."""
    (tmp_path / "config.json").write_text(json.dumps(said), encoding="utf-8")
    rope = configuration_of(ModelFolder(tmp_path, "")).rope_parameters
    assert (rope["partial_rotary_factor"], rope["rope_theta"]) == wanted


def test_gemmas_older_configuration_is_read(tmp_path: Path) -> None:
    """Every third layer sees all, and those with a window turn by a base of their own."""
    said = {"model_type": "gemma3_text", "sliding_window_pattern": 3, "rope_local_base_freq": 500, "rope_theta": 7000}
    (tmp_path / "config.json").write_text(json.dumps(said | {"num_hidden_layers": 3}), encoding="utf-8")
    config = configuration_of(ModelFolder(tmp_path, ""))
    assert config.layer_types == ["sliding_attention", "sliding_attention", "full_attention"]
    assert [config.rope_parameters[kind]["rope_theta"] for kind in config.layer_types[1:]] == [500, 7000]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"model_type": "bloom", "slow_but_exact": True}, "slow_but_exact True, and .* 'bloom' only False is covered"),
        (
            {"model_type": "mpt", "attn_config": {"clip_qkv": 6.0}},
            r"attn_config\.clip_qkv 6\.0, .* only None is",
        ),
        ({"model_type": "mpt", "attn_config": {"alibi": False}}, r"attn_config\.alibi False, .* only True is covered"),
        ({"model_type": "gemma3_text", "use_bidirectional_attention": True}, "use_bidirectional_attention True, and"),
        ({"model_type": "gemma2", "use_bidirectional_attention": True}, "use_bidirectional_attention True, and"),
    ],
)
def test_what_of_a_family_is_not_covered_is_refused_by_name(
    said: dict[str, object], message: str, tmp_path: Path
) -> None:
    """Before anything is loaded: the field, what it says, and what it would have to say."""
    (tmp_path / "config.json").write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(HarnessError, match=f"config.json says {message}"):
        configuration_of(ModelFolder(tmp_path, ""))
