"""Text to train small language models on, in two parts: none of the validation's lines is in training."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.files import what_is
from harness.tasks.corpus_sources import (
    Documents,
    hub_documents,
    hub_name,
    local_documents,
    package_documents,
    text_files,
)
from harness.tasks.split import hash_fraction, normalise

VALIDATION_SHARE = 0.1
"""Share of the documents, by hash, where the source brings no validation part of its own."""
MIN_LINE_CHARACTERS = 20
"""Lines this long are never in both parts. Shorter ones ('I love it!') anyone writes: they may be."""
MIN_TRAINING_CHARACTERS = 10_000
"""Less is a few pages, which a model learns by heart."""


@dataclass(frozen=True)
class Corpus:
    """Documents in two parts: each is lines of normalised text, none of them blank, joined by newlines."""

    name: str
    training: tuple[str, ...]
    """In the order of the documents' hashes: sources are mixed, and no file order decides anything."""
    validation: tuple[str, ...]
    """In the same order."""
    fingerprint: str
    """sha256 over both parts: changes when anything that a model is trained or measured on changes."""
    source: str
    licence: str


def load_corpus(name: str, catalogue: Path, fetched: Path) -> Corpus:
    """Return the named corpus, read into memory whole.

    'package' is the text of the default tasks, out of the package kept under the folder `fetched`;
    'hub:OWNER/NAME' or 'hub:OWNER/NAME:CONFIG' a data set of the hub; anything else the path of a text file
    or of a folder of .txt files ('./package' is a file). corpus_sources says what a document is in each.

    Lines are normalised as tasks' texts are (NFC, single spaces) and blank ones dropped. Where the source has
    no validation part, a document's own hash decides whether it is validation, so that documents added later
    move no other one. Texts that differ in case or white space alone are one text: of documents one copy is
    kept, and what validation holds, document or line, is taken out of training. A line that is only a part of
    another, or differs from it in a word, is not looked for; nor do we know which movie sentences are from
    one review.

    Raises:
        HarnessError: the name is unknown, the text can't be had or isn't UTF-8, or too little is left for
            training (under MIN_TRAINING_CHARACTERS) or nothing for validation.

    """
    require_corpus(name)
    if name == "package":
        documents = package_documents(catalogue, fetched)
    elif name.startswith("hub:"):
        documents = hub_documents(name)
    else:
        documents = local_documents(Path(name))
    return divide(name, documents)


def require_corpus(name: str) -> None:
    """Raise the HarnessError that can be known of a corpus before any text is read or downloaded."""
    if name == "package":
        return
    if name.startswith("hub:"):
        hub_name(name)
    elif name and what_is(Path(name)) != "nothing":
        text_files(Path(name))
    else:
        raise HarnessError(
            f"unknown corpus '{name}', and no such file or folder: expected 'package', a text file, "
            "a folder of .txt files, or hub:OWNER/NAME[:CONFIG]",
        )


def divide(name: str, read: Documents) -> Corpus:
    """Return the documents as a corpus: in two parts, without copies, and no validation text in training.

    Raises:
        HarnessError: too little is left for training, or nothing for validation (see load_corpus).

    """
    brought = [text for text in read.training if text]
    brought_validation = [text for text in read.validation or () if text]
    distinct, validation = _distinct(brought), _distinct(brought_validation)
    if read.validation is None:
        validation = {key: text for key, text in distinct.items() if hash_fraction("corpus", key) < VALIDATION_SHARE}
        distinct = {key: text for key, text in distinct.items() if key not in validation}
    training = _without_leaks(distinct, validation)
    _require_enough(name, training, validation, len(brought) + len(brought_validation))
    parts = tuple(training), tuple(validation.values())
    return Corpus(
        name,
        *parts,
        fingerprint=hashlib.sha256(json.dumps(parts).encode()).hexdigest(),
        source=read.source,
        licence=read.licence,
    )


def joined(documents: Iterable[str]) -> str:
    r"""Return the documents as one text, a blank line between them: no document holds one.

    >>> joined(["one\ntwo", "three"])
    'one\ntwo\n\nthree'
    """
    return "\n\n".join(documents)


def _distinct(documents: Iterable[str]) -> dict[str, str]:
    """Return one document a text, by and in the order of its hash; of copies the least in string order."""
    distinct: dict[str, str] = {}
    for document in documents:
        key = hashlib.sha256(_folded(document).encode()).hexdigest()
        distinct[key] = min(document, distinct.get(key, document))
    return dict(sorted(distinct.items()))


def _without_leaks(training: Mapping[str, str], validation: Mapping[str, str]) -> list[str]:
    """Return the training documents without what validation holds; one that has no other line goes with it."""
    folded = {_folded(line) for document in validation.values() for line in document.split("\n")}
    held_out = {line for line in folded if len(line) >= MIN_LINE_CHARACTERS}
    kept = []
    for key, document in training.items():
        own = [line for line in document.split("\n") if _folded(line) not in held_out]
        if own and key not in validation:
            kept.append("\n".join(own))
    return kept


def _folded(text: str) -> str:
    """Return the text without what doesn't make another text of it (as split.make_example has it)."""
    return normalise(text.casefold())


def _require_enough(name: str, training: Iterable[str], validation: Collection[str], documents: int) -> None:
    if not documents:
        raise HarnessError(f"corpus '{name}' is empty: no text in it; name a text to train on")
    characters = sum(map(len, training))
    if characters < MIN_TRAINING_CHARACTERS:
        raise HarnessError(
            f"corpus '{name}' has {characters:,} characters to train on, in {documents:,} documents read; at least "
            f"{MIN_TRAINING_CHARACTERS:,} are needed: bring more text",
        )
    if not validation:
        raise HarnessError(
            f"corpus '{name}' leaves nothing for validation, which is the source's own part or, by hash, a tenth "
            f"of the documents: {documents:,} were read; bring more, or one file with blank lines between them",
        )
