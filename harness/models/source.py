"""From a model's name to where it is: catalogue, local folder or Hugging Face id. Loads no weights."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from harness.data import JSON
from harness.errors import HarnessError, nearest
from harness.models.catalogue import GgufModel, HubModel, model_rows

HUB_FILES = [
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "tokenizer*",
    "vocab*",
    "merges.txt",
    "*.model",
]

TOKENIZER_FILES = ["tokenizer.json", "vocab*", "*.model"]


@dataclass(frozen=True)
class ModelSource:
    """A model that is known to exist and to be of a known architecture; no weights are loaded yet."""

    name: str
    fingerprint: str
    """sha256 of the weights' file, or of a folder's files."""
    folder: Path | None
    """safetensors folder; None for a GGUF file that may not be fetched yet."""
    row: GgufModel | HubModel | None
    """Catalogue row, where the name is from the catalogue."""


def locate_model(name: str, catalogue: Path) -> ModelSource:
    """Find a model by catalogue name, local folder or Hugging Face id, without loading its weights.

    Raises:
        HarnessError: no such model; not fetched yet and no network; no safetensors or no tokenizer in it; its
            architecture is unknown.

    """
    rows = model_rows(catalogue)
    row = rows.get(name)
    if isinstance(row, GgufModel):
        return ModelSource(name, row.member_sha256, None, row)
    if Path(name).is_dir():
        folder = Path(name).resolve()
    elif row is not None or name.count("/") == 1:
        folder = _hub_folder(row.id if row else name)
    else:
        raise HarnessError(
            f"unknown model '{name}': it is no local folder and no Hugging Face id (owner/name). {nearest(name, rows)}",
        )
    _check_folder(folder, name)
    return ModelSource(name, _folder_fingerprint(folder), folder, row)


def weights_folder(source: ModelSource, store: Path) -> Path:
    """Return the folder that the model's safetensors are in, or will be once a GGUF file is dequantized."""
    return source.folder or store / "models" / f"{source.name}-{source.fingerprint[:16]}"


def source_facts(source: ModelSource, store: Path) -> JSON:
    """Return where the model is from and its sizes, as its config.json says them."""
    said = json.loads((weights_folder(source, store) / "config.json").read_text(encoding="utf-8"))
    sizes = {
        "architecture": ["model_type"],
        "layers": ["num_hidden_layers", "n_layer", "num_layers"],
        "width": ["hidden_size", "n_embd", "d_model"],
        "query heads": ["num_attention_heads", "n_head", "attention_heads"],
        "key-value heads": ["num_key_value_heads"],
        "vocabulary": ["vocab_size"],
    }
    found = {label: next((said[key] for key in keys if key in said), None) for label, keys in sizes.items()}
    facts: dict[str, object] = {"name": source.name, "sha256": source.fingerprint}
    if source.row:
        facts |= {"source": source.row.source, "licence": source.row.licence}
    return facts | {label: value for label, value in found.items() if value is not None}


def _hub_folder(identifier: str) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415  # slow to import, rarely needed
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(snapshot_download(identifier, allow_patterns=HUB_FILES))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise HarnessError(
            f"model '{identifier}' could not be fetched from the hub and no copy is here ({reason}); "
            "check its name, connect to the network once, or give --model a local folder with its safetensors",
        ) from error


def _check_folder(folder: Path, name: str) -> None:
    if not (folder / "config.json").is_file():
        raise HarnessError(f"model '{name}': no config.json in {folder}; give the folder save_pretrained wrote")
    if not any(folder.glob("*.safetensors")):
        raise HarnessError(
            f"model '{name}': no *.safetensors in {folder}; other weight files are not read because they can run "
            "code. Convert with save_pretrained(..., safe_serialization=True)",
        )
    if not any(any(folder.glob(pattern)) for pattern in TOKENIZER_FILES):
        raise HarnessError(
            f"model '{name}': no tokenizer ({', '.join(TOKENIZER_FILES)}) in {folder}; transformers would make up an "
            "empty one. Save the model's tokenizer there with save_pretrained",
        )
    from harness.models.architectures import architecture_of  # noqa: PLC0415  # brings torch, slow to import

    architecture_of(model_type(folder))


def model_type(folder: Path) -> str:
    """Return the architecture's name as the folder's config.json says it."""
    try:
        return str(json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"])
    except (ValueError, KeyError, TypeError) as error:
        raise HarnessError(
            f"{folder / 'config.json'} does not say its model_type ({error!r}); fetch or save the model again",
        ) from error


def _folder_fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.suffix in {".safetensors", ".json", ".txt", ".model"}):
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
