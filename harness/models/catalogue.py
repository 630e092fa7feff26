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


ModelRow = Annotated[GgufModel | HubModel, Field(discriminator="kind")]

_MODELS: TypeAdapter[dict[str, ModelRow]] = TypeAdapter(dict[str, ModelRow])


def model_rows(catalogue: Path) -> dict[str, ModelRow]:
    """Return the rows of fixtures/models.toml by name (see read_toml for what it raises)."""
    return read_toml(catalogue, _MODELS)


def gguf_file(row: GgufModel, fetched: Path) -> Path:
    """Return the path of the model's GGUF file under `fetched`, fetched and unpacked where needed."""
    package = Package(
        name=row.package,
        version=row.version,
        archive=row.archive,
        sha256=row.archive_sha256,
        licence=row.licence,
        source=row.source,
    )
    archive = fetch_package(package, fetched)
    into = fetched / f"{row.package}-{row.version}"
    return extract_member(archive, row.member, into, row.member_sha256, row.member_bytes)
