"""The hub: what can be told without a network."""

import importlib.util

import pytest

from harness.errors import HarnessError
from harness.tasks.catalogue import HubSource, Wording
from harness.tasks.hub import read_hub, renamed
from harness.tasks.rows import Labelled, labelled_examples, split_labelled

SENTENCES = HubSource(id="sst2", fields={"text": "sentence"})
WORDING = Wording(template="Sentence: {text} Label:", answers=("Negative", "Positive"))


def test_columns_come_under_our_names() -> None:
    """A column that the catalogue maps to 'text' is the text, even beside another that bears that name."""
    rows = [{"text": "no. 1", "sentence": "dull", "label": 0}, {"sentence": "fun", "label": 1}]
    examples = labelled_examples(renamed(rows, SENTENCES, "sst2"), WORDING, "sst2").examples
    assert [(example.texts["text"], example.label) for example in examples] == [("dull", 0), ("fun", 1)]


def test_unlabelled_part_is_named_by_row() -> None:
    """A hub's test part with labels of -1 is refused at its first row, not read as a class."""
    rows = [{"sentence": "dull", "label": -1}]
    found = labelled_examples(renamed(rows, SENTENCES, "test"), WORDING, "sst2")
    with pytest.raises(HarnessError, match=r"^sst2: a row can't be used: split test, row 0: unknown label -1"):
        split_labelled({"train": found, "test": Labelled("test")}, WORDING, "sst2", skip=False)


@pytest.mark.skipif(importlib.util.find_spec("datasets") is not None, reason="datasets is installed")
def test_missing_library_says_what_to_install() -> None:
    """Without the datasets package the error is the command that brings it."""
    with pytest.raises(HarnessError, match=r"pip install 'icl-claims\[hub\]'"):
        read_hub(HubSource(id="stanfordnlp/sst2"), WORDING)
