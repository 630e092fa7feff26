"""What the files of a model's folder say of one another, held together before anything of them is loaded."""

import json
import math

from harness.models.folder import SIZES, ModelFolder, some
from harness.models.memory import main_memory

LARGEST = 1 << 31
"""Of any size that a configuration may say."""
MOST_LAYERS = 2000
"""More than ten times what any published model has: a hostile file of a few megabytes could name 100,000."""

_TOKENIZER = "tokenizer_config.json"
_TABLES = (_TOKENIZER, "special_tokens_map.json", "added_tokens.json", "generation_config.json")


def require_agreement(folder: ModelFolder, layers: str) -> None:
    """Look at what its files say of one another; `layers` is the path of the family's layers.

    Raises:
        HarnessError: what config.json says can't be, or is not what the weights hold; a file is damaged, or named
            that is none of the folder's own; the weights need more memory than there is.

    """
    for file in _TABLES:
        folder.table(file)
    folder.require_own_files(folder.table(_TOKENIZER).get("fast_tokenizer_files", []), _TOKENIZER)
    _require_sizes(folder)
    _require_layers(folder, layers)
    there = main_memory()
    if there is not None and folder.bytes_at_least > there:
        raise folder.does_not_fit(folder.bytes_at_least, there)


def _require_layers(folder: ModelFolder, path: str) -> None:
    stored = folder.layers_stored(path)
    held = max(stored, default=-1) + 1
    if not 0 < held <= MOST_LAYERS:
        raise folder.refuse(f"its weights hold {held} layers ({path}.N), expected 1 to {MOST_LAYERS:,}; {folder.again}")
    for name in SIZES["layers"]:
        said = folder.config.get(name)
        if isinstance(said, int) and said != held:
            beyond = [tensor for layer in sorted(stored) if layer >= said for tensor in stored[layer]]
            unused = f" ({some(beyond)} would not be used)" if beyond else ""
            raise folder.refuse(
                f"its weights hold tensors of {held} layers, config.json says {name} {said}{unused}; {folder.again}"
            )


def _require_sizes(folder: ModelFolder) -> None:
    """Hold config.json to saying sizes that can be, and to no quantization."""
    for what in ("quantization_config", "compression_config"):
        if folder.config.get(what) is not None:
            raise folder.refuse(
                f"its weights are quantized ({what} in config.json), so that they can't be finetuned or recorded "
                "here; give the model in full precision",
            )
    if folder.config.get("transformers_weights") is not None:
        raise folder.refuse("config.json names a file of weights (transformers_weights); call it model.safetensors")
    for name in (name for names in SIZES.values() for name in names if folder.config.get(name) is not None):
        size = folder.config[name]
        if type(size) is not int or not 0 < size < LARGEST:
            raise folder.refuse(
                f"config.json says {name} {_briefly(size)}, expected a whole number above 0; {folder.again}"
            )
    for name, value in folder.config.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise folder.refuse(f"config.json says {name} {value}, expected a finite number; {folder.again}")


def _briefly(value: object) -> str:
    return f"{json.dumps(value):.60}"
