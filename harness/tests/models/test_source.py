"""From a name to a model: what is found, what is refused, and that a fingerprint is of all that is in a folder."""

import json
import shutil
from pathlib import Path

import huggingface_hub.constants
import pytest

import fixtures
from harness.errors import HarnessError
from harness.models.source import locate_model, source_facts, weights_folder
from harness.tests.byte_tokenizer import byte_tokenizer
from harness.tests.models.families import tiny


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as save_pretrained writes it; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("saved")
    tiny("llama").network.save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """Return a copy of the saved folder."""
    return shutil.copytree(saved, tmp_path / "model")


def test_local_folder_is_found(folder: Path) -> None:
    """A folder that save_pretrained wrote is a model, and is where its weights are."""
    source = locate_model(str(folder), fixtures.MODELS)
    assert weights_folder(source, Path("elsewhere")) == folder
    assert source.row is None


def test_facts_are_the_configurations(folder: Path) -> None:
    """The tiny Llama has 3 layers, width 32, 4 query heads on 2 key-value heads and 97 tokens."""
    facts = source_facts(locate_model(str(folder), fixtures.MODELS), Path("elsewhere"))
    sizes = {key: facts[key] for key in facts if key not in {"name", "sha256"}}
    assert sizes == {
        "architecture": "llama",
        "layers": 3,
        "width": 32,
        "query heads": 4,
        "key-value heads": 2,
        "vocabulary": 97,
    }


def test_same_files_elsewhere_have_the_same_fingerprint(folder: Path, saved: Path) -> None:
    """A fingerprint is of the files' names and contents, not of where they are."""
    here, there = (locate_model(str(path), fixtures.MODELS).fingerprint for path in (folder, saved))
    assert here == there


def test_every_file_counts_in_the_fingerprint(folder: Path) -> None:
    """Another byte at the end of any file, or any file gone that is not needed, makes another fingerprint."""
    needed = {"config.json", "model.safetensors", "tokenizer.json"}
    before = locate_model(str(folder), fixtures.MODELS).fingerprint
    paths = sorted(folder.iterdir())
    assert needed < {path.name for path in paths}
    for path in paths:
        content = path.read_bytes()
        longer = content[:-1] + bytes([content[-1] ^ 1]) if path.suffix == ".safetensors" else content + b"\n"
        path.write_bytes(longer)
        assert locate_model(str(folder), fixtures.MODELS).fingerprint != before, path.name
        path.unlink()
        if path.name not in needed:
            assert locate_model(str(folder), fixtures.MODELS).fingerprint != before, path.name
        path.write_bytes(content)
    assert locate_model(str(folder), fixtures.MODELS).fingerprint == before


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model.safetensors", None, r"no \*\.safetensors in it; it is incomplete"),
        ("tokenizer.json", None, r"no tokenizer \(tokenizer\.json.*save_pretrained"),
        ("config.json", None, r"no config\.json in .*save_pretrained"),
        ("config.json", "{", r"config\.json can't be read .*JSONDecodeError.*again"),
        ("config.json", "[]", r"config\.json is no JSON table of names and values.*again"),
        ("config.json", "{}", r"config\.json does not say its model_type.*again"),
        ("config.json", '{"model_type": 3}', r"config\.json does not say its model_type.*again"),
        ("config.json", '{"model_type": "rwkv"}', r"'rwkv' are not known.*gpt2, gpt_neo, .*xglm"),
    ],
)
def test_folder_that_is_no_usable_model_is_refused(folder: Path, file: str, content: str | None, message: str) -> None:
    """What is missing, damaged or unknown is named before anything is loaded."""
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content, encoding="utf-8")
    with pytest.raises(HarnessError, match=message):
        locate_model(str(folder), fixtures.MODELS)


def test_architecture_is_refused_before_weights_load(folder: Path) -> None:
    """The weights' file is never read for it: it may as well be no such file."""
    (folder / "config.json").write_text(json.dumps({"model_type": "mamba"}), encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(HarnessError, match="'mamba' are not known"):
        locate_model(str(folder), fixtures.MODELS)


def test_unknown_name_offers_the_nearest() -> None:
    """A slip of the pen is answered with the name that was meant, and with all that are known."""
    with pytest.raises(HarnessError, match=r"unknown model 'smollm2-135m'.*did you mean 'smollm2-135m-instruct'"):
        locate_model("smollm2-135m", fixtures.MODELS)


@pytest.mark.parametrize("name", ["nobody/no-such-model", "fairseq-dense-1.3b"])
def test_hub_model_without_network_is_one_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no network and nothing in the cache the error says both, and what else to give."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(HarnessError, match=r"could not be fetched from the hub and no copy is here.*local folder"):
        locate_model(name, fixtures.MODELS)


def test_catalogue_model_is_located_without_its_file() -> None:
    """The default model is known by the hash of its weights, fetched or not, and will lie in the store."""
    source = locate_model("smollm2-135m-instruct", fixtures.MODELS)
    assert source.folder is None
    assert weights_folder(source, Path("store")) == Path(f"store/models/{source.name}-{source.fingerprint[:16]}")


def test_name_that_no_file_system_takes_is_one_message() -> None:
    """A folder's name of 300 letters."""
    with pytest.raises(HarnessError, match=r"'/x{199}' can't be looked at \(File name too long\); give --model"):
        locate_model(f"/{'x' * 300}", fixtures.MODELS)
