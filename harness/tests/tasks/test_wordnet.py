"""Definitions to kinds of things: out of lines written here, and WordNet's own file where it is installed."""

import hashlib
import os
import re
from collections import Counter
from pathlib import Path

import pytest

import fixtures
from harness.errors import HarnessError
from harness.tasks import load_task
from harness.tasks.catalogue import WordNetSource, read_tasks
from harness.tasks.wordnet import definition, gloss_parts, read_glosses, usual_folders
from harness.tests.tiny import Project, ready

HEAD = "  1 This software and database is being provided to you, the LICENSEE | by all\n"
LINES = (
    '02084071 05 n 01 dog 0 001 @ 02083346 n 0000 | a domesticated animal that barks; "the dog barked all night"  \n'
    "12345678 20 n 01 oak 0 000 | a tree that bears acorns and lives for centuries  \n"
    "09999999 18 n 01 baker 0 000 | someone who bakes bread for others | and cake  \n"
    "08888888 15 n 01 port 0 000 | a place on a coast where ships can shelter  \n"
    "07777777 13 n 01 bread 0 000 | something baked of flour, water and yeast  \n"
    "06666666 06 n 01 spade 0 000 | a tool for digging that has a long handle  \n"
)
UNUSUAL = "of fewer than 25 or more than 120 characters"


def source(*sha256: str) -> WordNetSource:
    """Return the catalogue's own source, for other files where hashes are given."""
    found = read_tasks(fixtures.TASKS).tasks["gloss"].source
    assert isinstance(found, WordNetSource)
    return found.model_copy(update={"sha256": sha256}) if sha256 else found


def line(gloss: str, file: str = "05") -> str:
    """Return a synset's line."""
    return f"00000001 {file} n 01 thing 0 000 | {gloss}  \n"


def written(folder: Path, text: str) -> str:
    """Write the folder's data.noun; return its sha256."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.noun").write_text(text, encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()


def many(mark: str) -> str:
    """Return lines of 40 glosses of animals and of 50 of each other kind."""
    numbers = {"05": 40, "20": 50, "18": 50, "15": 50, "13": 50}
    return "".join(line(f"{mark} of kind {file}, the {i}th one", file) for file, n in numbers.items() for i in range(n))


def test_gloss_has_the_kind_of_its_lexicographer_file() -> None:
    """Files 05, 20, 18, 15 and 13 are animals, plants, persons, locations and food; of 06, artifacts, none is taken."""
    examples, left_out = read_glosses(HEAD + LINES, source())
    answers = read_tasks(fixtures.TASKS).tasks["gloss"].answers
    assert [(answers[e.label], e.texts["text"], e.place) for e in examples] == [
        ("Animal", "a domesticated animal that barks", "data.noun:2"),
        ("Plant", "a tree that bears acorns and lives for centuries", "data.noun:3"),
        ("Person", "someone who bakes bread for others | and cake", "data.noun:4"),
        ("Place", "a place on a coast where ships can shelter", "data.noun:5"),
        ("Food", "something baked of flour, water and yeast", "data.noun:6"),
    ]
    assert left_out == {"of kinds that no answer names": 1}


@pytest.mark.parametrize(
    ("gloss", "alone"),
    [
        ("a kind of dog  ", "a kind of dog"),
        ('a kind of dog; "the dog barked"', "a kind of dog"),
        ('a kind of dog; of Asia; "one"; "two; and more"  ', "a kind of dog; of Asia"),
        ("female of cattle: \"`moo-cow' is a child's term\"", "female of cattle"),
        ('"only a sentence"', ""),
    ],
)
def test_definition_is_what_stands_before_the_first_sentence_in_quotes(gloss: str, alone: str) -> None:
    """A definition keeps its own semicolons, and loses those that lead to the sentences."""
    assert definition(gloss) == alone


def test_lengths_at_the_bounds_are_taken_and_others_counted() -> None:
    """25 and 120 characters are; 24 and 121 are not, nor is one that only its example makes long enough."""
    glosses = [*("a" * n for n in (24, 25, 120, 121)), f'short; "{"a" * 40}"']
    examples, left_out = read_glosses("".join(map(line, glosses)), source())
    assert [len(e.texts["text"]) for e in examples] == [25, 120]
    assert left_out == {UNUSUAL: 3}


@pytest.mark.parametrize("wrong", ["00000001 05 n 01 dog 0 000 a gloss", "00000001 n 05 | a gloss", "", "| "])
def test_line_that_is_no_synset_is_named(wrong: str) -> None:
    """A line without its bar or its file's number is named by its own number."""
    with pytest.raises(HarnessError, match=r"data\.noun:2: expected a place, a lexicographer file's number and"):
        read_glosses(f"{line('a dog')}{wrong}\n{line('a cat')}", source())


def test_kinds_are_equal_in_each_part_and_the_rest_counted(tmp_path: Path) -> None:
    """Of 40 animals and 50 of each other kind, each part holds as many of either; all 242 lines are accounted for."""
    text = many("a thing") + line("a tool for digging", "06") + line("a dog")
    parts = gloss_parts(source(written(tmp_path, text)), [tmp_path])
    for part in (parts.pool, parts.dev, parts.test):
        counts = Counter(e.label for e in part)
        assert len(counts) == 5
        assert len(set(counts.values())) == 1
    used = sum(map(len, (parts.pool, parts.dev, parts.test)))
    assert used + sum(left.rows for left in parts.left_out) == 242
    assert [str(left) for left in parts.left_out[:2]] == [
        "1 of data (of kinds that no answer names)",
        f"1 of data ({UNUSUAL})",
    ]


def test_first_folder_with_the_right_file_is_read(tmp_path: Path) -> None:
    """A folder with nothing, one with another file and one with a folder in its place are passed over."""
    nothing, other, strange, right = folders = [tmp_path / name for name in ("nothing", "other", "strange", "right")]
    written(other, many("another thing"))
    (strange / "data.noun").mkdir(parents=True)
    sha256 = written(right, many("a thing"))
    parts = gloss_parts(source("0" * 64, sha256), folders)
    assert {e.texts["text"].split(" of")[0] for e in parts.test} == {"a thing"}
    assert not nothing.exists()


def test_file_of_another_hash_is_refused_with_how_to_get_the_right_one(tmp_path: Path) -> None:
    """A changed file, and a FIFO, which nothing waits for, are said with what was expected."""
    sha256, right = written(tmp_path / "other", many("another thing")), "a" * 64
    (tmp_path / "fifo").mkdir()
    os.mkfifo(tmp_path / "fifo" / "data.noun")
    with pytest.raises(HarnessError) as caught:
        gloss_parts(source(right), [tmp_path / "other", tmp_path / "fifo"])
    message = str(caught.value)
    assert message.startswith(f"the task needs WordNet 3.0's data.noun (sha256 {right}): ")
    assert f"{tmp_path}/other/data.noun is another (sha256 {sha256})" in message
    assert f"{tmp_path}/fifo/data.noun can't be read (a FIFO, expected a regular file)" in message
    assert "'apt-get install wordnet-base'" in message


def test_nothing_anywhere_says_where_it_was_looked_for(tmp_path: Path) -> None:
    """With a folder that holds nothing, and with none at all."""
    with pytest.raises(HarnessError, match=rf"there is no data\.noun in {re.escape(str(tmp_path))}; get it with"):
        gloss_parts(source(), [tmp_path])
    with pytest.raises(HarnessError, match=r"there is no data\.noun in no folder; get it with"):
        gloss_parts(source(), [])


def test_usual_folders_are_nltks_and_the_systems() -> None:
    """NLTK_DATA's come first, then that of HOME, then Debian's, Homebrew's and NLTK's for all users."""
    found = usual_folders({"NLTK_DATA": os.pathsep.join(["/a", "/b"]), "HOME": "/home/me"})
    assert [*map(str, found[:4])] == [
        "/a/corpora/wordnet",
        "/b/corpora/wordnet",
        "/home/me/nltk_data/corpora/wordnet",
        "/usr/share/wordnet",
    ]
    assert {"/opt/homebrew/opt/wordnet/dict", "/usr/share/nltk_data/corpora/wordnet"} <= {*map(str, found)}
    assert usual_folders({"NLTK_DATA": ""}) == found[3:]


def test_wordnet_is_missed_before_anything_runs(project: Project, tmp_path: Path) -> None:
    """The folder that is named is the one that is looked into, and no weights are loaded for what it lacks."""
    (tmp_path / "empty").mkdir()
    settings = project.settings(tmp_path / "store", tasks=("toy", "gloss"), wordnet=tmp_path / "empty")
    with pytest.raises(HarnessError, match=rf"there is no data\.noun in {re.escape(str(tmp_path))}/empty; get it"):
        ready(settings)
    assert not (tmp_path / "store" / "runs").exists()


def test_real_glosses_are_an_example_or_counted(wordnet: Path) -> None:
    """WordNet 3.0 has 82,115 synsets of nouns. No example holds a sentence in quotes, and kinds are equal."""
    task = load_task("gloss", catalogue=fixtures.TASKS, fetched=wordnet, wordnet=[wordnet])
    parts = (task.demonstration_pool, task.dev, task.test)
    texts = [e.texts["text"] for part in parts for e in part]
    assert len(texts) + sum(left.rows for left in task.left_out) == 82115
    assert not [text for text in texts if '"' in text or not 25 <= len(text) <= 120]
    assert [set(Counter(e.label for e in part).values()) for part in parts] == [{931}, {454}, {921}]


def test_real_glosses_are_the_same_whoever_built_the_file(wordnet: Path) -> None:
    """Princeton's data.noun and Debian's both give these examples, and so the same keys of runs."""
    task = load_task("gloss", catalogue=fixtures.TASKS, fetched=wordnet, wordnet=[wordnet])
    shown = "".join(e.content_hash for part in (task.demonstration_pool, task.dev, task.test) for e in part)
    assert hashlib.sha256(shown.encode()).hexdigest()[:16] == "d7a96f1599c7e18a"
    found = read_glosses((wordnet / "data.noun").read_text(encoding="utf-8"), source())[0]
    assert Counter(e.label for e in found) == {0: 5276, 1: 6038, 2: 9225, 3: 2695, 4: 2308}
