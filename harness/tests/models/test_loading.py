"""Loading a folder: the same model comes back, and what is not whole is one error."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers.processors import TemplateProcessing

import fixtures
from harness.data import Setting
from harness.errors import HarnessError
from harness.models.catalogue import HubModel
from harness.models.devices import choose_device
from harness.models.language_model import LanguageModel
from harness.models.loading import load_model, load_prompt_builder
from harness.models.scoring import score
from harness.models.source import ModelSource, locate_model
from harness.prompts import Prompts
from harness.tests.byte_tokenizer import byte_tokenizer
from harness.tests.model_folders import edit_config, tokenizer, write_model, write_tokenizer
from harness.tests.models.families import assert_identical


@pytest.fixture
def folder(model: LanguageModel, tmp_path: Path) -> Path:
    """Return the folder that the model and a byte tokenizer are saved in."""
    model.network.save_pretrained(tmp_path)
    byte_tokenizer().save_pretrained(tmp_path)
    return tmp_path


def loaded(folder: Path, dtype: str = "float32") -> LanguageModel:
    """Load a folder onto the CPU."""
    return load_model(locate_model(str(folder), fixtures.MODELS), folder, "cpu", dtype)


def test_saved_model_scores_as_in_memory(model: LanguageModel, folder: Path, prompts: Prompts) -> None:
    """Saved and loaded again, a model gives every number to the last bit."""
    assert_identical(score(loaded(folder), prompts, Setting.ICL), score(model, prompts, Setting.ICL))


def test_loaded_model_is_in_evaluation_mode(folder: Path) -> None:
    """Nothing in it drops out or has a gradient: GPT-2's configuration asks for dropout in training."""
    network = loaded(folder).network
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_dtype_is_the_one_asked_for(folder: Path) -> None:
    """All weights are in the asked precision."""
    assert {parameter.dtype for parameter in loaded(folder, "bfloat16").network.parameters()} == {torch.bfloat16}


def test_prompts_need_no_weights(folder: Path) -> None:
    """Tokenizer, start token and context's length come from a folder whose weights can't be read by then."""
    source = locate_model(str(folder), fixtures.MODELS)
    (folder / "model.safetensors").write_bytes(b"no weights at all")
    builder = load_prompt_builder(source, folder)
    assert builder.context_length == 256
    assert builder.vocabulary == 97
    assert builder.start_token == 0
    assert builder.encode("ab") == tuple(byte_tokenizer()("ab")["input_ids"])


def _drop(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors[min(name for name in tensors if "layers.1." in name or "h.1." in name)]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _reshape(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    name = min(name for name in tensors if "layers.1." in name or "h.1." in name)
    tensors[name] = tensors[name][:-1].clone()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _misconfigure(folder: Path) -> None:
    edit_config(folder, bos_token_id="many")  # noqa: S106  a token of text


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_drop, r"1 tensors of its weights are not those .*(layers|h)\.1\.\S+ is missing.*again"),
        (_reshape, r"1 tensors of its weights are not those .*(layers|h)\.1\.\S+ is of shape .*, expected .*again"),
        (_misconfigure, r"config\.json can't be used .*bos_token_id.*again"),
    ],
)
def test_folder_that_is_not_whole_is_refused(folder: Path, damage: Callable[[Path], None], message: str) -> None:
    """A lost tensor, one of another shape, a word for a number: none is filled in at random."""
    damage(folder)
    with pytest.raises(HarnessError, match=message):
        loaded(folder)


def test_damaged_tokenizer_is_refused(folder: Path) -> None:
    """Half a tokenizer reads no text."""
    (folder / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(HarnessError, match=r"its tokenizer can't be used .*JSONDecodeError.*again"):
        load_prompt_builder(locate_model(str(folder), fixtures.MODELS), folder)


def test_tokenizer_without_a_start_is_refused(folder: Path) -> None:
    """Where nothing marks the begin or end of a text, a prompt has nothing to start with."""
    byte_tokenizer(start=None).save_pretrained(folder)
    with pytest.raises(HarnessError, match=r"no begin- or end-of-text token.*start_token"):
        load_prompt_builder(locate_model(str(folder), fixtures.MODELS), folder)


def test_start_token_that_the_tokenizer_lacks_is_refused(folder: Path) -> None:
    """A catalogue row that names no token of the vocabulary is said, where the tokenizer would guess 'unknown'."""
    said = {"kind": "hub", "id": "a/b", "start_token": "<|start|>", "licence": "", "source": ""}
    with pytest.raises(HarnessError, match=r"'toy': its tokenizer has no token '<\|start\|>'.*correct start_token"):
        load_prompt_builder(ModelSource("toy", "", folder, HubModel.model_validate(said)), folder)


@pytest.mark.parametrize("device", ["nonsense", "mps:3"])
def test_device_that_is_not_there_is_one_error(device: str) -> None:
    """A device that torch does not know or have is named, with one that works."""
    with pytest.raises(HarnessError, match=rf"device '{device}' can't be used .*--device cpu"):
        choose_device(device)


def test_device_is_chosen_by_what_is_there() -> None:
    """'auto' takes CUDA where torch has it, else the CPU; a named device is taken."""
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(
    ("single", "bos", "start"),
    [
        ("$A", "<s>", "<s>"),
        ("<s> $A", "<s>", "<s>"),
        ("$A </s>", "<s>", "<s>"),
        ("$A </s>", None, "</s>"),
        ("<s> $A </s>", None, "<s>"),
        ("</s> $A", "<s>", "</s>"),
        ("</s> <s> $A", "<s>", "</s>"),
    ],
)
def test_start_is_told_from_a_word(tmp_path: Path, single: str, bos: str | None, start: str) -> None:
    """What stands before a text is its start; what stands behind it is not. Without, begin of text, else its end."""
    tokens = tokenizer()
    tokens.post_processor = TemplateProcessing(single=single, special_tokens=[("<s>", 0), ("</s>", 1)])
    folder = write_model(tmp_path / "model")
    write_tokenizer(folder, tokens, bos_token=bos)
    builder = load_prompt_builder(locate_model(str(folder), fixtures.MODELS), folder)
    assert builder.written(builder.start_token) == start


def _of_tomorrow(folder: Path) -> None:
    said = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    (folder / "tokenizer.json").write_text(json.dumps(said | {"pre_tokenizer": {"type": "SplitterOfTomorrow"}}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), r"its tokenizer can't be used \(KeyError"),
        (_of_tomorrow, r"its tokenizer can't be used \(Exception: .*PreTokenizer"),
        (lambda folder: (folder / "tokenizer.json").write_text("[" * 100_000), r"its tokenizer can't be used \("),
        (
            lambda folder: write_tokenizer(folder, bos_token="<start>"),  # noqa: S106  a token of text
            r"token '<start>' has the number 40, but .* 40 tokens",
        ),
    ],
)
def test_tokenizer_that_can_not_be_used_is_one_message(
    tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    """Whatever the library raises, and a start that the model has no embedding of."""
    folder = write_model(tmp_path / "model")
    damage(folder)
    with pytest.raises(HarnessError, match=message) as raised:
        load_prompt_builder(locate_model(str(folder), fixtures.MODELS), folder)
    assert str(raised.value).count(str(folder)) <= 1


def test_code_of_a_tokenizer_is_never_run(tmp_path: Path) -> None:
    """It is refused without a word of trusting it."""
    folder = write_model(tmp_path / "model")
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")
    write_tokenizer(folder, auto_map={"AutoTokenizer": ["evil.Evil", "evil.Evil"]}, tokenizer_class="Evil")
    with pytest.raises(HarnessError, match=r"code of its own .*never run") as raised:
        load_prompt_builder(locate_model(str(folder), fixtures.MODELS), folder)
    assert "trust" not in str(raised.value)
    assert not (tmp_path / "ran").exists()


def test_model_under_terms_that_is_not_fetched_says_what_to_do(tmp_path: Path) -> None:
    """A run that names it ends with the command that shows the terms, before anything is fetched."""
    with pytest.raises(HarnessError, match=r"not fetched.*Gemma Terms.*'python -m harness fetch --model gemma3-270m'"):
        load_prompt_builder(locate_model("gemma3-270m", fixtures.MODELS), tmp_path)
    assert not [*tmp_path.iterdir()]
