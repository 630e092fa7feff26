"""Runs for rival explanations: other weights, other labels, another order, another task, another gradient.

Each runs on the first `control_queries` test examples and takes over from the claims' own runs what it does not
change: demonstration set, learning rate, and every recording that a variant leaves as it was.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.data import Cell, Example, Recording, Setting
from harness.errors import HarnessError
from harness.prompts import Prompts, draw_demonstrations, first_examples
from harness.runs.entries import from_entry, to_entry
from harness.runs.runner import Runner
from harness.runs.runs import COST, weights_of
from harness.seeds import stream
from harness.store import Entry

if TYPE_CHECKING:
    from harness.models.finetuning import Finetuned
    from harness.models.language_model import LanguageModel


@dataclass(frozen=True)
class Variant:
    """How a run differs from the claims' own."""

    weights: Literal["trained", "fresh", "shuffled"] = "trained"
    labels: Literal["gold", "random", "flipped"] = "gold"
    order: int = 0
    """0 is the order drawn; others are permutations of it."""
    another_task: bool = False
    """In the context stand demonstrations of the next task; finetuning is the task's own."""
    gradient: Literal["whole", "layer_causal"] = "whole"

    @property
    def changes_icl(self) -> bool:
        """Whether ICL differs from the claims' own."""
        return replace(self, gradient="whole") != Variant()

    @property
    def changes_ft(self) -> bool:
        """Whether finetuning differs from the claims' own."""
        return replace(self, another_task=False) != Variant()


class ControlRuns:
    """Answers with cells of the tasks under a variant."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.runs = runner.runs
        self.number = min(runner.settings.control_queries, runner.settings.queries)
        self._rival = lru_cache(maxsize=1)(self._make_rival)

    def cell(self, task: str, candidate: int, variant: Variant) -> Cell:
        """Return the three settings under the variant, on the first control queries."""
        own = self.runner.cell(task, candidate)
        zsl, icl, ft = (_first(recording, self.number) for recording in (own.zsl, own.icl, own.ft))
        spans, training = own.spans, own.training_queries
        if variant.weights != "trained":
            zsl = from_entry(self._recording(task, candidate, variant, Setting.ZSL))
        if variant.changes_icl:
            entry = self._recording(task, candidate, variant, Setting.ICL)
            kept: list[tuple[int, int]] = entry.facts["spans"]  # type: ignore[assignment]
            icl, spans = from_entry(entry), tuple((first, last) for first, last in kept)
        if variant.changes_ft:
            ft = from_entry(self._recording(task, candidate, variant, Setting.FT))
            training = self._finetuned(task, candidate, variant).tensors["query_vectors"]
        return Cell(zsl=zsl, icl=icl, ft=ft, spans=spans, training_queries=training)

    def learning_rate(self, task: str, candidate: int, variant: Variant) -> float:
        """Return the rate that the variant was finetuned at (see `_finetuned`)."""
        rate: float = self._finetuned(task, candidate, variant).facts["learning_rate"]  # type: ignore[assignment]
        return rate

    def next_token(self, task: str, candidate: int) -> Mapping[Setting, np.ndarray]:
        """Return the next token's logits [example, vocabulary] of the three settings."""
        from harness.models.next_token import next_token_logits  # noqa: PLC0415  # slow import

        prompts, size = self.prompts(task, candidate, Variant()), self.runner.settings.batch_size
        rate = self.runner.selection(task).learning_rate
        found = {s: next_token_logits(self.runs.model, prompts, s, size) for s in (Setting.ZSL, Setting.ICL)}
        with self.runs.model.with_weights(self.runs.finetuned_weights(task, candidate, rate)):
            found[Setting.FT] = next_token_logits(self.runs.model, prompts, Setting.FT, size)
        return found

    def measured(
        self,
        name: str,
        task: str,
        candidate: int,
        variant: Variant,
        compute: Callable[[str, int], Mapping[str, np.ndarray]],
    ) -> Mapping[str, np.ndarray]:
        """Return what `compute(task, candidate)` gives under a variant, from the store where it is there."""
        key = self._key(task, candidate, variant) | {"measurement": name}
        return self.runs.store.find_or_compute("control", key, lambda: Entry(compute(task, candidate), {})).tensors

    def prompts(self, task: str, candidate: int, variant: Variant) -> Prompts:
        """Return the prompts with the variant's demonstrations: those that the claims' own context holds."""
        settings, labelled = self.runner.settings, self.runs.tasks[task]
        own = self.runs.prompts(task, "test", candidate)
        drawn = draw_demonstrations(labelled, settings.demonstrations, settings.seed, candidate)[: len(own.spans)]
        queries = first_examples(labelled, "test", self.number)
        prompts = self.runs.builder.build(labelled, self._altered(task, candidate, drawn, variant), queries)
        return self._behind_another_task(task, prompts) if variant.another_task else prompts

    def _altered(self, task: str, candidate: int, drawn: tuple[Example, ...], variant: Variant) -> tuple[Example, ...]:
        answers, seed = len(self.runs.tasks[task].answers), self.runner.settings.seed
        if variant.labels == "random":
            labels = stream(seed, "random labels", task, candidate).integers(answers, size=len(drawn))
            drawn = tuple(replace(e, label=int(label)) for e, label in zip(drawn, labels, strict=True))
        elif variant.labels == "flipped":
            drawn = tuple(replace(e, label=(e.label + 1) % answers) for e in drawn)
        if variant.order:
            order = stream(seed, "order", task, candidate, variant.order).permutation(len(drawn))
            drawn = tuple(drawn[i] for i in order)
        return drawn

    def _behind_another_task(self, task: str, prompts: Prompts) -> Prompts:
        """Put the next task's demonstrations, under its own template and answer words, before this task's queries."""
        other = self._next_task(task)
        context = self.prompts(other, self.runner.selection(other).candidates[0], Variant())
        longest = max(map(len, prompts.queries))
        if len(context.prefix) + longest > self.runs.builder.context_length:
            raise HarnessError(
                f"task '{task}': its queries do not fit behind the demonstrations of '{other}' in a context of "
                f"{self.runs.builder.context_length} tokens; ask for fewer --demonstrations",
            )
        return replace(prompts, prefix=context.prefix, spans=context.spans)

    def _next_task(self, task: str) -> str:
        names = list(self.runs.tasks)
        return names[(names.index(task) + 1) % len(names)]

    def _recording(self, task: str, candidate: int, variant: Variant, setting: Setting) -> Entry:
        def compute() -> Entry:
            from harness.models.scoring import score  # noqa: PLC0415  # slow import

            model, prompts = self._rival(variant.weights), self.prompts(task, candidate, variant)
            size = self.runner.settings.batch_size
            if setting is not Setting.FT:
                return to_entry(
                    score(model, prompts, setting, batch_size=size), {"spans": list(map(list, prompts.spans))}
                )
            with model.with_weights(weights_of(self._finetuned(task, candidate, variant))):
                return to_entry(score(model, prompts, setting, batch_size=size), {})

        key = self._key(task, candidate, variant) | {"setting": setting.value}
        if setting is Setting.ZSL:  # neither demonstrations nor finetuning are in it
            key = self._key(task, 0, Variant(weights=variant.weights)) | {"setting": setting.value}
        cost = self.number * COST[setting] + COST["prefix"] * (setting is Setting.ICL)
        what = f"{task}: {setting.name}, {_words(variant)}"
        return self.runs.step("control_recording", key, what, cost, compute, expected=False)

    def _finetuned(self, task: str, candidate: int, variant: Variant) -> Entry:
        """Return what finetuning left: at the rate selected for the claims, or the next smaller one that holds.

        Raises:
            HarnessError: finetuning diverged at every learning rate of the grid up to the selected one.

        """
        variant = replace(variant, another_task=False)
        selected = self.runner.selection(task).learning_rate
        if not variant.changes_ft:
            own = self.runs.finetuned(task, candidate, selected)
            return Entry(own.tensors, {**own.facts, "learning_rate": selected})

        def compute() -> Entry:
            demonstrations = self.prompts(task, candidate, variant).demonstrations
            for rate in sorted((r for r in self.runner.settings.learning_rates if r <= selected), reverse=True):
                found = self._finetune(variant, demonstrations, rate)
                if found.diverged_at is None and found.query_vectors is not None:
                    tensors = {name: weight.float().cpu().numpy() for name, weight in found.weights.items()}
                    facts = {"learning_rate": rate, "losses": found.losses}
                    return Entry({"query_vectors": found.query_vectors, **tensors}, facts)
            raise HarnessError(
                f"task '{task}': finetuning of the control ({_words(variant)}) diverged at every learning rate up to "
                f"{selected:g}; give smaller ones with --learning-rates",
            )

        key = self._key(task, candidate, variant)
        cost = self.runner.settings.demonstrations * COST["finetuning"]
        what = f"{task}: finetuning, {_words(variant)}"
        return self.runs.step("control_finetuned", key, what, cost, compute, expected=False)

    def _finetune(self, variant: Variant, demonstrations: Any, rate: float) -> "Finetuned":
        from harness.models.finetuning import finetune  # noqa: PLC0415  # slow import
        from harness.models.layer_causal import finetune_layer_causal  # noqa: PLC0415

        train = finetune_layer_causal if variant.gradient == "layer_causal" else finetune
        return train(self._rival(variant.weights), demonstrations, rate, record=True)

    def _make_rival(self, weights: str) -> "LanguageModel":
        from harness.models.untrained import fresh_weights, shuffled_weights  # noqa: PLC0415  # slow import

        if weights == "trained":
            return self.runs.model
        make = {"fresh": fresh_weights, "shuffled": shuffled_weights}[weights]
        return make(self.runs.model, stream(self.runner.settings.seed, "rival", weights))

    def _key(self, task: str, candidate: int, variant: Variant) -> dict[str, object]:
        """Return all that decides a variant's numbers."""
        selection = self.runner.selection(task)
        key = self.runs.key(task, "test", None, candidate, selection.learning_rate)
        key |= {"variant": asdict(variant), "number": self.number, "version": VERSION}
        key |= {"longest": self.runs.number("test"), "rates": self.runner.settings.learning_rates}
        if variant.another_task:
            other = self._next_task(task)
            taken = self.runner.selection(other).candidates[0]
            key |= {"another task": [other, self.runs.tasks[other].fingerprint, taken]}
        return key


VERSION = 1
"""Raised when a control run changes, so that none is read from an older store."""


def _first(recording: Recording, number: int) -> Recording:
    """Return the recording of the first examples, padded to the longest of them, as if they had been run alone."""
    arrays = {f.name: getattr(recording, f.name)[:number] for f in fields(Recording) if f.name != "setting"}
    tokens = ~np.isnan(arrays["scores_query"]).all(axis=(0, 1, 2))
    arrays["scores_query"] = arrays["scores_query"][..., tokens]
    return Recording(setting=recording.setting, **arrays)


def _words(variant: Variant) -> str:
    """Return what is other about it."""
    changed = {f.name: getattr(variant, f.name) for f in fields(variant) if getattr(variant, f.name) != f.default}
    return ", ".join(f"{name} {value}" for name, value in changed.items()).replace("_", " ")
