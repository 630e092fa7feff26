"""Whether the network that a configuration describes is the one that the weights beside it are of.

It is built on torch's meta device, which takes no memory, and compared with the weights' headers tensor by tensor:
before a weight is read, and so that none is made up at random or left out in silence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import torch
from transformers import AutoModelForCausalLM
from transformers.activations import ACT2FN
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from harness.errors import nearest
from harness.models.architectures import architecture_of
from harness.models.folder import ModelFolder, some
from harness.models.headers import BYTES, Stored
from harness.models.memory import main_memory
from harness.models.sites import Architecture

_OURS = {
    *("dtype", "return_dict", "output_hidden_states", "use_cache"),
    *("id2label", "label2id", "problem_type", "add_cross_attention"),
}
"""Fields that say how a model is run, which the suite says itself, or what no GPT has: classes, and another text."""
_OLDER = {
    "model_type",
    "rope_scaling",
    "rope_theta",
    "partial_rotary_factor",
    "original_max_position_embeddings",
    "tokenizer_class",
}
"""Names that are no fields, and that transformers reads into them."""

_ACTIVATIONS = ("hidden_act", "activation_function", "hidden_activation", "activation")


def configuration_of(folder: ModelFolder) -> Any:
    """Return transformers' configuration of what the folder's config.json says; HarnessError where it refuses."""
    kind, row = CONFIG_MAPPING[folder.model_type], architecture_of(folder.model_type)
    understood = _understood(kind) | {*row.older}
    said = {name: value for name, value in folder.config.items() if name in understood}
    if folder.config.get("is_causal", True) is not True:
        raise folder.refuse("config.json says that its tokens attend to what follows them (is_causal); give a GPT")
    for name in _ACTIVATIONS:
        if (given := said.get(name)) is not None and (not isinstance(given, str) or given not in ACT2FN):
            raise folder.refuse(f"config.json says {name} {str(given)[:60]!r}; {nearest(str(given)[:60], ACT2FN)}")
    with folder.reading("config.json"):
        config = kind.from_dict(said | {"_name_or_path": str(folder.path)})
    for name, wanted in row.requires.items():
        found = _field(config, name)
        if found != wanted and (found or wanted):  # None and False are the same
            raise folder.refuse(
                f"config.json says {name} {str(found)[:60]}, and of architecture '{folder.model_type}' only {wanted} "
                "is covered; choose another --model, or teach it to harness/models/architectures.py",
            )
    return config


def _field(config: Any, name: str) -> Any:
    """Return what 'outer.inner' is of a configuration."""
    for part in name.split("."):
        config = getattr(config, part, None)
    return config


def configuration_to_be(shape: Mapping[str, object]) -> Any:
    """Return the configuration of a model that is not here, of which the catalogue says the family and the sizes."""
    said = dict(shape)
    return CONFIG_MAPPING[str(said.pop("model_type"))](**said)


def _understood(kind: Any) -> set[str]:
    """Return what a family's configuration has of what config.json may say.

    Whatever else it says would be set all the same, and what all families share would act by it: a window of
    attention (sliding_window, layer_types), a configuration within (text_config), a table of num_labels entries.
    """
    return {field.name for field in fields(kind)} - _OURS | {*kind.attribute_map} | _OLDER


def context_of(folder: ModelFolder, config: Any) -> int:
    """Return how many tokens a prompt may have.

    Where rotary frequencies depend on the length of a text (LongRoPE, dynamic NTK), only as many as share the
    frequencies of short ones: a prefix that is encoded once must have those of any query behind it.

    Raises:
        HarnessError: the configuration says no such number.

    """
    context = architecture_of(config.model_type).context
    at_most = context if isinstance(context, int) else getattr(config, context)
    lengths: list[Any] = [at_most, *_original_lengths(getattr(config, "rope_parameters", None))]
    for length in lengths:
        if type(length) is not int or length < 1:
            raise folder.refuse(f"config.json says a context of {str(length)[:60]} tokens; {folder.again}")
    return int(min(lengths))


def _original_lengths(rope: object) -> Iterator[object]:
    """Yield the lengths beyond which frequencies change, of the parameters for all layers or for each kind."""
    if not isinstance(rope, dict):
        return
    kind = str(rope.get("rope_type", rope.get("type")))
    if ("dynamic" in kind or kind == "longrope") and "original_max_position_embeddings" in rope:
        yield rope["original_max_position_embeddings"]
    for below in rope.values():
        yield from _original_lengths(below)


def require_fitting(
    folder: ModelFolder, config: Any, architecture: Architecture, dtype: torch.dtype, device: torch.device
) -> None:
    """Hold the configuration's network to having the tensors of the weights, and to fit into memory.

    Raises:
        HarnessError: it can't be built; tensors are missing, unused, or of another shape or a type that can't be
            finetuned (names them); it needs more memory than there is.

    """
    held, asked = max(folder.layers_stored(architecture.layers), default=-1) + 1, config.num_hidden_layers
    if asked != held:
        raise folder.refuse(f"its weights hold tensors of {held} layers, its configuration has {asked}; {folder.again}")
    with folder.reading("the network that config.json describes"), torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    if wrong := [*_differing(folder, network, architecture)]:
        raise folder.refuse(
            f"{len(wrong)} tensors of its weights are not those that its config.json asks for ({some(wrong)}); "
            f"{folder.again}",
        )
    tensors = {id(tensor): tensor.numel() for tensor in (*network.parameters(), *network.buffers())}
    needed = sum(tensors.values()) * dtype.itemsize
    for there in (main_memory(), torch.cuda.mem_get_info(device)[1] if device.type == "cuda" else None):
        if there is not None and needed > there:
            raise folder.does_not_fit(needed, there)


def _differing(folder: ModelFolder, network: Any, architecture: Architecture) -> Iterator[str]:
    """Yield, in words, each tensor in which the weights and the network differ."""
    asked = network.state_dict()
    trained = dict(network.named_parameters(remove_duplicate=False))
    found: dict[str, Stored] = {}
    for given, stored in folder.stored.items():
        name = architecture.renamed.get(given, given)
        full = f"{network.base_model_prefix}.{name}"  # weights of the network without its head lack it
        read_as = full if name not in asked and full in asked else name
        if read_as in found:
            yield f"{read_as} is there twice, once without '{network.base_model_prefix}.'"
        found[read_as] = stored
    tied = dict(network.all_tied_weights_keys)
    shared = {name for pair in tied.items() if {*pair} & found.keys() for name in pair}
    yield from (f"{name} is missing" for name in sorted(asked.keys() - found.keys() - shared))
    yield from (f"nothing uses {n}" for n in sorted(found.keys() - asked.keys()) if not architecture.is_table(n))
    for name in sorted(asked.keys() & found.keys()):
        stored, shape = found[name], tuple(asked[name].shape)
        if stored.shape != shape:
            yield f"{name} is of shape {list(stored.shape)}, expected {list(shape)}"
        elif name in trained and stored.dtype not in BYTES:
            yield f"{name} is of type {stored.dtype}, expected {', '.join(BYTES)}"
