"""What a run of claims would take, said without running it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.engines.forecast import foresee
from harness.engines.plan import stated
from harness.errors import HarnessError
from harness.evidence.questions import HowItRan, Learned, Question
from harness.evidence.sources import Sources, open_sources
from harness.judging.claims import ClaimModule
from harness.models.catalogue import HubModel, model_rows
from harness.models.source import ModelSource
from harness.settings import Settings


def planned(modules: Sequence[ClaimModule], settings: Settings, models: Path, tasks: Path) -> Iterator[str]:
    """Yield lines of what the store lacks for the claims: records by kind, waves, time, memory, disk.

    A model of the catalogue that can't be fetched now is taken in the size that the catalogue says.

    Raises:
        HarnessError: settings or tasks can't be used; nothing says how large the model is.

    """
    sources = _opened(settings, models, tasks)
    asked: list[Question] = [Learned(), HowItRan(), *(question for module in modules for question in module.asks)]
    told = foresee(stated(asked, sources), sources.experiment)
    yield f"{len(modules)} claims of {settings.model} on {', '.join(settings.tasks)}"
    yield from told.lines


def _opened(settings: Settings, models: Path, tasks: Path) -> Sources:
    try:
        return open_sources(settings, models, tasks)
    except HarnessError:
        row = model_rows(models).get(settings.model)
        if not isinstance(row, HubModel) or not row.shape:
            raise
    return open_sources(settings, models, tasks, ModelSource(settings.model, "not here", None, row))
