"""Runs that finetune on a task's demonstrations."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from harness.data import Setting
from harness.errors import HarnessError
from harness.prompts import Prompts
from harness.runs.distilled import distilled
from harness.runs.imitated import imitated_by, strength_of
from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.run import SCORING, STEP, Run
from harness.runs.variants import OWN
from harness.seeds import stream
from harness.store import Entry, Record, Store

if TYPE_CHECKING:
    from torch import Tensor

    from harness.models.finetuning import Finetuned


class FinetuningRun(Run):
    """What finetuning leaves: key and value weights, and the query vectors recorded in training.

    The test examples only bound how many demonstrations the context holds: they are part of the key. Under a random
    update the weights are the model's own, changed at random by as much as finetuning changed them, and no query
    vectors are kept: they are finetuning's (`recorded`). What was trained on is the same, what came of it is not.
    Distilled weights are fitted to ICL on other queries; of no token, there are no query vectors.
    """

    kinds = ("finetuned", "control_finetuned")
    says = "{task}: finetuning"
    finetunes = True
    facts_alone = True

    @property
    def inputs(self) -> Sequence[Record]:
        """A random update is of the size of a finetuning's; what is distilled is ICL's."""
        if self.variant.imitates is not None:
            return (imitated_by(self),)
        return (self.trained,) if self.variant.update == "random" else ()

    @property
    def trained(self) -> "FinetuningRun":
        """The finetuning whose update's size is taken: the claims' own, where nothing else is other."""
        steps = self.variant.of_training
        own = {"fitting": None, "number": self.fitting, "rates": (), "context": None} if steps == OWN else {}
        return self.becoming(FinetuningRun, variant=steps, setting=None, **own)

    @property
    def recorded(self) -> "FinetuningRun":
        """The finetuning whose query vectors were recorded in training: another's, where this takes no step."""
        return self.trained if self.variant.update == "random" else self

    @property
    def cost(self) -> float:
        """A random update takes no step; a fit one of a whole batch, and looks at dev."""
        if self.variant.imitates is not None:
            how = strength_of(self)
            return STEP * how.gradients + SCORING[Setting.ZSL] * how.looks
        return 0.0 if self.variant.update == "random" else super().cost

    def compute(self, store: Store) -> Entry:
        """Finetune at the run's learning rate, or at the next smaller one of `rates` that holds; or what stands for it.

        Raises:
            HarnessError: finetuning diverged, at every rate that may be tried; or what is to be distilled can't be.

        """
        if self.variant.imitates is not None:
            return distilled(self, store)
        if self.variant.update == "random":
            return self._drawn(store)
        return next(_finetuned([self], store))

    @property
    def together(self) -> Sequence["FinetuningRun"]:
        """Of one model on all reported sets, at one learning rate: a row a set."""
        drawn, one_model = self.demonstrations, self.variant.weights == "trained"  # a rival's are drawn for each set
        alike = self.by_rows and one_model and drawn is not None and drawn.candidate in self.sets
        return [self.under(candidate) for candidate in self.sets] if alike else ()

    def compute_together(self, store: Store) -> Iterator[Entry]:
        """Finetune on all sets; raises as `compute`."""
        return _finetuned(self.together, store)

    def _drawn(self, store: Store) -> Entry:
        from harness.models.weight_changes import random_update  # noqa: PLC0415  # slow import

        started, trained, drawn = time.perf_counter(), store.find_or_run(self.trained), self.demonstrations
        assert drawn is not None, "what was finetuned has demonstrations"
        rng = stream(drawn.seed, "random update", self.task.name, drawn.candidate, *self.variant.names)
        found = random_update(model_of(self, store), weights_of(trained), rng)
        weights = {name: weight.float().cpu().numpy() for name, weight in found.items()}
        seconds = round(time.perf_counter() - started, 3)
        return Entry(weights, {"losses": [], "learning_rate": trained.facts["learning_rate"], "seconds": seconds})

    def diverged(self, steps: int) -> HarnessError:
        """Return the error of a finetuning that diverged after so many steps, at every rate that may be tried."""
        if self.fitting is not None:
            return HarnessError(
                f"task '{self.task.name}': finetuning of the control ({self.variant.words}) diverged at every learning "
                f"rate up to {self.learning_rate:g}; give smaller ones with --learning-rates",
            )
        number = self.demonstrations.candidate if self.demonstrations else 0
        return HarnessError(
            f"task '{self.task.name}': finetuning on demonstration set {number} diverged at its step {steps} with the "
            f"learning rate {self.learning_rate:g} that was selected on another set; "
            "give smaller ones with --learning-rates, or ask for one of --demonstration-sets",
        )


class StartingQueriesRun(Run):
    """The untouched model's query vectors at every token of the training texts.

    What `FinetuningRun` records of the same texts while it trains, recorded with no step taken: neither a learning rate
    nor the way of descent is in the key.
    """

    kinds = ("starting_queries", "control_starting_queries")
    says = "{task}: query vectors before finetuning"

    def compute(self, store: Store) -> Entry:
        """Run every training text once."""
        from harness.models.finetuning import starting_queries  # noqa: PLC0415  # slow import

        texts = prompts_of(self, store).demonstrations
        return Entry({"query_vectors": starting_queries(model_of(self, store), texts)}, {})


def _finetuned(runs: Sequence[FinetuningRun], store: Store) -> Iterator[Entry]:
    """Yield what each leaves at its learning rate, or at the next smaller one of `rates` that holds."""
    prompts, started = [prompts_of(run, store) for run in runs], time.perf_counter()
    for run, found, rate in _at_rates_that_hold(runs, prompts, store):
        if found.diverged_at is not None or found.query_vectors is None:
            raise run.diverged(len(found.losses))
        tensors = {name: weight.float().cpu().numpy() for name, weight in found.weights.items()}
        seconds = round((time.perf_counter() - started) / len(runs), 3)
        facts = {"losses": found.losses, "learning_rate": rate, "seconds": seconds}
        yield Entry({"query_vectors": found.query_vectors, **tensors}, facts)


def _at_rates_that_hold(
    runs: Sequence[FinetuningRun], prompts: Sequence[Prompts], store: Store
) -> Iterator[tuple[FinetuningRun, "Finetuned", float]]:
    """Yield each run with what it left and at which rate; a run that diverges at one tries the next smaller alone."""
    rates = [run.finetuned_at for run in runs]
    found = finetune_all(runs[0], store, [*zip(prompts, rates, strict=True)], record=True)
    for run, of_run, rate, first in zip(runs, prompts, rates, found, strict=True):
        left = first
        for smaller in sorted((r for r in run.rates if r < rate), reverse=True):
            if left.diverged_at is None:
                break
            rate = smaller  # noqa: PLW2901  what it is taken down to
            left = next(finetune_all(run, store, [(of_run, rate)], record=True))
        yield run, left, rate


def finetune_all(
    run: Run,
    store: Store,
    rows: Sequence[tuple[Prompts, float]],
    *,
    start: Mapping[str, "Tensor"] | None = None,
    record: bool = False,
) -> Iterator["Finetuned"]:
    """Yield what finetuning of a run's model left on each of the prompts' demonstrations at its rate.

    In few passes (see `rows_at_once`); `start` is what all start from, in the place of the model's own keys and values.
    """
    from harness.models.layer_causal import finetune_layer_causal  # noqa: PLC0415  # slow import
    from harness.models.rows import Row, finetune_rows, rows_at_once  # noqa: PLC0415

    model = model_of(run, store)
    if run.variant.gradient == "layer_causal":
        with nullcontext() if start is None else model.with_weights(start):
            found = [finetune_layer_causal(model, p.demonstrations, rate, record=record) for p, rate in rows]
        yield from found
        return
    at_once = rows_at_once(model)
    for first in range(0, len(rows), at_once):
        a_pass = [Row(prompts.demonstrations, rate, start) for prompts, rate in rows[first : first + at_once]]
        yield from finetune_rows(model, a_pass, record=record)


def weights_of(finetuned: Entry) -> Mapping[str, "Tensor"]:
    """Return the key and value weights of a finetuning's entry as `LanguageModel.with_weights` takes them."""
    import torch  # noqa: PLC0415  # slow import

    return {name: torch.from_numpy(array) for name, array in finetuned.tensors.items() if name != "query_vectors"}
