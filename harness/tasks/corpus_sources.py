"""Where a corpus's documents come from: the default tasks' package, local files, or the hub."""

import html
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.files import opened, require_regular, what_is
from harness.tasks.catalogue import read_tasks
from harness.tasks.split import MARKS, normalise, pile_of_marks
from harness.tasks.vader import rated_file

CORPUS_BYTES = 2 << 30
"""Of text files that are read into memory whole; the package's text has 2 MB, WikiText-103 540 MB."""
_HUB_NAME = re.compile(r"hub:([\w.-]+/[\w.-]+)(?::(.+))?")


@dataclass(frozen=True)
class Documents:
    """Texts as a source gives them: each is lines of normalised text, none of them blank, joined by newlines.

    A text may be empty: corpus.divide leaves it out.
    """

    training: list[str]
    validation: list[str] | None
    """None where the source brings no such part: it is then cut from the other."""
    source: str
    licence: str


def package_documents(catalogue: Path, fetched: Path) -> Documents:
    """Return all rated snippets of the catalogue's packages, whatever the rating.

    Ids such as 7_12 mean document 7, sentence 12 (product reviews, editorials); a document's sentences are
    its lines, in the file's order. Other ids are plain numbers: a tweet is a document, and so is a movie
    sentence, since its file doesn't say which review it is from.

    Raises:
        HarnessError: a package can't be fetched, or isn't what the catalogue says.

    """
    known = read_tasks(catalogue)
    packages = known.packages.values()
    found: list[str] = []
    for package in packages:
        for name in package.files:
            found += _snippets(rated_file(package, name, fetched))
    return Documents(found, None, "; ".join(p.source for p in packages), "; ".join(p.licence for p in packages))


def local_documents(path: Path) -> Documents:
    """Return the documents of a text file, or of a folder's .txt files and those of the folders below it.

    In a folder each file is a document. A single file's paragraphs are, with blank lines between them; or
    its lines, where no blank line stands between any two.

    Raises:
        HarnessError: a file can't be read, is no regular file or isn't UTF-8, the folder holds none, or they hold more
            than CORPUS_BYTES.

    """
    files = text_files(path)
    if sum(file.stat().st_size for file in files) > CORPUS_BYTES:
        raise HarnessError(f"corpus '{path}' holds more than {CORPUS_BYTES:,} bytes of text: name less of it")
    texts = [_read(file) for file in files]
    documents = _paragraphs(texts[0]) if files == [path] else list(map(_document, texts))
    return Documents(documents, None, "brought by the user", "not stated")


def text_files(path: Path) -> list[Path]:
    """Return the text files that a path names: itself, or all .txt files of a folder and below, sorted by their paths.

    Links to folders are not followed.

    Raises:
        HarnessError: one is there and is no regular file, a folder can't be read, or there is none.

    """
    try:
        if what_is(path) != "a folder":
            require_regular(path)
            return [path]
        below = [Path(folder, name) for folder, _, names in os.walk(path, onerror=_raise) for name in names]
        files = [file for file in below if file.name.endswith(".txt")]
        for file in files:
            require_regular(file)
    except OSError as error:
        raise HarnessError(
            f"can't read {error.filename}: {error.strerror}; a corpus is a text file or a folder of .txt files",
        ) from error
    if not files:
        raise HarnessError(f"no .txt file in {path} or below it: each is to be one document")
    return sorted(files, key=lambda file: file.relative_to(path).as_posix())


def _raise(error: OSError) -> None:
    raise error


def hub_documents(name: str) -> Documents:
    """Return the data set hub:OWNER/NAME or hub:OWNER/NAME:CONFIG, downloaded whole by `datasets`.

    Each row's `text` is a document. Splits are train and, where there is one, validation.

    Raises:
        HarnessError: the name is none, `datasets` is not installed, or the data set can't be had or has no
            split train or no column text.

    """
    dataset, config = hub_name(name)
    try:
        import datasets  # noqa: PLC0415  optional: only where hub data are asked for
    except ImportError as error:
        raise HarnessError(
            "data from the hub need the 'datasets' package: pip install 'icl-claims[hub]' (or datasets)",
        ) from error
    try:
        splits: Mapping[str, Iterable[Mapping[str, Any]]] = datasets.load_dataset(dataset, config)
    except Exception as error:  # datasets lets through whatever its transport raises
        raise HarnessError(
            f"could not load '{name}' from the hub: {error}; "
            "check the name, connect to the network, or bring the text as a file or folder",
        ) from error
    if "train" not in splits:
        raise HarnessError(f"'{name}' has no split 'train', only {', '.join(splits)}: name another data set")
    training = text_column(splits["train"], f"{name}, split train")
    validation = text_column(splits["validation"], f"{name}, split validation") if "validation" in splits else None
    return Documents(training, validation, f"{name} on the Hugging Face hub", "see the data set's page there")


def hub_name(name: str) -> tuple[str, str | None]:
    """Return a data set's owner and name, and its configuration where one is named; HarnessError where it is none."""
    match = _HUB_NAME.fullmatch(name)
    if match is None:
        raise HarnessError(f"'{name}' names no data set: expected hub:OWNER/NAME or hub:OWNER/NAME:CONFIG")
    return match[1], match[2]


def text_column(rows: Iterable[Mapping[str, Any]], whole: str) -> list[str]:
    """Return each row's `text` as a document; `whole` names all rows together in errors."""
    documents = []
    for number, row in enumerate(rows):
        text = row.get("text")
        if not isinstance(text, str):
            raise HarnessError(
                f"{whole}, row {number}: expected a text in column 'text', found {type(text).__name__}; "
                f"columns are {', '.join(row)}: name a data set of plain text",
            )
        if pile_of_marks(text):
            raise HarnessError(f"{whole}, row {number}: more than {MARKS} combining marks in a row: name other text")
        documents.append(_document(text))
    return documents


def _snippets(file: Path) -> list[str]:
    """Return the documents of a file of rated snippets (see vader.read_ratings for its lines)."""
    sentences: defaultdict[str, list[str]] = defaultdict(list)
    for line in _read(file).rstrip("\n").split("\n"):
        identifier, _, text = line.split("\t")  # the file has the catalogue's sha256
        sentences[identifier.partition("_")[0]].append(normalise(html.unescape(text)))
    return ["\n".join(filter(None, of_document)) for of_document in sentences.values()]


def _read(file: Path) -> str:
    try:
        with opened(file) as stream:
            raw = stream.read()
    except OSError as error:
        raise HarnessError(f"can't read {file}: {error.strerror}; name text that you may read") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise HarnessError(f"{file}:{line}: not UTF-8 ({error.reason}); save the file as UTF-8") from error
    if pile := pile_of_marks(text):
        line = text.count("\n", 0, pile.start()) + 1
        raise HarnessError(
            f"{file}:{line}: more than {MARKS} combining marks in a row, which no text needs: remove them"
        )
    return text


def _paragraphs(text: str) -> list[str]:
    lines = [normalise(line) for line in text.strip().split("\n")]
    if "" not in lines:
        return lines
    return ["\n".join(paragraph) for is_text, paragraph in groupby(lines, key=bool) if is_text]


def _document(text: str) -> str:
    return "\n".join(filter(None, map(normalise, text.split("\n"))))
