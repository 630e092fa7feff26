"""A configuration and the weights beside it: what one asks for and the other has is one and the same, or refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from transformers import AutoConfig

import fixtures
from harness.data import Example, Setting, Task
from harness.errors import HarnessError
from harness.models import fitting
from harness.models.architectures import architecture_of
from harness.models.fitting import configuration_of, context_of, require_fitting
from harness.models.folder import WEIGHTS, ModelFolder
from harness.models.language_model import LanguageModel
from harness.models.loading import load_model, load_prompt_builder
from harness.models.scoring import score
from harness.models.source import locate_model
from harness.tests.model_folders import FAMILIES, edit_config, write_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a sound Llama of two layers, 16 wide."""
    return write_model(tmp_path / "model")


def loaded(folder: Path, dtype: str = "float32") -> LanguageModel:
    """Locate a folder and load it onto the CPU."""
    return load_model(locate_model(str(folder), fixtures.MODELS), folder, "cpu", dtype)


def change(folder: Path, edit: Callable[[dict[str, np.ndarray]], object]) -> None:
    """Change the weights."""
    weights = load_file(folder / WEIGHTS)
    edit(weights)
    save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})


@pytest.mark.parametrize("family", FAMILIES)
def test_configuration_is_transformers_own(tmp_path: Path, family: str) -> None:
    """Read by us or by transformers, config.json says the same."""
    folder = write_model(tmp_path, family)
    ours, theirs = configuration_of(ModelFolder(folder, "")), AutoConfig.from_pretrained(folder)
    assert ours.to_dict() == theirs.to_dict()
    assert vars(ours) == vars(theirs)


@pytest.mark.parametrize(
    "edit",
    [
        {"_attn_implementation": "kernels-community/flash-attn"},
        {"attn_implementation": "kernels-community/flash-attn"},
        {"_experts_implementation": "evil"},
        {"auto_map": {"AutoConfig": "evil.Evil", "AutoModelForCausalLM": "evil.Evil"}},
        {"torch_dtype": "int8"},
        {"dtype": "evil"},
        {"return_dict": False},
        {"output_attentions": True},
        {"sliding_window": 3},
        {"layer_types": ["sliding_attention"] * 2},
        {"attention_chunk_size": 3},
        {"text_config": {"hidden_size": 5}},
        {"decoder": "evil"},
        {"num_labels": 10**7},
        {"id2label": {"evil": 3}},
        {"add_cross_attention": True},
    ],
)
def test_how_a_model_is_run_is_not_for_its_folder_to_say(folder: Path, edit: dict[str, Any]) -> None:
    """Attention, precision and form of outputs are ours; code of the folder's own is not run."""
    tokens = torch.arange(7)[None]
    own = loaded(folder).network(tokens).logits
    edit_config(folder, **edit)
    network = loaded(folder).network
    assert network.config._attn_implementation == "sdpa"
    assert network.config.num_labels < 10
    assert torch.equal(network(tokens).logits, own)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ({"hidden_act": "evil"}, r"hidden_act 'evil'; Known: .*gelu"),
        ({"hidden_act": "silo"}, r"hidden_act 'silo'; did you mean 'silu'"),
        ({"hidden_act": ["silu"]}, r"hidden_act"),
        ({"num_attention_heads": 3}, r"config\.json can't be used .*not a multiple"),
        (
            {"num_attention_heads": 8},
            r"are not those .*k_proj\.weight is of shape \[8, 16\], expected",
        ),
        ({"intermediate_size": 10**12}, r"mlp\.\S+ is of shape .*1000000000000"),
        ({"intermediate_size": -24}, r"the network that config\.json describes can't be used \(RuntimeError"),
        ({"head_dim": 0}, r"can't be used|are not those"),
        ({"vocab_size": 41}, r"embed_tokens\.weight is of shape \[40, 16\], expected \[41, 16\]"),
        ({"rope_scaling": {"rope_type": "evil"}}, r"can't be used \(KeyError: 'evil'\)"),
        ({"rope_scaling": "linear"}, r"can't be used \("),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 0}}, r"logits that are no numbers"),
        ({"max_position_embeddings": None}, r"can't be used|a context of None"),
        ({"max_position_embeddings": -1}, r"a context of -1 tokens"),
        ({"is_causal": False}, r"attend to what follows them \(is_causal\)"),
    ],
)
def test_configuration_that_fits_no_weights_is_one_message(folder: Path, edit: dict[str, Any], message: str) -> None:
    """Whatever it names, what comes of it says what and why, and mentions the folder once."""
    edit_config(folder, **edit)
    with pytest.raises(HarnessError, match=message) as raised:
        loaded(folder)
    assert str(raised.value).count(str(folder)) == 1


def test_layers_are_counted_where_the_configuration_leaves_them_out(folder: Path) -> None:
    """Llama's own default is 32 layers; the weights hold two."""
    edit_config(folder, num_hidden_layers=None)
    with pytest.raises(HarnessError, match=r"can't be used|hold tensors of 2 layers, its configuration has 32"):
        loaded(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.layers.1.self_attn.q_proj.bias", r"1 tensors .*nothing uses model\.layers\.1\.self_attn\.q_proj\.bias"),
        ("lm_head.bias", r"nothing uses lm_head\.bias"),
        ("model.rotary_emb.inv_freq", None),
        ("model.layers.0.self_attn.rotary_emb.inv_freq", None),
        ("model.layers.0.mlp.rotary_emb.inv_freq", r"nothing uses model\.layers\.0\.mlp"),
        ("model.layers.0.attn.bias", r"nothing uses model\.layers\.0\.attn\.bias"),
        ("transformer.h.0.attn.bias", r"nothing uses transformer\.h\.0\.attn\.bias"),
        ("norm.weight", r"model\.norm\.weight is there twice, once without 'model\.'"),
    ],
)
def test_tensor_that_nothing_uses_is_refused(folder: Path, name: str, message: str | None) -> None:
    """But for tables that older versions of its own family kept beside the weights."""
    change(folder, lambda weights: weights.update({name: np.ones(16, np.float32)}))
    if message is None:
        assert loaded(folder)
        return
    with pytest.raises(HarnessError, match=message):
        loaded(folder)


def test_tables_of_older_versions_are_known(tmp_path: Path) -> None:
    """GPT-2's masks and XGLM's positions; and the names of a GPT-2 that was saved without its head."""
    gpt2, xglm = (write_model(tmp_path / family, family) for family in ("gpt2", "xglm"))
    before = loaded(gpt2).network(torch.arange(7)[None]).logits

    def rename(weights: dict[str, np.ndarray]) -> None:
        for name in [*weights]:
            weights[name.removeprefix("transformer.")] = weights.pop(name)
        weights |= {"h.1.attn.bias": np.ones((1, 1, 4, 4), np.uint8), "h.1.attn.masked_bias": np.zeros((), np.float32)}

    change(gpt2, rename)
    assert torch.equal(loaded(gpt2).network(torch.arange(7)[None]).logits, before)
    change(xglm, lambda weights: weights.update({"model.embed_positions.weights": np.zeros((130, 16), np.float32)}))
    assert loaded(xglm)


def test_attention_to_another_text_is_refused(tmp_path: Path) -> None:
    """A decoder's cross-attention has weights, which nothing uses here."""
    folder, name = (
        write_model(tmp_path / "gpt2", "gpt2", {"add_cross_attention": True}),
        "h.0.crossattention.q_attn.bias",
    )
    change(folder, lambda weights: weights.update({f"transformer.{name}": np.ones(16, np.float32)}))
    with pytest.raises(HarnessError, match=r"1 tensors .*nothing uses transformer\.h\.0\.crossattention\.q_attn\.bias"):
        loaded(folder)


def test_unembedding_may_be_tied(folder: Path) -> None:
    """Without lm_head.weight the embedding stands in where config.json says so, and is missing where it doesn't."""
    change(folder, lambda weights: weights.pop("lm_head.weight"))
    with pytest.raises(HarnessError, match=r"lm_head\.weight is missing"):
        loaded(folder)
    edit_config(folder, tie_word_embeddings=True)
    network = loaded(folder).network
    assert torch.equal(network.lm_head.weight, network.model.embed_tokens.weight)


def test_whole_numbers_are_no_weights(folder: Path) -> None:
    """Eight bits a weight, and no word of quantization in config.json."""
    name = "model.layers.0.self_attn.q_proj.weight"
    change(folder, lambda weights: weights.update({name: weights[name].astype(np.int8)}))
    with pytest.raises(HarnessError, match=r"q_proj\.weight is of type I8, expected F64, F32, F16, BF16"):
        loaded(folder)


def test_memory_is_counted_in_the_precision_that_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four bytes a number in float32, two in bfloat16: what has no room is refused before it is read."""
    numbers = sum(array.size for array in load_file(folder / WEIGHTS).values())
    monkeypatch.setattr(fitting, "main_memory", lambda: 3 * numbers)
    assert loaded(folder, "bfloat16")
    with pytest.raises(HarnessError, match=r"GB of memory, .*--dtype bfloat16"):
        loaded(folder)


def test_positions_of_a_network_count_as_memory(tmp_path: Path) -> None:
    """XGLM works its positions out: 10^9 of them are in no file, and would need 64 GB."""
    folder = write_model(tmp_path / "model", "xglm", {"max_position_embeddings": 10**12})
    found = ModelFolder(folder, "")
    with pytest.raises(HarnessError, match=r"GB of memory"):
        require_fitting(found, configuration_of(found), architecture_of("llama"), torch.float32, torch.device("cpu"))


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_that_hold_nothing_are_refused(tmp_path: Path, family: str) -> None:
    """All zero, and every answer is the same."""
    folder = write_model(tmp_path / "model", family)
    change(folder, lambda weights: weights.update({name: 0 * array for name, array in weights.items()}))
    with pytest.raises(HarnessError, match=r"every logit is 0: its weights hold nothing"):
        loaded(folder)


def test_weights_that_are_no_numbers_are_refused(folder: Path) -> None:
    """One NaN in an embedding."""
    change(folder, lambda weights: weights["model.embed_tokens.weight"].__setitem__((3, 4), np.nan))
    with pytest.raises(HarnessError, match=r"logits that are no numbers"):
        loaded(folder)


LONG = {"rope_type": "longrope", "factor": 4.0, "short_factor": [1.0, 1.0], "long_factor": [1.0, 8.0]}
DYNAMIC = {"rope_type": "dynamic", "factor": 4.0}


@pytest.mark.parametrize(
    ("rope", "tokens"),
    [
        (LONG | {"original_max_position_embeddings": 72}, 72),
        ({"full_attention": LONG | {"original_max_position_embeddings": 72}}, 72),
        (LONG, 128),
        (DYNAMIC | {"original_max_position_embeddings": 64}, 64),
        (DYNAMIC, 128),
        ({"rope_type": "llama3", "original_max_position_embeddings": 64}, 128),
        (None, 128),
    ],
)
def test_context_ends_where_frequencies_turn(folder: Path, rope: dict[str, Any] | None, tokens: int) -> None:
    """Beyond the original length every token would have other frequencies than in the prefix alone."""
    found = ModelFolder(folder, "")
    config = configuration_of(found)
    config.rope_parameters = rope
    assert context_of(found, config) == tokens


@pytest.mark.parametrize("rope", [LONG, DYNAMIC])
def test_split_is_exact_where_frequencies_turn(folder: Path, rope: dict[str, Any]) -> None:
    """As many demonstrations as fit the original length, and the queries behind them as in the whole prompt."""
    edit_config(folder, rope_scaling=rope | {"rope_theta": 1e4, "original_max_position_embeddings": 40})
    source = locate_model(str(folder), fixtures.MODELS)
    drawn = [Example({"text": f"w{i} w{i + 1} w{i + 2}"}, i % 2, str(i)) for i in range(12)]
    task = Task("toy", "Input: {text} Type:", ("bad", "good"), (), (), (), "", "", "")
    prompts = load_prompt_builder(source, folder).build(task, drawn[:8], drawn[8:])
    assert len(prompts.spans) == 4
    assert len(prompts.prefix) + max(map(len, prompts.queries)) <= 40
    model = load_model(source, folder, "cpu")
    with torch.inference_mode():
        whole = [model.network(torch.tensor([[*prompts.prefix, *q]])).logits[0, -1] for q in prompts.queries]
    expected = torch.stack(whole)[:, list(prompts.answer_tokens)]
    np.testing.assert_allclose(score(model, prompts, Setting.ICL).label_logits, expected, atol=1e-5)
