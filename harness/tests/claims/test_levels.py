"""The paper's levels."""

from claims.levels import LEVELS


def test_levels_are_the_papers_three() -> None:
    """In its order, with all four of its claims of likeness between them, read as the paper states them."""
    assert [level.name for level in LEVELS] == ["Prediction", "Representation", "Attention"]
    assert [claim for level in LEVELS for claim in level.claims] == ["C10", "C11", "C12", "C13"]
    assert {level.stated for level in LEVELS} == {"as the paper states it"}
