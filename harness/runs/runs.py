"""Single runs by their keys: each is found in the store or computed once."""

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.data import Setting, Task
from harness.errors import HarnessError
from harness.models.source import ModelSource
from harness.progress import Progress
from harness.prompts import PromptBuilder, Prompts, draw_demonstrations, first_examples
from harness.runs.entries import to_entry
from harness.settings import Settings
from harness.store import Entry, Store

if TYPE_CHECKING:
    from torch import Tensor

    from harness.models.finetuning import Finetuned
    from harness.models.language_model import LanguageModel

# Cost of one step against scoring one zero-shot query, measured on two cores: decides only the time left shown.
COST = {Setting.ZSL: 1.0, Setting.ICL: 1.7, Setting.FT: 1.0, "prefix": 14.0, "finetuning": 4.0}


class Runs:
    """Runs one model on tasks. The model is loaded when the first run is not in the store."""

    def __init__(self, settings: Settings, source: ModelSource, tasks: Mapping[str, Task], progress: Progress) -> None:
        self.settings = settings
        self.source = source
        self.tasks = tasks
        self.progress = progress
        self.store = Store(settings.store)
        self._announced: set[str] = set()

    @cached_property
    def builder(self) -> PromptBuilder:
        """Tokenizer and layout. All tasks' prompts are checked here, before any weights load."""
        from harness.models.loading import load_prompt_builder, quiet_transformers  # noqa: PLC0415  # slow import

        quiet_transformers()
        self.progress.begin(f"preparing {self.source.name}")
        builder = load_prompt_builder(self.source, self.settings.store)
        for task in self.tasks.values():
            drawn = draw_demonstrations(task, self.settings.demonstrations, self.settings.seed, 0)
            builder.build(task, drawn, first_examples(task, "test", self.settings.queries))
        return builder

    @cached_property
    def model(self) -> "LanguageModel":
        """The model, loaded once all prompts proved sound."""
        _ = self.builder
        from harness.models.loading import load_model  # noqa: PLC0415  # slow import

        return load_model(self.source, self.settings.store, self.settings.device, self.settings.dtype)

    def prompts(self, task: str, part: str, candidate: int) -> Prompts:
        """Return the prompts of the task's `part` behind demonstration set `candidate`."""
        settings, labelled = self.settings, self.tasks[task]
        drawn = draw_demonstrations(labelled, settings.demonstrations, settings.seed, candidate)
        return self.builder.build(labelled, drawn, first_examples(labelled, part, self.number(part)))

    def number(self, part: str) -> int:
        """Return how many examples of a part are used."""
        return self.settings.queries if part == "test" else self.settings.dev_queries

    def key(
        self,
        task: str,
        part: str,
        setting: Setting | None = None,
        candidate: int | None = None,
        rate: float | None = None,
    ) -> dict[str, object]:
        """Return all that decides a run's numbers. Zero-shot runs have no demonstrations in theirs."""
        settings, row = self.settings, self.source.row
        parts: dict[str, object] = {
            "model": self.source.fingerprint,
            "layout": [row.start_token, row.separator] if row else "tokenizer's own",
            "dtype": settings.dtype,
            "task": [task, self.tasks[task].fingerprint],  # demonstrations are drawn under the name
            "part": part,
            "number": self.number(part),
        }
        if setting is not None:
            parts["setting"] = setting.value
        if candidate is not None:
            parts["demonstrations"] = [settings.demonstrations, settings.seed, candidate]
        if rate is not None:
            parts["learning_rate"] = rate
        return parts

    def recording(self, task: str, setting: Setting, candidate: int | None, rate: float | None) -> Entry:
        """Return the full recording of one setting on the test examples."""

        def compute() -> Entry:
            prompts = self.prompts(task, "test", candidate or 0)
            if rate is not None:
                self.finetuned(task, candidate or 0, rate)  # not part of the scoring's time
            started = time.perf_counter()
            recording = self._score(task, prompts, setting, candidate, rate, record=True)
            seconds = round(time.perf_counter() - started, 3)
            facts: dict[str, Any] = {"seconds": seconds, "device": self.model.device_name}
            if setting is Setting.ICL:
                facts |= {"spans": [list(s) for s in prompts.spans], "prefix_tokens": len(prompts.prefix)}
            return to_entry(recording, facts)

        key = self.key(task, "test", setting, candidate, rate)
        cost = self._scoring_cost(setting, "test")
        return self.step("recording", key, f"{task}: {setting.name} on test", cost, compute)

    def finetuned(self, task: str, candidate: int, rate: float) -> Entry:
        """Return the finetuned key and value weights, and the query vectors recorded in training.

        Raises:
            HarnessError: finetuning diverged: the rate was selected under another demonstration set.

        """

        def compute() -> Entry:
            started = time.perf_counter()
            found = self._finetune(self.prompts(task, "test", candidate), rate, record=True)
            if found.diverged_at is not None:
                raise HarnessError(
                    f"task '{task}': finetuning on demonstration set {candidate} diverged at its step "
                    f"{found.diverged_at + 1} with the learning rate {rate:g} that was selected on another set; "
                    "give smaller ones with --learning-rates, or ask for one of --demonstration-sets",
                )
            tensors = {name: weight.float().cpu().numpy() for name, weight in found.weights.items()}
            facts = {"losses": found.losses, "seconds": round(time.perf_counter() - started, 3)}
            return Entry({"query_vectors": found.query_vectors, **tensors}, facts)  # type: ignore[dict-item]

        cost = self.settings.demonstrations * COST["finetuning"]
        # The test examples only bound how many demonstrations the context holds: they are part of the key.
        return self.step(
            "finetuned", self.key(task, "test", None, candidate, rate), f"{task}: finetuning", cost, compute
        )

    def finetuned_weights(self, task: str, candidate: int, rate: float) -> Mapping[str, "Tensor"]:
        """Return the finetuned key and value weights as `LanguageModel.with_weights` takes them."""
        return weights_of(self.finetuned(task, candidate, rate))

    def accuracy(self, task: str, part: str, setting: Setting, candidate: int, rate: float | None = None) -> Entry:
        """Return a selection run's facts: its accuracy, or the step at which finetuning diverged."""

        def compute() -> Entry:
            prompts = self.prompts(task, part, candidate)
            if setting is Setting.ICL:
                recording = self._score(task, prompts, setting, candidate, None, record=False)
            else:
                found = self._finetune(prompts, rate or 0.0, record=False)
                if found.diverged_at is not None:
                    return Entry({}, {"accuracy": None, "diverged_at": found.diverged_at})
                with self.model.with_weights(found.weights):
                    recording = self._score(task, prompts, Setting.ZSL, None, None, record=False)
            tensors = {"label_logits": recording.label_logits, "gold": recording.gold}
            return Entry(tensors, {"accuracy": float(recording.correct.mean()), "diverged_at": None})

        name = f"set {candidate}" if setting is Setting.ICL else f"learning rate {rate:g}"
        cost = self._scoring_cost(setting, part) + self.settings.demonstrations * COST["finetuning"] * (
            rate is not None
        )
        key = self.key(task, part, setting, candidate, rate)
        return self.step("accuracy", key, f"{task}: {setting.name} with {name} on {part}", cost, compute)

    def expect(self, selection_part: str) -> None:
        """Tell the progress all the work that one question to every task brings."""
        settings = self.settings
        finetuning = settings.demonstrations * COST["finetuning"]
        one_set = finetuning + self._scoring_cost(Setting.ICL, "test") + self._scoring_cost(Setting.FT, "test")
        per_task = (
            settings.candidate_sets * self._scoring_cost(Setting.ICL, selection_part)
            + len(settings.learning_rates) * (finetuning + self._scoring_cost(Setting.FT, selection_part))
            + self._scoring_cost(Setting.ZSL, "test")
            + settings.demonstration_sets * one_set
        )
        self.progress.expect(per_task * len(self.tasks))

    def _scoring_cost(self, setting: Setting, part: str) -> float:
        return self.number(part) * COST[setting] + COST["prefix"] * (setting is Setting.ICL)

    def step(
        self,
        kind: str,
        key: dict[str, object],
        what: str,
        cost: float,
        compute: Callable[[], Entry],
        *,
        expected: bool = True,
    ) -> Entry:
        """Return one run from the store, or announce it, load the model and compute it.

        Work that is not `expected` is in no total yet: it is added where it begins.
        """
        path = str(self.store.path(kind, key))
        if not expected and path not in self._announced:
            self.progress.expect(cost)

        def announced() -> Entry:
            _ = self.model  # says itself that it loads
            self.progress.begin(what)
            return compute()

        entry = self.store.find_or_compute(kind, key, announced)
        if path not in self._announced:
            self._announced.add(path)
            self.progress.advance(cost)
        return entry

    def _finetune(self, prompts: Prompts, rate: float, *, record: bool) -> "Finetuned":
        from harness.models.finetuning import finetune  # noqa: PLC0415  # slow import

        return finetune(self.model, prompts.demonstrations, rate, record=record)

    def _score(
        self,
        task: str,
        prompts: Prompts,
        setting: Setting,
        candidate: int | None,
        rate: float | None,
        *,
        record: bool,
    ) -> Any:
        from harness.models.scoring import score  # noqa: PLC0415  # slow import

        size = self.settings.batch_size
        if setting is not Setting.FT:
            return score(self.model, prompts, setting, record=record, batch_size=size)
        with self.model.with_weights(self.finetuned_weights(task, candidate or 0, rate or 0.0)):
            return score(self.model, prompts, setting, record=record, batch_size=size)


def weights_of(finetuned: Entry) -> Mapping[str, "Tensor"]:
    """Return the key and value weights of a finetuning's entry as `LanguageModel.with_weights` takes them."""
    import torch  # noqa: PLC0415  # slow import

    return {name: torch.from_numpy(array) for name, array in finetuned.tensors.items() if name != "query_vectors"}
