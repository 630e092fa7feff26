"""Whether anything was learned: counted by hand, and held to what the counts mean."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.runs.learning import Learning, learning_of
from harness.store import Entry

GOLD = (0, 1, 1, 0, 1)


def answered(*answers: int, gold: tuple[int, ...] = GOLD) -> Entry:
    """Return what an `AccuracyRun` keeps of these answers to two-way queries."""
    logits = np.eye(2, dtype=np.float32)[list(answers)]
    right = float(np.mean(np.array(answers) == gold))
    return Entry({"label_logits": logits, "gold": np.array(gold)}, {"accuracy": right, "diverged_at": None})


def test_counts_by_hand() -> None:
    """ZSL is right on the first two of five; ICL corrects all others; FT corrects one and breaks both."""
    found = learning_of(answered(0, 1, 0, 1, 0), answered(0, 1, 1, 0, 1), answered(1, 0, 1, 1, 0))
    assert found == Learning(
        number=5, zsl=0.4, icl=1.0, ft=0.2, icl_corrected=3, icl_broke=0, ft_corrected=1, ft_broke=2
    )


ANSWERS = st.lists(st.tuples(*[st.integers(0, 1)] * 4), min_size=1, max_size=20)


@given(ANSWERS)
def test_what_is_gained_less_what_is_lost_is_the_difference(rows: list[tuple[int, int, int, int]]) -> None:
    """Corrected - broke = N (share - share of ZSL) of either setting, and no query is in both."""
    gold, *answers = zip(*rows, strict=True)
    found = learning_of(*(answered(*of, gold=gold) for of in answers))
    for share, corrected, broke in (
        (found.icl, found.icl_corrected, found.icl_broke),
        (found.ft, found.ft_corrected, found.ft_broke),
    ):
        assert corrected - broke == pytest.approx(found.number * (share - found.zsl))
        assert corrected + broke <= found.number


def test_shares_are_the_accuracies_that_are_kept() -> None:
    """Worked out of the answers, they are what the runs' facts say."""
    entries = answered(0, 0, 0, 0, 0), answered(1, 1, 1, 1, 1), answered(0, 1, 1, 0, 1)
    found = learning_of(*entries)
    assert [found.zsl, found.icl, found.ft] == [entry.facts["accuracy"] for entry in entries]


def test_finetuning_that_diverged_is_one_error() -> None:
    """It has no answers, and the error says what to give."""
    diverged = Entry({}, {"accuracy": None, "diverged_at": 3})
    with pytest.raises(HarnessError, match=r"finetuning diverged .*--learning-rates"):
        learning_of(answered(0, 1, 0, 1, 0), answered(0, 1, 0, 1, 0), diverged)


def test_other_queries_are_refused() -> None:
    """Answers of one part of the task say nothing beside those of another."""
    own, other = answered(0, 1, 0, 1, 0), answered(0, 1, 0, 1, 0, gold=(1, 0, 0, 1, 0))
    shorter = replace(own, tensors={name: array[:4] for name, array in own.tensors.items()})
    for found in (other, shorter):
        for entries in ((found, own, own), (own, found, own), (own, own, found)):
            with pytest.raises(ValueError, match="not the same"):
                learning_of(*entries)
