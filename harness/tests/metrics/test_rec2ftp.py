"""Rec2FTP, held to a count case by case."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import rec2ftp

# All eight ways to be right or wrong, in the order ZSL, ICL, FT.
ZSL = np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=bool)
ICL = np.array([0, 0, 1, 1, 0, 0, 1, 1], dtype=bool)
FT = np.array([0, 1, 0, 1, 0, 1, 0, 1], dtype=bool)


def test_only_what_finetuning_corrects_counts() -> None:
    """FT corrects cases 2 (ICL wrong: 0) and 4 (ICL right: 1); the other six do not count."""
    nan = np.nan
    np.testing.assert_array_equal(rec2ftp(ZSL, ICL, FT), [nan, 0, nan, 1, nan, nan, nan, nan])


def test_nothing_corrected_is_no_ratio() -> None:
    """Where FT corrects nothing no example counts: no division takes place."""
    right = np.ones(3, dtype=bool)
    assert np.isnan(rec2ftp(right, right, right)).all()


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1))
def test_ratio_is_the_papers(cases: list[tuple[bool, bool, bool]]) -> None:
    """N[FT right, ICL right, ZSL wrong] over N[FT right, ZSL wrong], counted case by case."""
    covered = corrected = 0
    for zsl, icl, ft in cases:
        if ft and not zsl:
            corrected += 1
            if icl:
                covered += 1
    values = rec2ftp(*np.array(cases).T)
    assert (np.nansum(values), np.isfinite(values).sum()) == (covered, corrected)
