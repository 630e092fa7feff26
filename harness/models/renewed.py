"""Folders that earlier versions of the suite read otherwise, whose entries of then must not be found.

Two kinds: tokenizers that end texts, whose end token was once taken for the one that begins them; and rotary
frequencies that depend on a text's length, which a prefix and the queries behind it once did not share. Their
fingerprints are others than before; those of all other folders stay, and with them what stores hold.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from harness.files import parse_json, read_text
from harness.models.folder import LARGEST_FILE, ModelFolder

_MARK = b"prompts of 2"


def fingerprint_of(folder: ModelFolder) -> str:
    """Return the folder's fingerprint, another one where the folder was once read otherwise."""
    own = folder.fingerprint
    return hashlib.sha256(own.encode() + _MARK).hexdigest() if _ends_texts(folder) or _turns(folder.config) else own


def _turns(config: object) -> bool:
    """Return whether rotary frequencies depend on the length of a text, beyond some length that is given."""
    tables = [*_tables(config)]
    kinds = " ".join(str(table.get(name)) for table in tables for name in ("rope_type", "type"))
    given = any("original_max_position_embeddings" in table for table in tables)
    return given and ("longrope" in kinds or "dynamic" in kinds)


def _ends_texts(folder: ModelFolder) -> bool:
    """Return whether the tokenizer puts a token behind each text and none before it."""
    said = folder.table("tokenizer_config.json")
    behind = bool(said.get("add_eos_token")) and not said.get("add_bos_token")
    processors: list[dict[str, Any]] = []
    with suppress(OSError, ValueError):  # such a tokenizer can't be loaded either, which is said then
        tokenizer = parse_json(read_text(folder.path / "tokenizer.json", LARGEST_FILE))
        processors = [*_tables(tokenizer.get("post_processor"))] if isinstance(tokenizer, dict) else []
    singles = [single for table in processors if isinstance(single := table.get("single"), list) and single]
    return behind or any("SpecialToken" in single[-1] and "SpecialToken" not in single[0] for single in singles)


def _tables(value: object) -> Iterator[dict[str, Any]]:
    """Yield the tables in a JSON value, itself among them."""
    if isinstance(value, dict):
        yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _tables(below)
