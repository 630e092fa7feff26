"""The paper's levels."""

import re

import claims
from claims.levels import LEVELS
from harness.judging.claims import load_claims
from harness.statistics.results import Outcome


def test_levels_are_the_papers_three() -> None:
    """In its order, with all four of its claims of likeness between them, read as the paper states them."""
    assert [level.name for level in LEVELS] == ["Prediction", "Representation", "Attention"]
    assert [claim for level in LEVELS for claim in level.claims] == ["C10", "C11", "C12", "C13"]
    assert {level.stated for level in LEVELS} == {"as the paper states it"}


def test_every_level_has_plain_words_for_every_outcome() -> None:
    """One sentence each, no two alike, with neither ids nor abbreviations nor names of measures in them."""
    said = [sentence for level in LEVELS for sentence in level.plain.values()]
    assert all(level.plain.keys() == {*Outcome} - {Outcome.ERROR} for level in LEVELS)
    assert len(set(said)) == len(said) == 18
    for sentence in said:
        assert re.fullmatch(r"[A-Z][^.]*\.", sentence)
        words = set(re.findall(r"\w+", sentence))
        assert not words & {
            *load_claims(claims),
            "cosine",
            "tau",
            "SimAOU",
            "SimAM",
            "Rec2FTP",
            "attention",
            "gradient",
        }
        assert not [word for word in words if len(word) > 1 and word.isupper()]
