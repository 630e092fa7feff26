"""The paper's claims, one a file: statement, prediction, decision rule, negative control. No helpers."""

from functools import partial

from claims.levels import LEVELS
from harness.plugin.study import open_study
from harness.plugin.suite import Suite

SUITE = Suite(
    title="Why Can GPT Learn In-Context?",
    lead="Claims of a paper, tested",
    cites={"C": "the paper"},
    levels=LEVELS,
    open=partial(open_study, __name__),
)
