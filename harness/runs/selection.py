"""What is selected on dev: demonstration sets by ICL's accuracy, then the learning rate by FT's under the best set."""

from dataclasses import dataclass

from harness.errors import HarnessError
from harness.runs.experiment import Chosen, Experiment
from harness.store import Entry, Store


@dataclass(frozen=True)
class Selection(Chosen):
    """What was chosen for one task, and from what."""

    icl_accuracy: tuple[float, ...]
    """Accuracy of ICL on the selection examples, by demonstration set."""
    ft_accuracy: tuple[float | None, ...]
    """Accuracy of FT there, by learning rate of the grid; None where the run diverged."""
    diverged_at: tuple[int | None, ...]


def sets_chosen(experiment: Experiment, task: str, store: Store) -> tuple[int, ...]:
    """Return the demonstration sets to report, best first; ties go to the set drawn first.

    Raises:
        HarnessError: the store lacks a run of `Experiment.sets_tried`.

    """
    accuracies = _accuracies(experiment, task, store)
    ranked = sorted(range(len(accuracies)), key=lambda c: (-accuracies[c], c))
    return tuple(ranked[: experiment.settings.demonstration_sets])


def select(experiment: Experiment, task: str, store: Store) -> Selection:
    """Return what is chosen for a task, read from the store; ties go to the smaller learning rate.

    On dev, or on the reported test examples under `--protocol paper`.

    Raises:
        HarnessError: finetuning diverged at every learning rate of the grid, or the store lacks a run.

    """
    rates, chosen = experiment.settings.learning_rates, sets_chosen(experiment, task, store)
    tried = [store.read(run) for run in experiment.rates_tried(task, chosen[0])]
    usable = {rate: found for rate, entry in zip(rates, tried, strict=True) if (found := _accuracy(entry)) is not None}
    if not usable:
        raise HarnessError(
            f"task '{task}': finetuning diverged at every learning rate of {list(rates)}; "
            "give smaller ones with --learning-rates",
        )
    return Selection(
        candidates=chosen,
        learning_rate=max(usable, key=lambda rate: (usable[rate], -rate)),
        icl_accuracy=_accuracies(experiment, task, store),
        ft_accuracy=tuple(map(_accuracy, tried)),
        diverged_at=tuple(entry.facts["diverged_at"] for entry in tried),  # type: ignore[misc]
    )


def _accuracies(experiment: Experiment, task: str, store: Store) -> tuple[float, ...]:
    return tuple(float(_accuracy(store.read(run)) or 0.0) for run in experiment.sets_tried(task))


def _accuracy(entry: Entry) -> float | None:
    return entry.facts["accuracy"]  # type: ignore[return-value]
