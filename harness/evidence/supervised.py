"""What supervised models get right beside ICL, by the number of labels that they are trained on (C3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from harness.evidence.reported import sets_of
from harness.evidence.selecting import Stages, selecting
from harness.evidence.sources import Sources
from harness.models.encoder import Encoder
from harness.runs.run import Demonstrations
from harness.runs.supervised import SupervisedRun


@dataclass(frozen=True, eq=False)
class Taught:
    """Right answers of supervised models to the test examples that ICL is asked, each beside a reported set of ICL's.

    The first size is that of ICL's own demonstrations, the last one the whole pool's.
    """

    labels: tuple[float, ...]
    """Labels of each size: where contexts hold unlike many demonstrations, the first is their mean."""
    right: Float[np.ndarray, "size _set _example"]
    control: Float[np.ndarray, "_set _example"]
    """Of the first size: the answers against gold labels drawn at random."""


@dataclass(frozen=True)
class Supervised:
    """Logistic regression on a kind of features, on ICL's own demonstrations and on ever more labels.

    Sizes double from the number of demonstrations up to the whole pool. Each reported demonstration set has labels of
    its own, which hold those of the smaller sizes; of the whole pool there is one model, beside all sets. Nothing where
    it is on embeddings and no encoder is asked for.
    """

    features: Literal["n-grams", "embeddings"]

    def stages(self, sources: Sources) -> Stages:
        """Select, show ICL its demonstrations, then train on as many."""
        if self._encoders(sources):
            yield from selecting(sources)
            yield [sources.icl(task, candidate) for task in sources.tasks for candidate in sets_of(sources, task)]
            yield [run for of in self.records(sources).values() for runs in of for run in runs]

    def records(self, sources: Sources) -> Mapping[str, list[list[SupervisedRun]]]:
        """Return the models of each task, by size, by reported demonstration set."""
        return {task: self._of_task(sources, task, e) for e in self._encoders(sources) for task in sources.tasks}

    def _encoders(self, sources: Sources) -> list[Encoder | None]:
        """Return what embeds the texts, None for n-grams; nothing where no encoder is asked for."""
        if self.features == "n-grams":
            return [None]
        return [encoder] if (encoder := sources.experiment.encoder) is not None else []

    def _of_task(self, sources: Sources, task: str, encoder: Encoder | None) -> list[list[SupervisedRun]]:
        experiment, sets = sources.experiment, sets_of(sources, task)
        settings, of = experiment.settings, experiment.tasks[task]

        def run(candidate: int, labels: int | None) -> SupervisedRun:
            drawn = None if labels is None else Demonstrations(labels, settings.seed, candidate)
            return SupervisedRun(task=of, number=experiment.number("test", task), drawn=drawn, encoder=encoder)

        sizes = ladder(settings.demonstrations, len(of.demonstration_pool))
        own = [run(candidate, sources.shown(task, candidate)) for candidate in sets]
        return [own, *([run(candidate, labels) for candidate in sets] for labels in sizes)]


def ladder(demonstrations: int, pool: int) -> list[int | None]:
    """Return the numbers of labels above that of the demonstrations: each twice the last, then None: the whole pool.

    >>> ladder(32, 200)
    [64, 128, None]
    """
    if pool <= demonstrations:
        return []
    doubled = (demonstrations * 2**i for i in range(1, pool.bit_length()))
    return [*(labels for labels in doubled if labels < pool), None]


def taught(runs: Sequence[Sequence[SupervisedRun]], sources: Sources) -> Taught:
    """Return what the models of one task got right; HarnessError where the store lacks one."""
    found = [[sources.store.read(run).tensors for run in of_size] for of_size in runs]
    return Taught(
        labels=tuple(float(np.mean([run.labels for run in of_size])) for of_size in runs),
        right=np.array([[tensors["right"] for tensors in of_size] for of_size in found]),
        control=np.array([tensors["control"] for tensors in found[0]]),
    )
