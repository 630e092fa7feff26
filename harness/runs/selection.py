"""What is selected on dev: demonstration sets by ICL's accuracy, unless they are random; learning rates by FT's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.errors import HarnessError
from harness.runs.experiment import Chosen, Experiment
from harness.runs.steadiness import Steadiness, SteadinessRun, steadiness_of
from harness.runs.variants import OWN, Variant
from harness.store import Entry, Store


@dataclass(frozen=True)
class Tuning:
    """The learning rate that was taken for one task and variant, and from what."""

    learning_rate: float
    ft_accuracy: tuple[float | None, ...]
    """Accuracy of FT on the selection examples, by learning rate of the grid; None where the run diverged."""
    diverged_at: tuple[int | None, ...]
    steadiness: Mapping[float, Steadiness] = field(default_factory=dict)
    """Of the learning rates that were to be taken, best first: up to the first that is not chaotic, if there is one."""


@dataclass(frozen=True)
class Selection(Chosen):
    """What was chosen for one task, and from what."""

    icl_accuracy: tuple[float, ...]
    """Accuracy of ICL on the selection examples, by demonstration set."""
    tuning: Tuning


def sets_chosen(experiment: Experiment, task: str, store: Store) -> tuple[int, ...]:
    """Return the demonstration sets to report: the first ones drawn, or the best, best first.

    Ties go to the set drawn first.

    Raises:
        HarnessError: the best are asked for, and the store lacks a run of `Experiment.sets_tried`.

    """
    settings = experiment.settings
    if settings.selection == "random":
        return tuple(range(settings.demonstration_sets))
    accuracies = _accuracies(experiment, task, store)
    ranked = sorted(range(len(accuracies)), key=lambda c: (-accuracies[c], c))
    return tuple(ranked[: settings.demonstration_sets])


def select(experiment: Experiment, task: str, store: Store) -> Selection:
    """Return what is chosen for a task, read from the store.

    On dev, or on the reported test examples under `--protocol paper`. The learning rate is tuned on the first of the
    demonstration sets, the best one or the first drawn: each to try the whole grid would take as long again.

    Raises:
        HarnessError: as `tune`.

    """
    tuned = tune(experiment, task, store)
    return Selection(
        candidates=sets_chosen(experiment, task, store),
        learning_rate=tuned.learning_rate,
        icl_accuracy=_accuracies(experiment, task, store),
        tuning=tuned,
    )


def tune(experiment: Experiment, task: str, store: Store, variant: Variant = OWN) -> Tuning:
    """Return the learning rate at which a variant's FT is most accurate; ties go to the smaller one.

    Where finetuning is chaotic at the best rate, the next best is taken (see `harness.runs.steadiness`); where it is at
    every rate, the one that moves answers least. A variant is tuned as the claims' own finetuning is: on the same grid,
    demonstration set and examples.

    Raises:
        HarnessError: finetuning diverged at every learning rate of the grid, or the store lacks a run.

    """
    best, rates = sets_chosen(experiment, task, store)[0], experiment.settings.learning_rates
    tried = [store.read(run) for run in experiment.rates_tried(task, best, variant)]
    found: dict[float, Steadiness] = {}
    for rate in rates_ranked(experiment, task, store, variant):
        found[rate] = steadiness_of(store.read(experiment.steadiness(task, best, rate, variant)))
        if not found[rate].chaotic:
            break
    if not found:
        what = "finetuning" if variant == OWN else f"finetuning ({variant.words})"
        raise HarnessError(
            f"task '{task}': {what} diverged at every learning rate of {list(rates)}; "
            "give smaller ones with --learning-rates",
        )
    return Tuning(
        learning_rate=min(found, key=lambda rate: (found[rate].chaotic, found[rate].moved or math.inf)),
        ft_accuracy=tuple(map(_accuracy, tried)),
        diverged_at=tuple(entry.facts["diverged_at"] for entry in tried),  # type: ignore[misc]
        steadiness=found,
    )


def rates_ranked(experiment: Experiment, task: str, store: Store, variant: Variant = OWN) -> list[float]:
    """Return the learning rates at which finetuning did not diverge, the most accurate first, then the smaller.

    Raises:
        HarnessError: the store lacks a run of `Experiment.rates_tried`.

    """
    tried = experiment.rates_tried(task, sets_chosen(experiment, task, store)[0], variant)
    accuracies = {run.learning_rate: _accuracy(store.read(run)) for run in tried}
    usable = {rate: found for rate, found in accuracies.items() if rate is not None and found is not None}
    return sorted(usable, key=lambda rate: (-usable[rate], rate))


def next_in_question(experiment: Experiment, task: str, store: Store, variant: Variant = OWN) -> SteadinessRun | None:
    """Return the run that tells whether the best learning rate not known as chaotic is steady; None once one is."""
    best = sets_chosen(experiment, task, store)[0]
    for rate in rates_ranked(experiment, task, store, variant):
        run = experiment.steadiness(task, best, rate, variant)
        if (entry := store.find(run)) is None:
            return run
        if not steadiness_of(entry).chaotic:
            return None
    return None


def _accuracies(experiment: Experiment, task: str, store: Store) -> tuple[float, ...]:
    return tuple(float(_accuracy(store.read(run)) or 0.0) for run in experiment.sets_tried(task))


def _accuracy(entry: Entry) -> float | None:
    return entry.facts["accuracy"]  # type: ignore[return-value]
