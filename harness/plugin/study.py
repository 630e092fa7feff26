"""The bench on language models: runs that are found or made, their evidence, and the judge over it."""

import importlib
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pytest

from harness.evidence.evidence import Evidence
from harness.judging.claims import MODEL, Claim, ClaimModule, load_claims
from harness.judging.judge import Judge
from harness.judging.verdicts import Verdict
from harness.progress import Progress
from harness.report.document import RunFacts
from harness.runs.runner import Runner
from harness.settings import Settings, parse_settings

BIASED = (
    "Protocol 'paper': demonstration set and learning rate were selected on the same examples that are "
    "reported. The figures are biased upwards, as the paper's are."
)


class Study:
    """Judges claims on one model and its tasks. Implements `harness.plugin.suite.Bench`."""

    def __init__(
        self, claims: Mapping[str, ClaimModule], settings: Settings, models: Path, tasks: Path, progress: Progress
    ) -> None:
        """Check settings, tasks and model, which raises a HarnessError; no weights are loaded."""
        self._runner = Runner(settings, models, tasks, progress)
        self._judge = Judge(Evidence(self._runner), claims, settings.alpha, settings.seed)
        self._progress = progress
        self.settings = settings.numbers

    def subject(self, claim: Claim) -> str:
        """Return the model's name, or the claim's own subject."""
        return self._runner.settings.model if claim.subject == MODEL else claim.subject

    def verdict(self, claim_id: str) -> Verdict:
        """Return the claim's verdict; runs are made when it needs them."""
        verdict = self._judge.verdict(claim_id)
        return replace(verdict, subject=self.subject(verdict.claim))

    def facts(self, claim: Claim) -> RunFacts:
        """Return how the run was made; a claim that is not about the model must not have it run for its report."""
        return self._of_model if claim.subject == MODEL else RunFacts({}, (), self.settings)

    @cached_property
    def _of_model(self) -> RunFacts:
        runner = self._runner
        tasks = tuple(runner.facts(task) for task in runner.settings.tasks)
        notes = (BIASED,) if runner.selection_part == "test" else ()
        return RunFacts(runner.model_facts(), tasks, self.settings, notes=notes)

    def pause(self) -> None:
        """Take the progress bar from the screen."""
        self._progress.pause()


def open_study(claims: str, config: pytest.Config, progress: Progress) -> Study:
    """Return the study of a package's claims that the command line asks for, with the catalogues of fixtures/.

    Raises HarnessError where settings, tasks or model are wrong.
    """
    catalogues = config.rootpath / "fixtures"
    modules = load_claims(importlib.import_module(claims))
    return Study(modules, settings_of(config), catalogues / "models.toml", catalogues / "tasks.toml", progress)


def settings_of(config: pytest.Config) -> Settings:
    """Return the settings that the command line gives; HarnessError where one is wrong."""
    given = {name: config.getoption(name, default=None) for name in Settings.model_fields}
    for several in ("tasks", "learning_rates"):
        if given[several] is not None:
            given[several] = tuple(part.strip() for part in str(given[several]).split(",") if part.strip())
    given["store"] = given["store"] or os.environ.get("ICL_CLAIMS_STORE") or config.rootpath / ".store"
    return parse_settings(**{name: value for name, value in given.items() if value is not None})
