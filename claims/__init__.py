"""The paper's claims, one a file: statement, prediction, decision rule, negative control. No helpers."""

import fixtures
from claims.levels import LEVELS
from harness.plugin.study import study_suite

SUITE = study_suite(
    __name__,
    models=fixtures.MODELS,
    tasks=fixtures.TASKS,
    profiles=fixtures.PROFILES,
    store=fixtures.STORE,
    title="Why Can GPT Learn In-Context?",
    lead="Claims of a paper, tested",
    cites={"C": "the paper"},
    levels=LEVELS,
)
