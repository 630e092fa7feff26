"""Load a located model: safetensors only, no remote code; a GGUF file is turned into safetensors once."""

import contextlib
import ctypes
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from harness.drafts import clear, draft_of, locked, make_folder, remedy, remove_drafts_of
from harness.errors import HarnessError
from harness.models.architectures import architecture_of
from harness.models.catalogue import GgufModel, gguf_file
from harness.models.devices import choose_device
from harness.models.language_model import LanguageModel
from harness.models.source import ModelSource, model_type, weights_folder
from harness.prompts import PromptBuilder


def load_model(source: ModelSource, store: Path, device: str = "auto", dtype: str = "float32") -> LanguageModel:
    """Load weights and tokenizer onto a device, in evaluation mode.

    float32 products stay float32 (TF32 off).

    Raises:
        HarnessError: the folder can't be read, or lacks tensors (transformers would make them up at random).

    """
    _keep_freed_memory()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    chosen = choose_device(device)
    folder = source.folder or _dequantized(source, store)
    architecture = architecture_of(model_type(folder))
    with _reading(source, folder):
        network, found = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            trust_remote_code=False,
            attn_implementation="eager" if architecture.adapter else "sdpa",
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # refused below, by name
        )
    if wrong := sorted({*found["missing_keys"], *(name for name, *_ in found["mismatched_keys"])}):
        raise HarnessError(
            f"model '{source.name}': {len(wrong)} of the tensors that its config.json asks for are missing or of "
            f"another shape in {folder} ({', '.join(wrong[:3])}); fetch or save the model again, whole",
        )
    network.eval().requires_grad_(False).to(chosen)
    return LanguageModel(network)


def load_prompt_builder(source: ModelSource, store: Path) -> PromptBuilder:
    """Load the tokenizer and the context's length, no weights: prompts are checked before the model loads.

    Raises:
        HarnessError: the folder's tokenizer or configuration can't be read, or there is no token to start with.

    """
    folder = source.folder or _dequantized(source, store)
    with _reading(source, folder):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    token = source.row.start_token if source.row else None
    separator = source.row.separator if source.row else "\n"
    start = _start_token(tokenizer, token, source.name)
    return PromptBuilder(tokenizer, start, separator, int(config.max_position_embeddings))


def _start_token(tokenizer: Any, named: str | None, model: str) -> int:
    """Return the token every prompt starts with: the catalogue's, the tokenizer's own habit, or its bos or eos."""
    if named is not None:
        if named not in tokenizer.get_vocab():
            raise HarnessError(
                f"model '{model}': its tokenizer has no token '{named}' to start prompts with; "
                "correct start_token in fixtures/models.toml",
            )
        return int(tokenizer.convert_tokens_to_ids(named))
    habit = tokenizer("")["input_ids"][:1]
    for token in (*habit, tokenizer.bos_token_id, tokenizer.eos_token_id):
        if token is not None:
            return int(token)
    raise HarnessError(
        f"model '{model}': its tokenizer has no begin- or end-of-text token to start prompts with; "
        "give it one, or add the model to fixtures/models.toml with start_token",
    )


@contextmanager
def _reading(source: ModelSource, folder: Path) -> Iterator[None]:
    """Turn what transformers raises of files that it can't read into one error that says what to do."""
    try:
        yield
    except (OSError, RuntimeError, TypeError, ValueError, SafetensorError, StrictDataclassError) as error:
        reason = " ".join(str(error).split())[:200]
        raise HarnessError(
            f"model '{source.name}' can't be read from {folder} ({reason}); its configuration, tokenizer and "
            "safetensors must be whole: fetch or save the model again",
        ) from error


def _dequantized(source: ModelSource, store: Path) -> Path:
    """Return the safetensors folder of a GGUF model, made once: reading the GGUF file takes 20 times as long."""
    if not isinstance(source.row, GgufModel):
        raise TypeError(source.row)
    folder = weights_folder(source, store)
    if folder.is_dir():
        return folder
    gguf = gguf_file(source.row, store / "fetched")
    try:
        make_folder(store, "models")
        with locked(folder) as held:
            if held:
                remove_drafts_of(folder)
            clear(folder)
            if not folder.is_dir():
                with draft_of(folder) as draft:
                    _convert(gguf, draft / "model")
                    (draft / "model").rename(folder)
    except OSError as error:
        raise HarnessError(
            f"the model could not be unpacked into {folder} ({error}); {remedy(error)} with --store"
        ) from error
    return folder


def _convert(gguf: Path, folder: Path) -> None:
    arguments = {"gguf_file": gguf.name, "trust_remote_code": False}
    with contextlib.redirect_stderr(io.StringIO()):  # transformers' bar for this can't be turned off
        network = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **arguments)
    # The weights are plain float32 by now, but save_pretrained refuses while the model says it is quantized.
    network.is_quantized, network.quantization_method, network.hf_quantizer = False, None, None
    network.config.__dict__.pop("quantization_config", None)
    network.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, **arguments).save_pretrained(folder)


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
