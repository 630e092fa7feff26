"""The experiment that settings name: model and tasks found, what they say of each other checked, no weights loaded."""

import os
from collections.abc import Mapping
from pathlib import Path

from harness.data import Task
from harness.errors import HarnessError
from harness.models.encoder import locate_encoder
from harness.models.gpt.sizes import SIZES
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
    own = None
    if settings.momentum_tasks is not None and SIZES[settings.momentum_size].text_tasks:
        own = {
            name: loaded.get(name) or load_task(name, **places, **ways, own_options=True)  # type: ignore[arg-type]
            for name in settings.momentum_tasks
        }
        _require_different(own)
    encoder = locate_encoder(settings.encoder, models, settings.fetched) if settings.encoder else None
    experiment = Experiment(settings, source, loaded, encoder, own)
    _require_enough(experiment)
    return experiment


def _require_enough(experiment: Experiment) -> None:
    """Raise HarnessError where a task has fewer examples than are asked for."""
    settings, own = experiment.settings, experiment.own_tasks or {}
    for name, task in {**own, **experiment.tasks}.items():
        for part in {"test", experiment.selection_part} if name in experiment.tasks else {"test"}:
            first_examples(task, part, experiment.number_of(task, part))
        draw_demonstrations(task, settings.demonstrations, settings.seed, 0)


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
