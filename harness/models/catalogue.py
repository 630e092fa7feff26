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


class Member(Row):
    """A file inside a package of the package index."""

    package: str
    version: str
    archive: str
    archive_sha256: Sha256
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


ModelRow = Annotated[GgufModel | GgufParts | HubModel, Field(discriminator="kind")]

_MODELS: TypeAdapter[dict[str, ModelRow]] = TypeAdapter(dict[str, ModelRow])


def model_rows(catalogue: Path) -> dict[str, ModelRow]:
    """Return the rows of fixtures/models.toml by name (see read_toml for what it raises)."""
    return read_toml(catalogue, _MODELS)


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
    parts = [
        Part(fetch_package(_package(part, row), fetched), part.member, part.member_sha256, part.member_bytes)
        for part in row.parts
    ]
    return join_members(parts, target, row.sha256)


def _unpacked(member: Member, row: GgufModel | GgufParts, fetched: Path) -> Path:
    archive = fetch_package(_package(member, row), fetched)
    into = fetched / f"{member.package}-{member.version}"
    return extract_member(archive, member.member, into, member.member_sha256, member.member_bytes)


def _package(member: Member, row: GgufModel | GgufParts) -> Package:
    return Package(
        name=member.package,
        version=member.version,
        archive=member.archive,
        sha256=member.archive_sha256,
        licence=row.licence,
        source=row.source,
    )
