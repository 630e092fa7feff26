"""Folders that are no sound model: each is one message that names what is wrong, before anything is loaded."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from safetensors.numpy import load_file, save_file
from tokenizers.processors import TemplateProcessing

import fixtures
from harness.errors import HarnessError
from harness.models import agreement
from harness.models.folder import INDEX, LOADED, WEIGHTS, ModelFolder
from harness.models.source import locate_model
from harness.tests.model_folders import edit_config, tokenizer, write_model, write_tokenizer

Damage = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a sound Llama of two layers, which is found."""
    found = write_model(tmp_path / "model")
    assert located(found)
    return found


def located(folder: Path) -> str:
    """Return the fingerprint of what is found at a folder."""
    return locate_model(str(folder), fixtures.MODELS).fingerprint


def refused(folder: Path) -> str:
    """Return the message that a folder is refused with: it names the folder, once."""
    with pytest.raises(HarnessError) as raised:
        located(folder)
    message = str(raised.value)
    assert len(message) < 1000
    assert message.count(str(folder)) == 1
    return message


def shard(folder: Path, named: object, into: str = "a.safetensors") -> None:
    """Call the weights another name, and have an index say that name."""
    (folder / WEIGHTS).rename(folder / into)
    names = list(load_file(folder / into))
    weight_map = named if isinstance(named, dict) else dict.fromkeys(names, named)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def add_tensors(folder: Path, **added: np.ndarray) -> None:
    """Add tensors to the weights."""
    save_file(load_file(folder / WEIGHTS) | added, folder / WEIGHTS, metadata={"format": "pt"})


CONFIGURATIONS: list[tuple[dict[str, Any], str]] = [
    (
        {"num_hidden_layers": 1},
        r"tensors of 2 layers, config.json says num_hidden_layers 1 \(model\.layers\.1\.\S+, .* an",
    ),
    ({"num_hidden_layers": 3}, r"tensors of 2 layers, config.json says num_hidden_layers 3;"),
    ({"num_hidden_layers": 10**12}, r"num_hidden_layers 1000000000000, expected a whole number"),
    ({"num_attention_heads": 0}, r"num_attention_heads 0, expected a whole number above 0"),
    ({"num_attention_heads": -4}, r"num_attention_heads -4, expected"),
    ({"hidden_size": "16"}, r'hidden_size "16", expected'),
    ({"vocab_size": [40]}, r"vocab_size \[40\], expected"),
    ({"vocab_size": True}, r"vocab_size true, expected"),
    ({"rms_norm_eps": float("nan")}, r"rms_norm_eps nan, expected a finite number"),
    ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, r"quantized .*full precision"),
    ({"quantization_config": {"quant_method": "evil"}}, r"quantized .*full precision"),
    ({"compression_config": {}}, r"quantized \(compression_config"),
    ({"transformers_weights": "other.safetensors"}, r"names a file of weights"),
]


@pytest.mark.parametrize(("edit", "message"), CONFIGURATIONS)
def test_configuration_that_can_not_be_is_refused(folder: Path, edit: dict[str, Any], message: str) -> None:
    """Sizes are whole numbers above 0, and layers those that the weights hold."""
    edit_config(folder, **edit)
    assert re.search(message, refused(folder))


def _nested(folder: Path) -> None:
    (folder / "config.json").write_text("[" * 100_000)


def _dangling(name: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("../blobs/0123abc")

    return damage


def _in_place(name: str, make: Damage) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        make(folder / name)

    return damage


def _outside(folder: Path) -> None:
    shutil.copy(folder / WEIGHTS, folder.parent / "outside.safetensors")
    shard(folder, "../outside.safetensors")


def _both(folder: Path) -> None:
    shutil.copy(folder / WEIGHTS, folder / "b.safetensors")
    shard(folder, "a.safetensors")
    (folder / "b.safetensors").rename(folder / WEIGHTS)


def _twice(folder: Path) -> None:
    shutil.copy(folder / WEIGHTS, folder / "b.safetensors")
    shard(folder, {"x": "a.safetensors", "y": "b.safetensors"})


def _template(folder: Path) -> None:
    (folder / "additional_chat_templates").mkdir()
    os.mkfifo(folder / "additional_chat_templates" / "tool.jinja")


DAMAGES: dict[str, tuple[Damage, str]] = {
    "nested": (_nested, r"config\.json can't be read .*more than 64 deep"),
    "dangling weights": (
        _dangling(WEIGHTS),
        r"model\.safetensors is a link to nothing, expected a regular file.*again",
    ),
    "dangling map": (_dangling("special_tokens_map.json"), r"special_tokens_map\.json is a link to nothing"),
    "folder for weights": (_in_place(WEIGHTS, Path.mkdir), r"model\.safetensors is a folder"),
    "folder for settings": (_in_place("config.json", Path.mkdir), r"config\.json is a folder"),
    "pipe for a tokenizer": (_in_place("tokenizer.json", os.mkfifo), r"tokenizer\.json is a FIFO"),
    "pipe for a template": (_in_place("chat_template.jinja", os.mkfifo), r"chat_template\.jinja is a FIFO"),
    "pipe below": (_template, r"tool\.jinja is a FIFO"),
    "adapter": (
        lambda f: (f / "adapter_config.json").write_text("{}"),
        r"adapter \(adapter_config\.json\).*merge_and_unload",
    ),
    "weights of an adapter": (
        lambda f: shutil.copy(f / WEIGHTS, f / "adapter_model.safetensors"),
        r"adapter \(adapter_model\.safetensors\)",
    ),
    "outside": (_outside, r'names "\.\./outside\.safetensors", which is no file of its own folder'),
    "absolute": (lambda f: shard(f, "/a.safetensors"), r'names "/a\.safetensors", which'),
    "below": (lambda f: shard(f, "b/a.safetensors"), r'names "b/a\.safetensors", which'),
    "for Windows": (lambda f: shard(f, "..\\a.safetensors"), r"which is no file of its own folder"),
    "missing shard": (lambda f: shard(f, "b.safetensors"), r"b\.safetensors missing; fetch or save the model again"),
    "pickled shard": (lambda f: shard(f, "a.bin"), r"names a\.bin, expected \*\.safetensors"),
    "no names": (lambda f: shard(f, {"x": 3}), r"does not say which tensor is in which file"),
    "both": (_both, r"model\.safetensors and model\.safetensors\.index\.json both claim"),
    "stray": (lambda f: shutil.copy(f / WEIGHTS, f / "b.safetensors"), r"nothing says what b\.safetensors is for"),
    "twice": (_twice, r"lm_head\.weight, .* in more than one of its files"),
    "cut": (
        lambda f: os.truncate(f / WEIGHTS, 6000),
        r"model\.safetensors can't be read \(ValueError: its tensors need",
    ),
    "emptied": (lambda f: os.truncate(f / WEIGHTS, 0), r"model\.safetensors can't be read"),
    "vast": (lambda f: os.truncate(f / "tokenizer.json", 1 << 40), r"has 1,0\S+ bytes, expected at most 268,435,456"),
    "other family": (lambda f: edit_config(f, model_type="gpt2"), r"hold 0 layers \(transformer\.h\.N\)"),
    "gap": (
        lambda f: add_tensors(f, **{"model.layers.7.x": np.zeros(1, np.float32)}),
        r"tensors of 8 layers, config\.json says num_hidden_layers 2",
    ),
    "tokenizer's files": (
        lambda f: write_tokenizer(f, fast_tokenizer_files=["../tokenizer.5.0.json"]),
        r"which is no file of its own folder",
    ),
    "settings of the tokenizer": (
        lambda f: (f / "tokenizer_config.json").write_text("[]"),
        r"tokenizer_config\.json is no JSON table",
    ),
    "not UTF-8": (
        lambda f: (f / "generation_config.json").write_bytes(b"\xe9"),
        r"generation_config\.json can't be read",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_folder_is_refused_by_name_before_anything_is_loaded(folder: Path, name: str) -> None:
    """What is damaged, no file, of elsewhere, or disagrees is named, with what to do."""
    damage, message = DAMAGES[name]
    damage(folder)
    assert re.search(message, refused(folder))


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        (None, r"no \*\.safetensors in it; it is incomplete: fetch or save the model again, whole"),
        (
            "pytorch_model.bin",
            r"no \*\.safetensors in it; pytorch_model\.bin not read, because .* code.*save_pretrained",
        ),
    ],
)
def test_incomplete_is_told_from_what_must_be_converted(folder: Path, beside: str | None, message: str) -> None:
    """A download that broke off needs another; weights of another kind need to be converted."""
    (folder / WEIGHTS).unlink()
    if beside:
        (folder / beside).write_bytes(b"weights")
    assert re.search(message, refused(folder))


def test_weights_in_shards_are_found(folder: Path) -> None:
    """What an index names in its own folder is a model, whatever the files are called."""
    whole = load_file(folder / WEIGHTS)
    half = dict(list(whole.items())[:8])
    rest = {name: tensor for name, tensor in whole.items() if name not in half}
    shard(folder, dict.fromkeys(half, "a.safetensors") | dict.fromkeys(rest, "b.safetensors"))
    for name, part in {"a": half, "b": rest}.items():
        save_file(part, folder / f"{name}.safetensors", metadata={"format": "pt"})
    assert located(folder)


def test_links_of_a_cache_are_files(folder: Path) -> None:
    """The hub's cache keeps files elsewhere and links to them: the same fingerprint, which follows their content."""
    before = located(folder)
    (folder.parent / "blobs").mkdir()
    for path in sorted(folder.iterdir()):
        path.rename(folder.parent / "blobs" / path.name)
        path.symlink_to(Path("..", "blobs", path.name))
    assert located(folder) == before
    (folder.parent / "blobs" / "generation_config.json").write_text("{}")
    (folder / "generation_config.json").symlink_to("../blobs/generation_config.json")
    assert located(folder) != before


def test_weights_larger_than_the_memory_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bytes a number are needed at least, and tables as stored: less, and it is said before anything is read."""
    needed = 2 * sum(array.size for array in load_file(folder / WEIGHTS).values()) + 24
    add_tensors(folder, **{"model.rotary_emb.inv_freq": np.zeros(3, np.int64)})
    monkeypatch.setattr(agreement, "main_memory", lambda: needed)
    assert located(folder)
    monkeypatch.setattr(agreement, "main_memory", lambda: needed - 1)
    assert "GB of memory" in refused(folder)


def test_fingerprint_is_of_all_files_that_tokenizers_are_read_from() -> None:
    """Whatever name a tokenizer of transformers gives its files, they count."""
    sources = Path(transformers.__file__).parent.glob("**/*token*.py")
    texts = (source.read_text(encoding="utf-8") for source in sources)
    tables = [table for text in texts for table in re.findall(r"VOCAB_FILES_NAMES\w* = \{[^}]*\}", text)]
    named = {Path(file).suffix for table in tables for file in re.findall(r': "([^"]+)"', table)}
    assert {".json", ".model", ".txt"} <= named <= LOADED


def test_fingerprint_of_a_usual_folder_stays(folder: Path) -> None:
    """It is what it was before folders were looked at: stores of then are found. Templates and notes don't count."""
    digest = hashlib.sha256()
    for name in sorted(["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]):
        digest.update(name.encode() + hashlib.sha256((folder / name).read_bytes()).digest())
    for name in ("chat_template.jinja", "README.md", ".gitattributes"):
        (folder / name).write_text("any")
    assert located(folder) == digest.hexdigest()


@pytest.mark.parametrize(
    ("single", "once_otherwise"), [("$A </s>", True), ("<s> $A </s>", False), ("<s> $A", False), ("$A", False)]
)
def test_tokenizer_that_ends_texts_has_another_fingerprint(folder: Path, single: str, *, once_otherwise: bool) -> None:
    """Its prompts once began with the end token: what a store has of then is not found."""
    tokens = tokenizer()
    tokens.post_processor = TemplateProcessing(single=single, special_tokens=[("<s>", 0), ("</s>", 1)])
    write_tokenizer(folder, tokens)
    assert (located(folder) != ModelFolder(folder, "").fingerprint) is once_otherwise


@pytest.mark.parametrize(
    ("rope", "once_otherwise"),
    [
        ({"type": "longrope", "original_max_position_embeddings": 64}, True),
        ({"full": {"rope_type": "dynamic", "original_max_position_embeddings": 64}}, True),
        ({"rope_type": "llama3", "original_max_position_embeddings": 64}, False),
        ({"rope_type": "dynamic"}, False),
    ],
)
def test_frequencies_that_turn_have_another_fingerprint(
    folder: Path, rope: dict[str, Any], *, once_otherwise: bool
) -> None:
    """Where a prefix once had other frequencies than the queries behind it, nothing of then is found."""
    edit_config(folder, rope_scaling=rope)
    assert (located(folder) != ModelFolder(folder, "").fingerprint) is once_otherwise


def test_path_that_no_library_takes_is_one_message(tmp_path: Path) -> None:
    """Bytes that are no UTF-8, or a locale that says so: transformers would say to fetch the model again."""
    folder = write_model(tmp_path / "model").rename(tmp_path / "m\udcc3")
    with pytest.raises(HarnessError, match=r"its path is not UTF-8 in this locale; set PYTHONUTF8=1"):
        located(folder)
