"""What is the same of several runs is said once, and what differs with each model."""

from harness.report.document import ModelFacts, RunFacts
from harness.report.together import together


def _run(model: str, environment: dict[str, object] | None = None, **settings: object) -> RunFacts:
    of_model = ModelFacts({"name": model}, ({"name": "movie"},), (f"note on {model}",))
    return RunFacts({model: of_model}, {"model": model, **settings}, environment or {})


def test_one_run_is_what_it_was() -> None:
    """To the last field, its notes among them."""
    run = RunFacts(_run("a", queries=4).models, {"model": "a", "queries": 4}, {"python": "3"}, ("of all",))
    assert together([run]) == run


def test_what_all_share_stands_once() -> None:
    """Both models' names are the setting 'model', in their order; each keeps its own facts and notes."""
    found = together([_run("a", {"python": "3"}, queries=4), _run("b", {"python": "3"}, queries=4)])
    assert (found.settings, found.environment) == ({"model": ["a", "b"], "queries": 4}, {"python": "3"})
    assert list(found.models) == ["a", "b"]
    assert found.models["b"].notes == ("note on b",)
    assert not any((model.settings, model.environment) != ({}, {}) for model in found.models.values())


def test_what_differs_stands_with_each_model() -> None:
    """And what one of them lacks; a model's whole settings can be had of it."""
    found = together([_run("a", {"cores": 2}, queries=4, orders=2), _run("b", {"cores": 8}, queries=8, seed=1)])
    assert (found.settings, found.environment) == ({"model": ["a", "b"]}, {})
    assert found.models["a"].settings == {"queries": 4, "orders": 2}
    assert found.models["b"].settings == {"queries": 8, "seed": 1}
    assert found.models["b"].environment == {"cores": 8}
    assert found.settings_of("a") == {"model": "a", "queries": 4, "orders": 2}


def test_together_once_more_changes_nothing() -> None:
    """Of three runs, two of them put together before, each model keeps its settings."""
    a, b, c = (_run(name, queries=number) for name, number in (("a", 4), ("b", 8), ("c", 4)))
    assert together([together([a, b]), c]) == together([a, b, c])
    assert together([a, together([b, c])]) == together([a, b, c])


def test_claims_about_no_model_add_no_model() -> None:
    """Their run's settings count among those that must be the same; one that knows none counts not."""
    bare = RunFacts({}, {"model": "a", "queries": 4})
    assert together([bare, _run("a", queries=4)]).settings == {"model": "a", "queries": 4}
    assert together([bare, _run("a", queries=8)]).models["a"].settings == {"queries": 8}
    assert together([RunFacts({}, {}), _run("a", {"python": "3"}, queries=4)]) == _run("a", {"python": "3"}, queries=4)
    assert together([]) == RunFacts({}, {})
