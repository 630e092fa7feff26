"""How several runs were made, said together: what is the same of all once, what differs with each model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.data import JSON
from harness.report.document import RunFacts


def together(facts: Sequence[RunFacts]) -> RunFacts:
    """Return the facts of several runs as those of one.

    A setting, or a fact of the machine, that all runs share stands with all; one that differs, or that some lack,
    stands with each model. Of facts about the same model the first are kept. The models' names are the setting 'model'.
    """
    models = {name: model for each in reversed(facts) for name, model in each.models.items()}
    first = dict.fromkeys(name for each in facts for name in each.models)
    settings = {name: _others(each.settings_of(name)) for each in reversed(facts) for name in each.models}
    environment = {
        name: {**each.environment, **model.environment}
        for each in reversed(facts)
        for name, model in each.models.items()
    }
    bare = [each for each in facts if not each.models and each.settings]
    same = shared([*settings.values(), *(_others(each.settings) for each in bare)])
    surroundings = shared([*environment.values(), *(each.environment for each in bare if each.environment)])
    return RunFacts(
        {
            name: replace(
                models[name],
                settings=_apart(settings[name], same),
                environment=_apart(environment[name], surroundings),
            )
            for name in first
        },
        {**_named(facts), **same},
        surroundings,
        tuple(dict.fromkeys(note for each in facts for note in each.notes)),
    )


def model_names(settings: JSON) -> list[str]:
    """Return the names of the models that a run's settings are of: of one, of several, or of none."""
    named = settings.get("model", [])
    return [str(name) for name in named] if isinstance(named, list | tuple) else [str(named)]


def shared(facts: Sequence[JSON]) -> dict[str, object]:
    """Return what all have, with the same value, in the order of the first."""
    first, *others = facts or [{}]
    return {key: value for key, value in first.items() if all(key in each and each[key] == value for each in others)}


def _apart(facts: JSON, same: Mapping[str, object]) -> JSON:
    return {key: value for key, value in facts.items() if key not in same}


def _others(settings: JSON) -> JSON:
    return {key: value for key, value in settings.items() if key != "model"}


def _named(facts: Iterable[RunFacts]) -> dict[str, object]:
    """Return the setting 'model' of all: a name as it is, several as a list; nothing where none has it."""
    names = list(dict.fromkeys(name for each in facts for name in model_names(each.settings)))
    return {"model": names[0] if len(names) == 1 else names} if names else {}
