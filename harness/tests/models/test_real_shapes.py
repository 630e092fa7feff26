"""Models in the shape of real ones, with random weights: what can't be run here is held to what can."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, XGLMConfig

import fixtures
from harness.data import Setting
from harness.models.folder import INDEX
from harness.models.language_model import LanguageModel
from harness.models.loading import load_model
from harness.models.scoring import score
from harness.models.size import size_of
from harness.models.source import locate_model
from harness.prompts import Prompts
from harness.tests.byte_tokenizer import byte_tokenizer
from harness.tests.models.families import assert_identical, assert_same, rounded, tiny
from harness.tests.models.reference import reference_score

SHAPE: dict[str, Any] = {"d_model": 2048, "ffn_dim": 8192, "attention_heads": 32, "max_position_embeddings": 2048}
"""Width of fairseq's dense 1.3B (Artetxe et al. 2021, arXiv 2112.10684), which has 24 layers and some 50,000 words."""


def saved(model: LanguageModel, folder: Path, **how: Any) -> Path:
    """Write a folder as save_pretrained does."""
    model.network.save_pretrained(folder, **how)
    byte_tokenizer().save_pretrained(folder)
    return folder


def loaded(folder: Path) -> LanguageModel:
    """Load a folder onto the CPU in float32."""
    return load_model(locate_model(str(folder), fixtures.MODELS), folder, "cpu")


def test_weights_in_several_files_are_one_model(model: LanguageModel, prompts: Prompts, tmp_path: Path) -> None:
    """Sharded at 20 kB a file, with an index, a model scores as in memory, to the last bit."""
    folder = saved(model, tmp_path / "model", max_shard_size="20KB")
    assert len([*folder.glob("*.safetensors")]) > 2
    assert (folder / INDEX).is_file()
    assert_identical(score(loaded(folder), prompts, Setting.ICL), score(model, prompts, Setting.ICL))


def test_weights_in_bfloat16_alone_are_read_exactly(model: LanguageModel, prompts: Prompts, tmp_path: Path) -> None:
    """In float32 the model computes with the numbers that bfloat16 holds, and no others."""
    folder = saved(LanguageModel(copy.deepcopy(model.network).to(torch.bfloat16)), tmp_path / "model")
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.bfloat16}  # noqa: SIM118  no mapping
    for parameter in model.network.parameters():
        parameter.copy_(parameter.to(torch.bfloat16))
    found = loaded(folder)
    assert {parameter.dtype for parameter in found.network.parameters()} == {torch.float32}
    assert_identical(score(found, prompts, Setting.ICL), score(model, prompts, Setting.ICL))


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_embeddings_may_be_tied_or_not(family: str, tied: bool, prompts: Prompts, tmp_path: Path) -> None:
    """Tied, one matrix is stored and read twice; untied, both are. Saved and loaded, the model is the same."""
    model = tiny(family, tie_word_embeddings=tied)
    folder = saved(model, tmp_path / "model")
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert ("lm_head.weight" in weights.keys()) != tied  # noqa: SIM118  no mapping
    found = loaded(folder)
    assert (found.network.get_output_embeddings().weight is found.network.get_input_embeddings().weight) == tied
    assert_identical(score(found, prompts, Setting.ICL), score(model, prompts, Setting.ICL))


def test_paper_size_is_what_its_name_says() -> None:
    """24 layers and 50,257 words have 1.31 billion numbers; finetuning changes keys' and values', biases among them."""
    size = size_of(XGLMConfig(**SHAPE, num_layers=24, vocab_size=50_257))
    assert size.parameters == pytest.approx(1.31e9, rel=0.01)
    assert size.trained == 24 * 2 * (2048 * 2048 + 2048)
    assert size.cached == 24 * 2 * 2048
    assert size.body + size.unembedding == size.parameters


def test_size_counts_what_a_model_holds(model: LanguageModel) -> None:
    """On the meta device as in memory: all numbers once, and those that finetuning changes."""
    size = size_of(model.network.config)
    assert size.parameters == sum(parameter.numel() for parameter in model.network.parameters())
    assert size.trained == sum(s.of(s.parameter).numel() for s in model.key_value_slices)
    assert size.layers == len(model.attention_modules)


@pytest.mark.slow
@pytest.mark.parametrize("setting", [Setting.ICL, Setting.ZSL])
def test_two_layers_of_the_papers_width_are_the_familys_own(setting: Setting, prompts: Prompts) -> None:
    """Behind a shared prefix, logits and all recordings are those of whole prompts, as in tiny models."""
    torch.manual_seed(7)
    config = XGLMConfig(**SHAPE, num_layers=2, vocab_size=97)
    model = LanguageModel(AutoModelForCausalLM.from_config(config).eval().requires_grad_(False))
    expected, neighbour = (reference_score(m, prompts, setting) for m in (model, rounded(model)))
    assert_same(score(model, prompts, setting), expected, neighbour)


MEASURED = """
import json, sys, threading, time
import torch
from transformers import AutoModelForCausalLM, XGLMConfig
from harness.models.finetuning import finetune
from harness.models.language_model import LanguageModel
from harness.models.loading import _keep_freed_memory

def held():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))

_keep_freed_memory()
before, peak, done = held(), 0, threading.Event()

def watch():
    global peak
    while not done.is_set():
        peak = max(peak, held())
        time.sleep(0.002)

watcher = threading.Thread(target=watch)
watcher.start()
network = AutoModelForCausalLM.from_config(XGLMConfig(**json.loads(sys.argv[1])))
finetune(LanguageModel(network.eval().requires_grad_(False)), [[0, *range(2, 60)]] * 2, 1e-3)
done.set()
watcher.join()
print(peak - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="read from Linux's /proc")
def test_planned_memory_is_what_a_process_takes() -> None:
    """Four layers of the paper's width, finetuned on texts of 59 tokens: within a tenth of the plan."""
    said = SHAPE | {"num_layers": 4, "vocab_size": 8192}
    command = [sys.executable, "-c", MEASURED, json.dumps(said)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    planned = size_of(XGLMConfig(**said)).peak(4, prefix=0, text=59)
    assert planned == pytest.approx(int(done.stdout), rel=0.1)
