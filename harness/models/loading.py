"""Load a located model: safetensors only, no remote code; a GGUF file is turned into safetensors once."""

import contextlib
import ctypes
import io
import os
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.drafts import clear, draft_of, locked, make_folder, remedy, remove_drafts_of
from harness.errors import HarnessError
from harness.models.architectures import architecture_of
from harness.models.catalogue import GgufModel, GgufParts, gguf_file
from harness.models.devices import choose_device
from harness.models.fitting import configuration_of, context_of, require_fitting
from harness.models.folder import ModelFolder
from harness.models.language_model import LanguageModel
from harness.models.source import ModelSource, weights_folder
from harness.prompts import PromptBuilder


def load_model(source: ModelSource, store: Path, device: str = "auto", dtype: str = "float32") -> LanguageModel:
    """Load weights and tokenizer onto a device, in evaluation mode.

    float32 products stay float32 (TF32 off).

    Raises:
        HarnessError: the folder can't be read; its weights lack tensors that its configuration asks for, hold others,
            or hold nothing; there is not enough memory.

    """
    _keep_freed_memory()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    chosen, kind = choose_device(device), getattr(torch, dtype)
    folder = _folder_of(source, store)
    architecture, config = architecture_of(folder.model_type), configuration_of(folder)
    require_fitting(folder, config, architecture, kind, chosen)
    with folder.reading("its weights"):
        network, found = AutoModelForCausalLM.from_pretrained(
            folder.path,
            config=config,
            dtype=kind,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            attn_implementation=architecture.stock,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # refused below, by name
        )
    mismatched = (name for name, *_ in found["mismatched_keys"])
    unused = (name for name in found["unexpected_keys"] if not architecture.is_table(name))
    if wrong := sorted({*found["missing_keys"], *unused, *mismatched}):
        raise folder.refuse(
            f"transformers finds {len(wrong)} tensors missing, unused or of another shape ({', '.join(wrong[:3])}); "
            f"{folder.again}"
        )
    with folder.reading("its weights"):
        network.eval().requires_grad_(False).to(chosen)
    _require_content(network, folder)
    return LanguageModel(network)


def _require_content(network: Any, folder: ModelFolder) -> None:
    """Run the network on a few tokens: what can't be run, or answers the same whatever comes next, is refused."""
    config = network.config
    length = min(8, config.vocab_size, context_of(folder, config))
    with folder.reading("the network that config.json describes"), torch.no_grad():
        logits = network(torch.arange(length, device=network.device)[None], use_cache=False).logits.float()
    # torch's attention on the CPU may hide a frequency that is no number behind logits that are.
    if not all(bool(torch.isfinite(tensor).all()) for tensor in (logits, *network.buffers())):
        raise folder.refuse(f"it gives logits that are no numbers; its weights may be damaged: {folder.again}")
    if logits.min() == logits.max():
        raise folder.refuse(f"every logit is {float(logits.max()):g}: its weights hold nothing; {folder.again}")


def load_prompt_builder(source: ModelSource, store: Path) -> PromptBuilder:
    """Load the tokenizer and the context's length, no weights: prompts are checked before the model loads.

    Raises:
        HarnessError: the folder's tokenizer or configuration can't be read, or there is no token to start with.

    """
    folder = _folder_of(source, store)
    config = configuration_of(folder)
    named = source.row.start_token if source.row else None
    separator = source.row.separator if source.row else "\n"
    context = context_of(folder, config)
    with folder.reading("its tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(
            folder.path, config=config, trust_remote_code=False, local_files_only=True
        )
        start = _start_token(tokenizer, named, source.name)
    builder = PromptBuilder(tokenizer, start, separator, context, config.vocab_size)
    builder.require_known((start,))
    return builder


def _folder_of(source: ModelSource, store: Path) -> ModelFolder:
    """Return the folder of safetensors; a GGUF file's is made where it is not there."""
    if source.folder is not None:
        return ModelFolder(source.folder, source.name)
    folder = _dequantized(source, store)
    return ModelFolder(folder, source.name, f"remove {folder.name} there, and it is made again")


def _start_token(tokenizer: Any, named: str | None, model: str) -> int:
    """Return the token every prompt starts with: the catalogue's, the tokenizer's own habit, or its bos or eos."""
    if named is not None:
        if named not in tokenizer.get_vocab():
            raise HarnessError(
                f"model '{model}': its tokenizer has no token '{named}' to start prompts with; "
                "correct start_token in fixtures/models.toml",
            )
        return int(tokenizer.convert_tokens_to_ids(named))
    for token in (*_put_before(tokenizer)[:1], tokenizer.bos_token_id, tokenizer.eos_token_id):
        if token is not None:
            return int(token)
    raise HarnessError(
        f"model '{model}': its tokenizer has no begin- or end-of-text token to start prompts with; "
        "give it one, or add the model to fixtures/models.toml with start_token",
    )


def _put_before(tokenizer: Any) -> list[int]:
    """Return the tokens that the tokenizer puts before a text, told from a word: some put tokens behind it instead."""
    for word in ("a", "the", "1"):
        alone, whole = (tokenizer(word, add_special_tokens=special)["input_ids"] for special in (False, True))
        starts = [i for i in range(len(whole)) if whole[i : i + len(alone)] == alone]
        if alone and starts:
            return list(whole[: starts[0]])
    return []


def _dequantized(source: ModelSource, store: Path) -> Path:
    """Return the safetensors folder of a GGUF model, made once: reading the GGUF file takes 20 times as long."""
    if not isinstance(source.row, GgufModel | GgufParts):
        raise TypeError(source.row)
    folder = weights_folder(source, store)
    if folder.is_dir():
        return folder
    gguf = gguf_file(source.name, source.row, store / "fetched")
    try:
        make_folder(store, "models")
        with locked(folder) as held:
            if held:
                remove_drafts_of(folder)
            clear(folder)
            if not folder.is_dir():
                with draft_of(folder) as draft:
                    _convert(gguf, draft / "model", source.name)
                    (draft / "model").rename(folder)
    except OSError as error:
        raise HarnessError(
            f"the model could not be unpacked into {folder} ({error}); {remedy(error)} with --store"
        ) from error
    return folder


def _convert(gguf: Path, folder: Path, model: str) -> None:
    given = ModelFolder(gguf.parent, model, f"remove {gguf.name} there, and fetch it again")
    arguments = {"gguf_file": gguf.name, "trust_remote_code": False}
    with given.reading(gguf.name), contextlib.redirect_stderr(io.StringIO()):  # its bar can't be turned off
        network = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **arguments)
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **arguments)
    # The weights are plain float32 by now, but save_pretrained refuses while the model says it is quantized.
    network.is_quantized, network.quantization_method, network.hf_quantizer = False, None, None
    network.config.__dict__.pop("quantization_config", None)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _keep_freed_memory() -> None:
    """Have glibc keep large freed blocks instead of handing them back and faulting them in again."""
    m_trim_threshold, m_mmap_threshold = -1, -3
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:  # not glibc: its default stays
        return
    libc.mallopt(m_mmap_threshold, 32 << 20)  # glibc's own ceiling
    libc.mallopt(m_trim_threshold, 1 << 30)


def quiet_transformers() -> None:
    """Turn off transformers' progress bars and advice, which would break into the test report."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
