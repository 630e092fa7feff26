"""The tasks' catalogue: what the file holds, and how a wrong one is refused."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

import fixtures
from harness.errors import HarnessError
from harness.packages import read_toml
from harness.tasks.catalogue import FolderSource, Wording, read_tasks

PAPER = {
    "sst2": ("Sentence: {text} Label:", "Negative Positive"),
    "sst5": ("Sentence: {text} Label:", "terrible bad neutral good great"),
    "mr": ("Review: {text} Sentiment:", "Negative Positive"),
    "subj": ("Input: {text} Type:", "objective subjective"),
    "agnews": (
        (
            "Classify the news articles into the categories of World, Sports, Business, and Technology. "
            "Article: {text} Answer:"
        ),
        "World Sports Business Technology",
    ),
    "cb": ("{premise} Question: {hypothesis}. True, False, or Neither? Answer:", "True False Neither"),
}


def test_paper_tasks_are_worded_as_the_paper_words_them() -> None:
    """Templates and answer words of the six tasks are the paper's (its section on the protocol)."""
    rows = read_tasks(fixtures.TASKS).tasks
    worded = {name: (row.template, " ".join(row.answers)) for name, row in rows.items() if row.paper_name}
    assert worded == PAPER


def test_default_tasks_need_no_folder() -> None:
    """Seven tasks come out of the package; the paper's, and multiple choice, are brought or fetched from the hub."""
    rows = read_tasks(fixtures.TASKS).tasks
    assert tuple(rows)[:8] == ("movie", "product", "tweet", "editorial", "movie5", "origin", "source", "gloss")
    brought = [name for name, row in rows.items() if isinstance(row.source, FolderSource)]
    assert brought == [*PAPER, "imdb"]
    assert list(read_tasks(fixtures.TASKS).choices) == ["arc-e", "piqa"]


@pytest.mark.parametrize(
    ("template", "answers", "complaint"),
    [
        ("Review: Sentiment:", '["a", "b"]', "must name its fields"),
        ("Review: {} x", '["a", "b"]', "must name its fields"),
        ("Review: {text!r} x", '["a", "b"]', "must name its fields"),
        ("Review: {text:>9} x", '["a", "b"]', "must name its fields"),
        ("Review: {text.x} x", '["a", "b"]', "must name its fields"),
        ("Review: {text", '["a", "b"]', "is no template"),
        ("Review: {text} ", '["a", "b"]', "white space"),
        ("Review: {label}", '["a", "b"]', "must not show the label"),
        ("Review: {text}", '["a"]', "answers: Tuple should have at least 2"),
        ("Review: {text}", '["a", "a"]', "must differ"),
        ("Review: {text}", '["a", " b"]', "white space at their ends"),
        ("Review: {text}", '["\\u00e9", "e\\u0301"]', "must differ"),
        ("{text} " * 32 + "{text}", '["a", "b"]', "33 places for a field: expected at most 32"),
        ("Review: {text:>10000000000}", '["a", "b"]', "must name its fields"),
        ("{text}" + "a" * 20_000, '["a", "b"]', "template: String should have at most 20000 characters"),
        ("Review: {text}", f'["a", "{"b" * 201}"]', "answers.1: String should have at most 200 characters"),
        ("Review: {text}", str([f"a{i}" for i in range(1001)]), "answers: Tuple should have at most 1000 items"),
    ],
)
def test_wording_that_cannot_be_shown_is_refused(tmp_path: Path, template: str, answers: str, complaint: str) -> None:
    """A template without plain fields, or answers that can't be told apart, name the file and the fault."""
    file = tmp_path / "task.toml"
    file.write_text(f'template = "{template}"\nanswers = {answers}\n')
    with pytest.raises(HarnessError, match=complaint) as caught:
        read_toml(file, TypeAdapter(Wording))
    assert str(file) in str(caught.value)


def test_fields_come_in_order_and_once() -> None:
    """A field that the template shows twice is one field."""
    assert Wording(template="{b} {a} {b}?", answers=("x", "y")).fields == ("b", "a")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('template = "Tweet', 'tempalte = "Tweet'), r"tasks.tweet.tempalte: Extra inputs"),
        (('package = "vader"', 'package = "vadr"'), "names package 'vadr'"),
        (("ratings = [[-4, -1], [1, 4]]", "ratings = [[-4, -1]]"), "as many ranges of ratings"),
        (("Tweet: {text}", "Tweet: {tweet}"), "must name {text} and no other"),
        (('file = "tweet"', 'file = "twet"'), "task 'tweet': unknown file 'twet': did you mean 'tweet'?"),
        (('[["editorial"], ["tweet"]]', '[["editorial"]]'), "2 answers need as many lists of files, found 1"),
        (('[["editorial"], ["tweet"]]', '[["editorial"], []]'), "at least 1 item"),
        (('[["editorial"], ["tweet"]]', '[["tweet"], ["tweet"]]'), "tweet can't be of two classes"),
        (('[["editorial"], ["tweet"]]', '[["editorial"], ["blog"]]'), "task 'origin': unknown file 'blog'"),
        (('"noun.plant"', '"noun.plants"'), "unknown lexicographer file 'noun.plants': did you mean 'noun.plant'?"),
        (('"noun.plant"', '"noun.animal"'), "noun.animal can't be of two classes"),
        (('"noun.plant", ', ""), "5 answers need as many lexicographer files, found 4"),
        (("Definition: {text}", "Definition: {gloss}"), "must name {text} and no other"),
    ],
)
def test_wrong_catalogue_is_refused(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    """A key that is not known, a package that is not there and a range too few are each named."""
    text = fixtures.TASKS.read_text(encoding="utf-8")
    assert change[0] in text
    file = tmp_path / "tasks.toml"
    file.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(HarnessError, match=complaint):
        read_tasks(file)
