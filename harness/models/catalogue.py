"""What fixtures/models.toml may say, read into checked records."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, field_validator

from harness.errors import HarnessError
from harness.packages import Package, Part, Row, Sha256, extract_member, fetch_package, join_members, read_toml


class _Prompted(Row):
    """What every model's row says of how its prompts are laid out."""

    start_token: str
    """Token that every prompt begins with."""
    separator: str = "\n"
    """Text between a demonstration and what follows it."""
    licence: str
    source: str


class Packed(Row):
    """A package of the package index."""

    package: str
    version: str
    archive: str
    archive_sha256: Sha256


class Member(Packed):
    """A file inside a package."""

    member: str
    member_sha256: Sha256
    member_bytes: int = Field(gt=0)


class GgufModel(_Prompted, Member):
    """Weights in one GGUF file inside a package of the package index."""

    kind: Literal["gguf-package"]

    @property
    def sha256(self) -> str:
        """Of the GGUF file."""
        return self.member_sha256


class GgufParts(_Prompted):
    """Weights in one GGUF file that packages of the package index hold in pieces, under terms that must be accepted."""

    kind: Literal["gguf-parts"]
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*\.gguf$")
    sha256: Sha256
    """Of the pieces, joined in their order."""
    parts: tuple[Member, ...] = Field(min_length=1)
    terms: Member
    """The text of the terms, which has to be accepted before the weights are fetched."""


class HubModel(_Prompted):
    """Weights on the Hugging Face hub."""

    kind: Literal["hub"]
    id: str
    shape: tuple[tuple[str, str | int], ...] = ()
    """Family and sizes in its config.json's words, for plans that are made before it is fetched."""

    @field_validator("shape", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        return tuple(value.items()) if isinstance(value, dict) else value  # what is loaded is found by its row's hash


class PackedFile(Row):
    """A file inside a package."""

    sha256: Sha256
    bytes: int = Field(gt=0)


class EncoderModel(Packed):
    """A small encoder of sentences, as transformers' AutoModel reads it, in files inside a package of the index."""

    kind: Literal["encoder-package"]
    folder: str
    """Where its files lie in the archive."""
    files: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")], PackedFile]
    tokens: int = Field(gt=0)
    """How many tokens of a sentence it reads."""
    parameters: int = Field(gt=0)
    licence: str
    source: str


ModelRow = GgufModel | GgufParts | HubModel
_ROWS = TypeAdapter(dict[str, Annotated[ModelRow | EncoderModel, Field(discriminator="kind")]])


def model_rows(catalogue: Path) -> dict[str, ModelRow]:
    """Return the language models of fixtures/models.toml by name (see read_toml for what it raises)."""
    return {name: row for name, row in read_toml(catalogue, _ROWS).items() if not isinstance(row, EncoderModel)}


def encoder_rows(catalogue: Path) -> dict[str, EncoderModel]:
    """Return its encoders by name; raises likewise."""
    return {name: row for name, row in read_toml(catalogue, _ROWS).items() if isinstance(row, EncoderModel)}


def terms_file(row: GgufParts, fetched: Path) -> Path:
    """Return the path of the terms that the model falls under, fetched and unpacked where needed."""
    return _unpacked(row.terms, row, fetched)


def gguf_file(name: str, row: GgufModel | GgufParts, fetched: Path, *, accepted: bool = False) -> Path:
    """Return the path of the model's GGUF file under `fetched`, fetched, unpacked and joined where needed.

    Where it stands whole, somebody accepted its terms.

    Raises:
        HarnessError: its terms are not `accepted`; a package can't be fetched; a file has another sha256.

    """
    if isinstance(row, GgufModel):
        return _unpacked(row, row, fetched)
    target = fetched / row.sha256[:16] / row.file
    if not target.is_file() and not accepted:
        raise HarnessError(
            f"model '{name}' is not fetched, and falls under terms that must be accepted first ({row.licence}): "
            f"'python -m harness fetch --model {name}' says where they stand"
        )
    archives = [_archive(part, row, fetched) for part in row.parts]
    parts = [
        Part(archive, part.member, part.member_sha256, part.member_bytes)
        for archive, part in zip(archives, row.parts, strict=True)
    ]
    return join_members(parts, target, row.sha256)


def encoder_folder(row: EncoderModel, fetched: Path) -> Path:
    """Return the folder of the encoder's files under `fetched`, fetched and unpacked where needed.

    Raises:
        HarnessError: the package could not be fetched, lacks a file, or one has another sha256.

    """
    archive, into = _archive(row, row, fetched), _folder(row, fetched)
    for name, file in row.files.items():
        extract_member(archive, f"{row.folder}/{name}", into, file.sha256, file.bytes)
    return into


def _unpacked(member: Member, row: GgufModel | GgufParts, fetched: Path) -> Path:
    archive, into = _archive(member, row, fetched), _folder(member, fetched)
    return extract_member(archive, member.member, into, member.member_sha256, member.member_bytes)


def _folder(packed: Packed, fetched: Path) -> Path:
    return fetched / f"{packed.package}-{packed.version}"


def _archive(packed: Packed, row: GgufModel | GgufParts | EncoderModel, fetched: Path) -> Path:
    """Return the package's archive, fetched where needed."""
    package = Package(
        name=packed.package,
        version=packed.version,
        archive=packed.archive,
        sha256=packed.archive_sha256,
        licence=row.licence,
        source=row.source,
    )
    return fetch_package(package, fetched)
