"""The catalogue: what the two files hold, and how a wrong one is refused."""

import hashlib
from pathlib import Path

import pytest
from pydantic import TypeAdapter

import fixtures
from harness.errors import HarnessError
from harness.models.catalogue import GgufModel, gguf_file, model_row
from harness.packages import read_toml
from harness.tasks.catalogue import FolderSource, Wording, read_tasks, task_names

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
    """Five tasks come out of the package; the paper's six are brought or fetched from the hub."""
    rows = read_tasks(fixtures.TASKS).tasks
    assert task_names(fixtures.TASKS)[:5] == ("movie", "product", "tweet", "editorial", "movie5")
    brought = [name for name, row in rows.items() if isinstance(row.source, FolderSource)]
    assert brought == list(PAPER)


def test_models_separate_demonstrations_as_they_were_trained() -> None:
    """The paper's models take </s> between demonstrations, having no newline token; others a newline."""
    rows = [model_row(name, fixtures.MODELS) for name in ("smollm2-135m-instruct", "fairseq-dense-1.3b")]
    assert [(row.start_token, row.separator) for row in rows] == [("<|endoftext|>", "\n"), ("</s>", "</s>")]


def test_unknown_model_is_answered_with_the_nearest() -> None:
    """A misspelt name gets the one that was meant, and all others."""
    with pytest.raises(HarnessError, match=r"unknown model 'smollm2': .*Known: fairseq-dense-1.3b, fairseq"):
        model_row("smollm2", fixtures.MODELS)
    with pytest.raises(HarnessError, match=r"did you mean 'fairseq-dense-2.7b'\?"):
        model_row("fairseq-dense-2.7", fixtures.MODELS)


def test_real_weights_are_the_pinned_ones(fetched: Path) -> None:
    """The GGUF file that comes out of the package has the size and hash that the catalogue says."""
    row = model_row("smollm2-135m-instruct", fixtures.MODELS)
    assert isinstance(row, GgufModel)
    file = gguf_file(row, fetched)
    assert file.stat().st_size == row.member_bytes
    assert hashlib.sha256(file.read_bytes()).hexdigest() == row.member_sha256


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
        (("[tasks.tweet]", "[tasks.tweet"), "can't read"),
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


def test_missing_catalogue_is_named(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(HarnessError, match=r"can't read .*none\.toml"):
        read_tasks(tmp_path / "none.toml")
