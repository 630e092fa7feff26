"""What fixtures/tasks.toml may say, read into checked records."""

import string
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, field_validator, model_validator

from harness.packages import Package, Row, Sha256, read_toml, unknown

PLACES, ANSWERS = 32, 1000
"""At most: places for a field in a template, each of which a text can fill whole, and answer words."""
TEMPLATE, ANSWER, ORIGIN = 20_000, 200, 2000
"""Characters at most: of a template, of an answer word, of a source or licence."""
NOUNS = (
    *("noun.Tops", "noun.act", "noun.animal", "noun.artifact", "noun.attribute", "noun.body", "noun.cognition"),
    *("noun.communication", "noun.event", "noun.feeling", "noun.food", "noun.group", "noun.location", "noun.motive"),
    *("noun.object", "noun.person", "noun.phenomenon", "noun.plant", "noun.possession", "noun.process"),
    *("noun.quantity", "noun.relation", "noun.shape", "noun.state", "noun.substance", "noun.time"),
)
LEXICOGRAPHER_FILES = {name: number for number, name in enumerate(NOUNS, start=3)}
"""WordNet's files of nouns by kind of thing, and their numbers in data.noun (its manual page lexnames)."""


class RatedFile(Row):
    """A file of rated snippets: where it lies in the archive inside the package."""

    path: str
    sha256: Sha256


class RatedPackage(Package):
    """A package with the archive of rated snippets inside it."""

    ratings_archive: str
    ratings_archive_sha256: Sha256
    files: dict[str, RatedFile]


class VaderSource(Row):
    """Rated snippets of the vaderSentiment package.

    `ratings[i]` is the closed range of answer i's mean ratings. A rating in no range is left out; one on a
    common edge belongs to the earlier answer.
    """

    kind: Literal["vader"]
    package: str
    file: str
    ratings: tuple[tuple[float, float], ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the package's files that are read."""
        return (self.file,)

    @property
    def classes(self) -> tuple[object, ...]:
        """What makes each answer's class."""
        return self.ratings


class OriginSource(Row):
    """Sentences of the vaderSentiment package by where they come from; their ratings do not matter.

    `classes[i]` are the package's files whose sentences answer i is right for.
    """

    kind: Literal["origin"]
    package: str
    classes: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the package's files that are read."""
        return tuple(file for files in self.classes for file in files)


class WordNetSource(Row):
    """Glosses of nouns by kind of thing, out of WordNet's file data.noun, which the user's system holds.

    `classes[i]` is the lexicographer file whose glosses answer i is right for.
    """

    kind: Literal["wordnet"]
    sha256: tuple[Sha256, ...] = Field(min_length=1)
    """Of the files data.noun that will do: each must hold the same glosses."""
    classes: tuple[str, ...]
    characters: tuple[int, int]
    """The shortest and the longest gloss that is taken."""
    citation: str
    licence: str

    @field_validator("classes")
    @classmethod
    def _known(cls, classes: tuple[str, ...]) -> tuple[str, ...]:
        for name in classes:
            if name not in LEXICOGRAPHER_FILES:
                raise ValueError(unknown("lexicographer file", name, LEXICOGRAPHER_FILES))
        return classes


class HubSource(Row):
    """Where a copy of a task's data lies on the Hugging Face hub."""

    id: str
    config: str | None = None
    train: str = "train"
    test: str = "test"
    dev: str | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    """The template's field (or 'label') to the column's name there, where they differ."""
    options: tuple[str, ...] = ()
    """Of multiple choice, the columns that hold an option each, or the one that holds them all."""
    keys: str | None = None
    """The column of the options' keys, where the label is one of them. 'a.b' is the field b of what column a holds."""


class FolderSource(Row):
    """Data that the user brings (DIR/<task>/train.jsonl, test.jsonl), or names a hub copy of."""

    kind: Literal["folder"]
    citation: str
    licence: str
    hub: HubSource | None = None


class Template(Row):
    """How a task's examples are shown: the template without the answer, which follows one space."""

    template: str = Field(max_length=TEMPLATE)

    @model_validator(mode="after")
    def _check_template(self) -> Self:
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
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the template's fields in order, each once."""
        return tuple(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(self.template) if name))


class Wording(Template):
    """How a task is posed: the template, and the answer words."""

    answers: tuple[Annotated[str, Field(max_length=ANSWER)], ...] = Field(min_length=2, max_length=ANSWERS)

    @model_validator(mode="after")
    def _check_answers(self) -> Self:
        seen = {unicodedata.normalize("NFC", answer) for answer in self.answers}
        if len(seen) < len(self.answers) or any(not a or a != a.strip() for a in self.answers):
            raise ValueError(f"answers {list(self.answers)} must differ, with no white space at their ends")
        return self


class TaskRow(Wording):
    """A task of the catalogue."""

    source: Annotated[VaderSource | OriginSource | WordNetSource | FolderSource, Field(discriminator="kind")]
    paper_name: str | None = None

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        if not isinstance(self.source, FolderSource):
            what, classes = _CLASSES[self.source.kind], self.source.classes
            if len(classes) != len(self.answers):
                raise ValueError(f"{len(self.answers)} answers need as many {what}, found {len(classes)}")
            if self.fields != ("text",):
                raise ValueError("texts of this source have one field: the template must name {text} and no other")
            named = classes if isinstance(self.source, WordNetSource) else self.source.files
            if twice := [str(name) for name, number in Counter(named).items() if number > 1]:
                raise ValueError(f"{', '.join(twice)} can't be of two classes")
        return self


class ChoiceRow(Template):
    """A multiple-choice task of the catalogue: each example has options of its own."""

    source: FolderSource

    @model_validator(mode="after")
    def _check_hub(self) -> Self:
        if "options" in self.fields:
            raise ValueError(f"template '{self.template}' must not show the options")
        if self.source.hub is not None and not self.source.hub.options:
            raise ValueError("the hub's copy of multiple choice must say in which columns the options are")
        return self


class OwnTask(Wording):
    """The task.toml that a user's own folder brings."""

    source: str = Field(default="brought by the user", max_length=ORIGIN)
    licence: str = Field(default="not stated", max_length=ORIGIN)


class TaskCatalogue(Row):
    """All of fixtures/tasks.toml."""

    packages: dict[str, RatedPackage]
    tasks: dict[str, TaskRow]
    choices: dict[str, ChoiceRow] = Field(default_factory=dict)
    """Multiple choice, by name."""

    @model_validator(mode="after")
    def _check_packages(self) -> Self:
        if both := sorted(self.tasks.keys() & self.choices.keys()):
            raise ValueError(f"'{both[0]}' can't be both a task with answer words and multiple choice")
        for name, row in self.tasks.items():
            if isinstance(row.source, VaderSource | OriginSource):
                package = self.packages.get(row.source.package)
                if package is None:
                    raise ValueError(f"task '{name}' names package '{row.source.package}'")
                for file in row.source.files:
                    if file not in package.files:
                        raise ValueError(f"task '{name}': {unknown('file', file, package.files)}")
        return self


_CLASSES = {"vader": "ranges of ratings", "origin": "lists of files", "wordnet": "lexicographer files"}
"""What makes the classes, by kind of source."""
_TASKS = TypeAdapter(TaskCatalogue)


def read_tasks(catalogue: Path) -> TaskCatalogue:
    """Return the whole of fixtures/tasks.toml (see read_toml for what it raises)."""
    return read_toml(catalogue, _TASKS)
