"""The experiment that settings name: model and tasks found, what they say of each other checked, no weights loaded."""

import os
from collections.abc import Mapping
from pathlib import Path

from harness.data import Task
from harness.errors import HarnessError
from harness.models.encoder import locate_encoder
from harness.models.source import ModelSource, locate_model
from harness.prompts import draw_demonstrations, first_examples
from harness.runs.experiment import Experiment
from harness.settings import Settings
from harness.tasks import load_task
from harness.tasks.wordnet import usual_folders


def open_experiment(settings: Settings, models: Path, tasks: Path, model: ModelSource | None = None) -> Experiment:
    """Return the experiment of the settings: model located where it is not given, tasks loaded, no weights.

    `models` and `tasks` are the catalogues. Raises a HarnessError where device, model or tasks can't be used.
    """
    if settings.device not in {"auto", "cpu"}:
        from harness.models.devices import choose_device  # noqa: PLC0415  # slow import

        choose_device(settings.device)
    source = model or locate_model(settings.model, models)
    wordnet = usual_folders(os.environ) if settings.wordnet is None else (settings.wordnet,)
    places = {"catalogue": tasks, "fetched": settings.fetched, "data_dir": settings.data_dir, "wordnet": wordnet}
    ways = {"hub": settings.hub_data, "skip_bad_rows": settings.skip_bad_rows}
    loaded = {name: load_task(name, **places, **ways) for name in settings.tasks}  # type: ignore[arg-type]
    _require_different(loaded)
    encoder = locate_encoder(settings.encoder, models, settings.fetched) if settings.encoder else None
    experiment = Experiment(settings, source, loaded, encoder)
    for name, task in loaded.items():
        for part in {"test", experiment.selection_part}:
            first_examples(task, part, experiment.number(part, name))
        draw_demonstrations(task, settings.demonstrations, settings.seed, 0)
    return experiment


def _require_different(tasks: Mapping[str, Task]) -> None:
    """Raise HarnessError where one task has two names: each of its examples would count as two."""
    first: dict[str, str] = {}
    for name, task in tasks.items():
        other = first.setdefault(task.fingerprint, name)
        if other != name:
            raise HarnessError(
                f"tasks '{other}' and '{name}' are one: template, answers and all examples are the same, and each "
                "example would count twice; give one of them with --tasks"
            )
