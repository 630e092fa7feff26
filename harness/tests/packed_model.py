"""A model in parts that is none: pieces of a text and the terms that it falls under, each in a wheel."""

import hashlib
import zipfile
from pathlib import Path

from harness.models.catalogue import GgufParts, Member


def packed_in_parts(fetched: Path) -> GgufParts:
    """Write the wheels into a folder, where nothing has to be fetched any more, and return the model's row."""
    whole, pieces = b"GGUF, or not", (b"GGUF, ", b"or not")
    return GgufParts(
        kind="gguf-parts",
        file="toy.gguf",
        sha256=hashlib.sha256(whole).hexdigest(),
        parts=tuple(_member(fetched, f"toy{i}", "piece", piece) for i, piece in enumerate(pieces, 1)),
        terms=_member(fetched, "toy", "TERMS", b"You may."),
        licence="the toy's terms",
        source="made by a test",
        start_token="<s>",  # noqa: S106  a token of text
    )


def _member(fetched: Path, package: str, name: str, content: bytes) -> Member:
    archive = fetched / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr(f"{package}/{name}", content)
    return Member(
        package=package,
        version="1.0",
        archive=archive.name,
        archive_sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
        member=f"{package}/{name}",
        member_sha256=hashlib.sha256(content).hexdigest(),
        member_bytes=len(content),
    )
