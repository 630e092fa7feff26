"""The bench on a language model: a plan of what claims ask for is run, then they are measured and judged."""

import importlib
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from harness.drafts import PlaceWarning
from harness.engines.plan import run_plan, stated
from harness.errors import HarnessError
from harness.evidence.evidence import Evidence
from harness.evidence.questions import HowItRan, Learned, Question
from harness.evidence.sources import open_sources
from harness.evidence.without import Without
from harness.judging.claims import MODEL, MODELS, Claim, ClaimModule, load_claims
from harness.judging.judge import judge
from harness.judging.measure import left_out, measure_all
from harness.judging.verdicts import Verdict
from harness.models.source import source_facts
from harness.plugin.models import cases_said, require_different
from harness.plugin.profiles import profile_named, require_there, settings_with
from harness.plugin.several import Several
from harness.plugin.suite import Suite
from harness.progress import Progress
from harness.report.document import ModelFacts, RunFacts
from harness.runs import loaded
from harness.runs.facts import chaos_notes, elsewhere_notes, task_facts
from harness.runs.run import Run
from harness.runs.steadiness import steadiness_of
from harness.settings import Protocol, Settings

BIASED = (
    "Protocol 'paper': demonstration set and learning rate were selected on the same examples that are "
    "reported. The figures are biased upwards, as the paper's are."
)


class Turns:
    """Whose turn it is among the models of a session: the one before lets go of what it holds in memory."""

    def __init__(self) -> None:
        self._last: Study | None = None

    def take(self, study: "Study") -> None:
        """Have the model before let go, if it is another."""
        if self._last is not None and self._last is not study:
            self._last.let_go()
        self._last = study


class Study:
    """Judges claims on one model and its tasks. Implements `harness.plugin.suite.Bench`."""

    def __init__(
        self,
        claims: Mapping[str, ClaimModule],
        settings: Settings,
        models: Path,
        tasks: Path,
        progress: Progress,
        turns: Turns | None = None,
    ) -> None:
        """Check settings, tasks and model, which raises a HarnessError; no weights are loaded.

        `turns`: those that it shares memory with, where several models are run in a session.
        """
        self.sources = open_sources(settings, models, tasks)
        self.settings = settings.numbers
        self._claims = claims
        self._evidence = Evidence(self.sources)
        self._progress = progress
        self._turns = turns or Turns()
        self._verdicts: dict[str, Verdict] = {}
        self._expected: Sequence[str] = ()
        self._was_run: set[str] = set()
        self._stopped: dict[str, HarnessError] = {}
        """By a claim's subject, what keeps those not yet judged about it from being judged."""

    def ready(self) -> None:
        """Load the model once and let go of it, where the store lacks runs of it; HarnessError where it can't be run.

        What only loading shows of a model is then known before another one has been run for hours. That finished runs
        leave nothing to go on with (finetuning diverged) is its claims' to say, and keeps no other model from its turn.
        """
        sources, experiment = self.sources, self.sources.experiment
        try:
            ahead = stated((HowItRan(),), sources)
        except HarnessError:
            return
        if any(isinstance(record, Run) for wave in ahead for record in wave):
            self._progress.begin(f"trying {experiment.model.name}")
            try:
                experiment.check_prompts(sources.store)
                settings = experiment.settings
                loaded.load_trained(experiment.model, sources.store.root, settings.device, settings.dtype)
            finally:
                self._progress.pause()
            self.let_go()

    def let_go(self) -> None:
        """Free what it holds in memory: the model, and the answers that it has read."""
        self._evidence = Evidence(self.sources)
        loaded.let_go()

    def subject(self, claim: Claim) -> str:
        """Return the model's name, or the claim's own subject."""
        return self.sources.experiment.model.name if claim.subject == MODEL else claim.subject

    def verdict(self, claim_id: str) -> Verdict:
        """Return the claim's verdict: what its family asks for is run first, where the store lacks it.

        Verdicts are corrected over the whole family within a subject, whichever of its claims were selected. Where a
        run is given up with a HarnessError, every later family about the same subject is given up with it, and no run
        of it is tried again.
        """
        self._turns.take(self)
        if claim_id not in self._verdicts:
            subject = self._claims[claim_id].claim.subject
            if subject in self._stopped:
                raise self._stopped[subject]
            self._run_expected()
            try:
                self._find(self._alike(claim_id))
            except HarnessError as error:
                self._stopped[subject] = error
                raise
        return self._verdicts[claim_id]

    def expect(self, claim_ids: Collection[str]) -> None:
        """Have what all these claims need run before the first of them is judged, side by side."""
        self._expected = tuple(dict.fromkeys(alike for each in claim_ids for alike in self._alike(each)))

    def compute(self) -> None:
        """Run what all claims need, and judge none of them; raises whatever keeps a record from being computed."""
        self._turns.take(self)
        self._run([*self._claims])

    def _run_expected(self) -> None:
        """Run it, once. What goes wrong is met again, and said, by the claim that it concerns, and stops no other."""
        expected, self._expected = self._expected, ()
        with suppress(Exception):
            if expected:
                self._run(expected)

    def _find(self, family: Sequence[str]) -> None:
        """Judge the claims of a family, and run first what they need and nobody ran."""
        if not self._was_run.issuperset(family):
            self._run(family)
        self._judge(family)

    def _alike(self, claim_id: str) -> list[str]:
        """Return the claims of the same family and subject, the claim among them."""
        asked = self._claims[claim_id].claim
        alike = (asked.family, asked.subject)
        return [each for each, of in self._claims.items() if (of.claim.family, of.claim.subject) == alike]

    def answer(self, claim_ids: Sequence[str]) -> None:
        """Run what claims ask for, where the store lacks it: the model before lets go of what it holds."""
        self._turns.take(self)
        self._run(claim_ids)

    def _judge(self, claim_ids: Sequence[str]) -> None:
        settings = self.sources.experiment.settings
        measured = measure_all([self._claims[each] for each in claim_ids], self._evidence)
        rule = {"alpha": settings.alpha, "seed": settings.seed, "simulations": settings.simulations}
        for claim_id, verdict in judge(measured, self.sources.store, **rule).items():  # type: ignore[arg-type]
            self._verdicts[claim_id] = replace(verdict, subject=self.subject(verdict.claim))

    def _run(self, claim_ids: Sequence[str]) -> None:
        """Run what claims ask for: first whether tasks were learned, then nothing on those that claims leave out.

        Claims that presuppose nothing do not wait for that. How it was run is said of all tasks.
        """
        modules = [self._claims[each] for each in claim_ids]
        presuming = [module for module in modules if module.claim.presumes]
        shown = [HowItRan()] if any(m.claim.subject in {MODEL, MODELS} for m in modules) else []
        at_once = [question for module in modules if not module.claim.presumes for question in module.asks]
        run_plan([*([Learned()] if presuming else []), *shown, *at_once], self.sources, self._progress)
        if presuming:
            run_plan(list(self._where_learned(presuming)), self.sources, self._progress)
        self._was_run |= {*claim_ids}

    def _where_learned(self, modules: Sequence[ClaimModule]) -> Iterator[Question]:
        """Yield what claims ask for of the tasks on which what each presupposes holds."""
        for presumed in dict.fromkeys(module.claim.presumes for module in modules):
            asking = [module for module in modules if module.claim.presumes == presumed]
            unlearned = frozenset(left_out(asking[0].claim, self._evidence))
            yield from (Without(question, unlearned) for module in asking for question in module.asks)

    def facts(self, claim: Claim) -> RunFacts:
        """Return how the run was made; a claim that is not about the model must not have it run for its report."""
        return self.of_model if claim.subject == MODEL else RunFacts({}, self.settings, self._profile)

    @property
    def _profile(self) -> Mapping[str, str]:
        return {"profile": self.sources.experiment.settings.profile}

    @cached_property
    def of_model(self) -> RunFacts:
        """How the model's runs were made, which the store has."""
        experiment, store = self.sources.experiment, self.sources.store
        how = HowItRan()
        made = {task: store.read(record).facts for task, record in how.records(self.sources).items()}
        laid_out = {task: store.read(record).facts for task, record in how.layouts(self.sources).items()}
        tasks = tuple(
            task_facts(experiment, task, self.sources.selection(task), made[task], laid_out[task]) for task in made
        )
        notes: tuple[str, ...] = (BIASED,) if experiment.settings.protocol is Protocol.PAPER else ()
        for task, runs in how.other_sets(self.sources).items():
            others = {candidate: steadiness_of(store.read(run)) for candidate, run in runs.items()}
            notes += chaos_notes(task, self.sources.selection(task), others)
        for runs_of_task in how.runs(self.sources).values():
            notes += elsewhere_notes(runs_of_task, store)
        model = source_facts(experiment.model, experiment.settings.store)
        return RunFacts({experiment.model.name: ModelFacts(model, tasks, notes)}, self.settings, self._profile)

    def pause(self) -> None:
        """Take the progress bar from the screen."""
        self._progress.pause()


def study_suite(claims: str, models: Path, tasks: Path, profiles: Path, store: Path, **said: Any) -> Suite:
    """Return the suite of a package's claims about language models, with its catalogues and its store by default.

    What else is said of it goes to `Suite` as it is.
    """

    def opened(config: pytest.Config, progress: Progress) -> Mapping[str, Study]:
        named = models_of(config, profiles)
        settings = {case: settings_of(config, profiles, store, model) for case, model in named.items()}
        return open_studies(load_claims(importlib.import_module(claims)), settings, models, tasks, progress)

    return Suite(
        open=opened,
        together=lambda benches: Several(
            load_claims(importlib.import_module(claims)), [each for each in benches.values() if isinstance(each, Study)]
        ),
        cases=lambda config: tuple(models_of(config, profiles)),
        kept=lambda config: settings_of(config, profiles, store).store,
        **said,
    )


def open_studies(
    claims: Mapping[str, ClaimModule], settings: Mapping[str, Settings], models: Path, tasks: Path, progress: Progress
) -> Mapping[str, Study]:
    """Return the studies of one session, each with the settings of its case; no weights are loaded.

    HarnessError where settings, tasks or a model can't be used, or two models are one.
    """
    require_there(next(iter(settings.values())))
    turns = Turns()
    with warnings.catch_warnings():
        warnings.simplefilter("default", PlaceWarning)  # said, whatever filters hold while tests are gathered
        found = {case: Study(claims, of, models, tasks, progress, turns) for case, of in settings.items()}
    require_different({settings[case].model: of.sources.experiment.model.fingerprint for case, of in found.items()})
    return found


def compute_all(
    claims: Mapping[str, ClaimModule], settings: Mapping[str, Settings], models: Path, tasks: Path, progress: Progress
) -> Iterator[str]:
    """Run what claims need of each model, judge nothing, and yield a line of each; raises as `open_studies`."""
    for case, study in open_studies(claims, settings, models, tasks, progress).items():
        try:
            study.compute()
        finally:
            progress.pause()
        yield f"{settings[case].model}: all that {len(claims)} claims need is in '{settings[case].store}'"


def models_of(config: pytest.Config, profiles: Path) -> Mapping[str, str]:
    """Return the models that the command line names, or else its profile, by what their cases are called.

    HarnessError where two are called the same, a file of models can't be read, or there is none.
    """
    given = {name: config.getoption(name, default=None) for name in ("model", "models_file", "profile")}
    return cases_said(given, profile_named(profiles, given["profile"]))


def settings_of(config: pytest.Config, profiles: Path, store: Path, model: str | None = None) -> Settings:
    """Return the settings that the command line gives, and for the rest its profile's; `store` where none is given.

    They are of the named model, or of the first. Raises HarnessError where one is wrong.
    """
    given = {name: config.getoption(name, default=None) for name in Settings.model_fields}
    given["model"] = next(iter(models_of(config, profiles).values())) if model is None else model
    return settings_with(given, profiles, store)
