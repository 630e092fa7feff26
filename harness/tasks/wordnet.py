"""Glosses of nouns by kind of thing: WordNet 3.0's data.noun, from where a user or a system has put it."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness.data import Example, LeftOut
from harness.errors import HarnessError
from harness.files import opened, what_is
from harness.tasks.catalogue import LEXICOGRAPHER_FILES, WordNetSource
from harness.tasks.split import Parts, make_example, split_balanced

FILE = "data.noun"
LIMIT_BYTES = 64 << 20
"""Far above the file's 15 MB."""
NLTK = "corpora/wordnet"
"""Where NLTK's folders of data hold it."""
SYSTEMS = (
    Path("/usr/share/wordnet"),  # Debian's wordnet-base
    *(Path(prefix, "opt/wordnet/dict") for prefix in ("/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew")),
    *(Path(prefix, "nltk_data", NLTK) for prefix in ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib")),
)
"""Where systems put it."""
OTHER_KIND = "of kinds that no answer names"
GET = (
    "get it with 'apt-get install wordnet-base' (Debian, Ubuntu), or unpack NLTK's wordnet.zip or "
    "https://wordnetcode.princeton.edu/3.0/WNdb-3.0.tar.gz and name the folder of data.noun with --wordnet (3.1, as in "
    "newer Homebrews, is another)"
)


def usual_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders that WordNet may lie in: NLTK's by the environment's NLTK_DATA and HOME, and the systems'."""
    nltk = [folder for folder in environment.get("NLTK_DATA", "").split(os.pathsep) if folder]
    if home := environment.get("HOME"):
        nltk.append(f"{home}/nltk_data")
    return (*(Path(folder, NLTK) for folder in nltk), *SYSTEMS)


def gloss_parts(source: WordNetSource, folders: Sequence[Path]) -> Parts:
    """Return the glosses of the source's kinds in three parts (see split_balanced); what is left out is counted.

    They are read from the first of the folders whose data.noun has one of the source's sha256.

    Raises:
        HarnessError: no folder has it: what was found, and how to get it.

    """
    examples, left_out = read_glosses(_data(source.sha256, folders), source)
    parts = split_balanced(examples, len(source.classes))
    counted = [LeftOut("data", reason, rows) for reason, rows in left_out.items()]
    return Parts(parts.pool, parts.dev, parts.test, (*counted, *parts.left_out))


def read_glosses(text: str, source: WordNetSource) -> tuple[list[Example], Counter[str]]:
    """Return an example a gloss of the source's kinds and lengths, and how many of the others there are by reason.

    A line of data.noun (WordNet's manual page wndb) begins with the synset's place and the number of its lexicographer
    file, and ends with a bar and the gloss: a definition and, behind it, sentences in quotes that show the word. Those
    are taken off, as they name what is to be guessed. Lines that begin with two spaces are the licence.

    Raises:
        HarnessError: a line is none.

    """
    labels = {LEXICOGRAPHER_FILES[name]: label for label, name in enumerate(source.classes)}
    shortest, longest = source.characters
    unusual = f"of fewer than {shortest} or more than {longest} characters"
    examples: list[Example] = []
    left_out: Counter[str] = Counter()
    for place, file, gloss in _synsets(text.removesuffix("\n").split("\n")):
        shown = definition(gloss)
        if file not in labels:
            left_out[OTHER_KIND] += 1
        elif shortest <= len(shown) <= longest:
            examples.append(make_example({"text": shown}, labels[file], place))
        else:
            left_out[unusual] += 1
    return examples, left_out


def definition(gloss: str) -> str:
    """Return what stands before a gloss's first sentence in quotes.

    >>> definition('a kind of dog; "the poodle barks"; "two poodles"  ')
    'a kind of dog'
    """
    return gloss.partition('"')[0].strip(" ;:")


def _synsets(lines: Iterable[str]) -> Iterable[tuple[str, int, str]]:
    """Yield where each synset stands, its lexicographer file's number and its gloss."""
    for number, line in enumerate(lines, start=1):
        if line.startswith("  "):
            continue
        head, bar, gloss = line.partition(" | ")
        _, _, rest = head.partition(" ")
        file = rest.partition(" ")[0]
        if not bar or not file.isdecimal():
            raise HarnessError(
                f"{FILE}:{number}: expected a place, a lexicographer file's number and ' | ' with a gloss, found "
                f"{line[:80]!r}; get WordNet anew",
            )
        yield f"{FILE}:{number}", int(file), gloss


def _data(sha256: Sequence[str], folders: Sequence[Path]) -> str:
    """Return the text of the first data.noun that is one of those; HarnessError where none is."""
    found = []
    for folder in folders:
        file = folder / FILE
        if what_is(file) == "nothing":
            continue
        try:
            with opened(file) as stream:
                raw = stream.read(LIMIT_BYTES)
        except OSError as error:
            found.append(f"{file} can't be read ({error.strerror})")
            continue
        digest = hashlib.sha256(raw).hexdigest()
        if digest in sha256:
            return raw.decode("utf-8")
        found.append(f"{file} is another (sha256 {digest})")
    places = ", ".join(map(str, folders)) or "no folder"
    there = "; ".join(found) or f"there is no {FILE} in {places}"
    raise HarnessError(f"the task needs WordNet 3.0's {FILE} (sha256 {' or '.join(sha256)}): {there}; {GET}")
