"""What fixtures/tasks.toml may say, read into checked records."""

import string
import unicodedata
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from harness.packages import Package, Row, Sha256, read_toml

PLACES, ANSWERS = 32, 1000
"""At most: places for a field in a template, each of which a text can fill whole, and answer words."""
TEMPLATE, ANSWER, ORIGIN = 20_000, 200, 2000
"""Characters at most: of a template, of an answer word, of a source or licence."""


class RatedPackage(Package):
    """A package with the archive of rated snippets inside it."""

    ratings_archive: str
    ratings_archive_sha256: Sha256


class VaderSource(Row):
    """Rated snippets of the vaderSentiment package.

    `ratings[i]` is the closed range of answer i's mean ratings. A rating in no range is left out; one on a
    common edge belongs to the earlier answer.
    """

    kind: Literal["vader"]
    package: str
    file: str
    sha256: Sha256
    ratings: tuple[tuple[float, float], ...]


class HubSource(Row):
    """Where a copy of a task's data lies on the Hugging Face hub."""

    id: str
    config: str | None = None
    train: str = "train"
    test: str = "test"
    dev: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    """The template's field (or 'label') to the column's name there, where they differ."""


class FolderSource(Row):
    """Data that the user brings (DIR/<task>/train.jsonl, test.jsonl), or names a hub copy of."""

    kind: Literal["folder"]
    citation: str
    licence: str
    hub: HubSource | None = None


class Wording(Row):
    """How a task is posed: the template without its answer, which follows one space, and the answer words."""

    template: str = Field(max_length=TEMPLATE)
    answers: tuple[Annotated[str, Field(max_length=ANSWER)], ...] = Field(min_length=2, max_length=ANSWERS)

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            parts = [p for p in string.Formatter().parse(self.template) if p[1] is not None]
        except ValueError as error:
            raise ValueError(f"template '{self.template}' is no template: {error}") from error
        if len(parts) > PLACES:
            raise ValueError(f"template with {len(parts):,} places for a field: expected at most {PLACES}")
        if not parts or not all(str(name).isidentifier() and not spec and not as_ for _, name, spec, as_ in parts):
            raise ValueError(f"template '{self.template}' must name its fields as {{text}}, at least one")
        if self.template != self.template.strip():
            raise ValueError(f"template '{self.template}' must not begin or end with white space")
        if "label" in self.fields:
            raise ValueError(f"template '{self.template}' must not show the label")
        seen = {unicodedata.normalize("NFC", answer) for answer in self.answers}
        if len(seen) < len(self.answers) or any(not a or a != a.strip() for a in self.answers):
            raise ValueError(f"answers {list(self.answers)} must differ, with no white space at their ends")
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the template's fields in order, each once."""
        return tuple(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(self.template) if name))


class TaskRow(Wording):
    """A task of the catalogue."""

    source: Annotated[VaderSource | FolderSource, Field(discriminator="kind")]
    paper_name: str | None = None

    @model_validator(mode="after")
    def _check_ratings(self) -> Self:
        if isinstance(self.source, VaderSource):
            if len(self.source.ratings) != len(self.answers):
                raise ValueError(f"{len(self.answers)} answers need as many ranges of ratings")
            if self.fields != ("text",):
                raise ValueError("rated snippets have one field: the template must name {text} and no other")
        return self


class OwnTask(Wording):
    """The task.toml that a user's own folder brings."""

    source: str = Field(default="brought by the user", max_length=ORIGIN)
    licence: str = Field(default="not stated", max_length=ORIGIN)


class TaskCatalogue(Row):
    """All of fixtures/tasks.toml."""

    packages: dict[str, RatedPackage]
    tasks: dict[str, TaskRow]

    @model_validator(mode="after")
    def _check_packages(self) -> Self:
        for name, row in self.tasks.items():
            if isinstance(row.source, VaderSource) and row.source.package not in self.packages:
                raise ValueError(f"task '{name}' names package '{row.source.package}'")
        return self


_TASKS = TypeAdapter(TaskCatalogue)


def read_tasks(catalogue: Path) -> TaskCatalogue:
    """Return the whole of fixtures/tasks.toml (see read_toml for what it raises)."""
    return read_toml(catalogue, _TASKS)
