"""Sentences that have nothing to do with a task: of the other files that come in its package, without their labels."""

import hashlib
import html
from pathlib import Path

from harness.files import read_text
from harness.tasks.catalogue import OriginSource, RatedPackage, VaderSource
from harness.tasks.split import Parts, make_example
from harness.tasks.vader import LIMIT_BYTES, rated_file

UNRELATED = 1000
"""Lines that are looked at, the first by their hash: enough that two draws of 32 have hardly a text in common."""


def unrelated_sentences(
    source: VaderSource | OriginSource, package: RatedPackage, parts: Parts, fetched: Path
) -> tuple[str, ...]:
    """Return sentences of the package's files but the source's own, whatever their rating.

    Of all their lines those with the smallest sha256, so that neither the files' order nor their sizes decide more than
    chance does; without texts that are in a part of the task too, and each text once.

    Raises:
        HarnessError: the package can't be fetched, or isn't what the catalogue says.

    """
    lines = list[str]()
    for name in package.files.keys() - {*source.files}:
        lines += read_text(rated_file(package, name, fetched), LIMIT_BYTES).removesuffix("\n").split("\n")
    first = sorted(lines, key=lambda line: hashlib.sha256(line.encode()).digest())[:UNRELATED]
    texts = [line.split("\t")[2] for line in first]  # the files have the catalogue's sha256: id, rating, text
    examples = [make_example({"text": html.unescape(text)}, 0) for text in texts]
    taken = {example.content_hash for part in (parts.pool, parts.dev, parts.test) for example in part}
    kept = {example.content_hash: example.texts["text"] for example in examples if example.content_hash not in taken}
    return tuple(kept.values())
