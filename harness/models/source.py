"""From a model's name to where it is: catalogue, local folder or Hugging Face id. Loads no weights."""

from dataclasses import dataclass
from pathlib import Path

from harness.data import JSON
from harness.errors import HarnessError, nearest
from harness.models.agreement import require_agreement
from harness.models.catalogue import GgufModel, GgufParts, HubModel, model_rows
from harness.models.folder import ModelFolder
from harness.models.renewed import fingerprint_of

HUB_FILES = [
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "tokenizer*",
    "vocab*",
    "merges.txt",
    "*.model",
]


@dataclass(frozen=True)
class ModelSource:
    """A model that is known to exist and to be of a known architecture; no weights are loaded yet."""

    name: str
    fingerprint: str
    """sha256 of the weights' file, or of a folder's files."""
    folder: Path | None
    """safetensors folder; None for a GGUF file that may not be fetched yet."""
    row: GgufModel | GgufParts | HubModel | None
    """Catalogue row, where the name is from the catalogue."""


def locate_model(name: str, catalogue: Path) -> ModelSource:
    """Find a model by catalogue name, local folder or Hugging Face id, without loading its weights.

    Raises:
        HarnessError: no such model; not fetched yet and no network; its architecture is unknown; its folder lacks a
            file, or holds one that does not fit the others (see `harness.models.folder`).

    """
    rows = model_rows(catalogue)
    row = rows.get(name)
    if isinstance(row, GgufModel | GgufParts):
        return ModelSource(name, row.sha256, None, row)
    if _is_folder(name):
        folder = Path(name).resolve()
    elif row is not None or name.count("/") == 1:
        folder = _hub_folder(row.id if row else name)
    else:
        raise HarnessError(
            f"unknown model '{name}': it is no local folder and no Hugging Face id (owner/name). {nearest(name, rows)}",
        )
    found = ModelFolder(folder, name)
    found.require_whole()
    from harness.models.architectures import architecture_of  # noqa: PLC0415  # brings torch, slow to import

    require_agreement(found, architecture_of(found.model_type).layers)
    return ModelSource(name, fingerprint_of(found), folder, row)


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError as error:
        raise HarnessError(
            f"'{name[:200]}' can't be looked at ({error.strerror}); give --model a folder that can be read, a Hugging "
            "Face id or a name of fixtures/models.toml",
        ) from error


def weights_folder(source: ModelSource, store: Path) -> Path:
    """Return the folder that the model's safetensors are in, or will be once a GGUF file is dequantized."""
    return source.folder or store / "models" / f"{source.name}-{source.fingerprint[:16]}"


def numbers_of(source: ModelSource, store: Path) -> int:
    """Return how many numbers the model's weights hold, as their files' headers say; HarnessError where they can't."""
    return sum(tensor.numbers for tensor in ModelFolder(weights_folder(source, store), source.name).stored.values())


def source_facts(source: ModelSource, store: Path) -> JSON:
    """Return where the model is from and its sizes, as its config.json says them."""
    facts: dict[str, object] = {"name": source.name, "sha256": source.fingerprint}
    if source.row:
        facts |= {"source": source.row.source, "licence": source.row.licence}
    folder = ModelFolder(weights_folder(source, store), source.name)
    return facts | {"architecture": folder.model_type, **folder.sizes}


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
