"""A tokenizer made from the training text: bytes, with as many merges of them as the vocabulary asks for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

START = "<|start|>"
"""Begins every document, and every prompt."""


@dataclass(frozen=True)
class TokenStream:
    """A text as token ids, each document behind a start token."""

    tokens: np.ndarray
    """int32."""
    bytes_per_token: float


def make_tokenizer(documents: Sequence[str], vocabulary: int) -> str:
    """Return a byte-level BPE tokenizer of `vocabulary` tokens as JSON: 257 are the bytes and the start token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[START],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(documents, trainer)
    written: str = tokenizer.to_str()
    return written


def read_tokenizer(written: str) -> Any:
    """Return the tokenizer as transformers' own, as prompts are built with it."""
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(written), bos_token=START, clean_up_tokenization_spaces=False
    )


def tokenize(written: str, documents: Sequence[str]) -> TokenStream:
    """Return the documents one after the other, a start token before each."""
    tokenizer = Tokenizer.from_str(written)
    tokenizer.encode_special_tokens = True  # the start token's name inside a text stays plain text, as in prompts
    start = json.loads(written)["model"]["vocab"][START]
    encoded = tokenizer.encode_batch(list(documents), add_special_tokens=False)
    pieces = [np.array([start, *found.ids], np.int32) for found in encoded]
    tokens = np.concatenate(pieces)
    size = sum(len(document.encode()) for document in documents)
    return TokenStream(tokens, size / (len(tokens) - len(documents)))
