"""What a claim may ask for of the models that the suite trains itself, stated as the records that answer it."""

from collections.abc import Mapping

from harness.evidence.selecting import Stages
from harness.evidence.sources import Sources
from harness.store import Record
from harness.trainings.linear_attention import LinearAttentionLayers
from harness.trainings.text_tasks import TextTask, asked_of


class TrainedLayers:
    """Linear attention layers trained on in-context regression."""

    def stages(self, sources: Sources) -> Stages:
        """Train them."""
        yield [self.record(sources)]

    def record(self, sources: Sources) -> Record:
        """Return the one record."""
        return LinearAttentionLayers(sources.experiment.settings.seed)


class TrainedGPTs:
    """The grid of trainings: every problem, attention and training run, and the yardstick of regression."""

    def stages(self, sources: Sources) -> Stages:
        """Choose the strength, then train."""
        yield list(sources.grid.tries.values())
        yield [*sources.grid.every(sources.eta), sources.grid.yardstick]


class TextTasks:
    """The text tasks put to the language models of the grid; nothing at sizes that are too small to answer."""

    attentions = ("vanilla", "momentum")

    def stages(self, sources: Sources) -> Stages:
        """Choose the strength, then train and ask."""
        if sources.grid.size.text_tasks:
            yield list(sources.grid.tries.values())
            yield [record for of_attention in self.records(sources).values() for record in of_attention.values()]

    def records(self, sources: Sources) -> Mapping[str, Mapping[str, TextTask]]:
        """Return what is asked, by attention and task; empty where the size is too small."""
        if not sources.grid.size.text_tasks:
            return {}
        experiment, settings = sources.experiment, sources.experiment.settings
        asked = (settings.demonstrations, settings.seed)
        tasks = experiment.tasks if experiment.own_tasks is None else experiment.own_tasks
        trained = {a: tuple(sources.grid.reported("language", a, sources.eta)) for a in self.attentions}
        return {
            a: {n: asked_of(task)(of, task, *asked, experiment.number_of(task, "test")) for n, task in tasks.items()}
            for a, of in trained.items()
        }
