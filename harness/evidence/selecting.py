"""What is run before anything can be selected, as the first stages of every question that is about the model."""

from collections.abc import Iterator, Sequence

from harness.evidence.sources import Sources
from harness.runs.variants import OWN, Variant
from harness.store import Record

Stages = Iterator[Sequence[Record]]


def selecting(sources: Sources) -> Stages:
    """Yield what demonstration sets are selected by, what learning rates are, and whether the best of these is steady.

    Where it is not, whether the next is, and so on.
    """
    yield [run for task in sources.tasks for run in sources.experiment.sets_tried(task)]
    yield from _tuning(sources, sources.tasks, OWN)


def selecting_rates(sources: Sources, variant: Variant, *, tuned: bool) -> Stages:
    """Yield the same, and where a variant is `tuned`, what its learning rate is selected by on the control tasks."""
    yield from selecting(sources)
    if tuned and variant.of_tuning != OWN:
        yield from _tuning(sources, sources.control_tasks, variant.of_tuning)


def _tuning(sources: Sources, tasks: Sequence[str], variant: Variant) -> Stages:
    yield [run for t in tasks for run in sources.experiment.rates_tried(t, sources.best_set(t), variant)]
    for place, _ in enumerate(sources.experiment.settings.learning_rates):
        in_question = [run for t in tasks if (run := sources.rate_in_question(t, place, variant)) is not None]
        if not in_question:
            return
        yield in_question
