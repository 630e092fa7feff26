"""A made-up run of two models: what the first came to, and a second that comes to other things."""

from dataclasses import replace

from harness.judging.verdicts import Verdict
from harness.report.document import Document, ModelFacts
from harness.report.together import together
from harness.statistics.results import Outcome

OTHER = "owners/large-1B"
SETTINGS = {"alpha": 0.05, "queries": 40}


def of_model(document: Document, model: str, **outcomes: Outcome) -> Document:
    """Return the made-up run as one of this model; its claims came to these outcomes, the others to their own."""
    (facts,) = document.facts.models.values()
    named = {model: ModelFacts({**facts.model, "name": model, "sha256": model}, facts.tasks, facts.notes)}
    run = replace(document.facts, models=named, settings={**SETTINGS, **document.facts.settings, "model": model})
    readings = tuple(replace(reading, subject=model) for reading in document.readings)
    verdicts = tuple(_about(verdict, model, outcomes.get(verdict.claim.id)) for verdict in document.verdicts)
    return replace(document, facts=run, verdicts=verdicts, readings=readings)


def _about(verdict: Verdict, model: str, outcome: Outcome | None) -> Verdict:
    if outcome is None:
        return replace(verdict, subject=model)
    effects = (replace(part.estimate, effect=-part.estimate.effect) for part in verdict.parts)
    parts = tuple(
        replace(part, outcome=outcome, estimate=estimate) for part, estimate in zip(verdict.parts, effects, strict=True)
    )
    return replace(verdict, subject=model, outcome=outcome, parts=parts)


def both(document: Document) -> Document:
    """Return a run of both: on the second C1 is refuted, C2 supported, and C12 was not judged."""
    first = of_model(document, "tiny-135M")
    second = of_model(document, OTHER, C1=Outcome.REFUTED, C2=Outcome.SUPPORTED)
    verdicts = [verdict for pair in zip(first.verdicts, second.verdicts, strict=True) for verdict in pair]
    kept = tuple(verdict for verdict in verdicts if verdict.key != ("C12", OTHER))
    facts = together([first.facts, second.facts])
    return replace(first, facts=facts, verdicts=kept, readings=(*first.readings, *second.readings))
