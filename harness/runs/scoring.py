"""Runs that score examples: their accuracy alone, or all that is recorded of their last tokens."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.data import Recording, Setting
from harness.prompts import Prompts
from harness.runs.entries import to_entry
from harness.runs.finetuning import FinetuningRun, finetune_all, weights_of
from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.run import Run
from harness.runs.whole_prompts import whole_prompts_of
from harness.store import Entry, Record, Store

if TYPE_CHECKING:
    from torch import Tensor

    from harness.models.finetuning import Finetuned


class RecordingRun(Run):
    """All that is recorded of each example's last token under one setting."""

    kinds = ("recording", "control_recording")
    says = "{task}: {setting}{where}"
    scores = True

    @property
    def inputs(self) -> Sequence[Record]:
        """FT is scored with what finetuning left; ICL is held to whole prompts first."""
        return (self.finetuning,) if self.setting is Setting.FT else _held_to(self)

    @property
    def finetuning(self) -> FinetuningRun:
        """The finetuning that it rests on."""
        return self.becoming(FinetuningRun, setting=None)

    def compute(self, store: Store) -> Entry:
        """Score and record; HarnessError where prompts or model can't be used."""
        assert self.setting is not None, "a recording is of a setting"
        prompts = prompts_of(self, store)
        weights: AbstractContextManager[None] = nullcontext()
        model = model_of(self, store)
        if self.setting is Setting.FT:
            weights = model.with_weights(weights_of(store.find_or_run(self.finetuning)))
        started = time.perf_counter()
        recording = _score(self, store, prompts, self.setting, weights, record=True)
        facts: dict[str, Any] = {"seconds": round(time.perf_counter() - started, 3), "device": model.device_name}
        if self.setting is Setting.ICL:
            facts |= {"spans": [list(s) for s in prompts.spans], "prefix_tokens": len(prompts.prefix)}
        return to_entry(recording, facts)


class AccuracyRun(Run):
    """How many examples a setting gets right: what demonstration set and learning rate are selected by."""

    kinds = ("accuracy", "control_accuracy")
    says = "{task}: {setting}{tried}{where}"
    scores = finetunes = True

    @property
    def inputs(self) -> Sequence[Record]:
        """ICL is held to whole prompts first; FT may take what another run's finetuning left."""
        return (*_held_to(self), *((self.kept,) if self.kept is not None else ()))

    @property
    def cost(self) -> float:
        """With weights that are kept it takes no step."""
        return super().cost if self.kept is None else replace(self, learning_rate=None, kept=None).cost

    @property
    def together(self) -> Sequence["AccuracyRun"]:
        """FT at all learning rates that are tried, a row each."""
        alike = self.by_rows and self.kept is None and self.learning_rate in self.tried_with
        return [replace(self, learning_rate=rate) for rate in self.tried_with] if alike else ()

    def compute_together(self, store: Store) -> Iterator[Entry]:
        """Finetune at all rates, then score what each left."""
        prompts, rates = prompts_of(self, store), [run.finetuned_at for run in self.together]
        for run, found in zip(
            self.together, finetune_all(self, store, [(prompts, rate) for rate in rates]), strict=True
        ):
            yield run._scored(store, prompts, found)  # noqa: SLF001  its own kind

    def compute(self, store: Store) -> Entry:
        """Return the accuracy in the facts, or the step at which finetuning diverged."""
        prompts = prompts_of(self, store)
        if self.learning_rate is None:
            return self._answered(store, prompts, nullcontext())
        if (left := self._kept_weights(store, prompts)) is not None:
            return self._answered(store, prompts, model_of(self, store).with_weights(left))
        return self._scored(store, prompts, next(finetune_all(self, store, [(prompts, self.learning_rate)])))

    def _scored(self, store: Store, prompts: Prompts, found: "Finetuned") -> Entry:
        if found.diverged_at is not None:
            return Entry({}, {"accuracy": None, "diverged_at": found.diverged_at})
        return self._answered(store, prompts, model_of(self, store).with_weights(found.weights))

    def _answered(self, store: Store, prompts: Prompts, weights: AbstractContextManager[None]) -> Entry:
        setting = Setting.ICL if self.setting is Setting.ICL else Setting.ZSL
        recording = _score(self, store, prompts, setting, weights, record=False)
        tensors = {"label_logits": recording.label_logits, "gold": recording.gold}
        return Entry(tensors, {"accuracy": float(recording.correct.mean()), "diverged_at": None})

    def _kept_weights(self, store: Store, prompts: Prompts) -> Mapping[str, "Tensor"] | None:
        """Return what the kept finetuning left; None where other queries left it room for more texts, or fewer."""
        if self.kept is None or prompts_of(self.kept, store).demonstrations != prompts.demonstrations:
            return None
        return weights_of(store.find_or_run(self.kept))


def _held_to(run: Run) -> Sequence[Record]:
    """Return what is tried before queries are scored behind a prefix: of the claims' own, which come first."""
    return (whole_prompts_of(run),) if run.setting is Setting.ICL and run.fitting is None else ()


def _score(
    run: Run,
    store: Store,
    prompts: Prompts,
    setting: Setting,
    weights: AbstractContextManager[None],
    *,
    record: bool,
) -> Recording:
    from harness.models.scoring import score  # noqa: PLC0415  # slow import

    for whole_prompts in _held_to(run):
        store.find_or_run(whole_prompts)
    with weights:
        return score(model_of(run, store), prompts, setting, record=record, batch_size=run.batch_size)
