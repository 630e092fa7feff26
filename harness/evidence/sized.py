"""The models of a session as claims about several read them: of which family each is, how large, and what was found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.evidence.evidence import Evidence
from harness.evidence.presuppositions import distance, not_learned
from harness.evidence.sources import Sources
from harness.models.folder import ModelFolder
from harness.models.source import weights_folder

LEAST = 3
"""Sizes of one family that a trend is judged on: a line through two fits whatever they are."""


@dataclass(frozen=True)
class SizedModel:
    """A model, and the answers to what was asked of it."""

    name: str
    family: str
    """Its architecture, as its config.json names it and harness.models.architectures has a row for."""
    parameters: int
    """All of its numbers, tied ones once."""
    evidence: Evidence
    """On the tasks on which what a claim presupposes holds of it."""
    sets: Mapping[str, tuple[int, ...]]
    """By task, the numbers of its reported demonstration sets, in the order of what was measured under them."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Tasks on which what a claim presupposes does not hold of it, with the reason."""
    margins: Mapping[str, float] = field(default_factory=dict)
    """By task, how far it is above having learned it just so, in standard errors; empty where nothing is presumed."""

    def presuming(self, presumed: Sequence[str]) -> "SizedModel":
        """Return the same on the tasks that it learned, in all ways that are presumed."""
        if not presumed:
            return self
        learned, least = self.evidence.learned(), self.evidence.least_gain
        without = not_learned(learned, presumed, least)
        far = {task: distance({task: sets}, presumed, least) or 0.0 for task, sets in learned.items()}
        margins = {task: -away if task in without else away for task, away in far.items()}
        return replace(self, evidence=self.evidence.without(without), left_out=without, margins=margins)


def sized_model(sources: Sources) -> SizedModel:
    """Return the model that the sources are of, on all their tasks; no weights are loaded."""
    from harness.models.fitting import configuration_of  # noqa: PLC0415  # brings torch
    from harness.models.size import size_of  # noqa: PLC0415

    model = sources.experiment.model
    folder = ModelFolder(weights_folder(model, sources.store.root), model.name)
    parameters = size_of(configuration_of(folder)).parameters
    sets = {task: tuple(sources.selection(task).candidates) for task in sources.tasks}
    return SizedModel(model.name, folder.model_type, parameters, Evidence(sources), sets)


def by_family(models: Iterable[SizedModel]) -> Mapping[str, tuple[SizedModel, ...]]:
    """Return the models of each family, the smallest first."""
    found: dict[str, tuple[SizedModel, ...]] = {}
    for model in sorted(models, key=lambda model: (model.family, model.parameters, model.name)):
        found[model.family] = (*found.get(model.family, ()), model)
    return found


def enough(models: Iterable[SizedModel]) -> bool:
    """Whether models of one family are of sizes enough for a trend."""
    return len(_sizes(models)) >= LEAST


def too_few(models: Sequence[SizedModel]) -> str:
    """Return in a line why no trend can be judged; empty where one can, on one task at least."""
    needed = f"a trend needs {LEAST} models of one family, each of another size"
    families = by_family(models)
    if not any(map(enough, families.values())):
        ran = [f"{len(of)} of {family} ({', '.join(map(_words, of))})" for family, of in families.items()]
        return f"{needed}; there ran {', and '.join(ran)}"
    counts = {(family, task): learned(of, task) for family, of in families.items() for task in of[0].sets}
    if any(map(enough, counts.values())):
        return ""
    (family, task), most = max(counts.items(), key=lambda item: len(item[1]))
    return f"{needed}, that learned a task; at most {len(most)} of {family} learned one ({task})"


def far_from_too_few(models: Sequence[SizedModel]) -> float | None:
    """Return by how many standard errors gains must move until a trend can be judged, or can't be any more.

    A task counts where LEAST sizes of a family learned it, so its own distance is that of the size that comes LEAST
    from the top; the task and family that are nearest to counting, or count the most surely, decide. None where nothing
    is presumed, or no family has the sizes.
    """
    found = []
    for of in filter(enough, by_family(models).values()):
        for task in of[0].margins:
            by_size = {size: max(m.margins[task] for m in of if m.parameters == size) for size in _sizes(of)}
            found.append(sorted(by_size.values(), reverse=True)[LEAST - 1])
    return abs(max(found)) if found else None


def learned(models: Iterable[SizedModel], task: str) -> tuple[SizedModel, ...]:
    """Return the models on which what a claim presupposes holds of a task."""
    return tuple(model for model in models if task not in model.left_out)


def _sizes(models: Iterable[SizedModel]) -> set[int]:
    return {model.parameters for model in models}


def _words(model: SizedModel) -> str:
    return f"{model.name}, {model.parameters / 1e6:,.3g} M"
