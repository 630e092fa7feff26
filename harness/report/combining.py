"""Reports that were made apart, put together: of other models, on other machines, by other versions of the suite."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace

from harness.data import JSON
from harness.errors import HarnessError
from harness.judging.claims import MODEL, MODELS, Claim
from harness.judging.reading import Level, in_reading_order, readings
from harness.judging.verdicts import Verdict
from harness.report.document import Document, RunFacts
from harness.report.together import shared, together

WORDING = frozenset({"title", "section", "because", "paper_effects", "qualifies", "on_best_sets"})
"""Fields of a claim that decide no verdict: what any other says must be the same in all reports."""
REPORTS = "reports put together"
"""The fact of the environment that says of each report what is not of all."""


def combine(documents: Mapping[str, Document], levels: Sequence[Level]) -> Document:
    """Return one document of several, by their files' names, and read it at `levels`.

    What differs and does not keep them from standing side by side is said in notes: settings, versions, machines. Of
    claims about no model, which may be in several reports, the first's verdict is kept.

    Raises:
        HarnessError: they are of other suites, of other claims under one id, at another alpha; two reports judge the
            same claim about the same model, or come to other outcomes on one about none; one name is of two models.

    """
    _require_same("title", {file: document.title for file, document in documents.items()})
    _require_same("alpha", {file: document.facts.settings.get("alpha") for file, document in documents.items()})
    _require_same_claims(documents)
    _require_same_models(documents)
    kept, notes = _verdicts(documents)
    verdicts = in_reading_order(kept)
    facts = together([document.facts for document in documents.values()])
    environment = {key: value for key, value in facts.environment.items() if key != REPORTS}
    made = [record for file, document in documents.items() for record in _records(file, document)]
    notes = [f"Put together of the reports {_listed(documents)}.", *notes, *_differences(documents)]
    first, *_ = documents.values()
    return replace(
        first,
        suite_version=", ".join(dict.fromkeys(document.suite_version for document in documents.values())),
        started=min(document.started for document in documents.values()),
        seconds=sum(document.seconds for document in documents.values()),
        facts=RunFacts(facts.models, facts.settings, {**environment, REPORTS: made}, (*facts.notes, *notes)),
        verdicts=verdicts,
        readings=readings(verdicts, levels),
        cites={letter: source for each in documents.values() for letter, source in each.cites.items()},
    )


def _require_same(what: str, values: Mapping[str, object]) -> None:
    """Raise HarnessError where two reports differ in what all verdicts rest on."""
    (first, value), *others = values.items()
    for file, other in others:
        if other != value:
            raise HarnessError(
                f"'{first}' and '{file}' can't be set side by side: {what} is {value!r} in the first and {other!r} in "
                "the second; combine reports of the same suite at the same level"
            )


def _require_same_claims(documents: Mapping[str, Document]) -> None:
    """Raise HarnessError where one id is of two claims, as where a version of the suite has changed its rule."""
    first: dict[str, tuple[str, Claim]] = {}
    for file, document in documents.items():
        for verdict in document.verdicts:
            other, claim = first.setdefault(verdict.claim.id, (file, verdict.claim))
            for entry in fields(Claim):
                one, two = getattr(claim, entry.name), getattr(verdict.claim, entry.name)
                if one != two and entry.name not in WORDING:
                    raise HarnessError(
                        f"'{other}' and '{file}' can't be set side by side: {claim.id}'s {entry.name} is {one!r} in "
                        f"the first and {two!r} in the second; judge it anew with one version of the suite"
                    )


def _require_same_models(documents: Mapping[str, Document]) -> None:
    """Raise HarnessError where one name is of two models, or one model was run with two settings."""
    first: dict[str, str] = {}
    for file, document in documents.items():
        for name, model in document.facts.models.items():
            other = first.setdefault(name, file)
            before = documents[other].facts
            pairs = [("sha256", before.models[name].model.get("sha256"), model.model.get("sha256"))]
            ran, now = before.settings_of(name), document.facts.settings_of(name)
            pairs += [(key, ran.get(key), now.get(key)) for key in {**ran, **now}]
            for what, one, two in pairs:
                if one != two:
                    raise HarnessError(
                        f"'{other}' and '{file}' can't be set side by side: both are of model '{name}', and {what} is "
                        f"{one!r} in the first and {two!r} in the second; combine runs of the same"
                    )


def _verdicts(documents: Mapping[str, Document]) -> tuple[list[Verdict], list[str]]:
    """Return the verdicts of all, and what is to be said of those of which the first alone is kept."""
    found: dict[tuple[str, str], tuple[str, Verdict]] = {}
    again: dict[tuple[str, str], list[str]] = {}
    for file, document in documents.items():
        for verdict in document.verdicts:
            other, before = found.setdefault(verdict.key, (file, verdict))
            if other == file:
                continue
            claim, subject = verdict.key
            said = f"{claim} about {subject} is in '{other}' ({before.outcome}) and in '{file}' ({verdict.outcome})"
            if verdict.claim.subject in {MODEL, MODELS}:
                raise HarnessError(f"{said}: each model's verdicts can stand in one report only; leave one of them out")
            if verdict.outcome is not before.outcome:
                raise HarnessError(f"{said}, and is about no model: which holds can't be told; leave one of them out")
            again.setdefault((other, file), []).append(claim)
    notes = [
        f"{', '.join(claims)}, about no model: the verdicts are those of {one}; {two} has the same outcomes."
        for (one, two), claims in again.items()
    ]
    return [verdict for _, verdict in found.values()], notes


def _records(file: str, document: Document) -> Iterator[JSON]:
    """Yield what is to be said of a report, or of those that it was put together of."""
    environment = document.facts.environment
    before = environment.get(REPORTS)
    if isinstance(before, list | tuple):
        yield from before
        return
    made = {"suite": document.suite_version, "started": document.started, "seconds": document.seconds}
    named = {key: environment[key] for key in ("system", "cores", "python", "command") if key in environment}
    yield {"report": file, "models": ", ".join(document.facts.models) or "none", **made, **named}


def _differences(documents: Mapping[str, Document]) -> Iterator[str]:
    """Yield in words what differs between reports: the suite's version, settings, versions and machines, tasks."""
    kinds: list[tuple[str, dict[str, JSON]]] = [
        ("suite", {file: {"version": document.suite_version} for file, document in documents.items()}),
        ("setting", {file: document.facts.settings for file, document in documents.items()}),
        ("environment", {file: _machine(document) for file, document in documents.items()}),
        ("task", {file: _tasks(document) for file, document in documents.items()}),
    ]
    for kind, by_file in kinds:
        same = shared([*by_file.values()])
        for key in dict.fromkeys(key for facts in by_file.values() for key in facts):
            given = {file: facts[key] for file, facts in by_file.items() if key in facts}
            if key in same or key == "model" or (kind == "task" and len({*map(str, given.values())}) == 1):
                continue
            said = "; ".join(f"{value} in {file}" for file, value in given.items())
            yield f"Differs between reports: {kind} {key} is {said}."


def _machine(document: Document) -> JSON:
    """Return what a number's last digits may depend on."""
    environment = document.facts.environment
    versions = environment.get("versions")
    named = {key: environment[key] for key in ("python", "system", "cores", "profile") if key in environment}
    return {**named, **versions} if isinstance(versions, Mapping) else named


def _tasks(document: Document) -> JSON:
    """Return the beginning of each task's hash: of one name, two may hold other examples."""
    tasks = (task for facts in document.facts.models.values() for task in facts.tasks)
    return {str(task.get("name")): str(task.get("sha256"))[:10] for task in tasks}


def _listed(names: Mapping[str, object]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
