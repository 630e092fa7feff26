"""The first prompts of a model on a task, whole: it must say something, and say the same behind a shared prefix."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version

import numpy as np

from harness.data import Setting
from harness.errors import HarnessError
from harness.prompts import Prompts
from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.run import Run
from harness.store import Entry, Store


class WholePromptsRun(Run):
    """The shortest and the longest query behind the first demonstration set, whole and split at the prefix.

    Made before a model's first ICL run on a task, and anew under other versions of the libraries or on another device:
    what a model does between prefix and query is theirs to change.
    """

    kinds = ("whole_prompts", "control_whole_prompts")
    says = "{task}: whole prompts{where}"

    @property
    def key(self) -> Mapping[str, object]:
        """Return what decides the prompts, and what computes."""
        from harness.models.devices import choose_device  # noqa: PLC0415  # slow import

        libraries = {name: version(name) for name in ("torch", "transformers")}
        return {**super().key, **libraries, "device": choose_device(self.device).type}

    def compute(self, store: Store) -> Entry:
        """Return the error of the split in the facts.

        Raises:
            HarnessError: every logit is equal, or the same whatever the prompt; the split does not give the whole
                prompts' numbers; or a prompt does not fit in memory.

        """
        from harness.models.whole_prompt import split_error, whole_prompt  # noqa: PLC0415  # slow import

        prompts, model = prompts_of(self, store), model_of(self, store)
        queries = _shortest_and_longest(prompts)
        whole = [whole_prompt(model, [*prompts.prefix, *query]) for query in queries]
        self._require_content([found.logits for found in whole])
        error = split_error(model, prompts.prefix, queries, whole)
        if not error.exact:
            tokens = len(prompts.prefix) + len(queries[-1])
            raise HarnessError(
                f"model '{self.model.name}' gives other numbers for queries behind an encoded prefix than for whole "
                f"prompts: off by {error.largest:.2g} of the largest value, where rounding explains at most "
                f"{error.allowed:.2g} (task '{self.task.name}', {tokens} tokens). All recordings would be wrong: "
                "choose another --model, or fewer --demonstrations if its positions change with length",
            )
        return Entry({}, {"error": error.largest, "rounding": error.rounding})

    def _require_content(self, logits: list[np.ndarray]) -> None:
        if all(np.ptp(of_prompt) == 0 for of_prompt in logits):
            raise HarnessError(
                f"model '{self.model.name}': every logit is equal (task '{self.task.name}'), so it prefers nothing; "
                "its weights are empty: fetch or save the model again, whole",
            )
        if len(logits) > 1 and all(np.array_equal(logits[0], other) for other in logits[1:]):
            raise HarnessError(
                f"model '{self.model.name}': its logits are the same whatever it reads (task '{self.task.name}'); some "
                "of its weights are empty: fetch or save the model again, whole",
            )


def whole_prompts_of(run: Run) -> WholePromptsRun:
    """Return what holds the run's model to whole prompts of its task and part, whichever its demonstration set."""
    assert run.demonstrations is not None, "what reads demonstrations has some"
    first = replace(run.demonstrations, candidate=0)
    return run.becoming(WholePromptsRun, setting=Setting.ICL, demonstrations=first, learning_rate=None)


def _shortest_and_longest(prompts: Prompts) -> list[tuple[int, ...]]:
    """Return two queries of one batch, the shorter padded: what padding changes shows as well."""
    ranked = sorted(prompts.queries, key=len)
    return [ranked[0], ranked[-1]] if ranked[0] != ranked[-1] else ranked[:1]
