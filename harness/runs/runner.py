"""The one orchestrator: what is selected on dev, and which runs a question about the test examples needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.data import JSON, AttentionParts, Cell, Setting
from harness.errors import HarnessError
from harness.models.source import locate_model, source_facts
from harness.progress import Progress, Silent
from harness.prompts import draw_demonstrations, first_examples
from harness.runs.entries import from_entry
from harness.runs.runs import Runs
from harness.runs.theory import attention_parts, causality, weight_updates
from harness.settings import Protocol, Settings
from harness.store import Entry
from harness.tasks import load_task
from harness.trainings.grid import Trainings


@dataclass(frozen=True)
class Selection:
    """What was chosen for one task, and from what."""

    candidates: tuple[int, ...]
    """Demonstration sets to report, best first."""
    learning_rate: float
    icl_accuracy: tuple[float, ...]
    """Accuracy of ICL on the selection examples, by demonstration set."""
    ft_accuracy: tuple[float | None, ...]
    """Accuracy of FT there, by learning rate of the grid; None where the run diverged."""
    diverged_at: tuple[int | None, ...]


class Runner:
    """Answers with selections, cells and measurements of the tasks that the settings name."""

    def __init__(
        self,
        settings: Settings,
        models: Path,
        tasks: Path,
        progress: Progress | None = None,
    ) -> None:
        """Check device, tasks and model; raises a HarnessError before any weights load.

        `models` and `tasks` are the catalogues (fixtures/models.toml, fixtures/tasks.toml).
        """
        self.settings = settings
        if settings.device not in {"auto", "cpu"}:
            from harness.models.devices import choose_device  # noqa: PLC0415  # slow import

            choose_device(settings.device)
        source = locate_model(settings.model, models)
        loaded = {
            name: load_task(
                name,
                catalogue=tasks,
                fetched=settings.fetched,
                data_dir=settings.data_dir,
                hub=settings.hub_data,
            )
            for name in settings.tasks
        }
        self.selection_part = "test" if settings.protocol is Protocol.PAPER else "dev"
        self.runs = Runs(settings, source, loaded, progress or Silent())
        for task in loaded.values():
            for part in {"test", self.selection_part}:
                first_examples(task, part, self.runs.number(part))
            draw_demonstrations(task, settings.demonstrations, settings.seed, 0)
        self.runs.expect(self.selection_part)
        self.trainings = Trainings(settings, tasks, self.runs.store, self.runs.progress)
        self._selected: dict[str, Selection] = {}

    def selection(self, task: str) -> Selection:
        """Return what was chosen for a task, worked out once: every question about its test examples asks for it."""
        if task not in self._selected:
            self._selected[task] = self._select(task)
        return self._selected[task]

    def _select(self, task: str) -> Selection:
        """Choose demonstration sets by ICL accuracy, then the learning rate by FT accuracy under the best set.

        Both on dev, or on the reported test examples under `--protocol paper`. Ties go to the set drawn first
        and to the smaller learning rate.

        Raises:
            HarnessError: finetuning diverged at every learning rate of the grid.

        """
        settings, part = self.settings, self.selection_part
        sets = range(settings.candidate_sets)
        icl = [float(_accuracy(self.runs.accuracy(task, part, Setting.ICL, c)) or 0.0) for c in sets]
        chosen = tuple(sorted(sets, key=lambda c: (-icl[c], c))[: settings.demonstration_sets])
        tried = {rate: self.runs.accuracy(task, part, Setting.FT, chosen[0], rate) for rate in settings.learning_rates}
        usable = {rate: _accuracy(entry) for rate, entry in tried.items() if _accuracy(entry) is not None}
        if not usable:
            raise HarnessError(
                f"task '{task}': finetuning diverged at every learning rate of {list(settings.learning_rates)}; "
                "give smaller ones with --learning-rates",
            )
        return Selection(
            candidates=chosen,
            learning_rate=max(usable, key=lambda rate: (usable[rate], -rate)),
            icl_accuracy=tuple(icl),
            ft_accuracy=tuple(_accuracy(entry) for entry in tried.values()),
            diverged_at=tuple(entry.facts["diverged_at"] for entry in tried.values()),  # type: ignore[misc]
        )

    def cell(self, task: str, candidate: int) -> Cell:
        """Return what the three settings left on the test examples under one demonstration set."""
        rate = self.selection(task).learning_rate
        icl = self.runs.recording(task, Setting.ICL, candidate, None)
        spans: list[tuple[int, int]] = icl.facts["spans"]  # type: ignore[assignment]
        return Cell(
            zsl=from_entry(self.runs.recording(task, Setting.ZSL, None, None)),
            icl=from_entry(icl),
            ft=from_entry(self.runs.recording(task, Setting.FT, candidate, rate)),
            spans=tuple((first, last) for first, last in spans),
            training_queries=self.runs.finetuned(task, candidate, rate).tensors["query_vectors"],
        )

    def parts(self, task: str, candidate: int) -> tuple[AttentionParts, AttentionParts]:
        """Return the last token's attention taken apart, under ZSL and under ICL."""
        zsl, icl = (attention_parts(self.runs, task, setting, candidate) for setting in (Setting.ZSL, Setting.ICL))
        return zsl, icl

    def updates(self, task: str, candidate: int) -> Mapping[str, np.ndarray]:
        """Return how like dW_FT and dW_ICL are, each [example, layer, kv_head]."""
        return weight_updates(self.runs, task, candidate, self.selection(task).learning_rate)

    def causality(self, task: str) -> Mapping[str, float]:
        """Return what ICL and finetuning share on a task under its best demonstration set (see `theory.causality`)."""
        chosen = self.selection(task)
        return causality(self.runs, task, chosen.candidates[0], chosen.learning_rate)

    def measured(
        self,
        identity: JSON,
        task: str,
        compute: Callable[[str, int], Mapping[str, np.ndarray]],
    ) -> list[Mapping[str, np.ndarray]]:
        """Return what `compute(task, candidate)` gives for each reported demonstration set.

        Kept in the store under `identity` and the cell's key, so that a full store reads no recording.
        """
        rate = self.selection(task).learning_rate
        results = []
        for candidate in self.selection(task).candidates:

            def make(candidate: int = candidate) -> Entry:
                return Entry(compute(task, candidate), {})

            key = self.runs.key(task, "test", None, candidate, rate) | {"measurement": identity}
            results.append(self.runs.store.find_or_compute("measurement", key, make).tensors)
        return results

    def model_facts(self) -> JSON:
        """Return what the report says of the model."""
        return source_facts(self.runs.source, self.settings.store)

    def facts(self, task: str) -> JSON:
        """Return what the report says of a task: its data, what was selected from what, and the times."""
        chosen, labelled, settings = self.selection(task), self.runs.tasks[task], self.settings
        rate = chosen.learning_rate
        made = self._made(task, chosen.candidates[0], rate)
        return {
            "name": task,
            "source": labelled.source,
            "licence": labelled.licence,
            "sha256": labelled.fingerprint,
            "template": f"{labelled.template} {' / '.join(labelled.answers)}",
            "test examples": f"{settings.queries} of {len(labelled.test)}",
            "demonstrations": f"{made['demonstrations']} used of {settings.demonstrations} asked, "
            f"{made['tokens']} tokens",
            "selected on": f"{self.runs.number(self.selection_part)} {self.selection_part} examples",
            "demonstration sets tried": [
                {"set": i, "ICL accuracy": _percent(accuracy), "taken": "yes" if i in chosen.candidates else "no"}
                for i, accuracy in enumerate(chosen.icl_accuracy)
            ],
            "learning rates tried": [
                {
                    "learning rate": tried,
                    "FT accuracy": _percent(accuracy) if step is None else f"diverged at step {step + 1}",
                    "taken": "yes" if tried == rate else "no",
                }
                for tried, accuracy, step in zip(
                    settings.learning_rates, chosen.ft_accuracy, chosen.diverged_at, strict=True
                )
            ],
            "device": made["device"],
            "seconds": made["seconds"],
        }

    def _made(self, task: str, candidate: int, rate: float) -> JSON:
        """Return how the runs of one cell were made, kept apart from them: a full store reads no recording for it."""

        def gather() -> Entry:
            icl = self.runs.recording(task, Setting.ICL, candidate, None).facts
            seconds = {
                "ZSL": self.runs.recording(task, Setting.ZSL, None, None).facts["seconds"],
                "ICL": icl["seconds"],
                "finetuning": self.runs.finetuned(task, candidate, rate).facts["seconds"],
                "FT": self.runs.recording(task, Setting.FT, candidate, rate).facts["seconds"],
            }
            used: list[object] = icl["spans"]  # type: ignore[assignment]
            kept = {"demonstrations": len(used), "tokens": icl["prefix_tokens"], "device": icl["device"]}
            return Entry({}, kept | {"seconds": seconds})

        key = self.runs.key(task, "test", None, candidate, rate)
        return self.runs.store.find_or_compute("facts", key, gather).facts


def _accuracy(entry: Entry) -> float | None:
    return entry.facts["accuracy"]  # type: ignore[return-value]


def _percent(accuracy: float | None) -> str:
    return "none" if accuracy is None else f"{100 * accuracy:.0f} %"
