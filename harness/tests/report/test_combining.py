"""Reports that were made apart, put together, or refused by what keeps them from standing side by side."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from claims.levels import LEVELS
from harness.errors import HarnessError
from harness.judging.expectation import expectation_of
from harness.judging.reading import readings
from harness.report.combining import REPORTS, combine
from harness.report.document import Document
from harness.report.json_form import from_json, to_json
from harness.statistics.results import Outcome
from harness.tests.report.two_models import OTHER, both, of_model


@pytest.fixture(scope="module")
def apart(document: Document) -> dict[str, Document]:
    """Return a run of one model, and one of another: a year later, on another machine, by another version."""
    first, second = of_model(document, "tiny-135M"), of_model(document, OTHER, C1=Outcome.REFUTED, C2=Outcome.SUPPORTED)
    facts = replace(second.facts, environment={**second.facts.environment, "python": "3.12.1", "command": "pytest"})
    facts = replace(facts, settings={**facts.settings, "queries": 80})
    later = replace(second, facts=facts, started="2026-03-01T09:30:00+00:00", suite_version="0.2.0", seconds=45.8)
    return {"a.json": first, "b.json": later}


def test_combined_report_holds_the_verdicts_of_all(apart: dict[str, Document]) -> None:
    """Claim by claim, the first report's model first; both are read; the earlier start, and all the time it took."""
    found = combine(apart, LEVELS)
    assert {verdict.key for verdict in found.verdicts} == {v.key for each in apart.values() for v in each.verdicts}
    assert [verdict.key for verdict in found.verdicts][:3] == [("C1", "tiny-135M"), ("C1", OTHER), ("C2", "tiny-135M")]
    assert found.readings == readings(found.verdicts, LEVELS)
    assert {reading.subject for reading in found.readings} == {"tiny-135M", OTHER}
    assert (found.started, found.seconds) == ("2025-03-01T09:30:00+00:00", 800.0)
    assert (found.suite_version, found.title) == ("0.1.0, 0.2.0", "Do They Learn?")


def test_what_differs_is_said(apart: dict[str, Document]) -> None:
    """Version, settings and machine in notes, by report; what a report was made of and when is a fact."""
    found = combine(apart, LEVELS)
    assert found.facts.notes == (
        "Put together of the reports a.json and b.json.",
        "Differs between reports: suite version is 0.1.0 in a.json; 0.2.0 in b.json.",
        "Differs between reports: setting queries is 40 in a.json; 80 in b.json.",
        "Differs between reports: environment python is 3.11.9 in a.json; 3.12.1 in b.json.",
    )
    assert found.facts.settings["model"] == ["tiny-135M", OTHER]
    assert found.facts.models[OTHER].settings == {"queries": 80}
    assert found.facts.environment[REPORTS] == [
        {"report": "a.json", "models": "tiny-135M", "suite": "0.1.0", "started": "2025-03-01T09:30:00+00:00"}
        | {"seconds": 754.2, "python": "3.11.9"},
        {"report": "b.json", "models": OTHER, "suite": "0.2.0", "started": "2026-03-01T09:30:00+00:00"}
        | {"seconds": 45.8, "python": "3.12.1", "command": "pytest"},
    ]


def test_other_examples_of_a_task_are_said(apart: dict[str, Document]) -> None:
    """Of one name, two tasks may be two."""
    one = apart["a.json"]
    changed = of_model(one, OTHER)
    (model,) = changed.facts.models.values()
    tasks = ({**model.tasks[0], "sha256": "f" * 64}, *model.tasks[1:])
    changed = replace(changed, facts=replace(changed.facts, models={OTHER: replace(model, tasks=tasks)}))
    notes = combine({"a": one, "b": changed}, LEVELS).facts.notes
    assert [note for note in notes if "task" in note] == [
        "Differs between reports: task movie is None in a; ffffffffff in b."
    ]


def test_combined_report_survives_its_json_and_is_combined_again(apart: dict[str, Document]) -> None:
    """Read back it is the same; a third report beside it is one of three, which are all named."""
    found = from_json(to_json(combine({name: from_json(to_json(each)) for name, each in apart.items()}, LEVELS)))
    assert from_json(to_json(found)) == found
    third = from_json(to_json(of_model(apart["a.json"], "third")))
    three = combine({"ab.json": found, "c.json": third}, LEVELS)
    assert [record["report"] for record in three.facts.environment[REPORTS]] == ["a.json", "b.json", "c.json"]  # type: ignore[attr-defined]
    assert list(three.facts.models) == ["tiny-135M", OTHER, "third"]
    assert three.facts.models["third"].settings == {"queries": 40}
    assert three.facts.models[OTHER].settings == {"queries": 80}


def test_runs_apart_are_what_one_run_of_both_is(document: Document) -> None:
    """The same verdicts, settings and facts of models; and the expectation of both is the same."""
    first, second = of_model(document, "tiny-135M"), of_model(document, OTHER, C1=Outcome.REFUTED, C2=Outcome.SUPPORTED)
    second = replace(second, verdicts=tuple(v for v in second.verdicts if v.claim.id != "C12"))
    found, at_once = combine({"a": first, "b": second}, LEVELS), both(document)
    assert sorted(map(repr, found.verdicts)) == sorted(map(repr, at_once.verdicts))
    assert (found.facts.models, found.facts.settings) == (at_once.facts.models, at_once.facts.settings)
    one, two = (expectation_of(each.facts.settings, each.verdicts) for each in (found, at_once))
    assert (one.settings, one.verdicts) == (two.settings, two.verdicts)


def _claim(**changes: object) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        first, *others = document.verdicts
        claim = replace(first.claim, **changes)  # type: ignore[arg-type]
        return replace(document, verdicts=(replace(first, claim=claim), *others))

    return changed


def _settings(**changes: object) -> Callable[[Document], Document]:
    def changed(document: Document) -> Document:
        return replace(document, facts=replace(document.facts, settings={**document.facts.settings, **changes}))

    return changed


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (_claim(statement="other"), "C1's statement is 'statement"),
        (_claim(prediction="other"), "C1's prediction is"),
        (_claim(decision_rule="other"), "C1's decision_rule is .* and 'other' in the second"),
        (_claim(matters={"accuracy": 0.5}), "C1's matters is"),
        (_claim(family="other"), "C1's family is"),
        (_settings(alpha=0.1), "alpha is 0.05 in the first and 0.1 in the second"),
        (lambda document: replace(document, title="Are Coins Fair?"), "title is 'Do They Learn"),
    ],
)
def test_what_cannot_stand_side_by_side_is_refused_by_what_differs(
    document: Document, change: Callable[[Document], Document], difference: str
) -> None:
    """One message names both files and the difference."""
    reports = {"a": of_model(document, "tiny-135M"), "b": change(of_model(document, OTHER))}
    if difference.startswith("C1's statement"):
        difference = "C1's statement is .* and 'other' in the second"
    with pytest.raises(HarnessError, match=rf"'a' and 'b' can't be set side by side: {difference}"):
        combine(reports, LEVELS)


def test_other_words_about_a_claim_are_none(document: Document) -> None:
    """A title decides no verdict."""
    reports = {"a": of_model(document, "tiny-135M"), "b": _claim(title="Other")(of_model(document, OTHER))}
    assert combine(reports, LEVELS).verdicts[1].claim.title == "Other"


def test_a_models_verdict_stands_in_one_report_only(document: Document) -> None:
    """The same claim about it in two is refused; other claims of the same run are taken."""
    run = of_model(document, "tiny-135M")
    with pytest.raises(HarnessError, match=r"C1 about tiny-135M is in 'a' \(SUPPORTED\) and in 'b' \(SUPPORTED\)"):
        combine({"a": run, "b": run}, LEVELS)
    parts = {name: replace(run, verdicts=run.verdicts[at]) for name, at in (("a", slice(3)), ("b", slice(3, None)))}
    assert combine(parts, LEVELS).verdicts == combine({"b": parts["b"], "a": parts["a"]}, LEVELS).verdicts


@pytest.mark.parametrize(("what", "value"), [("sha256", "other"), ("queries", 41)])
def test_one_name_is_of_one_model_and_one_run(document: Document, what: str, value: object) -> None:
    """Other files under the same name, or the same model with other settings, are refused by what differs."""
    one = of_model(document, "tiny-135M")
    (model,) = one.facts.models.values()
    other = replace(one, verdicts=one.verdicts[3:])
    if what == "sha256":
        named = {"tiny-135M": replace(model, model={**model.model, "sha256": value})}
        other = replace(other, facts=replace(other.facts, models=named))
    else:
        other = _settings(queries=value)(other)
    with pytest.raises(HarnessError, match=rf"both are of model 'tiny-135M', and {what} is .* and {value!r} in the"):
        combine({"a": replace(one, verdicts=one.verdicts[:3]), "b": other}, LEVELS)


def test_claims_about_no_model_are_kept_once(document: Document) -> None:
    """With the first report's verdict, which is said; refused where they came to other outcomes."""
    claim = replace(document.verdicts[0].claim, subject="algebra")
    runs = [of_model(document, name) for name in ("tiny-135M", OTHER)]
    own = [replace(run.verdicts[0], claim=claim, subject="algebra") for run in runs]
    first, second = (
        replace(run, verdicts=(verdict, *run.verdicts[1:])) for run, verdict in zip(runs, own, strict=True)
    )
    found = combine({"a": first, "b": second}, LEVELS)
    assert [verdict.key for verdict in found.verdicts].count(("C1", "algebra")) == 1
    assert "C1, about no model: the verdicts are those of a; b has the same outcomes." in found.facts.notes
    changed = replace(second, verdicts=(replace(second.verdicts[0], outcome=Outcome.MIXED), *second.verdicts[1:]))
    with pytest.raises(HarnessError, match=r"C1 about algebra is in 'a' \(SUPPORTED\) and in 'b' \(MIXED\), and is"):
        combine({"a": first, "b": changed}, LEVELS)
