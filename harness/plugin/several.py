"""The bench on all models of a session together: what is found of each is measured and judged once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from harness.evidence.sized import sized_model
from harness.evidence.sources import Sources
from harness.judging.claims import Claim, ClaimModule, Measured
from harness.judging.judge import judge
from harness.judging.measure import measure_of_models
from harness.judging.verdicts import Verdict
from harness.plugin.suite import Bench
from harness.report.document import RunFacts
from harness.report.together import together


class OfOne(Bench, Protocol):
    """The bench of one model among them."""

    sources: Sources

    def answer(self, claim_ids: Sequence[str]) -> None:
        """Run what claims ask for, where the store lacks it."""

    @property
    def of_model(self) -> RunFacts:
        """How the model's runs were made, which the store has."""


class Several:
    """Judges claims about the models of a session together. Implements `harness.plugin.suite.Bench`."""

    def __init__(self, claims: Mapping[str, ClaimModule], studies: Sequence[OfOne]) -> None:
        """`studies`: the bench of each model, in the order in which they are run; one or more, on the same tasks."""
        self._claims = claims
        self._studies = studies
        self._verdicts: dict[str, Verdict] = {}

    @property
    def settings(self) -> Mapping[str, object]:
        """Those that all share, with the models' names; of one model, its own."""
        return together([RunFacts({}, study.settings) for study in self._studies]).settings

    def ready(self) -> None:
        """Find out of each model whether it can be run."""
        for study in self._studies:
            study.ready()

    def expect(self, claim_ids: Collection[str]) -> None:
        """Nothing: what is needed of each model is run with what its own claims need, or when the first is judged."""

    def subject(self, _claim: Claim) -> str:
        """Return the models' names, in alphabetical order: another session of the same models is about the same."""
        return ", ".join(sorted(study.sources.experiment.model.name for study in self._studies))

    def verdict(self, claim_id: str) -> Verdict:
        """Return the claim's verdict: what its family asks for is run first, model by model, where the store lacks it.

        Of one model nothing is run.
        """
        if claim_id not in self._verdicts:
            asked = self._claims[claim_id].claim
            alike = (asked.family, asked.subject)
            self._judge([m for m in self._claims.values() if (m.claim.family, m.claim.subject) == alike])
        return self._verdicts[claim_id]

    def _judge(self, modules: list[ClaimModule]) -> None:
        sources = self._studies[0].sources
        settings = sources.experiment.settings
        measured = dict(zip([module.claim for module in modules], self._measured(modules), strict=True))
        rule = {"alpha": settings.alpha, "seed": settings.seed, "simulations": settings.simulations}
        for claim_id, verdict in judge(measured, sources.store, **rule).items():  # type: ignore[arg-type]
            self._verdicts[claim_id] = replace(verdict, subject=self.subject(verdict.claim))

    def _measured(self, modules: list[ClaimModule]) -> list[Measured]:
        if len(self._studies) == 1:
            alone = f"one model ran ({self.subject(modules[0].claim)}), and this is about several: --model A,B"
            return [Measured(untestable=alone) for _ in modules]
        for study in self._studies:
            study.answer([module.claim.id for module in modules])
        models = [sized_model(study.sources) for study in self._studies]
        return [measure_of_models(module, models) for module in modules]

    def facts(self, claim: Claim) -> RunFacts:
        """Return how the runs of all models were made; of one model, of which none is needed, its settings alone."""
        first, *others = self._studies
        return together([study.of_model for study in self._studies]) if others else first.facts(claim)

    def pause(self) -> None:
        """Take the progress bar from the screen: there is one for all."""
        self._studies[0].pause()
